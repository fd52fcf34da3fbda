"""What was sent, what waits, what failed: as the page shows it to the token's owner."""

from __future__ import annotations

from fastapi import APIRouter

from ..web.deliveries import asked_of, deliveries_of, sight_of
from . import shapes
from .asking import Reading
from .problems import problems
from .shapes import shaped
from .tasks import Limit, Word

router = APIRouter(tags=["deliveries"])
_USUAL = 50


@router.get("/deliveries", responses=problems(404, 409), summary="Messages: sent, waiting, failed")
def deliveries(
    caller: Reading,
    state: Word = None,
    channel: Word = None,
    person: Word = None,
    task: Word = None,
    limit: Limit = _USUAL,
) -> shapes.Deliveries:
    """One's own; all of them for whoever holds a post that watches over all units. Trouble stands first.

    `state` is one of them, or `all`; `person`, a code, is for those who see all; `task` is a number.
    """
    typed = {"state": state or "", "channel": channel or "", "person": person or "", "task": task or ""}
    with caller.place.frame() as frame:
        asked = asked_of(frame, sight_of(frame, caller.account), typed, limit)
        found, total = deliveries_of(caller.place).listed(frame, asked)
    return shapes.Deliveries(total=total, items=[shaped(shapes.Delivery, one) for one in found])
