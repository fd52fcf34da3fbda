"""Reviews, for whoever has a link or a code: one page, on a phone, in under a minute.

Nobody is signed in here, and nobody is looked at: no cookie is read, since a session would note that its
owner was seen just when a ballot came. The secret in the path stands for the form's own: whoever knows it
may vote, and nobody else can make somebody do so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import FormData

from workflow.errors import DubanError
from workflow.text import LANGUAGES, Language, Text

from ..limits import TooOften
from ..reviews import secrets
from ..reviews.casting import Invitation, invitation, vote
from ..reviews.paper import LONGEST, PREFIX, SAID, read
from .asking import read_any_form
from .errors import status_of
from .place import Place
from .visits import Visit

router = APIRouter()
_BACK = 20_000  # characters of what was typed that come back after a refusal
_NOBODY = Text(
    "没有这个链接或评议码。可能抄错了、二维码不完整，或者评议已经结束。请核对后重新输入。",
    "There is no such link or code. It may be mistyped or incomplete, or the review is over. Check it and "
    "type it again.",
)


@dataclass(kw_only=True)
class PublicVisit(Visit):
    """A request of somebody who needn't say who they are."""

    @property
    def language(self) -> Language:
        """What the address asks for, else the browser's."""
        asked = self.request.query_params.get("language") or self.form.get("language")
        if asked in LANGUAGES:
            return asked
        return "zh" if "zh" in self.request.headers.get("accept-language", "zh").lower() else "en"


def _public(request: Request, form: Annotated[FormData, Depends(read_any_form)]) -> PublicVisit:
    place: Place = request.app.state.place
    visit = PublicVisit(place=place, request=request, now=place.now, visitor=None, form=dict(form))
    request.state.visit = visit
    return visit


Public = Annotated[PublicVisit, Depends(_public)]


@router.get("/r")
def ask_code(visit: Public) -> Response:
    """Where a code is typed."""
    return _code_page(visit)


@router.post("/r")
def follow_code(visit: Public) -> Response:
    """From a code to its page."""
    typed = _text(visit.form, "code")
    found = _followed(visit, typed)
    if isinstance(found, Response):
        return found
    return visit.go(f"/r/{secrets.read(typed)}?language={visit.language}")


@router.get("/r/{token}")
def paper(visit: Public, token: str) -> Response:
    """The ballot; after it was given, thanks."""
    found = _followed(visit, token)
    return found if isinstance(found, Response) else _paper_page(visit, found)


@router.post("/r/{token}")
def send(visit: Public, token: str) -> Response:
    """Take the ballot, once."""
    if wait := visit.place.ballots.take(visit.address, visit.now):
        return _code_page(visit, token, TooOften(wait).text, 429)
    found = _followed(visit, token)
    if isinstance(found, Response):
        return found
    if found.stage != "open" or found.voted:
        return _paper_page(visit, found, status=409)
    given = {name: value for name, value in visit.form.items() if isinstance(value, str)}
    try:
        ballot = read(found.subject.asked, given)
    except DubanError as error:
        return _paper_page(visit, found, given=given, why=error.text, status=status_of(error))
    became = vote(visit.place.engine.port, found, secrets.read(token) or "", ballot, visit.place.randomness)
    again = _followed(visit, token)
    if became == "taken" or isinstance(again, Response):
        return visit.go(f"/r/{secrets.read(token)}?language={visit.language}")
    return _paper_page(visit, again, status=409)


def _followed(visit: PublicVisit, typed: str) -> Invitation | Response:
    """What a secret leads to, or the page that says that it leads nowhere.

    A code is short enough to be guessed at: who has missed too often isn't even looked up for a while.
    """
    secret, now = secrets.read(typed), visit.now
    is_code = secret is None or len(secret) == secrets.LENGTHS["codes"]
    if is_code and (wait := visit.place.tries.wait(visit.address, now)):
        return _code_page(visit, typed, TooOften(wait).text, 429)
    found = None
    if secret is not None:
        with visit.place.frame() as frame:
            found = invitation(frame, secret)
    if found is None:
        visit.place.tries.take(visit.address, now)
        return _code_page(visit, typed, _NOBODY, 404)
    return found


def _code_page(visit: PublicVisit, typed: str = "", why: Text | None = None, status: int = 200) -> Response:
    return visit.page("review_code.html", status, typed=typed[:60], why=why, path="/r")


def _paper_page(
    visit: PublicVisit,
    found: Invitation,
    *,
    given: Mapping[str, Any] | None = None,
    why: Text | None = None,
    status: int = 200,
) -> Response:
    typed = given or {}
    return visit.page(
        "review.html",
        status,
        found=found,
        subject=found.subject,
        path=visit.request.url.path,
        chosen={one.name: _text(typed, f"{PREFIX}{one.name}") for one in found.subject.asked},
        said=_text(typed, SAID)[:_BACK],
        longest=LONGEST,
        prefix=PREFIX,
        why=why,
    )


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name, "")
    return value if isinstance(value, str) else ""
