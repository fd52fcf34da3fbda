"""My notices: where I am reached, when, and what I have switched off."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Response

from workflow.errors import DubanError, NotNow
from workflow.text import Text

from ..messages import Habits, Reaching
from .asking import Asking
from .errors import status_of
from .links import topics_of
from .seeing import person_of
from .visits import Visit

router = APIRouter()
_TITLE = Text("我的消息设置", "My notices")
_DAYS = {"any": False, "working": True}
_TIMES = ("quiet_from", "quiet_to", "digest_at")


@router.get("/account/notices")
def shown(visit: Asking, done: str = "") -> Response:
    """How I am told."""
    return _page(visit, None, None, done=bool(done))


def _page(visit: Visit, typed: Habits | None, error: DubanError | None, *, done: bool = False) -> Response:
    person = person_of(visit)
    if visit.place.messages is None:
        return visit.page("unsent.html", title=_TITLE)
    reaching = _reaching(visit)
    with visit.place.frame() as frame:
        return visit.page(
            "notices.html",
            status_of(error) if error else 200,
            addresses=reaching.addresses(frame, person),
            habits=typed or reaching.habits(frame, person),
            usual=reaching.usual,
            topics=topics_of(frame),
            done=done,
            why=error.text if error else None,
        )


def _reaching(visit: Visit) -> Reaching:
    if visit.place.messages is None:
        raise NotNow(
            "未保存：本系统不发送消息，没有什么可设的。",
            "Not kept: nothing is sent here, and there is nothing to choose.",
        )
    return visit.place.messages.reaching


@router.post("/account/notices")
def choose(visit: Asking) -> Response:
    """Choose anew."""
    form, person, reaching = visit.checked(), person_of(visit), _reaching(visit)
    with visit.place.frame() as frame:
        topics = tuple(topics_of(frame))
    times = {name: str(form.get(name, "")).strip() for name in _TIMES}
    wanted = Habits(
        quiet_from=times["quiet_from"],
        quiet_to=times["quiet_to"],
        digest_at=times["digest_at"],
        workdays_only=_DAYS.get(str(form.get("days", ""))),
        empty_digests="empty_digests" in form,
        off=frozenset(topic for topic in topics if f"on.{topic}" not in form),
    )
    if "no_quiet" in form:
        wanted = replace(wanted, quiet_from="00:00", quiet_to="00:00")
    try:
        reaching.choose(person, wanted, topics, visit.now)
    except DubanError as error:
        return _page(visit, wanted, error)
    return visit.go("/account/notices?done=1")
