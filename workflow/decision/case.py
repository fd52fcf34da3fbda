"""The working state of one decision: a copy of the task, and everything that follows so far.

Only this module changes the copy. `clockwork`, `rules` and `acts` call it; none of them does I/O.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from ..calendar import Calendar, parse_duration
from ..condition import View, compile_term, effective
from ..definition.model import LIGHTS, Burden, Opening, Rule, State, Transition
from ..definition.numbering import YEAR
from ..definition.opening import MILESTONE
from ..people import NOBODY, Directory, Resolved, excluded, resolve, touches
from ..task import Episode, EpisodeEnd, Loaded, Pending, Related, Row, Task
from .beyond import NOTHING, Beyond
from .book import Book
from .outcome import (
    Decision,
    EventDraft,
    EventKind,
    Link,
    Message,
    NewTask,
    NumberWanted,
    Reason,
    RowChange,
)
from .tree import Tree


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What a decision looks at beside the task itself."""

    now: int
    calendar: Calendar
    directory: Directory
    milestones: Mapping[str, date]
    moves: Mapping[str, int] = field(default_factory=dict)  # milestone -> the re-plan that moved it last
    epoch: int  # the planning epoch: which calendar and campaign are in force
    calendars: Mapping[int, Calendar] = field(default_factory=dict)  # of this and earlier epochs
    books: Mapping[str, Book]  # by kind, of the task's version
    burden: Burden | None = None  # of the campaign
    tree: Tree = field(default_factory=Tree)
    beyond: Beyond = NOTHING  # what an everyday act names beside the task


