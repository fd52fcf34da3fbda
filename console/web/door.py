"""Signing in and out, and one's own account."""

from __future__ import annotations

import json
from typing import Any

import segno
from fastapi import APIRouter, Response

from workflow.errors import BadValue, DubanError, NotAllowed

from ..accounts import Secrets, administering, totp
from ..store import accounts
from .asking import Asking
from .errors import status_of
from .visits import LANGUAGE_COOKIE, Visit, own_path

router = APIRouter()
_YEAR = 365 * 86_400  # seconds


@router.get("/sign-in")
def door(visit: Asking, back: str = "/") -> Response:
    """The door."""
    return visit.page("sign_in.html", back=own_path(back), typed={}, why=None, login="")


@router.post("/sign-in")
def sign_in(visit: Asking) -> Response:
    """Come in; what was typed before, because a session had ended, is handed back."""
    given = {name: str(visit.form.get(name, "")) for name in ("login", "password", "code")}
    back, typed = own_path(str(visit.form.get("back", "/"))), _typed(visit.form.get("typed"))
    fresh = Secrets(token=visit.place.token(), csrf=visit.place.token())
    try:
        visit.place.door.sign_in(given["login"], given["password"], given["code"], fresh, visit.now)
    except DubanError as error:
        return visit.page(
            "sign_in.html", status_of(error), back=back, typed=typed, why=error.text, login=given["login"]
        )
    if typed:
        visit.visitor = visit.place.door.visitor(fresh.token, visit.now)
        answer: Response = visit.page("typed.html", back=back, typed=typed)
    else:
        answer = visit.go(back)
    visit.remember(answer, fresh.token)
    return answer


def _typed(text: Any) -> dict[str, str]:
    """The fields that were typed before signing in; nothing when they can't be read."""
    try:
        found = json.loads(str(text or "{}"))
    except ValueError:
        return {}
    if not isinstance(found, dict):
        return {}
    return {str(name): value for name, value in found.items() if isinstance(value, str)}


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
    answer.set_cookie(
        LANGUAGE_COOKIE,
        chosen,
        max_age=_YEAR,
        path="/",
        secure=visit.place.settings.https,
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get("/account")
def account(visit: Asking) -> Response:
    """My account."""
    return visit.page("account.html", own=visit.who.account, why=None, done=None)


@router.post("/account/password")
def password(visit: Asking) -> Response:
    """Change one's own password; every session ends, this one too."""
    form, own = visit.checked(), visit.who.account
    old, new, again = (str(form.get(name, "")) for name in ("old", "new", "again"))
    try:
        if new != again:
            raise BadValue(
                "两次输入的新密码不一致，未修改。", "The two new passwords differ; nothing was changed."
            )
        administering.change_password(
            visit.place.engine.port, visit.place.passwords, own, old, new, visit.now
        )
    except DubanError as error:
        return visit.page("account.html", status_of(error), own=own, why=error.text, done=None)
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
    secret = str(form.get("secret", ""))
    step = totp.step_of(secret, str(form.get("code", "")), visit.now, None) if secret.isalnum() else None
    if step is None:
        wrong = NotAllowed(
            "验证码不对，尚未启用。请核对手机时间，输入最新的六位数字。",
            "The code is wrong, nothing was switched on. Check the telephone's time; type the newest code.",
        )
        return _show_secret(visit, secret, wrong)
    with visit.place.engine.port.write("people") as tx:
        accounts.set_totp(tx, own.id, secret)
        accounts.use_step(tx, own.id, step)
    done = visit.say("已启用动态验证码。", "Codes are asked for from now on.")
    return visit.page("account.html", own=own, why=None, done=done)
