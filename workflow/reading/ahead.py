"""What happens next if nobody acts, in the words of letters and pages: with days, and who will be told. Pure.

`foretelling.py` tells a forecast in the words of a history, step by step; here only what makes a
difference to somebody is told, as one says it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..definition.model import LIGHT_LABELS, LIGHTS, Definition
from ..forecast import Step
from ..text import LANGUAGES, Text, join
from .dates import Dates
from .names import Names
from .words import Words

SENTENCES: Final[Mapping[str, Text]] = {
    "ahead.line": Text("{when}：{what}。", "{when}: {what}."),
    "ahead.rule": Text("{rule}", "{rule}"),
    "ahead.light": Text("亮{light}", "the light turns {light}"),
    "ahead.proposes": Text("列入{kind}", "it goes on a draft: {kind}"),
    "ahead.opens": Text("启动{kind}", "{kind} begins"),
    "ahead.told": Text("通知{roles}", "notice to {roles}"),
    "ahead.moves": Text("自动“{act}”，转为“{state}”", '"{act}" happens by itself, then: {state}'),
    "ahead.lapses": Text("“{act}”失效", '"{act}" lapses'),
}
"""As they ship; the notifier lets an organisation say them its own way."""
_NEWS: Final = frozenset({"episode_opened", "machine", "lapsed", "abandoned"})

Saying = Callable[..., Text]
"""(name, **values) -> the sentence in both languages."""


def say(name: str, **values: Text) -> Text:
    """A sentence as it ships. What is put in is never read again."""
    zh, en = (
        _filled(SENTENCES[name].to(key), {one: values[one].to(key) for one in values}) for key in LANGUAGES
    )
    return Text(zh, en)


def _filled(sentence: str, values: Mapping[str, str]) -> str:
    return sentence.format_map(values)


@dataclass(frozen=True, kw_only=True, slots=True)
class Coming:
    """Something that will happen if nobody acts."""

    at: int  # ms
    when: Text
    what: Text
    light: str | None  # the graver one that the task then has
    task: int  # to which; a forecast's own number for one that doesn't exist yet


@dataclass(frozen=True, kw_only=True, slots=True)
class Teller:
    """Tells the steps of one task's forecast."""

    words: Words
    dates: Dates
    saying: Saying = say
    called: Names | None = None  # None: roles are told, without the names of people

    def lines(self, steps: Sequence[Step], light: str, most: int) -> list[Text]:
        """The first few things that make a difference, each a sentence."""
        found = self.coming(steps, light)[:most]
        return [self.saying("ahead.line", when=one.when, what=one.what) for one in found]

    def coming(self, steps: Sequence[Step], light: str) -> list[Coming]:
        """Everything that makes a difference.

        Args:
            light: that the task has now; a graver one is said.
        """
        told = []
        for step in steps:
            if is_news(step):
                told.append(self._coming(step, step.light if _graver(step.light, light) else None))
                light = step.light
        return told

    def _coming(self, step: Step, light: str | None) -> Coming:
        told = list(self._told(step))
        if light is not None:
            told.insert(1, self.saying("ahead.light", light=LIGHT_LABELS[light]))
        at = max(step.at, step.recorded_at)
        what = join(told, "，", ", ")
        return Coming(at=at, when=self.dates.moment(at), what=what, light=light, task=step.task)

    def _told(self, step: Step) -> Iterator[Text]:
        if step.kind in ("machine", "abandoned"):
            yield self.saying("ahead.moves", act=step.label, state=self.words.state(step.state))
        elif step.kind == "lapsed":
            yield self.saying("ahead.lapses", act=self.words.transition(step.header["transition"]))
        else:
            yield self.saying("ahead.rule", rule=step.label)
        yield from self._begun(step, self.words.definition)
        heard = self._heard(step)
        if heard:
            yield self.saying("ahead.told", roles=join(heard))

    def _heard(self, step: Step) -> list[Text]:
        if self.called is None:
            return list(dict.fromkeys(self.words.role(one.role) for one in step.told if one.role))
        people: dict[str, list[Text]] = {}
        for one in step.told:
            name = Text("无人", "nobody") if one.person_id is None else self.called.person(one.person_id)
            people.setdefault(one.role or "", []).append(name)
        return [self._role(role, names) for role, names in people.items()]

    def _role(self, role: str, names: Sequence[Text]) -> Text:
        known = join(list(dict.fromkeys(names)))
        label = self.words.role(role)
        return Text(f"{label.zh}{known.zh}", f"the {label.en} {known.en}") if role else known

    def _begun(self, step: Step, definition: Definition | None) -> Iterator[Text]:
        """What it opens, or puts on a draft."""
        rule = definition.rules.get(step.rule or "") if definition is not None else None
        proposed = rule.proposes if rule is not None else None
        for kind, label in {one.kind: one.kind_label for one in step.opened}.items():
            yield self.saying("ahead.proposes" if kind == proposed else "ahead.opens", kind=label)


def is_news(step: Step) -> bool:
    """Whether it makes a difference to somebody."""
    return step.kind in _NEWS and "superseded_by" not in step.header


def _graver(one: str, other: str) -> bool:
    return [*LIGHTS].index(one) > [*LIGHTS].index(other)  # type: ignore[arg-type]
