"""What rounds do: a moment is recorded once, with all that it opens, then worked off in batches.

What can't be opened or completed is tried again later, like a task of the clock, and set aside with
its moment after the last try; the rest of it goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import structlog

from .. import rounds
from ..decision import Act, Decision, NewTask, act
from ..definition.model import PAIR, Opening, Pack, Round
from ..errors import OverBudget, Overtaken, Refused, StoreError
from ..rounds import COMPLETE, DRAW, OPEN
from ..store import organisation, tasks
from ..store.applying import Salts
from ..store.organisation import CampaignInForce
from ..store.ports import Port
from .burden import hold_units, over_budget, with_earlier
from .drawing import Drawing, items_of
from .report import Ran
from .surroundings import Frame, Library
from .sweeping import TRIES, retry_after
from .writing import write

_SET_ASIDE_AT = tasks.COLUMNS.index("set_aside_at")

log = structlog.get_logger("duban.engine")


class Firing:
    """Fires the rounds of every campaign. Safe to share between threads."""

    def __init__(self, port: Port, library: Library, salts: Salts, size: int) -> None:
        self._port, self._library, self._salts, self._size = port, library, salts, size
        self._drawing = Drawing(port, library)

    def fire(self, now: int, ran: Ran) -> bool:
        """Work off a batch of an open moment, or record the next one that is due; whether there was any."""
        try:
            drawn = self._drawing.draw(now, ran)
            return drawn or self._work_off(now, ran) or self._record_next(now, ran)
        except Overtaken as overtaken:
            log.info("round overtaken", why=str(overtaken))
            return False  # another daemon has this moment

    # --- recording --------------------------------------------------------------------------------

    def _record_next(self, now: int, ran: Ran) -> bool:
        with self._port.write("clock") as tx:
            frame = self._library.frame(tx, now)
            due = None if frame.stamp.held else _next_due(frame)
            if due is None:
                return False
            campaign, one = due
            earlier = tasks.next_wake(tx)
            if earlier is not None and earlier < one.at:
                return False  # a round waits until nothing is due before its moment
            items = _items(frame, campaign, one.round) if one.runs else []
            rounds.record_moment(tx, one, campaign.id, campaign.version_id, items, now)
            ran.moments += 1
            log.info("round", round=one.round.name, nominal=one.nominal, items=len(items), note=one.note)
            return True

    # --- working off ------------------------------------------------------------------------------

    def _work_off(self, now: int, ran: Ran) -> bool:
        """One batch of an open moment; where it fails a smaller one, down to the item it is about."""
        size = self._size
        while True:
            batch: list[rounds.Item] = []
            try:
                return self._batch(now, ran, size, batch)
            except (StoreError, Overtaken):
                raise
            except Exception as error:
                if not batch:
                    raise  # not the fault of any item
                if len(batch) == 1:
                    return self._put_off(now, ran, error)
                size = len(batch) // 2
                log.warning("round in smaller batches", size=size, error=str(error))

    def _batch(self, now: int, ran: Ran, size: int, batch: list[rounds.Item]) -> bool:
        with self._port.write("clock") as tx:
            frame = self._library.frame(tx, now)
            if frame.stamp.held or tasks.any_planned(tx, frame.stamp.epoch, now):
                return False  # a draft that is completed would hide that it was planned under another date
            moment = rounds.open_moment(tx, now)
            if moment is None or moment.items[moment.cursor].what == DRAW:
                return False  # nothing, or it came in between: first it is drawn
            batch.extend(moment.next_items(size))
            opens = [_new_task(frame, moment, *item.args) for item in batch if _opens(frame, item)]
            drafts = [item.args[0] for item in batch if item.what == COMPLETE]
            skips: list[str] = []
            opens = _within_budget(frame, opens, skips)
            written = write(frame, _completions(frame, moment, drafts, skips), self._salts, opens)
            if not rounds.advance(tx, moment, len(batch), skips):
                raise _faster()
        ran.count(written)
        return True

    def _put_off(self, now: int, ran: Ran, error: BaseException) -> bool:
        """One item that can't be done now: the others go on, and it is tried again later."""
        ran.failed += 1
        with self._port.write("clock") as tx:
            moment = rounds.open_moment(tx, now)
            if moment is None:
                return False
            item, why = moment.next_items(1)[0], str(error) or type(error).__name__
            log.error(
                "round item failed", round=moment.round, item=str(item), tries=item.tries + 1, error=why
            )
            if not rounds.put_off(tx, moment, now + retry_after(item.tries + 1), TRIES, why):
                raise _faster()
            return True


def _faster() -> Overtaken:
    return Overtaken("轮次已由他人执行。", "The round is being worked off by somebody else.")


