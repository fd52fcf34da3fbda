"""Rounds: the moments at which tasks are opened and drafts completed. Pure, but for its statements.

`due_moments` says which moments of a campaign have come since the last one on record, and what
becomes of those that were missed. The engine freezes what each opens in one unique row and works it
off in batches behind a cursor, so that a crash in the middle goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import takewhile
from typing import Any

import orjson
from sqlalchemy import bindparam, func, select, update

from .calendar import Calendar
from .definition.model import Campaign, Round
from .models import MomentRow
from .moment import Moment, Occurrence, next_after, parse_moment
from .store.ports import Transaction
from .store.sql import Statement

MOMENT = MomentRow.__table__  # type: ignore[attr-defined]
OPEN, COMPLETE, DRAW = "open", "complete", "draw"  # what an item does
START, END = "start", "end"  # milestones between which recurring rounds run
SKIPPED = "left out: "  # in the note of a moment: what it will not do, and why
LATE = 15 * 60 * 1000  # ms; a moment seen later than this was missed
NOT_IN_FORCE = "not in force then"  # note of moments before a newer version of the pack brought the round
_LONGEST_HOLIDAY = timedelta(days=31)
MAX_CATCH_UP = 10_000  # moments of one round looked at in one catch-up

_LAST = Statement(
    select(MOMENT.c.round, func.max(MOMENT.c.nominal))
    .where(MOMENT.c.campaign_id == bindparam("campaign"))
    .group_by(MOMENT.c.round)
)
_open_columns = (
    MOMENT.c.id,
    MOMENT.c.campaign_id,
    MOMENT.c.round,
    MOMENT.c.version_id,
    MOMENT.c["items"],
    MOMENT.c.cursor,
    MOMENT.c.note,
    MOMENT.c.nominal,
)
_open = select(*_open_columns).where(MOMENT.c.status == "open").order_by(MOMENT.c.at, MOMENT.c.id)
_READ_OPEN = Statement(_open)
_CLAIM_OPEN = Statement(_open.with_for_update(key_share=True, skip_locked=True))
_expected = (MOMENT.c.id == bindparam("moment"), MOMENT.c.cursor == bindparam("expected"))
_ADVANCE = Statement(
    update(MOMENT)
    .where(*_expected)
    .values(cursor=bindparam("reached"), status=bindparam("state"), note=bindparam("remark"))
)
_PUT_OFF = Statement(
    update(MOMENT)
    .where(*_expected)
    .values(items=bindparam("left"), status=bindparam("state"), note=bindparam("remark"))
)
_EXPAND = Statement(
    update(MOMENT)
    .where(*_expected)
    .values(items=bindparam("left"), total=bindparam("many"), status=bindparam("state"))
)
_RELEASE = Statement(
    update(MOMENT)
    .where(MOMENT.c.id == bindparam("moment"), MOMENT.c.status == "set aside")
    .values(status="open", items=bindparam("left"))
)
_READ_SET_ASIDE = Statement(select(*_open_columns).where(MOMENT.c.status == "set aside"))
_NAMED_SET_ASIDE = Statement(
    select(MOMENT.c.id)
    .where(
        MOMENT.c.status == "set aside",
        MOMENT.c.round == bindparam("name"),
        MOMENT.c.nominal == bindparam("named"),
    )
    .order_by(MOMENT.c.id)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class DueMoment:
    """A moment that has come."""

    round: Round
    nominal: str  # local day and time, as the pack names it: its identity
    at: int  # when it was due, after holidays
    runs: bool  # False: it was missed and is only recorded
    note: str  # why it is late or skipped, empty when in time


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One thing that a moment does, and how often it has failed."""

    what: str  # OPEN, COMPLETE, DRAW
    args: tuple[Any, ...]  # kind, unit, track (and checker) to open; the draft to complete; what to draw
    tries: int = 0  # failed ones
    retry_at: int = 0

    def __str__(self) -> str:
        return " ".join(str(part) for part in (self.what, *self.args) if part)


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenMoment:
    """A moment that is being worked off, as its locked row says. What failed stands at its end."""

    id: int
    campaign_id: int
    round: str
    version_id: int
    items: Sequence[Item]
    cursor: int  # how many items are done
    note: str
    nominal: str

    @property
    def ready_at(self) -> int:
        """When its next item may be tried; 0 for one that never failed."""
        return self.items[self.cursor].retry_at

    def next_items(self, most: int) -> Sequence[Item]:
        """Up to so many items that never failed, or one that did."""
        ahead = self.items[self.cursor : self.cursor + most]
        batch = list(takewhile(lambda item: item.what != DRAW, ahead))  # pairs are not known yet
        fresh = [item for item in batch if item.tries == 0]
        return fresh or batch[:1]


def moment_of(round_: Round, campaign: Campaign) -> Moment:
    """The parsed moment of a round."""
    return parse_moment(round_.at, campaign.milestones)


