"""What every request meets: headers that browsers obey, and forms that came from our own pages.

GET and HEAD change nothing. A form is taken when the browser says that it came from this site, and,
once somebody is signed in, when it carries the session's own secret.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import TypeVar
from urllib.parse import urlsplit

from fastapi import Request, Response

from workflow.errors import NotAllowed

from .place import Place

_SOURCES = {
    "default-src": "'none'",
    "style-src": "'self'",
    "script-src": "'self'",
    "img-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
_HEADERS = {
    "Content-Security-Policy": "; ".join(f"{what} {whence}" for what, whence in _SOURCES.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_YEAR = 31_536_000  # seconds
SAFE = ("GET", "HEAD", "OPTIONS")
_Handler = TypeVar("_Handler", bound=Callable[..., object])
_FROM_ANYWHERE = "from_anywhere"


def from_anywhere(handler: _Handler) -> _Handler:
    """Mark a handler that machines call which send no origin and hold no cookie, such as mail servers.

    Only for what is safe in anybody's hands: it must look at no session, and ask for a secret of its own.
    """
    setattr(handler, _FROM_ANYWHERE, True)
    return handler


def protect(response: Response, *, https: bool) -> None:
    """Give an answer the headers that browsers obey; what it has set itself stays."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if https:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={_YEAR}; includeSubDomains")


def protecting(
    https: bool,
) -> Callable[[Request, Callable[[Request], Awaitable[Response]]], Awaitable[Response]]:
    """The middleware that protects every answer, errors included."""

    async def middleware(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        response = await answer(request)
        protect(response, https=https)
        return response

    return middleware


def check_origin(request: Request) -> None:
    """Refuse what another site sends in somebody's name.

    Raises:
        NotAllowed: the browser says that it comes from elsewhere, or doesn't say.
    """
    if request.method in SAFE or getattr(request.scope.get("endpoint"), _FROM_ANYWHERE, False):
        return
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        fits = site in ("same-origin", "none")
    else:
        origin = urlsplit(request.headers.get("origin", ""))
        place: Place = request.app.state.place
        secure = origin.scheme == "https" or not place.settings.https
        fits = secure and bool(origin.netloc) and origin.netloc == request.headers.get("host")
    if not fits:
        raise NotAllowed(
            "已拒绝：这次提交不是从本站页面发出的。请打开本站页面，重新填写提交。",
            "Refused: this did not come from a page of this site. Open the page here and send it again.",
        )


def check_secret(expected: str, given: object) -> None:
    """Refuse a form that doesn't carry the session's secret.

    Raises:
        NotAllowed: it is missing or another session's.
    """
    if not isinstance(given, str) or not compare_digest(expected.encode(), given.encode()):
        raise NotAllowed(
            "已拒绝：表单已过期，未作任何改动。请刷新页面后重新提交。",
            "Refused: the form is out of date and nothing was changed. Reload the page and send it again.",
        )
