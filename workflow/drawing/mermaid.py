"""From a diagram to Mermaid.

A flowchart and no `stateDiagram-v2`: that one knows neither dashed arrows nor quoted labels, so a colon
or a quotation mark in a name would end it (docs/adr/0016).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from ..definition.model import LIGHT_LABELS
from ..text import Text
from .gather import ANY_OPEN, CAME_FROM
from .marks import MACHINE, NOW, OPEN_NOW, RULES, SHAPES, pending, times
from .measure import Spoken, clean, one_line, spoken
from .model import Act, Box, Card, Diagram

# Everything that Mermaid or Markdown may read as a sign of its own becomes a number: quotes, brackets,
# `#`, `%%{init…}%%`, a `1.` that would begin a list.
_SIGN = re.compile(r"[\u0021-\u0027\u002a\u002b\u002d\u002e\u003a-\u0040\u005b-\u0060\u007b-\u007e]")
_KEYS = {ANY_OPEN: "any_open", CAME_FROM: "came_from"}
_STYLES = (
    "classDef state fill:#ffffff,stroke:#334155,color:#0f172a",
    "classDef final fill:#f1f5f9,stroke:#334155,stroke-width:3px,color:#0f172a",
    "classDef other fill:#ffffff,stroke:#64748b,stroke-dasharray:4 3,color:#0f172a",
    "classDef now fill:#fef9c3,stroke:#0f172a,stroke-width:4px,color:#0f172a",
    "classDef green fill:#ffffff,stroke:#64748b,color:#0f172a",
    "classDef blue fill:#dbeafe,stroke:#1d4ed8,color:#0f172a",
    "classDef yellow fill:#fef3c7,stroke:#a16207,color:#0f172a",
    "classDef red fill:#fee2e2,stroke:#b91c1c,color:#0f172a",
)


def mermaid(diagram: Diagram, language: Spoken = "both") -> str:
    """The diagram as a Mermaid flowchart."""
    title = _inline(one_line(diagram.title, language))
    body = [
        *(f"%% {_inline(one)}" for line in diagram.lines for one in spoken(line, language)),
        f"accTitle: {title}",
        "start((( )))",
        *(_box(one, language) for one in diagram.boxes),
        *(f"start --> {_key(one.key)}" for one in diagram.boxes if one.initial),
        *(arrow for act in diagram.acts for arrow in _arrows(act, diagram, language)),
        *_rules(diagram, language),
        *_STYLES,
    ]
    return "\n".join(["flowchart TB", *(f"  {line}" for line in body)]) + "\n"


def _box(box: Box, language: Spoken) -> str:
    stays = (line for act in box.stays for line in _act_lines(act, language, "○ "))
    here = [line for line in (NOW if box.present else None, times(box.visits)) if line is not None]
    lines = [
        *spoken(box.title, language),
        *_all(here, language),
        *_all(box.lines, language),
        *stays,
    ]
    kind = "now" if box.present else "final" if box.final else "state" if box.real else "other"
    return f"{_key(box.key)}({_label(lines)}):::{kind}"


def _arrows(act: Act, diagram: Diagram, language: Spoken) -> Iterator[str]:
    label = _label(_act_lines(act, language))
    for source in act.sources:
        line = "-.->" if act.machine else "==>" if diagram.taken(act, source) else "-->"
        yield f"{_key(source)} {line}|{label}| {_key(act.target or source)}"


def _act_lines(act: Act, language: Spoken, bullet: str = "") -> list[str]:
    title = [f"{bullet}{one}" for one in spoken(act.label, language)]
    notes = (MACHINE if act.machine else None, pending(act.pending), times(act.times))
    return [*title, *_all([note for note in notes if note is not None], language), *_all(act.lines, language)]


def _rules(diagram: Diagram, language: Spoken) -> Iterator[str]:
    if diagram.cards:
        yield f"subgraph rules [{_label(spoken(RULES, language))}]"
        yield from (f"  {_card(card, language)}" for card in diagram.cards)
        yield "end"


def _card(card: Card, language: Spoken) -> str:
    light, shape = LIGHT_LABELS[card.light], SHAPES[card.light]
    head = [] if card.light == "green" else [f"{shape} {one}" for one in spoken(light, language)]
    now = [note for note in (OPEN_NOW if card.open else None, times(card.times)) if note is not None]
    lines = [*spoken(card.label, language), *head, *_all(now, language), *_all(card.lines, language)]
    return f"rule_{card.name}[{_label(lines)}]:::{card.light}"


def _all(texts: Iterable[Text], language: Spoken) -> list[str]:
    return [line for text in texts for line in spoken(text, language)]


def _key(key: str) -> str:
    """An id that is no word of Mermaid's: `end`, as a name, would end the chart."""
    return _KEYS.get(key) or f"state_{key}"


def _label(lines: Iterable[str]) -> str:
    return '"' + "<br/>".join(map(_escaped, lines)) + '"'


def _inline(text: str) -> str:
    """A title, which ends at a semicolon or at the end of its line, and knows no numbers."""
    return re.sub(r"[;#%{}<>\"]", " ", clean(text)).strip()


def _escaped(text: str) -> str:
    return _SIGN.sub(lambda sign: f"#{ord(sign.group())};", text)
