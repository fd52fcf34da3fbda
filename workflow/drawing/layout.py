"""Where boxes and arrows go: sizes here, places by graphlay, a layered layout (docs/adr/0016).

An act is a box of its own between two states, so that no label can lie over another or over an arrow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import graphlay

from ..definition.model import Outcome
from ..text import Text
from .marks import MACHINE, NOW, pending, times
from .measure import Spoken, spoken, width, wrap
from .model import Act, Box, Diagram

START = "start"  # the dot before the first state
DOT = 14.0
PAD, TITLE, SMALL, LEADING = 9.0, 14.0, 11.5, 1.36
BOX_ROOM, ACT_ROOM = 216.0, 180.0  # the widest line of a box and of an act
_LEAST, _BOLD = 76.0, 1.06  # the narrowest box; how much wider bold letters are
_OPTIONS = {
    "direction": "topbottom",
    "spacing": {
        "layer_gap": 30.0,
        "node_gap": 20.0,
        "dummy_gap": 16.0,
        "port_gap": 14.0,
        "isolated_gap": 24.0,
    },
    "cycles": {"strategy": "follow_flow"},  # what the definition writes first stands above
    "seed": 1,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line of text inside a box."""

    text: str
    size: float
    strong: bool = False
    ruled: bool = False  # a thin rule above: another part of the box begins


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A box on the page, its middle and its size."""

    key: str
    x: float
    y: float
    width: float
    height: float
    lines: tuple[Line, ...]
    act: bool  # a label between two states
    dashed: bool = False  # by the machine, or standing for other states
    heavy: bool = False  # where the task is, or what it did
    final: Outcome | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrow:
    """A line from box to box, by its corners."""

    points: tuple[tuple[float, float], ...]
    dashed: bool
    heavy: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A laid-out diagram, its upper left corner at 0, 0."""

    width: float
    height: float
    boxes: tuple[Placed, ...]
    arrows: tuple[Arrow, ...]
    start: tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Edge:
    source: str
    target: str
    dashed: bool = False
    heavy: bool = False


def lay_out(diagram: Diagram, language: Spoken) -> Plan:
    """Sizes by the text in it, places by the layout."""
    bare = [
        *(_state(box, language) for box in diagram.boxes),
        *(_label(act, language) for act in diagram.acts),
    ]
    edges = list(_edges(diagram))
    graph = graphlay.Graph()
    graph.node(START, width=DOT, height=DOT, shape="ellipse", rank="first")
    for one in bare:
        graph.node(one.key, width=one.width, height=one.height)
    for edge in edges:
        graph.edge(edge.source, edge.target)
    found = graphlay.layout(graph, options=_OPTIONS)
    return _plan(bare, edges, found)


def _plan(bare: Sequence[Placed], edges: Sequence[_Edge], found: Any) -> Plan:
    left, top = found.bounds["min"]["x"], found.bounds["min"]["y"]

    def at(point: dict[str, float]) -> tuple[float, float]:
        return round(point["x"] - left, 1), round(point["y"] - top, 1)

    middles = dict(zip(found.ids, (at(node["center"]) for node in found.nodes), strict=True))
    right, bottom = at(found.bounds["max"])
    return Plan(
        width=right,
        height=bottom,
        boxes=tuple(replace(one, x=middles[one.key][0], y=middles[one.key][1]) for one in bare),
        arrows=tuple(
            Arrow(points=tuple(map(at, drawn["points"])), dashed=edge.dashed, heavy=edge.heavy)
            for edge, drawn in zip(edges, found.edges, strict=True)
        ),
        start=middles[START],
    )


def _edges(diagram: Diagram) -> list[_Edge]:
    first = next(box for box in diagram.boxes if box.initial)
    edges = [_Edge(source=START, target=first.key)]
    for act in diagram.acts:
        key, target = act_key(act), act.target or ""
        edges += [
            _Edge(source=source, target=key, dashed=act.machine, heavy=diagram.taken(act, source))
            for source in act.sources
        ]
        edges.append(_Edge(source=key, target=target, dashed=act.machine, heavy=act.times > 0))
    return edges


def act_key(act: Act) -> str:
    """The key of an act's box; a state's name has no colon."""
    return f"act:{act.name}"


def _state(box: Box, language: Spoken) -> Placed:
    notes = [note for note in (NOW if box.present else None, times(box.visits)) if note is not None]
    lines = [
        *strong([box.title], TITLE, BOX_ROOM, language),
        *strong(notes, SMALL, BOX_ROOM, language),
        *plain(box.lines, SMALL, BOX_ROOM, language),
    ]
    for act in box.stays:
        name, *rest = _act_lines(act, BOX_ROOM, language)
        lines += [replace(name, ruled=True), *rest]
    return _sized(box.key, lines, act=False, dashed=not box.real, heavy=box.present, final=box.final)


def _label(act: Act, language: Spoken) -> Placed:
    lines = _act_lines(act, ACT_ROOM, language)
    return _sized(act_key(act), lines, act=True, dashed=act.machine, heavy=act.times > 0)


def _act_lines(act: Act, room: float, language: Spoken) -> list[Line]:
    machine = MACHINE if act.machine else None
    notes = [note for note in (machine, pending(act.pending), times(act.times)) if note is not None]
    return [
        *strong([act.label], SMALL + 1, room, language),
        *strong(notes, SMALL, room, language),
        *plain(act.lines, SMALL, room, language),
    ]


def strong(texts: Sequence[Text], size: float, room: float, language: Spoken) -> list[Line]:
    """Texts in bold letters."""
    return [replace(line, strong=True) for line in plain(texts, size, room / _BOLD, language)]


def plain(texts: Sequence[Text], size: float, room: float, language: Spoken) -> list[Line]:
    """Texts in a language, as lines that fit."""
    found = wrap([line for text in texts for line in spoken(text, language)], size, room)
    return [Line(text=text, size=size) for text in found]


def _sized(
    key: str, lines: Sequence[Line], *, act: bool, dashed: bool, heavy: bool, final: Outcome | None = None
) -> Placed:
    widest = max(width(line.text, line.size) * (_BOLD if line.strong else 1) for line in lines)
    return Placed(
        key=key,
        x=0,
        y=0,
        width=round(max(widest + 2 * PAD, _LEAST), 1),
        height=round(height_of(lines) + 2 * PAD, 1),
        lines=tuple(lines),
        act=act,
        dashed=dashed,
        heavy=heavy,
        final=final,
    )


def height_of(lines: Sequence[Line]) -> float:
    """How high lines stand above each other."""
    return sum(line.size * LEADING + (6 if line.ruled else 0) for line in lines)
