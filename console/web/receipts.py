"""Reports of gateways: machines that call, know one secret, and get a short answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from workflow.errors import DubanError, NotAllowed, StoreError

from .errors import status_of
from .place import Place

router = APIRouter()
LONGEST = 1_048_576  # octets of a body
_TOO_LARGE, _NOT_NOW = 413, 503
_AGAIN = {"Retry-After": "60"}  # seconds
_PLAIN = "text/plain; charset=utf-8"


async def _body(request: Request) -> bytes | None:
    """The body, read no further than it may be long; None: it is longer."""
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > LONGEST:
        return None
    found = bytearray()
    async for chunk in request.stream():
        found += chunk
        if len(found) > LONGEST:
            return None
    return bytes(found)


Body = Annotated[bytes | None, Depends(_body)]


@router.post("/receipts/{channel}")
def with_header(request: Request, channel: str, body: Body) -> Response:
    """Reports of a peer that shows its secret in a header."""
    header = _header(request, channel)
    return _answer(request, channel, request.headers.get(header, "") if header else "", body)


@router.post("/receipts/{channel}/{secret}")
def with_path(request: Request, channel: str, secret: str, body: Body) -> Response:
    """Reports of a peer that has its secret in the address; not of one that has a header for it."""
    return _answer(request, channel, "" if _header(request, channel) else secret, body)


def _place(request: Request) -> Place:
    found: Place = request.app.state.place
    return found


def _header(request: Request, channel: str) -> str | None:
    messages = _place(request).messages
    return None if messages is None else messages.callbacks.header(channel)


def _answer(request: Request, channel: str, secret: str, body: bytes | None) -> Response:
    if body is None:
        return _said("未接收：超过 1 MB。 Not taken: larger than 1 MB.", _TOO_LARGE)
    try:
        return _take(request, channel, secret, body)
    except StoreError:
        return Response(status_code=_NOT_NOW, headers=_AGAIN)
    except DubanError as error:
        return _said(f"{error.text.zh} {error.text.en}", status_of(error))


def _take(request: Request, channel: str, secret: str, body: bytes) -> Response:
    place = _place(request)
    if place.messages is None:
        raise NotAllowed("未接收：这里不收回执。", "Not taken: no reports are read here.")
    kind, query = request.headers.get("content-type", ""), dict(request.query_params)
    found = place.messages.callbacks.take(channel, secret, kind, body, query, place.now)
    if found.later:  # what was kept stays so; told again it changes nothing
        return Response(status_code=_NOT_NOW, headers=_AGAIN)
    media = "application/json" if found.answer.startswith("{") else _PLAIN
    return Response(found.answer, media_type=media)


def _said(words: str, status: int) -> Response:
    return Response(words, status, media_type=_PLAIN)
