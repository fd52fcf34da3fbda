"""Signing in and out, and one's own account."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import segno
from fastapi import APIRouter, Response

from workflow.errors import BadValue, DubanError
from workflow.reading.ledger import zone_of_dates
from workflow.reading.words import moment

from ..accounts import Secrets, administering, totp
from ..accounts.acts import ACTS, touched
from ..accounts.signing_in import as_kept, hashed, mark_of
from ..limits import TooOften
from ..store import logs
from ..store.accounts import Account
from .asking import Asking
from .errors import status_of
from .visits import LANGUAGE_COOKIE, Visit, own_path

router = APIRouter()
LINES = 30  # of the account's own log that its page shows
KNOWN_COOKIE = "duban_known"
_YEAR = 365 * 86_400  # seconds
_HALF_A_YEAR = 183 * 86_400  # seconds


@router.get("/sign-in")
def door(visit: Asking, back: str = "/") -> Response:
    """The door."""
    return visit.page("sign_in.html", back=own_path(back), typed={}, why=None, login="")


@router.post("/sign-in")
def sign_in(visit: Asking) -> Response:
    """Come in; what was typed before, because a session had ended, is handed back."""
    given = {name: str(visit.form.get(name, "")) for name in ("login", "password", "code")}
    back, typed = own_path(str(visit.form.get("back", "/"))), typed_of(visit.form.get("typed"))
    fresh = Secrets(token=visit.place.token(), csrf=visit.place.token())
    known = _is_known(visit, given["login"])
    try:
        check_pace(visit, given["login"], known=known)
        own = visit.place.door.sign_in(
            **given, fresh=fresh, now=visit.now, address=visit.address, known=known
        )
    except DubanError as error:
        return refused(visit, error, back, typed, given["login"])
    return _make_known(visit, came_in(visit, own, fresh, back, typed), own)


def _is_known(visit: Visit, login: str) -> bool:
    """Whether somebody has signed in here with this login: wrong tries elsewhere are none of theirs."""
    mark = visit.request.cookies.get(KNOWN_COOKIE, "")
    return bool(mark) and visit.place.door.knows(login, mark)


def _make_known(visit: Visit, answer: Response, own: Account) -> Response:
    visit.keep(answer, KNOWN_COOKIE, mark_of(own), seconds=_HALF_A_YEAR, path="/sign-in")
    return answer


def refused(
    visit: Visit, error: DubanError, back: str = "/", typed: Mapping[str, str] | None = None, login: str = ""
) -> Response:
    """The door again, with why it stayed shut."""
    answer = visit.page(
        "sign_in.html", status_of(error), back=back, typed=typed or {}, why=error.text, login=login
    )
    return _later(answer, error)


def came_in(visit: Visit, own: Account, fresh: Secrets, back: str, typed: Mapping[str, str]) -> Response:
    """Where somebody who has just signed in goes on; the browser is given the new session."""
    answer: Response
    if visit.visitor is not None:  # the session that this browser had: nobody is left to end it
        visit.place.door.end(visit.visitor, visit.now)
    if typed:
        visit.visitor = visit.place.door.visitor(fresh.token, visit.now)
        answer = visit.page("typed.html", back=back, typed=typed)
    else:
        answer = visit.go("/account" if _touched(visit, own.id) else back)
    visit.remember(answer, fresh.token)
    return answer


def _touched(visit: Visit, account: int) -> bool:
    """Whether others did something with the account since its person was last here: that is shown first."""
    with visit.place.frame() as frame:
        return touched(logs.about(frame.tx, account, LINES))


def check_pace(visit: Visit, login: str, *, known: bool = False) -> None:
    """How often may be tried: from an address, and of a login, whether there is such a one or not.

    Args:
        known: from a browser that the door knows: it has a measure of its own, which others can't use up.

    Raises:
        TooOften: more often.
    """
    visit.place.callers.check(visit.address, visit.now)
    measure = visit.place.known if known else visit.place.logins
    measure.check(hashed(as_kept(login)), visit.now)


def _later(answer: Response, error: DubanError) -> Response:
    if isinstance(error, TooOften):
        answer.headers["Retry-After"] = str(-(-error.wait // 1000))
    return answer


def typed_of(text: Any) -> dict[str, str]:
    """The fields that were typed before signing in; nothing when they can't be read."""
    try:
        found = json.loads(str(text or "{}"))
    except (ValueError, RecursionError):  # nobody's page nests anything
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: value for name, value in found.items() if isinstance(value, str) and _whole(name + value)}