def nominal_of(moment: Moment, occurrence: Occurrence) -> str:
    """The identity of an occurrence: its local day and time, before holidays moved it."""
    return f"{occurrence.nominal_day.isoformat()} {moment.hour:02}:{moment.minute:02}"


def occurrences(
    round_: Round, campaign: Campaign, calendar: Calendar, last: str | None, until: int | None
) -> Iterator[tuple[str, Occurrence]]:
    """The moments of a round after `last` (a nominal) up to an instant, with their identities."""
    moment = moment_of(round_, campaign)
    if _has_come(moment, campaign, last):
        return
    after: int | Occurrence = calendar.start_of(_begin(campaign, last)) - 1
    end = calendar.end_of(campaign.milestones[END]) if END in campaign.milestones else None
    for _ in range(MAX_CATCH_UP):
        found = next_after(moment, after, calendar, campaign.milestones, round_.on_holiday)
        if found is None or (until is not None and found.at > until) or (end is not None and found.at > end):
            return
        nominal = nominal_of(moment, found)
        if (last is None or nominal > last) and found.nominal_day >= campaign.milestones[START]:
            yield nominal, found
        after = found


def _has_come(moment: Moment, campaign: Campaign, last: str | None) -> bool:
    """Whether a milestone's moment came on a date from which people have moved the milestone since."""
    if moment.kind != "milestone" or last is None:
        return False
    return date.fromisoformat(last[:10]) in campaign.moved_from.get(moment.milestone, ())


def _begin(campaign: Campaign, last: str | None) -> date:
    """Where to look from: well before the last nominal day, since holidays move moments both ways."""
    start = campaign.milestones[START]
    if last is None:
        return start
    return max(start, date.fromisoformat(last[:10]) - _LONGEST_HOLIDAY)


def next_moment(round_: Round, campaign: Campaign, calendar: Calendar, last: str | None) -> int | None:
    """When a round is due next; it may have passed."""
    for _, found in occurrences(round_, campaign, calendar, last, None):
        return found.at
    return None


def due_moments(campaign: Campaign, calendar: Calendar, last: Mapping[str, str], now: int) -> list[DueMoment]:
    """Every moment that has come by now, in the order of their instants.

    Args:
        last: round -> nominal of its newest moment on record.
    """
    due: list[DueMoment] = []
    for round_ in campaign.rounds.values():
        found = list(occurrences(round_, campaign, calendar, last.get(round_.name), now))
        due.extend(_policy(round_, found, now))
    return sorted(due, key=lambda one: (one.at, one.round.name, one.nominal))


def _policy(round_: Round, found: list[tuple[str, Occurrence]], now: int) -> Iterator[DueMoment]:
    """What becomes of moments that were missed: the last one runs, each one, or none."""
    for position, (nominal, occurrence) in enumerate(found):
        late = now - occurrence.at > LATE
        newest = position == len(found) - 1
        runs = not late or round_.missed == "run each" or (round_.missed == "run once" and newest)
        if late:
            note = "caught up" if runs else "skipped: missed"
        else:
            note = "" if occurrence.moved_from is None else f"moved from {occurrence.moved_from.isoformat()}"
        yield DueMoment(round=round_, nominal=nominal, at=occurrence.at, runs=runs, note=note)


def before_force(
    round_: Round, campaign: Campaign, calendar: Calendar, last: str | None, now: int
) -> Iterator[DueMoment]:
    """The moments that a round would have had before it came into force: skipped, whatever its policy."""
    while found := list(occurrences(round_, campaign, calendar, last, now - 1)):
        for nominal, occurrence in found:
            yield DueMoment(round=round_, nominal=nominal, at=occurrence.at, runs=False, note=NOT_IN_FORCE)
        last = max(nominal for nominal, _ in found)


# --- statements -------------------------------------------------------------------------------------


def last_moments(tx: Transaction, campaign_id: int) -> dict[str, str]:
    """round -> nominal of its newest moment on record."""
    return dict(tx.all(_LAST, campaign=campaign_id))


def record_moment(
    tx: Transaction,
    due: DueMoment,
    campaign_id: int,
    version_id: int,
    items: Sequence[Item],
    now: int,
) -> None:
    """Freeze a moment: its unique row says that it happened, and what it opens.

    Raises:
        Overtaken: another daemon was faster.
    """
    (ident,) = tx.draw("row_id", 1)
    status = "skipped" if not due.runs else "open" if items else "done"
    own = {
        "id": ident,
        "campaign_id": campaign_id,
        "round": due.round.name,
        "nominal": due.nominal,
        "at": due.at,
        "fired_at": now,
        "version_id": version_id,
        "items": _written(items),
        "cursor": 0,
        "total": len(items),
        "status": status,
        "note": due.note,
    }
    tx.insert(MOMENT, [tuple(own[column.name] for column in MOMENT.columns)])


def open_moment(tx: Transaction, now: int) -> OpenMoment | None:
    """Lock the oldest moment that isn't worked off, unless another daemon is at it, or it rests."""
    found = map(_moment, tx.all(_CLAIM_OPEN))
    return next((one for one in found if one.ready_at <= now), None)


