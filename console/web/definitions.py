"""Definitions: what each kind of task goes through, as a picture and in sentences."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from fastapi import APIRouter, Response

from workflow.drawing import Diagram, diagram, differences, svg
from workflow.engine import Frame
from workflow.errors import DubanError, Unknown
from workflow.reading.ledger import zone_of_dates
from workflow.store import organisation
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
    return Response(drawn, media_type="image/svg+xml", headers={"Content-Security-Policy": policy(drawn)})


@router.get("/definitions/{kind}")
def definition(visit: Asking, kind: str) -> Response:
    """One kind: its picture, its steps, its acts and its escalations in sentences, and its versions."""
    person_of(visit)
    with visit.place.frame() as frame:
        found = _kind(frame, kind)
        versions = _versions(frame, found)
    return visit.page("definition.html", kind=found, versions=versions)


@dataclass(frozen=True, kw_only=True, slots=True)
class Loaded:
    """A version that has a kind, and what it says of it."""

    id: int
    hash: str
    loaded: str  # the day
    diagram: Diagram
    in_force: bool
    changed: int | None  # how much it says otherwise than the version before; None: it is the first


def _versions(frame: Frame, kind: Kind) -> list[Loaded]:
    """Every version of the campaign's pack that has the kind, the oldest first."""
    calendar = frame.calendar(zone_of_dates(frame))
    found: list[Loaded] = []
    for ident, digest, at in organisation.packs_loaded(frame.tx):
        drawn = _drawn(frame, ident, kind)
        if drawn is not None:
            before = len(differences(found[-1].diagram, drawn)) if found else None
            found.append(
                Loaded(
                    id=ident,
                    hash=digest,
                    loaded=str(calendar.day_of(at)),
                    diagram=drawn,
                    in_force=ident == kind.version_id,
                    changed=before,
                )
            )
    return found


def _drawn(frame: Frame, version_id: int, kind: Kind) -> Diagram | None:
    """What a version says of a kind; None where it is another campaign's, or can't be read."""
    try:
        version = frame.version(version_id)
    except DubanError:
        return None
    book = version.books.get(kind.name)
    if book is None or version.pack.campaign.name != kind.campaign:
        return None
    return diagram(book.definition, {name: one.definition.label for name, one in version.books.items()})


@router.get("/definitions/{kind}/differences")
def compared(visit: Asking, kind: str, old: int = 0, new: int = 0) -> Response:
    """What two versions say differently, in sentences."""
    person_of(visit)
    with visit.place.frame() as frame:
        found = _kind(frame, kind)
        versions = {one.id: one for one in _versions(frame, found)}
    if old not in versions or new not in versions:
        raise Unknown(
            "没有这两个版本。请回到流程定义页选择。",
            "There are no such versions. Choose them on the page of the definition.",
        )
    told = differences(versions[old].diagram, versions[new].diagram)
    return visit.page("differences.html", kind=found, old=versions[old], new=versions[new], told=told)


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


def policy(drawn: str) -> str:
    """Nothing but the picture's own style, by its hash."""
    styles = [b64encode(sha256(one.encode()).digest()).decode() for one in _STYLE.findall(drawn)]
    kept = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; style-src "
    return kept + " ".join(f"'sha256-{one}'" for one in styles)
