"""Accounts: the first one appoints the three administrators; the security administrator does the rest."""

from __future__ import annotations

from fastapi import APIRouter, Response

from workflow.errors import DubanError, NotAllowed
from workflow.reading import people as every_person
from workflow.text import Text

from ..accounts import administering
from ..accounts.administering import DUTIES, FIRST
from ..store import accounts
from .asking import Asking
from .errors import status_of
from .visits import Visit

router = APIRouter(prefix="/accounts")


@router.get("")
def page(visit: Asking) -> Response:
    """Who may sign in; of the first account, whom it appoints."""
    return _page(visit)


def _page(
    visit: Visit, status: int = 200, why: Text | None = None, given: tuple[tuple[str, str], ...] = ()
) -> Response:
    own = visit.who.account
    if own.duty not in (FIRST, "security", "audit"):
        raise NotAllowed(
            "只有安全管理员和审计管理员可以查看账号。",
            "Only the security and the audit administrator see the accounts.",
        )
    with visit.place.frame() as frame:
        listed = accounts.every(frame.tx)
        known = {one.code for one in listed}
        free = [one for one in every_person(frame) if one.code not in known]
    name = "appoint.html" if own.duty == FIRST else "accounts.html"
    return visit.page(name, status, listed=listed, free=free, duties=DUTIES, why=why, given=given)


@router.post("/appoint")
def appoint(visit: Asking) -> Response:
    """The three administrators; their one-time passwords are shown once."""
    form = visit.checked()
    people = {duty: str(form.get(duty, "")) for duty in DUTIES}
    once = {duty: visit.place.token()[:20] for duty in DUTIES}
    try:
        administering.appoint(
            visit.place.engine.port, visit.place.passwords, visit.who.account, people, once, visit.now
        )
    except DubanError as error:
        return _page(visit, status_of(error), error.text)
    given = tuple((people[duty], once[duty]) for duty in DUTIES)
    answer = visit.page("appointed.html", given=given)
    visit.remember(answer, None)
    return answer


@router.post("/open")
def open_account(visit: Asking) -> Response:
    """An account with a one-time password, shown once."""
    form = visit.checked()
    person, once = str(form.get("person", "")), visit.place.token()[:20]
    try:
        administering.open_account(
            visit.place.engine.port, visit.place.passwords, visit.who.account, person, once, visit.now
        )
    except DubanError as error:
        return _page(visit, status_of(error), error.text)
    return _page(visit, given=((person, once),))


@router.post("/reset")
def reset(visit: Asking) -> Response:
    """A new one-time password, shown once."""
    form = visit.checked()
    login, once = str(form.get("login", "")), visit.place.token()[:20]
    try:
        administering.reset(
            visit.place.engine.port, visit.place.passwords, visit.who.account, login, once, visit.now
        )
    except DubanError as error:
        return _page(visit, status_of(error), error.text)
    return _page(visit, given=((login, once),))


@router.post("/close")
def close(visit: Asking) -> Response:
    """Close an account; its sessions end."""
    form = visit.checked()
    try:
        administering.close(visit.place.engine.port, visit.who.account, str(form.get("login", "")), visit.now)
    except DubanError as error:
        return _page(visit, status_of(error), error.text)
    return visit.go("/accounts")
