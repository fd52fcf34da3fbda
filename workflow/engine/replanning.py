"""Moving a campaign's milestones: the difference first, then by whom and on what basis.

What rests on a moved milestone is not changed here. A new planning epoch begins, and the clock's sweep
plans every open task anew before anything fires; whatever has not fired until then is judged by the new
date. A moment of a round that came once doesn't come again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from .. import rounds
from ..decision import Loaded, Surroundings, replan
from ..decision.planning import MILESTONE
from ..definition.model import Campaign, Pack
from ..definition.yaml import Problem
from ..errors import BadValue, PackError, StoreError, Unknown
from ..proof import prove
from ..store import milestones, organisation, tasks
from ..store.organisation import CampaignInForce
from ..store.ports import Port, Transaction
from ..text import Text
from .asked import campaign_named, refuse_if_held
from .authority import check_authority
from .changes import TaskChange, change_of, told_of
from .claimed import tasks_of
from .surroundings import Frame, Library

BLOCK = 250  # tasks that a report decides in one transaction
LONGEST_BASIS = 2_000  # characters
REPLAN = Text("节点改期", "move milestones")
_EPOCH = "replan"


@dataclass(frozen=True, kw_only=True, slots=True)
class Replan:
    """Which milestones shall move where, who decided so and on what basis."""

    campaign: str
    dates: Mapping[str, date]
    person_id: int
    basis: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MilestoneMove:
    """A milestone before and after."""

    name: str
    old: date
    new: date


@dataclass(frozen=True, kw_only=True, slots=True)
class RoundMove:
    """A round's next moment before and after; None where there is none."""

    round: str
    old: int | None
    new: int | None
    has_come: bool  # it waited for a milestone that has moved, and came before: it doesn't come again


@dataclass(frozen=True, kw_only=True, slots=True)
class Replanned:
    """The difference that a re-plan makes."""

    campaign: str
    milestones: tuple[MilestoneMove, ...]  # those that move; none: everything stands there already
    rounds: tuple[RoundMove, ...]
    tasks: tuple[TaskChange, ...]  # open ones whose deadline rests on one of them
    failed: Mapping[int, Text]  # tasks of which that can't be said, with why
    applied: bool


def foresee(port: Port, library: Library, wanted: Replan, now: int) -> Replanned:
    """The difference that a re-plan would make, computed on copies.

    Raises:
        Refused: there is no such campaign or milestone, or its date can't be moved there.
        PackError: with these dates a pack would not have been accepted.
    """
    with port.read() as tx:
        frame = library.frame(tx, now)
        campaign = campaign_named(frame, wanted.campaign)
        moves = _moves(frame, campaign, wanted)
        changed = _rounds(frame, campaign, moves)
    found: list[TaskChange] = []
    failed: dict[int, Text] = {}
    after = 0 if moves else None
    while after is not None:
        with port.read() as tx:
            after = _look(library.frame(tx, now), campaign, moves, after, (found, failed))
    return Replanned(
        campaign=campaign.name,
        milestones=moves,
        rounds=changed,
        tasks=tuple(found),
        failed=failed,
        applied=False,
    )


def apply_replan(tx: Transaction, library: Library, wanted: Replan, now: int) -> bool:
    """Move the milestones and begin a new planning epoch; False if they stand there already.

    Raises: as `foresee`; NotAllowed: not by that person; NotNow while everything is held.
    """
    milestones.alone_with(tx, campaign_named(library.frame(tx, now), wanted.campaign).id)
    frame = library.frame(tx, now)
    campaign = campaign_named(frame, wanted.campaign)
    check_authority(frame, wanted.person_id, REPLAN, campaign)
    refuse_if_held(frame)
    moves = _moves(frame, campaign, wanted)
    for one in moves:
        for said, replaced in _dates_of(frame, campaign, one.name):
            dates = said, replaced, one.new
            decided = wanted.person_id, wanted.basis.strip()
            milestones.move_milestone(tx, campaign.id, one.name, dates, decided, now)
    if moves:
        _skip_what_lay_outside(frame, campaign, moves)
        names = " ".join(one.name for one in moves)
        organisation.new_epoch(tx, f"{_EPOCH} {campaign.name} {names}", now)
    return bool(moves)


