"""Who asks: a bearer's token (RFC 6750), whose it is, and what it may."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from workflow.errors import NotAllowed
from workflow.text import Language, Text

from ..accounts.tokens import Purpose, holder_of
from ..store.accounts import Account
from ..web.noting import note_account
from ..web.place import Place

_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    description="A personal token, made under “My account”. It sees what its owner sees.",
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
_NONE = Text(
    "请求没有带令牌。请在“我的账号”中建立，并写在 Authorization: Bearer 之后。",
    "No token came with the request. Make one under “My account” and send it as Authorization: Bearer.",
)


class NoEntry(Exception):
    """Nobody is let in by what came, or came not."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """One request of a program, in somebody's name."""

    place: Place
    request: Request
    account: Account
    person: int
    now: int

    @property
    def language(self) -> Language:
        """What the request accepts."""
        return language_of(self.request)


def language_of(request: Request) -> Language:
    """Chinese where the request accepts it or says nothing, else English."""
    return "zh" if "zh" in request.headers.get("accept-language", "zh").lower() else "en"


def _caller(request: Request, credentials: HTTPAuthorizationCredentials | None, *purposes: Purpose) -> Caller:
    place: Place = request.app.state.place
    if credentials is None:
        raise NoEntry(_NONE)
    now = place.now
    try:
        holder = holder_of(place.engine.port, credentials.credentials, ("read", "act"), now)
    except NotAllowed as error:
        raise NoEntry(error.text) from error
    account = holder.account
    note_account(request, account.id)
    if account.duty is not None or account.person_id is None:
        raise NotAllowed(
            "管理员账号不参与事项办理，看不到事项。请用办理人员的令牌。",
            "Administrators have no part in tasks and see none. Use a token of somebody who works with them.",
        )
    if holder.token.purpose not in purposes:
        raise NotAllowed(
            "这个令牌只读，未办理。请在“我的账号”中另建一个可办理的令牌。",
            "This token is for reading only; nothing was done. Make one for acting under “My account”.",
        )
    return Caller(place=place, request=request, account=account, person=account.person_id, now=now)


def reader(request: Request, credentials: Credentials) -> Caller:
    """Whoever may read.

    Raises:
        NoEntry: no token, or one that doesn't work.
        NotAllowed: an administrator's, who has no part in tasks.
    """
    return _caller(request, credentials, "read", "act")


def doer(request: Request, credentials: Credentials) -> Caller:
    """Whoever may act.

    Raises:
        NoEntry, NotAllowed: as `reader`, or the token is for reading only.
    """
    return _caller(request, credentials, "act")


Reading = Annotated[Caller, Depends(reader)]
"""What a path that changes nothing takes."""

Acting = Annotated[Caller, Depends(doer)]
"""What a path that changes something takes."""
