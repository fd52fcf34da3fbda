"""How large what is sent may be: refused by its announced size, before any of it is read."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from fastapi import Request, Response

from workflow.text import Text

from .problems import problem

LARGEST = 1024 * 1024  # bytes of a request without files
_NO_LENGTH = Text(
    "未接收：请求没有注明大小（Content-Length）。请注明后重发。",
    "Not taken: the request doesn't say how long it is (Content-Length). Send it again with its length.",
)
_EVIDENCE = re.compile(r"/tasks/[^/]+/evidence")  # where files are sent; an act may be called so too


async def limiting(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
    """The middleware that refuses what is too large."""
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return await answer(request)
    announced = request.headers.get("content-length", "")
    if not announced.isdecimal():
        if "transfer-encoding" in request.headers or announced:
            return problem(request, 411, "no-length", _NO_LENGTH)
        announced = "0"
    limit = _limit(request)
    if int(announced[:20]) > limit:
        size = f"{limit / 1024 / 1024:g} MB"
        why = Text(
            f"未接收：内容超过 {size}，什么都没有保存。请压缩或拆分后重发。",
            f"Not taken: it is larger than {size}; nothing was kept. Make it smaller, or split it.",
        )
        return problem(request, 413, "too-large", why)
    return await answer(request)


def _limit(request: Request) -> int:
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    if _EVIDENCE.fullmatch(path):
        largest: int = request.app.state.place.settings.largest_form
        return largest
    return LARGEST
