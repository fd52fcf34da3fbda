"""Every refusal as a page: what was refused, why, and what to do. Nothing typed is lost."""

from __future__ import annotations

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from workflow.errors import (
    BadValue,
    DubanError,
    NotAllowed,
    NotNow,
    Overtaken,
    Stale,
    StoreError,
    Unknown,
)
from workflow.redaction import shown_path
from workflow.text import Text

from ..accounts.oidc import ProviderSilent
from ..limits import TooOften
from .guard import protect
from .visits import ChangeFirst, SignInFirst, Visit, own_path

log = structlog.get_logger("duban.console")
_STATUS: tuple[tuple[type[DubanError], int], ...] = (
    (TooOften, 429),
    (ProviderSilent, 503),
    (Unknown, 404),
    (NotAllowed, 403),
    (BadValue, 422),
    (Stale, 409),
    (NotNow, 409),
    (Overtaken, 409),
    (StoreError, 503),
)
_NO_PAGE = Text(
    "没有这个页面。可能地址抄错了，或该页已移走。请从“待办”重新进入。",
    "There is no such page. The address may be wrong, or the page has moved. Start again from “To do”.",
)
_UNREAD = Text(
    "地址中有一项读不懂，没有办理。可能地址抄错或被改动。请从“待办”重新进入。",
    "Something in the address can't be read; nothing was done. It may be mistyped or changed. Start again "
    "from “To do”.",
)
_BROKEN = Text(
    "系统出错，本次操作没有完成，也没有改动任何内容。请稍后再试；仍不行请告诉系统管理员，并说明时间。",
    "Something went wrong; the operation was not completed and nothing was changed. Try again later; if it "
    "stays so, tell the system administrator what you did and when.",
)


def status_of(error: DubanError) -> int:
    """The HTTP status of a refusal (RFC 9110)."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 400)


def answer_errors(app: FastAPI) -> None:
    """Tell the application how each error is answered."""

    @app.exception_handler(DubanError)
    def refused(request: Request, error: DubanError) -> Response:
        return _visit(request).page("refused.html", status_of(error), why=error.text)

    @app.exception_handler(SignInFirst)
    def sign_in_first(request: Request, _error: SignInFirst) -> Response:
        visit = _visit(request)
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        typed = _typed(visit)
        if request.method != "GET" and not typed:
            back = "/"  # there is no such page, only a form that led there
        return visit.page("sign_in.html", 401, back=own_path(back), typed=typed, why=None, login="")

    @app.exception_handler(ChangeFirst)
    def change_first(request: Request, _error: ChangeFirst) -> Response:
        return _visit(request).go("/account")

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> Response:
        text = _NO_PAGE if error.status_code == 404 else Text(error.detail, error.detail)
        return _visit(request).page("refused.html", error.status_code, why=text)

    @app.exception_handler(RequestValidationError)
    def unread(request: Request, _error: RequestValidationError) -> Response:
        return _visit(request).page("refused.html", 422, why=_UNREAD)

    @app.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> Response:
        log.error("page failed", path=shown_path(request.url.path), exc_info=error)
        answer = _visit(request).page("refused.html", 500, why=_BROKEN)
        # It is made outside of the middleware that protects the others.
        protect(answer, https=request.app.state.place.settings.https)
        return answer


def _typed(visit: Visit) -> dict[str, str]:
    """What is handed back after signing in; of one's own account nothing: passwords and codes stand there."""
    if visit.request.url.path.startswith("/account/"):
        return {}
    return {name: value for name, value in visit.form.items() if isinstance(value, str) and name != "csrf"}


def _visit(request: Request) -> Visit:
    """The visit as far as it came; an error may have been before it was known who asks."""
    found = getattr(request.state, "visit", None)
    if isinstance(found, Visit):
        return found
    return Visit(place=request.app.state.place, request=request, now=0, visitor=None)