def _next_due(frame: Frame) -> tuple[CampaignInForce, rounds.DueMoment] | None:
    found: list[tuple[CampaignInForce, rounds.DueMoment]] = []
    for campaign in frame.campaigns.values():
        last = rounds.last_moments(frame.tx, campaign.id)
        if all(instant > frame.now for instant in _coming(frame, campaign, last)):
            continue
        own = frame.campaign(campaign.version_id)
        due = rounds.due_moments(own, frame.calendar(own.zone), last, frame.now)
        found.extend((campaign, one) for one in due)
    return min(found, key=lambda pair: (pair[1].at, pair[0].id, pair[1].round.name), default=None)


def next_moments(frame: Frame) -> list[int]:
    """When each round is due next; it may have passed."""
    return [
        instant
        for campaign in frame.campaigns.values()
        for instant in _coming(frame, campaign, rounds.last_moments(frame.tx, campaign.id))
    ]


def _coming(frame: Frame, campaign: CampaignInForce, last: Mapping[str, str]) -> Iterator[int]:
    own = frame.campaign(campaign.version_id)
    for one in own.rounds.values():
        key = campaign.id, one.name, last.get(one.name)
        if key not in frame.moments:
            frame.moments[key] = rounds.next_moment(one, own, frame.calendar(own.zone), key[2])
        instant = frame.moments[key]
        if instant is not None:
            yield instant


# --- items ------------------------------------------------------------------------------------------


def _items(frame: Frame, campaign: CampaignInForce, round_: Round) -> list[rounds.Item]:
    """What a moment does, frozen: tasks to open, or drafts to complete."""
    pack = frame.version(campaign.version_id).pack
    if round_.completes is not None:
        drafts = tasks.drafts_of(frame.tx, campaign.id, round_.completes, frame)
        return [rounds.Item(what=COMPLETE, args=(draft,)) for draft in drafts]
    tracks: Sequence[str] = round_.tracks or ("",)
    return [item for opening in round_.opens for item in _opened(frame, pack, opening, tracks)]


def _opened(frame: Frame, pack: Pack, opening: Opening, tracks: Sequence[str]) -> list[rounds.Item]:
    if opening.each == PAIR:
        return items_of(opening, tracks)
    units = _units(frame, pack, opening)
    return [rounds.Item(what=OPEN, args=(opening.kind, unit, track)) for track in tracks for unit in units]


def _units(frame: Frame, pack: Pack, opening: Opening) -> list[int]:
    return organisation.units_of_kind(frame.tx, list(pack.campaign.units), opening.each or "")


def _new_task(
    frame: Frame, moment: rounds.OpenMoment, kind: str, unit: int, track: str, *others: int
) -> NewTask:
    definition = frame.version(moment.version_id).books[kind].definition
    return NewTask(
        kind=kind,
        campaign_id=moment.campaign_id,
        version_id=moment.version_id,
        parties=dict(zip(definition.parties, (unit, *others), strict=False)),
        unit_id=unit,
        track=track or None,
        parent_id=None,
        moment_id=moment.id,
        origin={"round": moment.round},
    )


def _told(refusal: OverBudget) -> str:
    """In both languages: the note of a moment is read by whoever looks."""
    return f"{refusal.text.zh} / {refusal.text.en}"


def _within_budget(frame: Frame, opens: Sequence[NewTask], skips: list[str]) -> list[NewTask]:
    """What may be opened. The rest is no fault that a later try would mend: it is put on record."""
    refused = over_budget(frame, opens)
    for n, refusal in refused.items():
        skips.append(f"{opens[n].kind} {opens[n].unit_id}: {_told(refusal)}")
        log.warning("over budget", task_kind=opens[n].kind, unit=opens[n].unit_id, why=str(refusal))
    return [new for n, new in enumerate(opens) if n not in refused]


def _opens(frame: Frame, item: rounds.Item) -> bool:
    """Whether it opens a task. A unit that has merged since the moment was frozen is handed nothing."""
    return item.what == OPEN and item.args[1] not in frame.merged


def _completions(frame: Frame, moment: rounds.OpenMoment, ids: list[int], skips: list[str]) -> list[Decision]:
    """`completed` on each draft. Drafts that a person must look at first are left to them."""
    if not ids:
        return []
    rows = [row for row in tasks.claim_these(frame.tx, ids) if row[_SET_ASIDE_AT] is None]
    found = [tasks.task_of(row) for row in rows]
    hold_units(frame, found)
    loaded = tasks.load(frame.tx, found, frame)
    frame.know(loaded)
    wanted = Act(name="completed", person_id=None, round=moment.round)
    decisions: list[Decision] = []
    for one in loaded:
        try:
            drafted = with_earlier(frame, one, decisions)
            decisions.append(act(drafted, frame.around(one.task.version_id), wanted))
        except OverBudget as refusal:
            skips.append(f"{one.task.kind} {one.task.id}: {_told(refusal)}")
        except Refused as refusal:  # signed or ended meanwhile: the round has nothing to do
            log.info("nothing to complete", task=one.task.id, why=str(refusal))
    return decisions
