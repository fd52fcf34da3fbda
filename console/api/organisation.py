"""Units, people and their posts; and who the token's owner is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from workflow.reading import people, units
from workflow.reading.ledger import zone_of_dates

from . import shapes
from .asking import Reading
from .problems import problems
from .shapes import shaped
from .tasks import MOST, Limit

router = APIRouter(tags=["organisation"])


@router.get("/me", responses=problems(), summary="Whose token it is")
def me(caller: Reading) -> shapes.Me:
    """A first call: if this answers, the token works."""
    account = caller.account
    name = account.name or (account.login, account.login)
    with caller.place.frame() as frame:
        today = frame.calendar(zone_of_dates(frame)).day_of(caller.now)
    return shapes.Me(
        code=account.code or account.login, name=shapes.Words(zh=name[0], en=name[1]), today=today
    )


@router.get("/units", responses=problems(), summary="The tree of units")
def tree(caller: Reading) -> shapes.Units:
    """Each below the one it is in."""
    with caller.place.frame() as frame:
        return shapes.Units(items=[shaped(shapes.Unit, one) for one in units(frame)])


@router.get("/people", responses=problems(), summary="People with their posts")
def roster(
    caller: Reading,
    limit: Limit = MOST,
    after: Annotated[str, Query(max_length=200, description="`next` of the page before.")] = "",
) -> shapes.PeoplePage:
    """By their codes."""
    with caller.place.frame() as frame:
        found = sorted((one for one in people(frame) if one.code > after), key=lambda one: one.code)
    return shapes.PeoplePage(
        items=[shaped(shapes.Person, one) for one in found[:limit]],
        next=found[limit - 1].code if len(found) > limit else None,
    )