# --- what is asked for ------------------------------------------------------------------------------


def check_basis(basis: str) -> None:
    """A decision of this weight says on what it rests."""
    if not 0 < len(basis.strip()) <= LONGEST_BASIS:
        raise BadValue(
            f"未变更：须写明依据（1 至 {LONGEST_BASIS} 字），如文号或会议纪要。",
            f"Nothing was changed: say on what it rests (1 to {LONGEST_BASIS} characters), such as the "
            "number of a document or the minutes of a meeting.",
        )


def _moves(frame: Frame, campaign: CampaignInForce, wanted: Replan) -> tuple[MilestoneMove, ...]:
    check_basis(wanted.basis)
    own = frame.campaign(campaign.version_id)
    for name, day in wanted.dates.items():
        _check_date(frame, own, name, day)
    moves = [
        MilestoneMove(name=name, old=own.milestones[name], new=day)
        for name, day in wanted.dates.items()
        if any(replaced != day for _, replaced in _dates_of(frame, campaign, name))
    ]
    _check_proof(frame, campaign, {one.name: one.new for one in moves})
    return tuple(moves)


def _check_date(frame: Frame, own: Campaign, name: str, day: date) -> None:
    calendar = frame.calendar(own.zone)
    if name not in own.milestones:
        listed = ", ".join(own.milestones)
        raise Unknown(
            f"专项行动 {own.name} 没有节点 {name}。节点有：{listed}。",
            f"The campaign {own.name} has no milestone {name!r}. It has: {listed}.",
        )
    today = calendar.day_of(frame.now)
    if day < today or not calendar.covers(day):
        last = max(calendar.years)
        raise BadValue(
            f"节点 {name} 不能改到 {day}：须是今天（{today}）或以后、{last} 年以内的日期。",
            f"The milestone {name} can't be moved to {day}: choose today ({today}) or later, in {last} or "
            "before.",
        )


def _versions(frame: Frame, campaign: CampaignInForce) -> list[int]:
    """The version in force, and those that open tasks follow."""
    return sorted({campaign.version_id, *tasks.versions_at_work(frame.tx, campaign.id)})


def _dates_of(frame: Frame, campaign: CampaignInForce, name: str) -> list[tuple[date, date]]:
    """Of each date that these versions say: what they say, and what is in force."""
    found: dict[date, date] = {}
    for version in _versions(frame, campaign):
        said = frame.version(version).pack.campaign.milestones.get(name)
        if said is not None:
            found[said] = frame.campaign(version).milestones[name]
    return list(found.items())


def _check_proof(frame: Frame, campaign: CampaignInForce, dates: Mapping[str, date]) -> None:
    """What would have been refused in a pack is refused here: nothing is born late."""
    if not dates:
        return
    found: list[Problem] = []
    for version in _versions(frame, campaign):
        pack, own = frame.version(version).pack, frame.campaign(version)
        known = prove(_with(pack, own, {}))
        found.extend(one for one in prove(_with(pack, own, dates)) if one not in known)
    if found:
        told = [one.to_text() for one in found]
        raise PackError(
            f"未变更：节点改到这些日期后，方案包不能成立：{'；'.join(one.zh for one in told)}。"
            "请另选日期，或一并移动相关节点。",
            f"Nothing was changed: with these dates the pack does not hold: "
            f"{'; '.join(one.en for one in told)}. Choose other dates, or move the other milestones too.",
            tuple(found),
        )


def _with(pack: Pack, own: Campaign, dates: Mapping[str, date]) -> Pack:
    return replace(pack, campaign=_moved(own, dates))


