"""Coming in through the organisation's own sign-in.

    GET  /sign-in/oidc       leaves for the provider; changes nothing here
    GET  /sign-in/oidc/back  the way back: signs in, or asks for a code of ours
    POST /sign-in/oidc/code  that code
    POST /sign-in/typed      what was typed before the session ended, once somebody has come in beside it

What belongs to the trip travels in a cookie of the browser that began it: nobody else's can end it.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hmac import compare_digest
from typing import Final

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from workflow.errors import DubanError, NotAllowed
from workflow.text import Text

from ..accounts import Secrets
from ..accounts.oidc import LONGEST_TRIP, Proven, Provider, Trip
from ..store import accounts, logs
from ..store.accounts import Account
from ..store.logs import Origin
from .asking import Asking
from .door import came_in, check_pace, refused, typed_of
from .errors import status_of
from .visits import Visit, own_path

router = APIRouter()
COOKIE: Final = "duban_trip"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Way:
    """A trip, and where it shall end."""

    trip: Trip
    back: str


@router.get("/sign-in/oidc")
def leave(visit: Asking, back: str = "/") -> Response:
    """To the provider."""
    provider = _provider(visit)
    trip = Trip(state=visit.place.token(), nonce=visit.place.token(), verifier=visit.place.token())
    try:
        answer: Response = visit.go(provider.leave(trip, visit.now))
    except DubanError as error:
        return refused(visit, error)
    _carry(visit, answer, _Way(trip=trip, back=own_path(back)))
    return answer


@router.get("/sign-in/oidc/back")
def come_back(visit: Asking, code: str = "", state: str = "", iss: str = "", error: str = "") -> Response:
    """From the provider."""
    provider = _provider(visit)
    try:
        way = _carried(visit)
        _check_answer(provider, way.trip, state, iss, error)
        visit.place.callers.check(visit.address, visit.now)
        proven = provider.finish(way.trip, code, visit.now)
        own = _account(visit, provider, proven)
        if own.totp is not None:
            return _ask_code(visit, way, proven)
        return _let_in(visit, own, "", way)
    except DubanError as refusal:
        return _carry(visit, refused(visit, refusal), None)


@router.post("/sign-in/oidc/code")
def type_code(visit: Asking) -> Response:
    """Our own second factor, after the provider has vouched."""
    provider = _provider(visit)
    try:
        way = _carried(visit)
        check_pace(visit, way.trip.state)
        proven = provider.look(str(visit.form.get("token", "")), way.trip.nonce, visit.now)
        own = _account(visit, provider, proven)
    except DubanError as refusal:
        return _carry(visit, refused(visit, refusal), None)
    try:
        return _let_in(visit, own, str(visit.form.get("code", "")), way)
    except DubanError as refusal:
        return _ask_code(visit, way, proven, refusal)


@router.post("/sign-in/typed")
def go_on(visit: Asking) -> Response:
    """Somebody has come in on another page: what they typed is handed back here."""
    back, typed = own_path(str(visit.form.get("back", "/"))), typed_of(visit.form.get("typed"))
    if visit.visitor is None:
        why = Text(
            "还没有登录成功：请先在打开的页面上登录，再回到这里继续。",
            "You are not signed in yet: finish that on the page that was opened, then go on here.",
        )
        return visit.page("sign_in.html", 401, back=back, typed=typed, why=why, login="")
    return visit.page("typed.html", back=back, typed=typed)


def _provider(visit: Visit) -> Provider:
    if visit.place.provider is None:
        raise HTTPException(404)
    return visit.place.provider


def _check_answer(provider: Provider, trip: Trip, state: str, iss: str, error: str) -> None:
    """Refuse an answer to another question, or of another provider (RFC 6749, 10.12; RFC 9207)."""
    if not compare_digest(state.encode(), trip.state.encode()) or iss not in ("", provider.own.issuer):
        raise _strayed()
    if error:
        raise NotAllowed(
            "未登录：统一身份认证没有让您进入，或您取消了登录。请重试；仍不行请联系安全管理员。",
            "Not signed in: the organisation's sign-in did not let you in, or you turned back. Try again; if "
            "it stays so, ask the security administrator.",
        )


def _account(visit: Visit, provider: Provider, proven: Proven) -> Account:
    """Whose identity it is.

    Raises:
        NotAllowed: nobody's here. What they are called there is told: it is theirs, and it is what the
            security administrator needs.
    """
    with visit.place.engine.port.read() as tx:
        found = accounts.by_identity(tx, provider.own.issuer, proven.subject)
    if found is not None:
        return found
    with visit.place.engine.port.write("people") as tx:
        logs.note(tx, "failed", None, Origin(address=visit.address), visit.now)
    raise NotAllowed(
        f"未登录：您的身份已确认，但还没有关联本系统账号。请把身份标识 {proven.subject} 告诉安全管理员。",
        "Not signed in: you are known, but no account here is yours. Tell the security administrator what "
        f"you are called there, so that it is linked: {proven.subject}",
    )


def _let_in(visit: Visit, own: Account, code: str, way: _Way) -> Response:
    fresh = Secrets(token=visit.place.token(), csrf=visit.place.token())
    visit.place.door.let_in(own, code, fresh, visit.now, visit.address)
    return _carry(visit, came_in(visit, own, fresh, way.back, {}), None)


def _ask_code(visit: Visit, way: _Way, proven: Proven, refusal: DubanError | None = None) -> Response:
    answer: Response = visit.page(
        "oidc_code.html",
        status_of(refusal) if refusal else 200,
        token=proven.token,
        why=refusal.text if refusal else None,
    )
    return _carry(visit, answer, way)


# --- what the browser carries -------------------------------------------------------------------------


def _carry(visit: Visit, answer: Response, way: _Way | None) -> Response:
    """Give the browser what belongs to the trip, or take it away."""
    told = None
    if way is not None:
        trip = way.trip
        parts = json.dumps((trip.state, trip.nonce, trip.verifier, way.back))
        told = urlsafe_b64encode(parts.encode()).decode()
    visit.keep(answer, visit.of_this_host(COOKIE), told, seconds=LONGEST_TRIP // 1000)
    return answer


def _carried(visit: Visit) -> _Way:
    """What it brought back.

    Raises:
        NotAllowed: nothing, or nothing that we gave it.
    """
    try:
        told = json.loads(urlsafe_b64decode(visit.request.cookies.get(visit.of_this_host(COOKIE), "")))
        state, nonce, verifier, back = (part for part in told if isinstance(part, str))
        f"{state}{nonce}{verifier}".encode()  # halves of characters are nobody's
    except (ValueError, TypeError, RecursionError) as error:
        raise _strayed() from error
    return _Way(trip=Trip(state=state, nonce=nonce, verifier=verifier), back=own_path(back))


def _strayed() -> NotAllowed:
    return NotAllowed(
        f"未登录：这次登录不是在本浏览器开始的，或已超过 {LONGEST_TRIP // 60_000} 分钟。请从登录页重新开始。",
        f"Not signed in: it wasn't begun in this browser, or took longer than {LONGEST_TRIP // 60_000} min. "
        "Begin again on the sign-in page.",
    )
