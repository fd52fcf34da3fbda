"""What of a request goes into the access log: whose, the route's template, which object, how it ended.

No address, no query, no words, no token: of the path only numbers of tasks. Nothing at all of ballots:
under `/r/` a line with an instant beside the roll would tell who voted, and when (PROMISES, Security 12).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from ..accesses import Accesses
from .visits import Visit

_UNNOTED: Final = re.compile(r"/(?:r|static)(?:/|$)|/(?:robots\.txt|healthz|readyz|metrics)$")
_NUMBER: Final = re.compile(r"(?:[A-Z]{1,12}-)?[0-9]{1,18}")
_OBJECTS: Final = ("number", "id", "task")  # of a route's parameters
_SECRETS: Final = re.compile(r"\{(?:token|code|secret)\}|^/(?:a|u|calendar|receipts)/")


def noting(
    accesses: Accesses, now: Callable[[], int]
) -> Callable[[Request, Callable[[Request], Awaitable[Response]]], Awaitable[Response]]:
    """The middleware that keeps a line of every request."""

    async def middleware(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        if _UNNOTED.match(request.url.path):
            return await answer(request)
        status = 500
        try:
            response = await answer(request)
            status = response.status_code
        finally:
            if accesses.add(_line(request, status, now())):
                await run_in_threadpool(accesses.write)
        return response

    return middleware


def note_account(request: Request, account: int) -> None:
    """Whose request it is, for routes that know it otherwise than by a session."""
    request.state.account_id = account


def _line(request: Request, status: int, now: int) -> tuple[int, int | None, str, str, str, int]:
    route = _route(request)
    return (now, _account(request), request.method, route, _object(request, route), status)


def _route(request: Request) -> str:
    """The template, never the path itself: of what matches none nothing is kept."""
    found = request.scope.get("fastapi", {}).get("effective_route_context")
    found = found or request.scope.get("route")
    path: Any = getattr(found, "path", None)
    root = request.scope.get("root_path", "")
    return f"{root}{path}" if isinstance(path, str) else "-"


def _object(request: Request, route: str) -> str:
    if _SECRETS.search(route):
        return ""
    given = request.scope.get("path_params") or {}
    named = (str(given.get(name, "")) for name in _OBJECTS)
    return next((one for one in named if _NUMBER.fullmatch(one)), "")


def _account(request: Request) -> int | None:
    told = getattr(request.state, "account_id", None)
    if isinstance(told, int):
        return told
    visit = getattr(request.state, "visit", None)
    known = isinstance(visit, Visit) and visit.visitor is not None
    return visit.visitor.account.id if known else None  # type: ignore[union-attr]
