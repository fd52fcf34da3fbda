"""Rounds: the moments at which tasks are opened and drafts completed. Pure, but for its statements.

`due_moments` says which moments of a campaign have come since the last one on record, and what
becomes of those that were missed. The engine freezes what each opens in one unique row and works it
off in batches behind a cursor, so that a crash in the middle goes on where it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
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
START, END = "start", "end"  # milestones between which recurring rounds run
LATE = 15 * 60 * 1000  # ms; a moment seen later than this was missed
_LONGEST_HOLIDAY = timedelta(days=31)
MAX_CATCH_UP = 10_000  # moments of one round looked at in one catch-up

_LAST = Statement(
    select(MOMENT.c.round, func.max(MOMENT.c.nominal))
    .where(MOMENT.c.campaign_id == bindparam("campaign"))
    .group_by(MOMENT.c.round)
)
_OPEN = Statement(
    select(
        MOMENT.c.id,
        MOMENT.c.campaign_id,
        MOMENT.c.round,
        MOMENT.c.version_id,
        MOMENT.c["items"],
        MOMENT.c.cursor,
        MOMENT.c.total,
    )
    .where(MOMENT.c.status == "open")
    .order_by(MOMENT.c.at, MOMENT.c.id)
    .limit(1)
    .with_for_update(key_share=True, skip_locked=True)
)
_ADVANCE = Statement(
    update(MOMENT)
    .where(MOMENT.c.id == bindparam("moment"), MOMENT.c.cursor == bindparam("expected"))
    .values(cursor=bindparam("reached"), status=bindparam("state"))
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
class OpenMoment:
    """A moment that is being worked off, as its locked row says."""

    id: int
    campaign_id: int
    round: str
    version_id: int
    items: Sequence[Any]
    cursor: int
    total: int


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


# --- statements -------------------------------------------------------------------------------------


def last_moments(tx: Transaction, campaign_id: int) -> dict[str, str]:
    """round -> nominal of its newest moment on record."""
    return {name: nominal for name, nominal in tx.all(_LAST, campaign=campaign_id)}


def record_moment(
    tx: Transaction,
    due: DueMoment,
    campaign_id: int,
    version_id: int,
    items: Sequence[Any],
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
        "items": orjson.dumps(list(items)).decode(),
        "cursor": 0,
        "total": len(items),
        "status": status,
        "note": due.note,
    }
    tx.insert(MOMENT, [tuple(own[column.name] for column in MOMENT.columns)])


def open_moment(tx: Transaction) -> OpenMoment | None:
    """Lock the oldest moment that isn't worked off, unless another daemon is at it."""
    row = tx.one(_OPEN)
    if row is None:
        return None
    return OpenMoment(
        id=row[0],
        campaign_id=row[1],
        round=row[2],
        version_id=row[3],
        items=orjson.loads(row[4]),
        cursor=row[5],
        total=row[6],
    )


def advance(tx: Transaction, moment: OpenMoment, reached: int) -> bool:
    """Move the cursor of a moment; False if somebody else did."""
    state = "done" if reached >= moment.total else "open"
    return tx.run(_ADVANCE, moment=moment.id, expected=moment.cursor, reached=reached, state=state) == 1
