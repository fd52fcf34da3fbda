"""Draws of pairs: what was to be drawn, from which seed, what came of it, and how to draw it again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Response

from workflow import draws
from workflow.definition.model import PAIR
from workflow.draws import StoredDraw
from workflow.engine import Frame
from workflow.errors import DubanError, Unknown
from workflow.pairing import Pair, Problem, faults_of
from workflow.pairing.problem import BITS, RECIPE
from workflow.reading.names import names
from workflow.reading.words import moment
from workflow.store.organisation import CampaignInForce
from workflow.text import Text

from .asking import Asking
from .campaigns import campaign_of
from .seeing import person_of

router = APIRouter(prefix="/campaigns/{name}/draws")


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A draw on record, in words."""

    draw: StoredDraw
    number: int  # which one of its round, from 1
    of: int  # how many the round has
    at: str
    by: Text | None  # None: the round itself
    kind: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class Lot:
    """A pair with what it costs under the seed."""

    pair: Pair
    checker: Text
    checked: Text
    lot: int
    distance: int  # km


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """A combination that could not be drawn, and why."""

    checker: Text
    checked: Text
    why: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class DrawPage:
    """Everything that anybody needs to draw again."""

    made: Made
    problem: Problem
    lots: tuple[Lot, ...]
    refusals: tuple[Refusal, ...]
    names: Mapping[str, Text]
    recipe: str
    bits: int


@router.get("")
def listed(visit: Asking, name: str) -> Response:
    """Every draw that was ever made for a campaign."""
    person_of(visit)
    with visit.place.frame() as frame:
        own = campaign_of(frame, name)
        made = list(_made(frame, own))
    return visit.page("draws.html", own=own, made=made)


@router.get("/{ident}")
def one(visit: Asking, name: str, ident: str, check: str = "") -> Response:
    """One draw; drawn again where that is asked for."""
    person_of(visit)
    with visit.place.frame() as frame:
        own = campaign_of(frame, name)
        made = next((found for found in _made(frame, own) if str(found.draw.id) == ident), None)
        if made is None:
            raise Unknown(
                f"没有第 {ident[:12]} 号抽签。请从抽签列表中选择。",
                f"There is no draw {ident[:12]!r}. Choose one from the list.",
            )
        view = _page(made, draws.names_of(frame.tx))
    faults, why = _verdict(made.draw) if check and made.draw.status == draws.DRAWN else (None, None)
    return visit.page("draw.html", own=own, view=view, faults=faults, why=why)


def _verdict(draw: StoredDraw) -> tuple[tuple[Text, ...] | None, Text | None]:
    """What is wrong with it, after drawing again; or why that could not be settled."""
    try:
        return faults_of(draw.to_problem(), draw.pairs), None
    except DubanError as error:
        return None, error.text


def _made(frame: Frame, own: CampaignInForce) -> Iterator[Made]:
    """By round, the newest first: one statement for each round that draws pairs, whatever it has drawn."""
    pack = frame.version(own.version_id).pack
    calendar = frame.calendar(pack.campaign.zone)
    rounds = [
        one.name for one in pack.campaign.rounds.values() if any(each.each == PAIR for each in one.opens)
    ]
    found = {name: draws.draws_of(frame.tx, own.id, name) for name in rounds}
    people = names(frame.tx, {one.person_id for made in found.values() for one in made if one.person_id})
    for made in found.values():
        for number, one in reversed(list(enumerate(made, start=1))):
            kind = pack.definitions.get(one.kind)
            yield Made(
                draw=one,
                number=number,
                of=len(made),
                at=moment(calendar, one.drawn_at),
                by=None if one.person_id is None else people.person(one.person_id),
                kind=Text(one.kind, one.kind) if kind is None else kind.label,
            )


def _page(made: Made, called: Mapping[str, Text]) -> DrawPage:
    problem = made.draw.to_problem()

    def named(code: str) -> Text:
        return called.get(code, Text(code, code))

    return DrawPage(
        made=made,
        problem=problem,
        lots=tuple(
            Lot(
                pair=pair,
                checker=named(pair.checker),
                checked=named(pair.checked),
                lot=problem.lot(pair),
                distance=problem.distance(pair),
            )
            for pair in made.draw.pairs
        ),
        refusals=tuple(
            Refusal(checker=named(pair.checker), checked=named(pair.checked), why=why)
            for pair, why in _refused(problem)
        ),
        names={code: named(code) for code in sorted({*problem.checked, *problem.checkers})},
        recipe=RECIPE,
        bits=BITS,
    )


def _refused(problem: Problem) -> Iterator[tuple[Pair, Text]]:
    """Pairs that were forbidden: recusals with their reasons, pairs of the round before, too far apart."""
    yield from sorted(problem.barred.items())
    again, far = Text("上一轮已抽到", "drawn in the round before"), Text("超过距离上限", "too far apart")
    yield from ((pair, again) for pair in sorted(problem.last))
    yield from (
        (pair, far) for pair in problem.pairs() if pair.checker != pair.checked and problem.is_too_far(pair)
    )
