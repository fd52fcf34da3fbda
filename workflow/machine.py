"""The sole owner of `transitions`: from a definition to the rules of movement.

One `Machine` per definition, built once and shared: nothing is ever registered with it. A three-slot
`Cursor` stands for the task while one event fires. Guards are callables that return real booleans;
no work is done in callbacks, since an error there would leave the state changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from transitions import Machine, MachineError

from .condition import Looker, View, compile_term
from .definition.model import BACK, Definition, Transition


class Cursor:
    """A task on its way through one event: its state, its view, its transition's own guard."""

    __slots__ = ("guard", "state", "view")

    def __init__(self, view: View, guard: Looker | None) -> None:
        self.state = view.task.state
        self.view = view
        self.guard = guard


def _guard(event: Any) -> bool:
    cursor: Cursor = event.model
    return cursor.guard is None or cursor.guard(cursor.view).truth is True


def _came_from(state: str) -> Callable[[Any], bool]:
    def check(event: Any) -> bool:
        cursor: Cursor = event.model
        return cursor.view.task.came_from == state

    return check


class Movement:
    """Where the tasks of one definition may go."""

    def __init__(self, definition: Definition) -> None:
        self._definition = definition
        self._guards = {name: _guard_of(one, definition) for name, one in definition.transitions.items()}
        self._machine = Machine(
            model=None,
            states=list(definition.states),
            initial=definition.first_state.name,
            auto_transitions=False,
            send_event=True,
            transitions=[edge for one in definition.transitions.values() for edge in _edges(one, definition)],
        )

    def move(self, name: str, view: View) -> str | None:
        """The state that a transition leads to from here; None where it may not be taken now.

        A transition without `to:` leads to the state in which the task already stands.
        """
        cursor = Cursor(view, self._guards[name])
        try:
            taken = self._machine.events[name].trigger(cursor)
        except MachineError:  # not from this state
            return None
        return cursor.state if taken else None


def _guard_of(transition: Transition, definition: Definition) -> Looker | None:
    term = transition.after or transition.when
    return None if term is None else compile_term(term, definition)


def _edges(transition: Transition, definition: Definition) -> Iterator[dict[str, Any]]:
    for source in transition.sources:
        base = {"trigger": transition.name, "source": source}
        if transition.target != BACK:
            yield {**base, "dest": transition.target, "conditions": [_guard]}
            continue
        for state in definition.states.values():  # `to: back`: whichever state it came from
            if not state.final:
                yield {**base, "dest": state.name, "conditions": [_guard, _came_from(state.name)]}
