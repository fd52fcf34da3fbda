"""Every refusal as `application/problem+json` (RFC 9457), in the language that the request accepts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from workflow.errors import (
    BadValue,
    DubanError,
    NotAllowed,
    NotNow,
    Overtaken,
    Stale,
    StoreError,
    Undecidable,
    Unknown,
    UsageError,
)
from workflow.text import Text

from .asking import NoEntry, language_of

log = structlog.get_logger("duban.console")
MEDIA_TYPE = "application/problem+json"
_KINDS: tuple[tuple[type[DubanError], int, str], ...] = (  # the first that fits
    (Stale, 409, "stale"),
    (NotNow, 409, "not-now"),
    (Overtaken, 409, "overtaken"),
    (Undecidable, 409, "set-aside"),
    (NotAllowed, 403, "not-allowed"),
    (Unknown, 404, "unknown"),
    (UsageError, 404, "unknown"),  # what is no number names no task
    (BadValue, 422, "bad-value"),
    (StoreError, 503, "database"),
)
_TITLES = {
    "no-entry": Text("未通过身份验证", "Not let in"),
    "not-allowed": Text("无权办理或查看", "Not allowed"),
    "unknown": Text("没有这个对象", "There is none"),
    "stale": Text("别人先办了", "Somebody was faster"),
    "not-now": Text("现在不能办理", "Not now"),
    "overtaken": Text("与另一处写入相抵触", "Overtaken"),
    "set-aside": Text("事项数据无法处理", "The task is set aside"),
    "bad-value": Text("内容不符合要求", "A value is wrong"),
    "refused": Text("未办理", "Refused"),
    "database": Text("数据库暂不可用", "The database can't be used"),
    "too-large": Text("内容过大", "Too large"),
    "no-length": Text("没有注明大小", "Its length is missing"),
    "method": Text("不支持这种方法", "The method isn't supported"),
    "broken": Text("系统出错", "Something went wrong"),
    "request": Text("请求有误", "The request is wrong"),
}
_BROKEN = Text(
    "系统出错，本次操作没有完成，也没有改动任何内容。请稍后再试；仍不行请告诉系统管理员，并说明时间。",
    "Something went wrong; nothing was changed. Try again later; if it stays so, tell the system "
    "administrator what you did and when.",
)
_INVALID = Text(
    "请求的内容不符合接口说明，什么都没有做。请对照 errors 逐项改正。",
    "The request doesn't fit the description; nothing was done. Correct what `errors` lists.",
)
_NO_PATH = Text(
    "没有这个地址。地址清单见 /api/v1/openapi.json。",
    "There is no such path. All are in /api/v1/openapi.json.",
)
_NO_METHOD = Text(
    "这个地址不支持这种方法。请看 Allow 头和 /api/v1/openapi.json。",
    "The path doesn't take this method. See the header Allow, and /api/v1/openapi.json.",
)
_MOST_ERRORS = 50


class Mistake(BaseModel):
    """One thing that doesn't fit the description."""

    where: str = Field(description="Such as body.facts, query.limit.")
    why: str


class Problem(BaseModel):
    """What was refused, why, and what to do (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:duban:problem:stale",
                    "title": "Somebody was faster",
                    "status": 409,
                    "detail": "Not done: you looked at revision 3, the task is at 4: … Look again.",
                }
            ]
        }
    )
    type: str = Field(description="urn:duban:problem:KIND; it stays the same in every language.")
    title: str
    status: int
    detail: str = Field(description="In the language of Accept-Language, Chinese unless told otherwise.")
    errors: list[Mistake] | None = Field(default=None, description="Of a request that doesn't fit.")


def problem(
    request: Request,
    status: int,
    kind: str,
    detail: Text,
    headers: Mapping[str, str] | None = None,
    errors: Iterable[Mistake] = (),
) -> JSONResponse:
    """An answer that says what was refused."""
    language = language_of(request)
    said = Problem(
        type=f"urn:duban:problem:{kind}",
        title=_TITLES[kind].to(language),
        status=status,
        detail=detail.to(language),
        errors=list(errors) or None,
    )
    own = {"Content-Language": "zh-CN" if language == "zh" else "en", **(headers or {})}
    return JSONResponse(said.model_dump(exclude_none=True), status, own, MEDIA_TYPE)


def kind_of(error: DubanError) -> tuple[int, str]:
    """The status and the kind of a refusal."""
    return next(((status, kind) for one, status, kind in _KINDS if isinstance(error, one)), (400, "refused"))


def answer_problems(app: FastAPI) -> None:
    """Tell the application how each error is answered."""

    @app.exception_handler(DubanError)
    def refused(request: Request, error: DubanError) -> JSONResponse:
        return problem(request, *kind_of(error), error.text)

    @app.exception_handler(NoEntry)
    def no_entry(request: Request, error: NoEntry) -> JSONResponse:
        return problem(request, 401, "no-entry", error.text, {"WWW-Authenticate": 'Bearer realm="duban"'})

    @app.exception_handler(RequestValidationError)
    def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return problem(request, 422, "bad-value", _INVALID, errors=_mistakes(error))

    @app.exception_handler(HTTPException)
    def http(request: Request, error: HTTPException) -> JSONResponse:
        return _said_by_http(request, error)

    @app.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> JSONResponse:
        log.error("request failed", path=request.url.path, exc_info=error)
        return problem(request, 500, "broken", _BROKEN)


def _mistakes(error: RequestValidationError) -> list[Mistake]:
    """What was wrong and where, without what was sent: it may be personal."""
    return [
        Mistake(where=".".join(str(part) for part in one["loc"])[:200], why=one["msg"][:200])
        for one in error.errors()[:_MOST_ERRORS]
    ]


def _said_by_http(request: Request, error: HTTPException) -> JSONResponse:
    if error.status_code == 404:
        return problem(request, 404, "unknown", _NO_PATH)
    if error.status_code == 405:
        return problem(request, 405, "method", _NO_METHOD, error.headers)
    phrase = HTTPStatus(error.status_code).phrase
    detail = error.detail or phrase
    return problem(request, error.status_code, "request", Text(detail, detail), error.headers)


_SAID = {
    400: "The request can't be read.",
    401: "No token came, or one that doesn't work.",
    403: "It is none of the token's owner's business, or the token is for reading only.",
    404: "There is none.",
    409: "Somebody was faster, or how things stand here forbids it.",
    411: "The length of what is sent must be announced.",
    413: "What is sent is too large.",
    422: "A value is wrong.",
    503: "The database can't be used at the moment.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The refusals of a path, as they are described."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": _SAID[status], "content": content}
        for status in sorted({401, 403, 422, 503, *statuses})
    }
