"""One's own tokens: for programs, and for the calendar that shows one's deadlines."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Response

from workflow.errors import BadValue, DubanError
from workflow.reading.ledger import zone_of_dates
from workflow.reading.words import moment
from workflow.text import Text

from ..accounts.tokens import LONGEST, PURPOSES, make, revoke
from ..store import tokens
from ..store.tokens import Token
from .asking import Asking
from .errors import status_of
from .seeing import person_of
from .visits import Visit

router = APIRouter(prefix="/account/tokens")
_EMPTY = {"label": "", "purpose": "read", "days": "90"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A token, with its times in words."""

    token: Token
    purpose: Text
    created: str
    expires: str  # empty: it has no end
    used: str  # empty: never


@router.get("")
def page(visit: Asking) -> Response:
    """Those that work, and a form for another."""
    return _page(visit)


def _page(visit: Visit, error: DubanError | None = None, made: str = "", purpose: str = "") -> Response:
    person_of(visit)
    with visit.place.frame() as frame:
        calendar = frame.calendar(zone_of_dates(frame))
        shown = [
            Shown(
                token=one,
                purpose=PURPOSES[one.purpose],
                created=moment(calendar, one.created_at),
                expires="" if one.expires_at is None else moment(calendar, one.expires_at),
                used="" if one.used_at is None else moment(calendar, one.used_at),
            )
            for one in tokens.of_account(frame.tx, visit.who.account.id, visit.now)
        ]
    return visit.page(
        "tokens.html",
        200 if error is None else status_of(error),
        shown=shown,
        purposes=PURPOSES,
        longest=LONGEST,
        typed=_typed(visit) if error is not None else _EMPTY,
        why=None if error is None else error.text,
        made=made,
        path=f"/calendar/{made}.ics" if purpose == "calendar" else "",
    )


def _typed(visit: Visit) -> dict[str, str]:
    return {name: str(visit.form.get(name, usual)) for name, usual in _EMPTY.items()}


@router.post("")
def new(visit: Asking) -> Response:
    """Another one, shown this once."""
    form = visit.checked()
    person_of(visit)
    purpose = str(form.get("purpose", ""))
    try:
        made = make(
            visit.place.engine.port,
            visit.who.account,
            purpose,
            str(form.get("label", "")),
            _days(str(form.get("days", ""))),
            visit.place.token(),
            visit.now,
        )
    except DubanError as error:
        return _page(visit, error)
    return _page(visit, made=made, purpose=purpose)


def _days(typed: str) -> int:
    if typed.isdecimal() and len(typed) < 5:
        return int(typed)
    raise BadValue(
        "未建立：请用数字写明有效期的天数。", "Not made: write the days that it lasts as a number."
    )


@router.post("/revoke")
def end(visit: Asking) -> Response:
    """End one; whatever uses it is shut out at once."""
    form = visit.checked()
    person_of(visit)
    typed = str(form.get("token", ""))
    try:
        number = int(typed) if typed.isdecimal() and len(typed) < 16 else 0
        revoke(visit.place.engine.port, visit.who.account, number, visit.now)
    except DubanError as error:
        return _page(visit, error)
    return visit.go("/account/tokens")
