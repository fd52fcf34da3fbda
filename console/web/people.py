"""Accounts: the first one appoints the three administrators; the security administrator does the rest."""

from __future__ import annotations

from collections.abc import Callable

import orjson
from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from workflow.errors import DubanError, NotAllowed
from workflow.reading import people as every_person
from workflow.reading.ledger import zone_of_dates
from workflow.reading.words import moment
from workflow.store import Port
from workflow.text import Text

from ..accounts import administering
from ..accounts.acts import ACTS
from ..accounts.administering import DUTIES, FIRST
from ..store import accounts, logs
from ..store.accounts import Account
from .asking import Asking
from .errors import status_of
from .visits import Visit

router = APIRouter(prefix="/accounts")
LINES = 100  # of the log on a page
MOST = 100_000  # of it in a file
_NEWEST = 2**62


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


def _done(visit: Visit, act: Callable[[Port, Account, str, int], object]) -> Response:
    """An act on the account whose login the form names."""
    form = visit.checked()
    try:
        act(visit.place.engine.port, visit.who.account, str(form.get("login", "")), visit.now)
    except DubanError as error:
        return _page(visit, status_of(error), error.text)
    return visit.go("/accounts")


@router.post("/unlock")
def unlock(visit: Asking) -> Response:
    """End an account's rest."""
    return _done(visit, administering.unlock)


@router.post("/link")
def link(visit: Asking) -> Response:
    """From now on the organisation's own sign-in vouches for a person."""
    form, place, provider = visit.checked(), visit.place, visit.place.provider
    if provider is None:
        raise HTTPException(404)
    nobodys = place.passwords.hash(place.token())
    try:
        administering.link(
            place.engine.port,
            visit.who.account,
            str(form.get("login", "")),
            provider.own.issuer,
            str(form.get("subject", "")),
            nobodys,
            visit.now,
        )
    except DubanError as error:
        return _page(visit, status_of(error), error.text)
    return visit.go("/accounts")


@router.post("/second-factor")
def take_factor(visit: Asking) -> Response:
    """Take away codes whose telephone is lost: one administrator asks, another agrees."""
    return _done(visit, administering.take_factor)


@router.get("/log")
def log(visit: Asking, login: str = "", act: str = "", before: int = _NEWEST) -> Response:
    """What was done with accounts."""
    _only_audit(visit)
    with visit.place.frame() as frame:
        calendar = frame.calendar(zone_of_dates(frame))
        found = logs.wanted(frame.tx, login=login.strip(), act=act, before=before, most=LINES)
    lines = [(moment(calendar, one.at), one) for one in found]
    older = found[-1].id if len(found) == LINES else None
    return visit.page("account_log.html", lines=lines, acts=ACTS, login=login, act=act, older=older)


@router.get("/log/export")
def export(visit: Asking, login: str = "", act: str = "") -> Response:
    """The same as JSON lines, for whoever keeps it elsewhere."""
    _only_audit(visit)
    with visit.place.frame() as frame:
        found = logs.wanted(frame.tx, login=login.strip(), act=act, before=_NEWEST, most=MOST)
    body = b"".join(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in found)
    named = {"Content-Disposition": 'attachment; filename="accounts.jsonl"'}
    return Response(body, media_type="application/jsonl", headers=named)


def _only_audit(visit: Visit) -> None:
    if visit.who.account.duty != "audit":
        raise NotAllowed(
            "只有审计管理员可以查看账号日志。", "Only the audit administrator sees the log of accounts."
        )


@router.post("/close")
def close(visit: Asking) -> Response:
    """Close an account; its sessions end."""
    return _done(visit, administering.close)