def _moved(own: Campaign, dates: Mapping[str, date]) -> Campaign:
    """The campaign as it will be."""
    known = {name: day for name, day in dates.items() if name in own.milestones}
    left = {name: own.moved_from.get(name, frozenset()) | {own.milestones[name]} for name in known}
    return replace(own, milestones={**own.milestones, **known}, moved_from={**own.moved_from, **left})


# --- what follows -----------------------------------------------------------------------------------


def _rounds(
    frame: Frame, campaign: CampaignInForce, moves: tuple[MilestoneMove, ...]
) -> tuple[RoundMove, ...]:
    before = frame.campaign(campaign.version_id)
    after = _moved(before, {one.name: one.new for one in moves})
    last = rounds.last_moments(frame.tx, campaign.id)
    found = [_round(frame, name, (before, after), last.get(name)) for name in before.rounds]
    return tuple(one for one in found if one.old != one.new or one.has_come)


def _round(frame: Frame, name: str, own: tuple[Campaign, Campaign], last: str | None) -> RoundMove:
    before, after = own
    calendar, round_ = frame.calendar(before.zone), before.rounds[name]
    moment = rounds.moment_of(round_, before)
    waits = moment.kind == "milestone" and moment.milestone in after.moved_from
    moves = waits and before.milestones[moment.milestone] != after.milestones[moment.milestone]
    return RoundMove(
        round=name,
        old=rounds.next_moment(round_, before, calendar, last),
        new=rounds.next_moment(round_, after, calendar, last),
        has_come=moves and last is not None,
    )


def _skip_what_lay_outside(frame: Frame, campaign: CampaignInForce, moves: tuple[MilestoneMove, ...]) -> None:
    """A campaign that was over and goes on makes up for nothing: its rounds go on from now."""
    before = frame.campaign(campaign.version_id)
    end = before.milestones.get(rounds.END)
    calendar = frame.calendar(before.zone)
    if end is None or calendar.end_of(end) >= frame.now:
        return
    after = _moved(before, {one.name: one.new for one in moves})
    last = rounds.last_moments(frame.tx, campaign.id)
    for name, round_ in after.rounds.items():
        if rounds.moment_of(round_, after).kind != "milestone":
            for one in rounds.before_force(round_, after, calendar, last.get(name), frame.now):
                rounds.record_moment(frame.tx, one, campaign.id, campaign.version_id, (), frame.now)


_Found = tuple[list[TaskChange], dict[int, Text]]


def _look(
    frame: Frame,
    campaign: CampaignInForce,
    moves: tuple[MilestoneMove, ...],
    after: int,
    found: _Found,
) -> int | None:
    """Decide a block of tasks as if it had been applied; the last of them, None after the last block."""
    bases = [f"{MILESTONE}{one.name}" for one in moves]
    rows = tasks.resting_on(frame.tx, campaign.id, bases, after, BLOCK)
    if not rows:
        return None
    changes, failed = found
    known, broken = tasks_of(frame.tx, rows)
    failed.update((ident, told_of(error)) for ident, error in broken.items())
    loaded = tasks.load(frame.tx, known, frame)
    frame.know(loaded)
    dates = {one.name: one.new for one in moves}
    changes.extend(_decided(frame, loaded, dates, failed))
    return int(rows[-1][0])


def _decided(
    frame: Frame, loaded: list[Loaded], dates: Mapping[str, date], failed: dict[int, Text]
) -> Iterator[TaskChange]:
    for one in loaded:
        try:
            decision = replan(one, _as_if(frame.around(one.task.version_id), dates))
        except StoreError:
            raise
        except Exception as error:  # one task that can't be decided must not hide the others
            failed[one.task.id] = told_of(error)
            continue
        yield change_of(decision, tuple(each.rule for each in one.episodes))


def _as_if(around: Surroundings, dates: Mapping[str, date]) -> Surroundings:
    known = {name: day for name, day in dates.items() if name in around.milestones}
    return replace(
        around,
        milestones={**around.milestones, **known},
        moves={**around.moves, **dict.fromkeys(known, 0)},
        epoch=around.epoch + 1,
    )