class Case:
    """One task being decided."""

    def __init__(self, loaded: Loaded, around: Surroundings) -> None:
        task = loaded.task.copied()
        self.before = loaded.task
        self.task = task
        self.loaded = loaded
        self.around = around
        self.book = around.books[task.kind]
        # Acts and wakes of several nodes may come out of order: a task's own time never goes back.
        self.since = _last_trace(task)
        self.now = max(around.now, self.since)
        self.view = View(
            now=self.now,
            task=task,
            calendar=around.calendar,
            children=list(loaded.children),
            concerned=_still_concerned(loaded),
            parent=loaded.parent,
            sources=loaded.sources,
            open_rows=_open_rows(loaded, self.book),
        )
        self.rows = list(loaded.rows)
        self.live = {episode.rule: copy(episode) for episode in loaded.episodes}
        self.fresh: list[tuple[Rule, Episode, EventDraft]] = []
        self.events: list[EventDraft] = []
        self.new_episodes: list[Episode] = []
        self.changed_episodes: dict[int, Episode] = {}
        self.opens: list[NewTask] = []
        self.links: list[Link] = []
        self.added_rows: list[RowChange] = []
        self.changed_rows: dict[int, Row] = {}
        self.removed_concerns: list[int] = []
        self.nudges: dict[tuple[int, str], None] = {}
        self.evidence: list[str] = []

    def follow(self, around: Surroundings) -> None:
        """Go on under another version of the pack."""
        self.around, self.book = around, around.books[self.task.kind]
        self.view.calendar = around.calendar
        self.view.open_rows = _open_rows(self.loaded, self.book)

    # --- history and telling ----------------------------------------------------------------------

    def record(self, kind: EventKind, at: int, /, **header: Any) -> EventDraft:
        """Add a line of history."""
        event = EventDraft(kind=kind, at=at, header=header)
        self.events.append(event)
        return event

    def number(self, event: EventDraft, transition: Transition) -> None:
        """Ask for the number that comes with a transition."""
        pattern = transition.number
        if pattern is not None:
            year = self.view.calendar.day_of(self.now).year if YEAR in pattern else 0
            event.number = NumberWanted(pattern=pattern, year=year)

    def resolve(self, role: str, without: frozenset[int] = NOBODY) -> Resolved:
        """Who a role is, at the moment of the decision."""
        return resolve(self.around.directory, self.book.definition, role, self.task, self.now, without)

    def tell(
        self,
        event: EventDraft,
        roles: Sequence[str],
        reason: Reason,
        rule: str | None = None,
        without: frozenset[int] = NOBODY,
    ) -> None:
        """Leave messages for the people of these roles; each hears once, vacancies are recorded once."""
        for role in roles:
            self.tell_these(event, role, self.resolve(role, without), reason, rule)

    @staticmethod
    def tell_these(
        event: EventDraft, role: str, found: Resolved, reason: Reason, rule: str | None = None
    ) -> None:
        """Leave messages for whoever a role turned out to be."""
        told = {message.person_id for message in event.messages}
        if found.vacant:
            vacant = dict.fromkeys([*event.header.get("vacant", []), *found.vacant])
            event.header["vacant"] = list(vacant)
        if not found.actors:
            event.messages.append(Message(person_id=None, role=role, reason=reason, rule=rule))
        for person in dict.fromkeys(found.persons):
            if person not in told:
                event.messages.append(Message(person_id=person, role=found.role, reason=reason, rule=rule))

    def assign(self, event: EventDraft, state: State) -> None:
        """Tell whoever becomes waited for, and whoever steps in where `not_by` keeps one of them out."""
        if state.waits_for is None:
            return
        self.tell(event, [state.waits_for], "assigned")
        for not_by in self.book.separations[state.name]:
            out = self.excluded(not_by)
            if out and any(touches(actor, out) for actor in self.resolve(state.waits_for).actors):
                self.tell(event, [state.waits_for], "assigned", without=out)

    def excluded(self, not_by: Sequence[str]) -> frozenset[int]:
        """Everyone whom `not_by` keeps from acting now."""
        return excluded(self.task, not_by, self.loaded.parent_actors)

    def nudge(self, task_id: int, cause: str) -> None:
        """Let another task know; it will look for itself."""
        self.nudges[(task_id, cause)] = None

    def report(self, facts: Mapping[str, Any]) -> None:
        """Facts of the definition become the task's; what it doesn't declare stays in the event."""
        own = {name: value for name, value in facts.items() if name in self.book.definition.facts}
        if own:
            self.task.facts = {**self.task.facts, **own}
            self.task.fact_times = {**self.task.fact_times, **dict.fromkeys(own, self.now)}

    # --- clocks -----------------------------------------------------------------------------------

    def set_deadline(
        self, instant: int, basis: str, anchor: int, *, kind: EventKind = "deadline_set"
    ) -> EventDraft:
        """Give the task a new deadline; both values stay visible."""
        task = self.task
        event = self.record(kind, self.now, old=task.deadline, new=instant, basis=basis)
        task.deadline, task.deadline_basis, task.deadline_anchor = instant, basis, anchor
        if kind == "deadline_set":
            task.deadline_set_at = self.now
            task.stop_used = False
        return event

    def mind_stops(self, begins: int) -> None:
        """Start or end the standing still of the clocks, as the state and its confirmations say.

        A stop begins when it became true and ends when it was decided: nobody grows late through
        someone else's slowness, the engine's own included.
        """
        task = self.task
        state = self.book.definition.states[task.state]
        shall = state.final is None and (state.stops_deadline or any(one.stops for one in task.pending))
        stands = bool(task.stops) and task.stops[-1][1] is None
        if shall and not stands:
            # The last stop may have ended only with this decision: they never overlap.
            ended = (task.stops[-1][1] if task.stops else None) or begins
            task.stops = (*task.stops, (max(begins, ended), None))
        elif stands and not shall:
            *earlier, (begin, _) = task.stops
            task.stops = (*earlier, (begin, self.now)) if begin < self.now else tuple(earlier)

    # --- moving -----------------------------------------------------------------------------------

    def enter(self, state: str, at: int, event: EventDraft) -> None:
        """Move the task. What begins with it counts from the decision, not from `at`."""
        task, definition = self.task, self.book.definition
        if state != task.state:  # else `to: back` would lead from a state to itself
            task.came_from, task.state = task.state, state
        task.visit += 1
        task.state_since = task.reported_at = self.now
        self.start_step()
        event.header["visit"] = task.visit
        entered = definition.states[state]
        if task.shared and not entered.draft:
            task.shared = 0
        self._drop_pending(at)
        self.mind_stops(at)
        self.open_all(entered.opens, event, {"from_state": state})
        self.assign(event, entered)
        if task.began_at is None and not entered.draft and entered.final != "abandoned":
            task.began_at = self.now
        if entered.final:
            task.ended_at, task.outcome = at, entered.final
            self._finish(at)

    def start_step(self) -> None:
        """Reckon the state's `within` under the calendar in force."""
        within = self.book.definition.states[self.task.state].within
        self.task.step_end = None if within is None else self.view.calendar.add(self.task.state_since, within)

    def _drop_pending(self, at: int) -> None:
        transitions = self.book.definition.transitions
        for one in self.task.pending:
            if self.task.state not in transitions[one.transition].sources:
                self.lapse(one, at, "left")

    def _finish(self, at: int) -> None:
        """The task has ended: its episodes end with it, and those who care are nudged."""
        for episode in list(self.live.values()):
            if episode.inert_at is not None or not self.opened_by(episode):
                self.end_episode(episode, at, "ended")
        self.fresh = [one for one in self.fresh if one[1].ended_at is None]
        for new in self.opens:
            if new.parent is not None:
                new.parent = replace(new.parent, ended_at=at, outcome=self.task.outcome)
        self._let_others_know()

    def _let_others_know(self) -> None:
        if self.task.parent_id is not None:
            self.nudge(self.task.parent_id, "child")
        for child in self.view.children:
            if child.ended_at is None and child.id:
                self.nudge(child.id, "parent")
        for one in self.loaded.concerned:
            self.nudge(one.id, "concerning")
        for link in self.loaded.concerning:
            if link.ended_at is None:
                self.nudge(link.task_id, "concerned")

    # --- confirmations ----------------------------------------------------------------------------

    def hold(self, pending: Pending) -> None:
        """Keep an act until a second person has answered."""
        self.task.pending = (*self.task.pending, pending)
        self.task.stop_used = self.task.stop_used or pending.stops
        self.mind_stops(self.now)

    def release(self, pending: Pending) -> None:
        """The confirmation was answered, one way or the other."""
        self.task.pending = tuple(one for one in self.task.pending if one is not pending)
        self.mind_stops(self.now)

    def lapse(self, pending: Pending, at: int, why: str) -> None:
        """Nobody answered in time, or the task has left the state in which it was asked for."""
        self.release(pending)
        event = self.record("lapsed", at, transition=pending.transition, asked_at=pending.asked_at, why=why)
        event.messages.extend(
            Message(person_id=person, role=pending.role, reason="lapsed") for person in pending.who_hears
        )

    # --- rows -------------------------------------------------------------------------------------

    def add_row(self, name: str, values: dict[str, Any]) -> None:
        """A new open row."""
        self.added_rows.append(RowChange(row=Row(id=0, list=name, values=values)))
        change = -1 if self.book.definition.lists[name].indicators else 1  # one less without a mark
        self.view.open_rows[name] = self.view.open_rows.get(name, 0) + change

    def change_row(self, row: Row) -> None:
        """An open row with other values, or closed."""
        self.rows = [row if one.id == row.id else one for one in self.rows]
        self.changed_rows[row.id] = row

    def close_rows(self, at: int) -> None:
        """Close each row whose task of the `closed_by` kind has ended accepted."""
        definition = self.book.definition
        accepted = {
            (child.kind, child.row_id): child.id
            for child in self.view.children
            if child.row_id is not None and child.has("accepted", at)
        }
        if not accepted:
            return
        for row in self.rows:
            closer = accepted.get((definition.lists[row.list].closed_by or "", row.id))
            if row.closed_at is None and closer is not None:
                self.change_row(replace(row, closed_at=at, closed_by=closer))
                self.view.open_rows[row.list] -= 1
                self.record("row_closed", at, list=row.list, row=row.id, by=closer)

    # --- opening ----------------------------------------------------------------------------------

    def open_all(
        self, openings: Sequence[Opening], event: EventDraft, origin: dict[str, Any]
    ) -> list[NewTask]:
        """Open what a state, a transition or a rule says, as children of this task."""
        opened = [task for one in openings for task in self._open(one, origin)]
        event.tasks.extend(opened)
        self.opens.extend(opened)
        for task in opened:
            born = Related(id=0, kind=task.kind, row_id=task.row_id, unit_id=task.unit_id)
            self.view.children = [*self.view.children, born]
        return opened

    def _open(self, opening: Opening, origin: dict[str, Any]) -> list[NewTask]:
        going_on = [
            child for child in self.view.children if child.kind == opening.kind and child.ended_at is None
        ]
        if opening.units is not None:
            has_one = {child.unit_id for child in going_on}
            units = self.around.tree.of_kind(opening.units, self.task.unit_id)
            return [self._new(opening, origin, unit=unit) for unit in units if unit not in has_one]
        if opening.each is None:
            return [self._new(opening, origin)]
        busy = {child.row_id for child in going_on}
        rows = [row for row in self.rows if row.closed_at is None and self._is_meant(opening, row)]
        opened = [self._new(opening, origin, row) for row in rows if row.id not in busy]
        begun = [new.row for new in self.opens if new.kind == opening.kind]  # by this very decision
        added = [
            one
            for one in self.added_rows
            if self._is_meant(opening, one.row) and not any(row is one for row in begun)
        ]
        return opened + [self._new(opening, origin, one.row, one) for one in added]

    def _is_meant(self, opening: Opening, row: Row) -> bool:
        """Whether a row is of the opening's list, and such as it wants."""
        if row.list != opening.each or opening.where is None:
            return row.list == opening.each
        definition = self.book.definition
        columns = replace(definition, facts=definition.lists[row.list].columns, plan={})
        stand_in = self.task.copied()
        stand_in.facts = row.values
        view = View(now=self.now, task=stand_in, calendar=self.view.calendar, open_rows={})
        return compile_term(opening.where, columns)(view).truth is True

    def _new(
        self,
        opening: Opening,
        origin: dict[str, Any],
        row: Row | None = None,
        added: RowChange | None = None,
        unit: int | None = None,
    ) -> NewTask:
        task, target = self.task, self.around.books[opening.kind].definition
        supervised = unit or (task.unit_id if opening.party is None else task.parties[opening.party])
        new = NewTask(
            kind=opening.kind,
            campaign_id=task.campaign_id,
            version_id=task.version_id,
            parties={target.first_party: supervised},
            unit_id=supervised,
            track=task.track,
            parent_id=task.id or None,
            parent=Related(id=task.id, kind=task.kind),
            parent_actors=task.actors,
            row_id=row.id if row is not None and added is None else None,
            row=added,
            origin=origin,
        )
        values = row.values if row is not None else {}
        for theirs, ours in opening.passes.items():
            self._pass(new, theirs, values[ours] if ours in values else self._own(ours))
        return new

    def _own(self, name: str) -> Any:
        if name in self.task.parties:
            return self.task.parties[name]
        if name.startswith(MILESTONE):
            return self.around.milestones[name.removeprefix(MILESTONE)].isoformat()
        if name in self.book.definition.facts:
            return self.task.facts.get(name)
        return self.around.directory.units.get(name)

    def _pass(self, new: NewTask, theirs: str, value: Any) -> None:
        target = self.around.books[new.kind].definition
        if value is None:
            return
        if theirs == "deadline":
            new.deadline = self.around.calendar.end_of(date.fromisoformat(value))
        elif theirs in target.parties:
            new.parties[theirs] = value
            new.unit_id = new.parties[target.first_party]
        else:
            new.facts[theirs] = value

    def propose(self, kind: str, event: EventDraft, rule: str) -> NewTask:
        """Ask for the unit's shared draft of a kind."""
        target, task = self.around.books[kind].definition, self.task
        new = NewTask(
            kind=kind,
            campaign_id=task.campaign_id,
            version_id=task.version_id,
            parties={target.first_party: task.unit_id},
            unit_id=task.unit_id,
            track=None,
            parent_id=None,
            origin={"proposed_by": task.id, "rule": rule},
            shared=True,
        )
        event.tasks.append(new)
        self.opens.append(new)
        return new

    # --- episodes ---------------------------------------------------------------------------------

    def touch(self, episode: Episode) -> None:
        """Remember that a stored episode has changed."""
        if episode.id:
            self.changed_episodes[episode.id] = episode

    def end_episode(self, episode: Episode, at: int, why: EpisodeEnd) -> None:
        """The episode is over; drafts that it backed are nudged."""
        inert = episode.inert_at is not None
        episode.ended_at, episode.ended_by = at, why
        self.live.pop(episode.rule, None)
        self.touch(episode)
        self.record("episode_ended", at, rule=episode.rule, why=why, opened_at=episode.opened_at)
        if not inert:
            self._unback(episode)

    def still(self, episode: Episode, at: int, why: EpisodeEnd) -> None:
        """Lifted, or ended by `until`, while the condition may still hold: inert, without light."""
        episode.inert_at, episode.inert_by = at, why
        self.touch(episode)
        self._unback(episode)

    def _unback(self, episode: Episode) -> None:
        """Let drafts know. One that exists and was joined in this decision is nudged for that anyway."""
        for link in self.loaded.concerning:
            if link.episode_id == episode.id and link.draft and link.ended_at is None:
                self.nudge(link.task_id, "concerned")
        for new in self.links:
            if new.episode is episode and isinstance(new.target, NewTask):
                new.target.look_again = True

    def opened_by(self, episode: Episode) -> list[Related]:
        """What an episode opened or joined of the kind that its rule's `until` names."""
        until = self.book.definition.rules[episode.rule].until
        if until is None:
            return []
        joined = {
            link.target for link in self.links if link.episode is episode and link.target.__class__ is int
        }
        stored = {
            link.task_id: Related(
                id=link.task_id, kind=link.kind, ended_at=link.ended_at, outcome=link.outcome
            )
            for link in self.loaded.concerning
            if link.kind == until.kind
            and (link.task_id in joined or (episode.id and link.episode_id == episode.id))
        }
        targets = [link.target for link in self.links if link.episode is episode]
        new = [
            Related(id=0, kind=one.kind)
            for one in targets
            if isinstance(one, NewTask) and one.kind == until.kind
        ]
        return [*stored.values(), *new]

    # --- the end ----------------------------------------------------------------------------------

    def project(self, wake_at: int | None) -> None:
        """Derive what is kept beside the facts to find the task by."""
        task, around = self.task, self.around
        state = self.book.definition.states[task.state]
        role = self.book.definition.roles[state.waits_for] if state.waits_for else None
        task.wake_at = wake_at
        task.light = LIGHTS[
            max((LIGHTS.index(one.light) for one in self.live.values() if one.shines), default=0)
        ]
        task.due_at = (
            None if task.deadline is None else effective(task.stops, task.deadline_set_at, task.deadline)
        )
        task.waits_for = role.name if role else None
        # Not everybody at the post is waited for where somebody is chosen or must not act.
        task.waits_post = role.post if role and not (role.team or role.recused) else None
        task.waits_unit = around.directory.seat(role.seat, task) if role else None
        task.planned_under = around.epoch

    def provisional(self) -> None:
        """Note whether the deadline was counted in workdays of a year that is only projected."""
        task, calendar = self.task, self.around.calendar
        rests = task.deadline is not None and _in_workdays(task.deadline_basis)
        task.provisional = int(
            rests and calendar.rests_on_projection(task.deadline_anchor, task.deadline or 0)
        )

    def decision(self) -> Decision:
        """Everything that follows, as one whole."""
        return Decision(
            before=self.before,
            task=self.task,
            events=self.events,
            new_episodes=self.new_episodes,
            changed_episodes=list(self.changed_episodes.values()),
            opens=self.opens,
            links=self.links,
            added_rows=self.added_rows,
            changed_rows=list(self.changed_rows.values()),
            removed_concerns=self.removed_concerns,
            nudges=list(self.nudges),
            consumed=[nudge.id for nudge in self.loaded.nudges],
            evidence=self.evidence,
        )


def _open_rows(loaded: Loaded, book: Book) -> dict[str, int]:
    """How many rows of each list are open; of a checklist, how many indicators have no mark yet."""
    counts = Counter(row.list for row in loaded.rows if row.closed_at is None) if loaded.rows else {}
    if not book.checklists:
        return counts
    return {**counts, **{one.name: len(one.indicators) - counts.get(one.name, 0) for one in book.checklists}}


def _last_trace(task: Task) -> int:
    """The last instant of which the task itself bears a mark."""
    return max(
        task.state_since,
        task.reported_at,
        task.deadline_set_at,
        *task.fact_times.values(),
        *task.last_opened.values(),
    )


def _still_concerned(loaded: Loaded) -> Sequence[Related]:
    """What the task concerns, without what was taken off it."""
    if not loaded.backing:
        return loaded.concerned
    gone = {one.about_id for one in loaded.backing if one.removed}
    gone -= {one.about_id for one in loaded.backing if not one.removed}
    return tuple(one for one in loaded.concerned if one.id not in gone)


def _in_workdays(basis: str) -> bool:
    try:
        return parse_duration(basis).unit == "workdays"
    except ValueError:
        return False