def open_moments(tx: Transaction) -> list[OpenMoment]:
    """Every moment that isn't worked off, the oldest first; nothing is locked."""
    return [_moment(row) for row in tx.all(_READ_OPEN)]


def next_open(tx: Transaction) -> int | None:
    """When a moment that isn't worked off may go on: 0 for at once, None if there is none."""
    return min((_moment(row).ready_at for row in tx.all(_READ_OPEN)), default=None)


def advance(tx: Transaction, moment: OpenMoment, done: int, skips: Sequence[str] = ()) -> bool:
    """So many more items are done; False if somebody else did them.

    Args:
        skips: what is left out of it for good, with the reason.
    """
    reached = moment.cursor + done
    return (
        tx.run(
            _ADVANCE,
            moment=moment.id,
            expected=moment.cursor,
            reached=reached,
            state="done" if reached >= len(moment.items) else "open",
            remark="; ".join(one for one in (moment.note, *(f"{SKIPPED}{skip}" for skip in skips)) if one),
        )
        == 1
    )


def put_off(tx: Transaction, moment: OpenMoment, retry_at: int, most: int, why: str) -> bool:
    """The next item has failed: it goes to the end, to be tried later; False if somebody was faster.

    When all that is left has failed so often, the moment is set aside with it, for a person to see.
    """
    at, failed = moment.cursor, moment.items[moment.cursor]
    later = replace(failed, tries=failed.tries + 1, retry_at=retry_at)
    items = [*moment.items[:at], *moment.items[at + 1 :], later]
    note = f"{failed} failed: {why}" if later.tries >= most else ""
    saved = tx.run(
        _PUT_OFF,
        moment=moment.id,
        expected=at,
        left=_written(items),
        state="set aside" if items[at].tries >= most else "open",
        remark="; ".join(one for one in (moment.note, note) if one),
    )
    return saved == 1


def next_to_work_off(tx: Transaction, now: int) -> OpenMoment | None:
    """The oldest moment that isn't worked off, and may go on; without a lock."""
    found = map(_moment, tx.all(_READ_OPEN))
    return next((one for one in found if one.ready_at <= now), None)


def expand(tx: Transaction, moment: OpenMoment, items: Sequence[Item]) -> bool:
    """Put items in the place of the next one; False if somebody was faster."""
    at = moment.cursor
    every = [*moment.items[:at], *items, *moment.items[at + 1 :]]
    state = "open" if len(every) > at else "done"
    return (
        tx.run(_EXPAND, moment=moment.id, expected=at, left=_written(every), many=len(every), state=state)
        == 1
    )


def lay_aside(tx: Transaction, moment: OpenMoment, why: str) -> bool:
    """Set a moment aside at once, for a person to see; False if somebody was faster."""
    note, left = "; ".join(one for one in (moment.note, why) if one), _written(moment.items)
    aside = {"moment": moment.id, "expected": moment.cursor, "left": left, "remark": note}
    return tx.run(_PUT_OFF, state="set aside", **aside) == 1


def release(tx: Transaction, moment: int) -> bool:
    """A person has mended what was wrong: what a moment left undone is tried again."""
    for row in tx.all(_READ_SET_ASIDE):
        if row[0] == moment:
            items = [replace(item, tries=0, retry_at=0) for item in _moment(row).items]
            return tx.run(_RELEASE, moment=moment, left=_written(items)) == 1
    return False


def next_label(
    tx: Transaction, campaign_id: int, round_: Round, campaign: Campaign, calendar: Calendar
) -> str | None:
    """The nominal of the moment that is set aside, else of the round's next one; None after its last."""
    aside = [one.nominal for one in map(_moment, tx.all(_READ_SET_ASIDE)) if one.round == round_.name]
    last = last_moments(tx, campaign_id).get(round_.name)
    coming = (nominal for nominal, _ in occurrences(round_, campaign, calendar, last, None))
    return min(aside, default=None) or next(coming, None)


def release_named(tx: Transaction, name: str, nominal: str) -> int:
    """Release a round's moment by what a person calls it, in every campaign; how many were set aside."""
    return sum(release(tx, row[0]) for row in tx.all(_NAMED_SET_ASIDE, name=name, named=nominal))


def _moment(row: tuple[Any, ...]) -> OpenMoment:
    ident, campaign, name, version, items, cursor, note, nominal = row
    return OpenMoment(
        id=ident,
        campaign_id=campaign,
        round=name,
        version_id=version,
        items=[
            Item(what=what, args=tuple(args), tries=tries, retry_at=retry_at)
            for what, args, tries, retry_at in orjson.loads(items)
        ],
        cursor=cursor,
        note=note,
        nominal=nominal,
    )


def _written(items: Sequence[Item]) -> str:
    return orjson.dumps([[one.what, one.args, one.tries, one.retry_at] for one in items]).decode()
