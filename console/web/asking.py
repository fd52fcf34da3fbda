"""How a page gets its visit: who asks, and the form, read with limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from workflow.errors import BadValue

from .guard import SAFE, check_origin
from .place import Place
from .uploads import FIELD
from .visits import COOKIE, Visit

MOST_FIELDS = 1_000  # of a form
MOST_FILES = 50  # read at all; how many are taken is a setting
LARGEST_TYPED = 2 * 1024 * 1024  # bytes of a form without files
LARGEST_OF_STRANGERS = 256 * 1024  # bytes; 2 MB of nothing but & keep everybody waiting for a second
_FILES = "multipart/form-data"
_FORMS = ("application/x-www-form-urlencoded", _FILES)


async def read_form(request: Request) -> AsyncIterator[FormData]:
    """The form of a request, refused by its announced size before any of it is read.

    Files lie on the disk while the page works, and are gone afterwards.

    Raises:
        NotAllowed: it came from another site.
        BadValue: it is too large, or doesn't say how large it is.
    """
    check_origin(request)
    if not _is_form(request):
        yield FormData()
        return
    small = _fits(request, LARGEST_OF_STRANGERS)
    async for form in _read(request, LARGEST_OF_STRANGERS if small else await _limit(request)):
        yield form


async def read_any_form(request: Request) -> AsyncIterator[FormData]:
    """The same, from wherever it comes and without a look at who sends it: for forms with a secret in them.

    Raises:
        BadValue: it is too large, or doesn't say how large it is.
    """
    if not _is_form(request):
        yield FormData()
        return
    async for form in _read(request, LARGEST_OF_STRANGERS):
        yield form


def _is_form(request: Request) -> bool:
    return request.method not in SAFE and _kind(request).startswith(_FORMS)


def _kind(request: Request) -> str:
    return request.headers.get("content-type", "")


async def _read(request: Request, limit: int) -> AsyncIterator[FormData]:
    check_charset(_kind(request))
    _check_size(request, limit)
    async with request.form(max_fields=MOST_FIELDS, max_files=MOST_FILES) as form:
        yield form


def check_charset(kind: str) -> None:
    """Refuse a form in anything but UTF-8: the parser would take any codec that Python has.

    Some take the square of the length (punycode), some let lone surrogates through (utf-7).

    Raises:
        BadValue: it names another.
    """
    charset = parse_options_header(kind)[1].get(b"charset", b"utf-8")
    if charset.lower() not in (b"utf-8", b"utf8"):
        raise BadValue(
            "未接收：表单须用 UTF-8 编码，什么都没有保存。请用 UTF-8 重新提交。",
            "Not taken: a form has to be in UTF-8; nothing was kept. Send it again as UTF-8.",
        )


async def _limit(request: Request) -> int:
    """Only somebody who is signed in may send much, or was until lately: what they typed comes back."""
    place: Place = request.app.state.place
    token = request.cookies.get(Visit(place=place, request=request, now=0, visitor=None).cookie_name)
    known = token is not None and await run_in_threadpool(place.door.was_let_in, token, place.now)
    if not known:
        return LARGEST_OF_STRANGERS
    return place.settings.largest_form if _kind(request).startswith(_FILES) else LARGEST_TYPED


def _fits(request: Request, limit: int) -> bool:
    announced = request.headers.get("content-length", "")
    return announced.isdecimal() and int(announced) <= limit


def _check_size(request: Request, limit: int) -> None:
    if _fits(request, limit):
        return
    size = f"{limit / 1024 / 1024:g} MB"
    raise BadValue(
        f"未接收：提交的内容超过 {size}，或没有注明大小，什么都没有保存。请压缩或减少文件后重新提交。",
        f"Not taken: what was sent is larger than {size}, or doesn't say how large it is; nothing was kept. "
        "Send fewer or smaller files.",
    )


def visit_of(request: Request, form: Annotated[FormData, Depends(read_form)]) -> Visit:
    """The visit of a request."""
    place: Place = request.app.state.place
    now = place.now
    visit = Visit(
        place=place,
        request=request,
        now=now,
        visitor=None,
        form=dict(form),
        files=form.getlist(FIELD),
    )
    request.state.visit = visit
    token = request.cookies.get(visit.cookie_name)
    if token:
        visit.visitor = place.door.visitor(token, now)
    return visit


Asking = Annotated[Visit, Depends(visit_of)]
"""What a page takes."""

__all__ = ["COOKIE", "Asking", "check_charset", "read_form", "visit_of"]
