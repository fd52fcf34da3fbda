"""Days of a time zone as instants, and back.

Time zone data comes from the `tzdata` package and nowhere else: it is locked with the program, so that
every node of a cluster reckons alike; the system's own data may be of any age, or absent.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final, final
from zoneinfo import ZoneInfo

from workflow.errors import CalendarError

USUAL_ZONE: Final = "Asia/Shanghai"  # where no campaign names another
DAY_MS: Final = 86_400_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = _EPOCH.toordinal()
_SECOND: Final = timedelta(seconds=1)
_FIRST_DAY: Final = date(1900, 1, 1).toordinal()
_LAST_DAY: Final = date(2400, 1, 1).toordinal()
_NAME: Final = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")


@cache
def load_zone(name: str) -> Zone:
    """The zone of that IANA name, made once. Raises CalendarError: a zone is never guessed."""
    return Zone(name, _zone_info(name))


def _zone_info(name: str) -> ZoneInfo:
    if not _NAME.fullmatch(name):
        raise _no_zone(name)
    try:
        with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
            return ZoneInfo.from_file(data, key=name)
    except (OSError, ValueError, ModuleNotFoundError) as error:
        raise _no_zone(name) from error


def _no_zone(name: str) -> CalendarError:
    return CalendarError(
        f"没有时区“{name}”的数据，不能猜测。请核对名称（如 Asia/Shanghai），并安装 tzdata 包。",
        f"There is no data for the time zone '{name}', and none is guessed. Check the name (such as "
        f"Asia/Shanghai) and that the tzdata package is installed.",
    )


@final
class Zone:
    """One time zone. Days are counted by `date.toordinal()`, instants are milliseconds since the epoch.

    A day begins at its first local midnight and ends where the next begins, so days never overlap, even
    in the few nights in which a clock was set back across midnight.
    """

    def __init__(self, name: str, info: ZoneInfo) -> None:
        self.name = name
        self.info = info
        self._starts = _DayStarts(self)
        self._usual_offset = -(self._starts[_EPOCH_ORDINAL])

    def ordinal(self, instant: int) -> int:
        """The day that `instant` lies in. Raises CalendarError outside 1900 to 2399."""
        starts = self._starts
        day = (instant + self._usual_offset) // DAY_MS + _EPOCH_ORDINAL
        # The guess is off by one when the zone's offset differs from that of 1970.
        while instant < starts[day]:
            day -= 1
        while instant >= starts[day + 1]:
            day += 1
        return day

    def start(self, ordinal: int) -> int:
        """The first millisecond of that day."""
        return self._starts[ordinal]

    def end(self, ordinal: int) -> int:
        """The last millisecond of that day."""
        return self._starts[ordinal + 1] - 1

    def local(self, instant: int) -> datetime:
        """The wall time at `instant`, aware of its zone."""
        return (_EPOCH + timedelta(milliseconds=instant)).astimezone(self.info)

    def instant(self, day: date, hour: int, minute: int) -> int:
        """When the clocks on the wall show this time.

        Where they skip it (spring), the first instant after the gap; where they show it twice
        (autumn), the first time. So every local time happens exactly once.
        """
        wall = datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.info)
        offset = _offset(wall)
        if _offset(wall.replace(fold=1)) > offset:  # only in a gap (PEP 495)
            return self._gap_end(wall, offset)
        return _seconds(wall.replace(tzinfo=UTC), offset) * 1000

    def _gap_end(self, wall: datetime, before: timedelta) -> int:
        """The instant of the change, by bisection: the standard library doesn't tell it."""
        utc = wall.replace(tzinfo=UTC)
        low, high = _seconds(utc, _offset(wall.replace(fold=1))), _seconds(utc, before)
        while high - low > 1:
            middle = (low + high) // 2
            if _offset(self.local(middle * 1000)) == before:
                low = middle
            else:
                high = middle
        return high * 1000


class _DayStarts(dict[int, int]):
    """Ordinal of a day -> its first millisecond; filled as days are asked for, shared by all calendars
    of the zone. Threads may compute the same day twice, to the same value."""

    def __init__(self, zone: Zone) -> None:
        super().__init__()
        self._zone = zone

    def __missing__(self, ordinal: int) -> int:
        if not _FIRST_DAY <= ordinal <= _LAST_DAY:
            raise CalendarError(
                "该时间不在 1900 年至 2399 年之间，无法计算。请核对日期。",
                "That time lies outside the years 1900 to 2399 and was not computed. Check the date.",
            )
        start = self[ordinal] = self._zone.instant(date.fromordinal(ordinal), 0, 0)
        return start


def _offset(moment: datetime) -> timedelta:
    offset = moment.utcoffset()
    assert offset is not None  # noqa: S101 - a ZoneInfo always has one
    return offset


def _seconds(utc: datetime, offset: timedelta) -> int:
    return (utc - _EPOCH - offset) // _SECOND
