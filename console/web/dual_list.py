"""Needs and services between two sides: who has asked whom for what, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Response

from workflow.reading import scope_of
from workflow.reading.two_sided import STAGES, dual_list
from workflow.reading.words import moment

from .asking import Asking
from .seeing import person_of

router = APIRouter()


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """When something is due, in words."""

    text: str
    is_late: bool


@router.get("/dual-list")
def shown(visit: Asking) -> Response:
    """What we have asked of others, what others have asked of us, and what else I watch over."""
    person = person_of(visit)
    with visit.place.frame() as frame:
        found = dual_list(frame, scope_of(frame, person))
        due = {
            item.line.id: Due(
                text=moment(frame.calendar(item.line.zone), item.line.due_at),
                is_late=item.line.due_at < frame.now and not item.line.stopped and not item.line.ended_at,
            )
            for one in found.directions
            for item in one.items
            if item.line.due_at is not None
        }
    return visit.page("dual_list.html", view=found, due=due, stages=STAGES)
