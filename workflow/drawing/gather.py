"""From a definition, and a task's place in it, to a diagram."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from ..definition.model import BACK, LIGHT_LABELS, Definition, Transition
from ..definition.sentences import Labels
from ..text import Text, join
from .model import Act, Box, Card, Diagram, Place
from .wording import Wording

ANY_OPEN = "any open"  # keys of boxes that stand for states; no state's name has a space
CAME_FROM = "came from"
_ANY_OPEN, _CAME_FROM = Text("任一未办结状态", "Any open state"), Text("来时的状态", "The state it came from")


def diagram(definition: Definition, kinds: Labels, place: Place | None = None) -> Diagram:
    """The diagram of a definition; with a place, of one task in it. `kinds`: what each kind is called."""
    wording = Wording(definition, kinds)
    acts = tuple(_act(one, definition, wording, place) for one in definition.transitions.values())
    moving = tuple(one for one in acts if one.target is not None)
    return Diagram(
        kind=definition.kind,
        title=_title(definition, place),
        lines=(*_standing(definition, place), *wording.header()),
        boxes=tuple(_boxes(definition, wording, acts, place)),
        acts=moving,
        cards=tuple(_cards(definition, wording, place)),
        steps=frozenset(pairwise(place.path)) if place else frozenset(),
        placed=place is not None,
    )


def _title(definition: Definition, place: Place | None) -> Text:
    label = definition.label
    return label if place is None else Text(f"{place.number} {label.zh}", f"{place.number} {label.en}")


def _standing(definition: Definition, place: Place | None) -> Iterator[Text]:
    if place is None:
        return
    light, states = LIGHT_LABELS[place.light], definition.states
    here = states[place.state].label
    yield Text(f"现在：{here.zh}，{light.zh}", f"Now: {here.en}, {light.en}")
    if len(place.path) > 1:
        path = join((states[name].label for name in place.path if name in states), " → ", " → ")
        yield Text(f"经过：{path.zh}", f"Path: {path.en}")


def _act(act: Transition, definition: Definition, wording: Wording, place: Place | None) -> Act:
    return Act(
        name=act.name,
        label=act.label,
        lines=tuple(wording.act(act)),
        sources=(ANY_OPEN,) if _from_any(act, definition) else act.sources,
        target=CAME_FROM if act.target == BACK else act.target,
        machine=act.after is not None,
        times=place.acts.get(act.name, 0) if place else 0,
        pending=place is not None and act.name in place.pending,
    )


def _from_any(act: Transition, definition: Definition) -> bool:
    """From every state that is not final: one box for all of them, or the picture is nothing but arrows."""
    open_states = {name for name, state in definition.states.items() if state.final is None}
    return len(open_states) > 1 and open_states == {*act.sources}


def _boxes(
    definition: Definition, wording: Wording, acts: tuple[Act, ...], place: Place | None
) -> Iterator[Box]:
    visits = Counter(place.path) if place else Counter[str]()
    for name, state in definition.states.items():
        yield Box(
            key=name,
            title=state.label,
            lines=tuple(wording.state(state)),
            stays=_stays(name, acts),
            initial=state is definition.first_state,
            final=state.final,
            visits=visits[name],
            present=place is not None and place.state == name,
        )
    if any(ANY_OPEN in act.sources for act in acts):
        yield Box(key=ANY_OPEN, title=_ANY_OPEN, lines=(), stays=_stays(ANY_OPEN, acts), real=False)
    if any(act.target == CAME_FROM for act in acts):
        yield Box(key=CAME_FROM, title=_CAME_FROM, lines=(), stays=(), real=False)


def _stays(key: str, acts: tuple[Act, ...]) -> tuple[Act, ...]:
    return tuple(act for act in acts if act.target is None and key in act.sources)


def _cards(definition: Definition, wording: Wording, place: Place | None) -> Iterator[Card]:
    for name, rule in definition.rules.items():
        yield Card(
            name=name,
            label=rule.label,
            light=rule.light,
            lines=tuple(wording.rule(rule)),
            times=place.episodes.get(name, 0) if place else 0,
            open=place is not None and name in place.open_rules,
        )