def _whole(text: str) -> bool:
    """Whether a page can show it: JSON may hold halves of characters, which have no UTF-8."""
    return not any("\ud800" <= one <= "\udfff" for one in text)


@router.post("/sign-out")
def sign_out(visit: Asking) -> Response:
    """Go out: the session ends on the server."""
    visit.checked()
    visit.place.door.sign_out(visit.request.cookies[visit.cookie_name], visit.now)
    answer = visit.go("/sign-in")
    visit.remember(answer, None)
    return answer


@router.post("/language")
def language(visit: Asking) -> Response:
    """Read on in the other language."""
    answer = visit.go(own_path(str(visit.form.get("back", "/"))))
    chosen = "en" if visit.form.get("language") == "en" else "zh"
    visit.keep(answer, LANGUAGE_COOKIE, chosen, seconds=_YEAR)
    return answer


@router.get("/account")
def account(visit: Asking) -> Response:
    """My account."""
    return _account_page(visit)


def _account_page(visit: Visit, error: DubanError | None = None, done: str | None = None) -> Response:
    own = visit.who.account
    with visit.place.frame() as frame:
        calendar = frame.calendar(zone_of_dates(frame))
        lines = [(moment(calendar, one.at), one) for one in logs.about(frame.tx, own.id, LINES)]
    answer = visit.page(
        "account.html",
        200 if error is None else status_of(error),
        own=own,
        why=None if error is None else error.text,
        done=done,
        lines=lines,
        acts=ACTS,
    )
    return answer if error is None else _later(answer, error)


@router.get("/account/sessions")
def where_signed_in(visit: Asking) -> Response:
    """Where I am signed in."""
    own = visit.who
    lasting = visit.place.door.elsewhere(own, visit.now)
    with visit.place.frame() as frame:
        calendar = frame.calendar(zone_of_dates(frame))
    shown = [
        (moment(calendar, one.created_at), moment(calendar, one.seen_at), one.id == own.session.id)
        for one in lasting
    ]
    return visit.page("sessions.html", shown=shown)


@router.post("/account/sessions/end")
def end_others(visit: Asking) -> Response:
    """Everywhere but here I am signed out."""
    visit.checked()
    visit.place.door.end_others(visit.who, visit.now)
    return visit.go("/account/sessions")


@router.post("/account/password")
def password(visit: Asking) -> Response:
    """Change one's own password; every session ends, this one too."""
    form, own = visit.checked(), visit.who.account
    old, new, again = (str(form.get(name, "")) for name in ("old", "new", "again"))
    place = visit.place
    try:
        if new != again:
            raise BadValue(
                "两次输入的新密码不一致，未修改。", "The two new passwords differ; nothing was changed."
            )
        check_pace(visit, own.login)
        administering.change_password(
            place.engine.port, place.door, place.passwords, own, old, new, visit.now
        )
    except DubanError as error:
        return _account_page(visit, error)
    answer = visit.go("/sign-in")
    visit.remember(answer, None)
    return answer


@router.post("/account/second-factor")
def begin_second_factor(visit: Asking) -> Response:
    """Show a new secret; it counts once a code of it was typed."""
    visit.checked()
    secret = totp.new_secret(visit.place.randomness(totp.SECRET_BYTES))
    return _show_secret(visit, secret)


def _show_secret(visit: Visit, secret: str, error: DubanError | None = None) -> Response:
    issuer = visit.place.settings.organisation or visit.say("督办", "Duban")
    code = segno.make(totp.uri(secret, visit.who.account.login, issuer), error="m")
    return visit.page(
        "second_factor.html",
        status_of(error) if error else 200,
        secret=secret,
        picture=code.svg_inline(scale=5, dark="#000", light="#fff", svgclass=None, lineclass=None),
        why=error.text if error else None,
    )


@router.post("/account/second-factor/confirm")
def confirm_second_factor(visit: Asking) -> Response:
    """From now on a code is asked for."""
    form, own = visit.checked(), visit.who.account
    secret, code, old, given = (
        str(form.get(name, "")) for name in ("secret", "code", "old_code", "password")
    )
    place = visit.place
    try:
        check_pace(visit, own.login)
        administering.set_factor(place.engine.port, place.door, own, given, old, secret, code, visit.now)
    except DubanError as error:
        again = secret if totp.is_secret(secret) else totp.new_secret(place.randomness(totp.SECRET_BYTES))
        return _later(_show_secret(visit, again, error), error)
    return _account_page(visit, done=visit.say("已启用动态验证码。", "Codes are asked for from now on."))
