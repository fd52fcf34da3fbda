"""What happens next if nobody acts: the first steps of a task's own forecast, in a few words. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from workflow.definition.model import LIGHT_LABELS, LIGHTS, Definition
from workflow.errors import DubanError
from workflow.forecast import Step, World, forecast
from workflow.reading.words import Words, join
from workflow.text import Text

from ..dates import Dates
from ..wording import Wording

STEPS: Final = 3  # that a letter tells
_LOOKED_AT: Final = 12  # of the forecast: some of them are no news
_DAYS: Final = 92 * 86_400_000  # ms; what is further off is no reason to act today
_NEWS: Final = frozenset({"episode_opened", "machine", "lapsed", "abandoned"})


def ahead(world: World, words: Words, wording: Wording, dates: Dates) -> list[Text]:
    """The next few things that will happen to a task; nothing where they can't be foreseen."""
    try:
        found = forecast(world, until=world.now + _DAYS, steps=_LOOKED_AT)
    except (DubanError, ValueError, LookupError, TypeError):
        return []  # a notice is worth sending without it
    steps = [one for one in found.next_steps(_LOOKED_AT) if _is_news(one)]
    light, told = world.tasks[world.focus].task.light, []
    for step in steps[:STEPS]:
        told.append(_line(step, words, wording, dates, step.light if _graver(step.light, light) else None))
        light = step.light
    return told


def _is_news(step: Step) -> bool:
    return step.kind in _NEWS and "superseded_by" not in step.header


def _graver(one: str, other: str) -> bool:
    return [*LIGHTS].index(one) > [*LIGHTS].index(other)  # type: ignore[arg-type]


def _line(step: Step, words: Words, wording: Wording, dates: Dates, light: str | None) -> Text:
    told = list(_told(step, words, wording))
    if light is not None:
        told.insert(1, wording.text("ahead.light", light=LIGHT_LABELS[light]))
    when = dates.moment(max(step.at, step.recorded_at))
    return wording.text("ahead.line", when=when, what=join(told, "，", ", "))


def _told(step: Step, words: Words, wording: Wording) -> Iterator[Text]:
    if step.kind in ("machine", "abandoned"):
        yield wording.text("ahead.moves", act=step.label, state=words.state(step.state))
    elif step.kind == "lapsed":
        yield wording.text("ahead.lapses", act=words.transition(step.header["transition"]))
    else:
        yield wording.text("ahead.rule", rule=step.label)
    yield from _begun(step, words.definition, wording)
    roles = list(dict.fromkeys(words.role(one.role) for one in step.told if one.role))
    if roles:
        yield wording.text("ahead.told", roles=join(roles))


def _begun(step: Step, definition: Definition | None, wording: Wording) -> Iterator[Text]:
    """What it opens, or puts on a draft."""
    rule = definition.rules.get(step.rule or "") if definition is not None else None
    proposed = rule.proposes if rule is not None else None
    for kind, label in {one.kind: one.kind_label for one in step.opened}.items():
        yield wording.text("ahead.proposes" if kind == proposed else "ahead.opens", kind=label)
