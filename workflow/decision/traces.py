"""What an act leaves behind: who did it, for whom, with what, and for whom the state was waiting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..definition.model import Transition
from ..people import Actor, excluded
from ..task import Entry, Pending
from .case import Case
from .outcome import EventDraft

if TYPE_CHECKING:
    from .acts import Act


def sign(event: EventDraft, actor: Actor | None, act: Act | None = None) -> None:
    """Who did it, or which round, and with what evidence."""
    if actor is None:
        event.header["round"] = act.round if act is not None else None
    else:
        event.header["actor"] = actor.person_id
        if actor.on_behalf is not None:
            event.header["on_behalf"] = actor.on_behalf
    if act is not None and act.evidence:
        event.header["evidence"] = sorted(set(act.evidence))


def trace(case: Case, event: EventDraft, transition: Transition, after: Pending) -> None:
    """Who else took part, with what the act rests on."""
    if after.signed:
        event.header["signed"] = [one.person_id for one in after.signed]
    for one in after.signed:
        note_actor(case, transition.name, Actor(one.person_id, one.on_behalf))
    if after.entry is not None:
        event.header |= entered(after.entry)
        note_actor(case, transition.name, Actor(after.entry.entered_by, after.entry.on_behalf))


def entered(entry: Entry) -> dict[str, Any]:
    """Who entered it, from which paper, and who co-signed."""
    found = {"entered_by": entry.entered_by, "effective": entry.effective, "paper": entry.paper}
    return found if entry.cosigned_by is None else {**found, "cosigned_by": entry.cosigned_by}


def count(case: Case, transition: Transition, role: str, actor: Actor | None) -> None:
    """It took place once more, by that person."""
    task, name = case.task, transition.name
    task.acts = {**task.acts, name: task.acts.get(name, 0) + 1}
    if actor is not None:
        note_actor(case, name, actor)
        heard(case, transition, role, actor)


def note_actor(case: Case, name: str, actor: Actor) -> None:
    """Whoever did it is kept, for `not_by`: the person and the principal."""
    persons = dict.fromkeys([*case.task.actors.get(name, []), actor.person_id])
    if actor.on_behalf is not None:
        persons[actor.on_behalf] = None
    case.task.actors = {**case.task.actors, name: list(persons)}


def heard(case: Case, transition: Transition, role: str, actor: Actor) -> None:
    """An act by whom the state waits for restarts `nothing reported for`."""
    waits = case.book.definition.states[case.task.state].waits_for
    if waits is None:
        return
    without = excluded(case.before, transition.not_by, case.loaded.parent_actors)
    persons = {*case.resolve(waits).persons, *case.resolve(waits, without).persons}
    if role == waits or actor.person_id in persons:
        case.task.reported_at = case.now
