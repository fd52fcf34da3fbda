"""How a page gets its visit: who asks, and the form, read with limits."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Depends, Request

from .guard import check_origin
from .place import Place
from .visits import COOKIE, Visit

MOST_FIELDS = 1_000  # of a form
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def read_form(request: Request) -> dict[str, Any]:
    """The fields of a form by name, one value each; a page without one has none.

    Raises:
        NotAllowed: it came from another site.
    """
    check_origin(request)
    if not request.headers.get("content-type", "").startswith(_FORMS):
        return {}
    form = await request.form(max_fields=MOST_FIELDS, max_files=20)
    return dict(form)


def visit_of(request: Request, form: Annotated[dict[str, Any], Depends(read_form)]) -> Visit:
    """The visit of a request."""
    place: Place = request.app.state.place
    now = place.now
    visit = Visit(place=place, request=request, now=now, visitor=None, form=form)
    request.state.visit = visit
    token = request.cookies.get(visit.cookie_name)
    if token:
        visit.visitor = place.door.visitor(token, now)
    return visit


Asking = Annotated[Visit, Depends(visit_of)]
"""What a page takes."""

__all__ = ["COOKIE", "Asking", "read_form", "visit_of"]
