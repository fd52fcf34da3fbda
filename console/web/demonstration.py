"""The strip at the top of a demonstration: what time it is there, and how fast it passes."""

from __future__ import annotations

from fastapi import APIRouter, Response

from ..demonstration import hurry
from .asking import Asking
from .visits import own_path

router = APIRouter()


@router.post("/demonstration/pace")
def pace(visit: Asking) -> Response:
    """Let time run at another pace, and look at the same page again."""
    form = visit.checked()
    hurry(visit.place.demonstration, str(form.get("pace", "")))
    return visit.go(own_path(str(form.get("back", "/"))))
