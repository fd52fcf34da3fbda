"""What each kind of task goes through, in names for programs and in sentences for people."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path

from workflow.definition.model import Definition, Transition
from workflow.drawing.wording import Wording
from workflow.engine import Frame
from workflow.errors import Unknown
from workflow.text import Text

from . import shapes
from .asking import Reading
from .problems import problems

router = APIRouter(tags=["definitions"])
KindName = Annotated[str, Path(max_length=100, pattern="^[a-z0-9_]+$", examples=["report"])]


@router.get("/definitions", responses=problems(), summary="Every kind of task")
def definitions(caller: Reading) -> shapes.Kinds:
    """Of the campaigns that are under way, in the version on which new tasks open."""
    with caller.place.frame() as frame:
        found = [
            _kind(campaign.name, book.definition)
            for campaign in frame.campaigns.values()
            for book in frame.version(campaign.version_id).books.values()
        ]
    return shapes.Kinds(items=found)


def _kind(campaign: str, one: Definition) -> shapes.Kind:
    return shapes.Kind(kind=one.kind, label=_words(one.label), campaign=campaign, basis=one.basis)


def _words(text: Text) -> shapes.Words:
    return shapes.Words(zh=text.zh, en=text.en)


@router.get("/definitions/{kind}", responses=problems(404), summary="One kind of task")
def definition(caller: Reading, kind: KindName) -> shapes.Definition:
    """Its states, acts, rules, facts and lists."""
    with caller.place.frame() as frame:
        return _definition(frame, kind)


def _definition(frame: Frame, kind: str) -> shapes.Definition:
    for campaign in frame.campaigns.values():
        version = frame.version(campaign.version_id)
        book = version.books.get(kind)
        if book is not None:
            one = book.definition
            wording = Wording(one, {name: other.definition.label for name, other in version.books.items()})
            own = _kind(campaign.name, one).model_dump()
            return shapes.Definition(**own, version=version.pack.version, **_parts(one, wording))
    raise Unknown(
        f"没有事项类型“{kind}”。请看 /definitions。", f"There is no kind of task {kind!r}. See /definitions."
    )


def _parts(one: Definition, wording: Wording) -> dict[str, Any]:
    return {
        "states": [
            shapes.Step(
                name=state.name,
                label=_words(state.label),
                waits_for=state.waits_for,
                final=state.final,
                says=[_words(line) for line in wording.state(state)],
            )
            for state in one.states.values()
        ],
        "acts": [_movement(act, wording) for act in one.transitions.values()],
        "escalations": [
            shapes.Escalation(
                name=rule.name,
                label=_words(rule.label),
                light=rule.light,
                says=[_words(line) for line in wording.rule(rule)],
            )
            for rule in one.rules.values()
        ],
        "facts": [
            shapes.Declared(
                name=fact.name, label=_words(fact.label), type=fact.type, choices=list(fact.choices)
            )
            for fact in one.facts.values()
        ],
        "lists": [shapes.Named(name=rows.name, label=_words(rows.label)) for rows in one.lists.values()],
        "roles": [shapes.Named(name=role.name, label=_words(role.label)) for role in one.roles.values()],
    }


def _movement(act: Transition, wording: Wording) -> shapes.Movement:
    return shapes.Movement(
        name=act.name,
        label=_words(act.label),
        sources=list(act.sources),
        target=act.target,
        by=list(act.by),
        machine=act.after is not None,
        asks=list(act.asks),
        optional=list(act.optional),
        evidence=act.evidence.most,
        says=[_words(line) for line in wording.act(act)],
    )
