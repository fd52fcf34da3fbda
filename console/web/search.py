"""Search: tasks, facts and history, by Chinese or English words."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Response

from workflow.errors import BadValue
from workflow.reading import scope_of
from workflow.searching import Found, search

from .asking import Asking
from .errors import status_of
from .seeing import person_of

router = APIRouter()


@router.get("/search")
def page(visit: Asking, q: str = "", before: str = "") -> Response:
    """What of this I may see."""
    person, found, error = person_of(visit), Found(typed=q), None
    onwards = int(before) if before.isascii() and before.isdecimal() and len(before) < 18 else None
    if q.strip():
        with visit.place.frame() as frame:
            try:
                found = search(frame, q, scope_of(frame, person), before=onwards)
            except BadValue as refused:
                error = refused
    further = None if found.further is None else urlencode({"q": q, "before": found.further})
    return visit.page(
        "search.html",
        status_of(error) if error else 200,
        found=found,
        further=further,
        first=onwards is None,
        ledger=urlencode({"words": q, "open": "all"}),
        why=error.text if error else None,
    )
