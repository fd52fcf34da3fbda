"""What a person may do to a task now, and why not the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..decision import Act, Decision, act
from ..decision.authority import SUPERVISOR
from ..decision.everyday import VERBS, Verb
from ..definition.model import CONFIRM, REFUSE, Definition, Fact, Transition
from ..definition.sentences import files_of, sentence
from ..errors import BadValue, Refused, Undecidable
from ..forecast import shut
from ..reading.foretelling import signed_by
from ..text import Text
from .subject import Subject

LIFT = "lift"
_SOME_PAPER = "0" * 64  # stands for the scan that will come with it


@dataclass(frozen=True, kw_only=True, slots=True)
class Possible:
    """An act, and whether a person may do it now."""

    name: str
    label: Text
    may: bool
    why_not: Text | None  # the refusal that they would get
    asks: tuple[Text, ...]  # what must be reported with it
    optional: tuple[Text, ...]  # what may be
    evidence: int  # how many files must be attached at least
    confirmed_by: Text | None  # the role that must agree
    quorum: Text | None = None  # how many sign it jointly
    tiers: Text | None = None  # how many files by which choice, where they differ
    grave: bool = False  # the task is given up by it, and nothing brings it back


def possible(subject: Subject, person: int) -> tuple[Possible, ...]:
    """Every act of the task's kind, with whether this person may do it now, and why not."""
    definition, task = subject.definition, subject.loaded.task
    if task.ended_at is not None:
        return ()
    found = [
        _transition(subject, one, person) for one in definition.transitions.values() if one.after is None
    ]
    found.extend(_answers(subject, person))
    for live in subject.loaded.episodes:
        if live.shines:
            label = definition.rules[live.rule].label
            shown = Text(f"免除“{label.zh}”", f"lift {label.en}")
            found.append(_extra(subject, f"{LIFT}:{live.rule}", shown, person, reason=True))
    return tuple(found)


def offered(subject: Subject, person: int) -> tuple[Possible, ...]:
    """What this person may do now to move the task on: answers to what waits first, then transitions."""
    task = subject.loaded.task
    if task.ended_at is not None:
        return ()
    here = (
        one
        for one in subject.definition.transitions.values()
        if one.after is None and task.state in one.sources
    )
    found = (*_answers(subject, person), *(_transition(subject, one, person) for one in here))
    return tuple(one for one in found if one.may)


def enterable(subject: Subject, person: int) -> tuple[Possible, ...]:
    """What this person may enter now from a paper, for somebody who may do it in their own right."""
    task, case = subject.loaded.task, subject.case
    if task.ended_at is not None or SUPERVISOR not in subject.definition.roles:
        return ()
    today = case.view.calendar.day_of(case.now).isoformat()
    found = []
    for one in subject.definition.transitions.values():
        if one.after is None and task.state in one.sources:
            others = (who for role in one.by for who in case.resolve(role).persons if who != person)
            wanted = (
                Act(name=one.name, person_id=person, entered_for=other, paper=_SOME_PAPER, effective=today)
                for other in others
            )
            if any(_refused(subject, each) is None for each in wanted):
                found.append(_transition(subject, one, person))
    return tuple(found)


def _answers(subject: Subject, person: int) -> Iterator[Possible]:
    """The answers to what waits for a second person: agreeing, signing, refusing."""
    for pending in subject.loaded.task.pending:
        label = subject.definition.transitions[pending.transition].label
        agree = Text("同意", "confirm") if pending.stage == "confirmation" else Text("签署", "sign")
        for verb, word in ((CONFIRM, agree), (REFUSE, Text("不同意", "refuse"))):
            shown = Text(f"{word.zh}“{label.zh}”", f"{word.en} {label.en}")
            yield _extra(subject, f"{verb}:{pending.transition}", shown, person, reason=verb == REFUSE)


def everyday(subject: Subject, person: int) -> tuple[Possible, ...]:
    """The acts that every kind has, with whether this person may do them now."""
    return tuple(_everyday(subject, name, verb, person) for name, verb in VERBS.items())


def _everyday(subject: Subject, name: str, verb: Verb, person: int) -> Possible:
    refusal = _refusal(subject, name, person)
    asks, optional = (tuple(_named(one) for one in facts) for facts in (verb.asks, verb.optional))
    return Possible(
        name=name,
        label=verb.label,
        may=refusal is None,
        why_not=refusal,
        asks=asks,
        optional=optional,
        evidence=0,
        confirmed_by=None,
    )


def _named(fact: Fact) -> Text:
    return Text(f"{fact.label.zh}（{fact.name}）", f"{fact.label.en} ({fact.name})")


def _transition(subject: Subject, one: Transition, person: int) -> Possible:
    refusal = _refusal(subject, one.name, person) or _guard(subject, one)
    role = one.confirmed_by.role if one.confirmed_by else None
    return Possible(
        name=one.name,
        label=one.label,
        may=refusal is None,
        why_not=refusal,
        asks=tuple(_asked(subject, name) for name in one.asks),
        optional=tuple(_asked(subject, name) for name in one.optional),
        evidence=one.files_before(subject.loaded.task.facts),
        tiers=None if one.evidence.by is None else files_of(subject.definition, one.evidence),
        confirmed_by=subject.words.role(role) if role else None,
        quorum=None if one.quorum is None else signed_by(one.quorum),
        grave=gives_up(subject.definition, one),
    )


def gives_up(definition: Definition, one: Transition) -> bool:
    """Whether an act ends the task without what it was for."""
    state = definition.states.get(one.target or "")
    return state is not None and state.final == "abandoned"


def _extra(subject: Subject, name: str, label: Text, person: int, *, reason: bool) -> Possible:
    refusal = _refusal(subject, name, person)
    return Possible(
        name=name,
        label=label,
        may=refusal is None,
        why_not=refusal,
        asks=(_asked(subject, "reason"),) if reason else (),
        optional=(),
        evidence=0,
        confirmed_by=None,
    )


def _asked(subject: Subject, name: str) -> Text:
    """What is asked for, with the name under which it is given."""
    words = subject.words
    if name in subject.definition.roles:
        label = words.role(name)
    else:
        label = words.list(name) if name in subject.definition.lists else words.fact_label(name)
    return Text(f"{label.zh}（{name}）", f"{label.en} ({name})")


def _refusal(subject: Subject, name: str, person: int) -> Text | None:
    return _refused(subject, Act(name=name, person_id=person))


def _refused(subject: Subject, wanted: Act) -> Text | None:
    """The refusal of an act, for any reason but what was left out with it: that can still be given."""
    try:
        act(subject.loaded, subject.around, wanted)
    except BadValue:
        return None
    except (Refused, Undecidable) as error:
        return error.text
    return None


def _guard(subject: Subject, one: Transition) -> Text | None:
    """A condition that no report given with the act can change, and that doesn't hold."""
    if one.when is None or not shut(subject.definition, one, subject.case.view):
        return None
    needed = sentence(one.when, subject.labels)
    return Text(f"条件未满足，须{needed.zh}。", f"Its condition doesn't hold. It needs: {needed.en}.")


def rehearse(subject: Subject, wanted: Act) -> Decision:
    """Decide an act without writing anything: what would be refused is refused here.

    Raises:
        Refused: as the engine would.
    """
    return act(subject.loaded, subject.around, wanted)
