"""The draw of a round: made, or taken from those that a person made, before its moment is worked off.

A draw may last a second, and a second of the write lock would hold up people. So it is made between two
transactions: what it is made of is read in the first, and what came of it is written in the second,
if the moment still waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from .. import draws, rounds
from ..definition.model import Opening
from ..errors import Overtaken, StoreError, Undecidable
from ..pairing import Pair, Problem
from ..rounds import DRAW, OPEN
from ..store import organisation
from ..store.ports import Port, Transaction
from ..text import Text
from .changes import told_of
from .report import Ran
from .surroundings import Frame, Library

log = structlog.get_logger("duban.engine")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wanted:
    """A moment that waits for its pairs."""

    moment: int
    cursor: int
    item: rounds.Item
    place: draws.Place
    drawn: draws.StoredDraw | None  # a person made it
    problem: Problem | None  # otherwise
    names: dict[str, Text]


class Drawing:
    """Gives moments their pairs. Safe to share between threads."""

    def __init__(self, port: Port, library: Library) -> None:
        self._port, self._library = port, library

    def draw(self, now: int, ran: Ran) -> bool:
        """Give the next open moment its pairs, if it waits for them; whether it did."""
        moment: int | None = None
        try:
            with self._port.read() as tx:
                moment = _waiting_for_pairs(tx, now)
                wanted = None if moment is None else self._wanted(self._library.frame(tx, now), now)
            if wanted is None:
                return False
            outcome = None if wanted.problem is None else draws.solve(wanted.problem, wanted.names)
            return self._give(wanted, outcome, now, ran)
        except (StoreError, Overtaken, Undecidable):
            raise
        except Exception as error:  # no draw with such units, or not in time: no other round may wait for it
            return moment is not None and self._give_up(moment, told_of(error), now, ran)

    def _wanted(self, frame: Frame, now: int) -> _Wanted | None:
        moment = rounds.next_to_work_off(frame.tx, now)
        if frame.stamp.held or moment is None:
            return None
        item, campaign = moment.items[moment.cursor], frame.campaigns[moment.campaign_id]
        pack = frame.version(moment.version_id).pack
        opening = next(one for one in pack.campaign.rounds[moment.round].opens if one.kind == item.args[0])
        place = draws.Place(
            campaign_id=campaign.id,
            campaign=campaign.name,
            round=moment.round,
            kind=opening.kind,
            label=moment.nominal,
        )
        made = draws.waiting(frame.tx, place)
        seed = draws.own_seed(place)
        return _Wanted(
            moment=moment.id,
            cursor=moment.cursor,
            item=item,
            place=place,
            drawn=made,
            problem=None
            if made is not None
            else draws.problem_for(frame.tx, pack, opening, place, seed, draws.Wishes()),
            names=draws.names_of(frame.tx) if made is None else {},
        )

    def _give(self, wanted: _Wanted, outcome: draws.Outcome | None, now: int, ran: Ran) -> bool:
        with self._port.write("clock") as tx:
            moment = rounds.open_moment(tx, now)
            if moment is None or (moment.id, moment.cursor) != (wanted.moment, wanted.cursor):
                return False  # somebody else was faster
            ident = None if outcome is None else draws.record(tx, wanted.place, outcome, None, now)
            if outcome is not None and outcome.drawn is None:
                return _put_aside(tx, moment, _why(outcome), ran)
            pairs = wanted.drawn.pairs if wanted.drawn is not None else _drawn(outcome)
            used = wanted.drawn.id if wanted.drawn is not None else ident
            if used is None or not draws.use(tx, used, moment.id):
                raise Overtaken("抽签结果已被使用。", "The draw has been used by another moment.")
            items = _opened(tx, wanted.item, pairs)
            log.info("drawn", round=moment.round, nominal=moment.nominal, pairs=len(pairs))
            return rounds.expand(tx, moment, items)

    def _give_up(self, moment_id: int, why: Text, now: int, ran: Ran) -> bool:
        with self._port.write("clock") as tx:
            moment = rounds.open_moment(tx, now)
            return moment is not None and moment.id == moment_id and _put_aside(tx, moment, why, ran)


def _waiting_for_pairs(tx: Transaction, now: int) -> int | None:
    moment = rounds.next_to_work_off(tx, now)
    return moment.id if moment is not None and moment.items[moment.cursor].what == DRAW else None


def _put_aside(tx: Transaction, moment: rounds.OpenMoment, why: Text, ran: Ran) -> bool:
    ran.failed += 1
    log.error("no draw", round=moment.round, nominal=moment.nominal, why=why.en)
    return rounds.lay_aside(tx, moment, f"{why.zh} {why.en}")


def _why(outcome: draws.Outcome) -> Text:
    if outcome.conflict is not None:
        return outcome.conflict.text
    return Text("抽签无解，原因未能查明。", "There is no draw, and it could not be found out why.")


def _drawn(outcome: draws.Outcome | None) -> Sequence[Pair]:
    return () if outcome is None or outcome.drawn is None else outcome.drawn.pairs


def _opened(tx: Transaction, item: rounds.Item, pairs: Sequence[Pair]) -> list[rounds.Item]:
    """A task for each pair and track, by the ids of both units."""
    kind, *tracks = item.args
    ids = organisation.unit_ids(tx, {code for pair in pairs for code in pair})
    return [
        rounds.Item(what=OPEN, args=(kind, ids[pair.checked], track, ids[pair.checker]))
        for track in tracks
        for pair in pairs
    ]


def items_of(opening: Opening, tracks: Sequence[str]) -> list[rounds.Item]:
    """What a moment holds of an opening in pairs until they are drawn."""
    return [rounds.Item(what=DRAW, args=(opening.kind, *tracks))]
