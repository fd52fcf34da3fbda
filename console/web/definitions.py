"""Definitions: what each kind of task goes through, as a picture and in sentences."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from fastapi import APIRouter, Response

from workflow.drawing import Diagram, diagram, svg
from workflow.engine import Frame
from workflow.errors import Unknown
from workflow.text import Text

from .asking import Asking
from .seeing import person_of

router = APIRouter()
_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of task of a campaign that is under way."""

    campaign: str
    version_id: int
    name: str
    label: Text
    basis: str | None
    diagram: Diagram


@router.get("/definitions")
def definitions(visit: Asking) -> Response:
    """Every kind of task, by campaign."""
    person_of(visit)
    with visit.place.frame() as frame:
        found = list(_kinds(frame))
    return visit.page("definitions.html", kinds=found)


@router.get("/definitions/{kind}.svg")
def picture(visit: Asking, kind: str) -> Response:
    """The state diagram, in the language of whoever looks."""
    person_of(visit)
    with visit.place.frame() as frame:
        drawn = svg(_kind(frame, kind).diagram, "zh" if visit.language == "zh" else "en")
    return Response(drawn, media_type="image/svg+xml", headers={"Content-Security-Policy": _policy(drawn)})


@router.get("/definitions/{kind}")
def definition(visit: Asking, kind: str) -> Response:
    """One kind: its picture, its steps, its acts and its escalations in sentences."""
    person_of(visit)
    with visit.place.frame() as frame:
        found = _kind(frame, kind)
    return visit.page("definition.html", kind=found)


def _kinds(frame: Frame) -> Iterator[Kind]:
    for campaign in frame.campaigns.values():
        books = frame.version(campaign.version_id).books
        labels = {name: book.definition.label for name, book in books.items()}
        for name, book in books.items():
            yield Kind(
                campaign=campaign.name,
                version_id=campaign.version_id,
                name=name,
                label=book.definition.label,
                basis=book.definition.basis,
                diagram=diagram(book.definition, labels),
            )


def _kind(frame: Frame, name: str) -> Kind:
    for one in _kinds(frame):
        if one.name == name:
            return one
    raise Unknown(
        f"没有事项类型“{name}”。请回到流程定义页选择。",
        f"There is no kind of task {name!r}. Choose one on the page of definitions.",
    )


def _policy(drawn: str) -> str:
    """Nothing but the picture's own style, by its hash."""
    styles = [b64encode(sha256(one.encode()).digest()).decode() for one in _STYLE.findall(drawn)]
    kept = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; style-src "
    return kept + " ".join(f"'sha256-{one}'" for one in styles)
