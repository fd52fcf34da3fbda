"""What is different between two versions of a definition, in the sentences that their diagrams bear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..definition.model import LIGHT_LABELS
from ..text import Text
from .model import Act, Card, Diagram

HEADER, STEP, ACT, RULE = (
    Text("本类事项", "The kind"),
    Text("环节", "Step"),
    Text("办理", "Act"),
    Text("预警", "Escalation"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """Something that one version says and the other doesn't, or says otherwise."""

    part: Text  # what it is: a step, an act, an escalation
    label: Text
    old: tuple[Text, ...]  # sentences that are gone
    new: tuple[Text, ...]  # sentences that have come
    added: bool = False  # the older version has no such thing
    removed: bool = False  # the newer version has none


_Said = Mapping[str, tuple[Text, tuple[Text, ...]]]  # by name: what it is called, its sentences


def differences(old: Diagram, new: Diagram) -> tuple[Difference, ...]:
    """Everything that is different, in the order of the newer version; what is gone comes last."""
    pairs: Sequence[tuple[Text, _Said, _Said]] = (
        (HEADER, {"": (old.title, old.lines)}, {"": (new.title, new.lines)}),
        (STEP, _steps(old), _steps(new)),
        (ACT, _acts(old), _acts(new)),
        (RULE, _rules(old), _rules(new)),
    )
    return tuple(one for part, before, after in pairs for one in _compared(part, before, after))


_NOTHING: tuple[Text, tuple[Text, ...]] = (Text("", ""), ())


def _compared(part: Text, before: _Said, after: _Said) -> Iterator[Difference]:
    for name in (*after, *(name for name in before if name not in after)):
        (called, was), (calls, now) = before.get(name, _NOTHING), after.get(name, _NOTHING)
        if name in before and name in after and called != calls:
            was, now = (called, *was), (calls, *now)
        if (called, was) != (calls, now):
            yield Difference(
                part=part,
                label=calls if name in after else called,
                old=tuple(one for one in was if one not in now),
                new=tuple(one for one in now if one not in was),
                added=name not in before,
                removed=name not in after,
            )


def _steps(diagram: Diagram) -> _Said:
    return {box.key: (box.title, box.lines) for box in diagram.boxes if box.real}


def _acts(diagram: Diagram) -> _Said:
    titles = {box.key: box.title for box in diagram.boxes}
    found = {one.name: (one.label, (*_way(one, titles), *one.lines)) for one in diagram.acts}
    for box in diagram.boxes:
        found |= {one.name: (one.label, one.lines) for one in box.stays}
    return found


def _way(act: Act, titles: Mapping[str, Text]) -> Iterator[Text]:
    """From where to where it leads."""
    if act.target is not None:
        sources, target = [titles[one] for one in act.sources], titles[act.target]
        yield Text(
            f"{'、'.join(one.zh for one in sources)} → {target.zh}",
            f"{', '.join(one.en for one in sources)} → {target.en}",
        )


def _rules(diagram: Diagram) -> _Said:
    return {card.name: (card.label, (*_light(card), *card.lines)) for card in diagram.cards}


def _light(card: Card) -> Iterator[Text]:
    shown = LIGHT_LABELS[card.light]
    yield Text(f"亮{shown.zh}", f"lights {shown.en}")
