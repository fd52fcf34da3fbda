"""Messages: what was sent, what waits, what failed and why; and what is done about it.

Whoever sees to messages (the system administrator, and whoever holds a post that watches over all units)
sees every one of them, its way and its fate. What it tells of is shown only of tasks that they may look at,
its words only to its reader, and to whoever may look at every task in it. Everybody else sees their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from fastapi import APIRouter, Response

from workflow.calendar import USUAL_ZONE, Calendar
from workflow.engine import Frame
from workflow.errors import BadValue, DubanError, NotAllowed, NotNow, Unknown
from workflow.reading import Scope, Waiting, outbox, read_number, scope_of, sees
from workflow.reading.words import moment
from workflow.store import tasks
from workflow.text import Text

from ..messages import Asked, Channel, Deliveries, Delivery, Handling, Part, Whole
from ..store.accounts import Account
from .asking import Asking
from .errors import status_of
from .place import Place
from .visits import Visit

router = APIRouter()
MOST = 100  # lines of a page
_ACTS: dict[str, tuple[str, ...]] = {  # what may be done in which state
    "release": ("held",),
    "retry": ("unknown", "bounced", "given_up"),
    "hold": ("waiting", "unknown"),
}
_TITLE = Text("消息", "Deliveries")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """What somebody sees of messages."""

    person: int | None  # None: an administrator, who gets none
    scope: Scope | None  # None: no tasks at all
    all: bool  # every message, and what may be done about it


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A message of a list, with its times in words."""

    one: Delivery
    due: str
    ended: str  # empty: not yet


@dataclass(frozen=True, kw_only=True, slots=True)
class Stands:
    """A channel, with its times in words."""

    one: Channel
    paused: str  # since when; empty: it doesn't pause
    again: str  # when it is tried again; empty: it works


@dataclass(frozen=True, kw_only=True, slots=True)
class Unheard:
    """What reached nobody."""

    one: Waiting
    at: str
    number: str  # of the task; empty where it may not be looked at


@router.get("/deliveries")
def listed(
    visit: Asking, state: str = "", channel: str = "", person: str = "", task: str = "", done: str = ""
) -> Response:
    """Messages by what is asked for; trouble stands first."""
    typed = {"state": state, "channel": channel, "person": person, "task": task}
    why = None
    with visit.place.frame() as frame:
        sight, calendar = sight_of(frame, visit.who.account), _calendar(frame)
        if visit.place.messages is None:
            return visit.page("unsent.html", title=_TITLE)
        messages = visit.place.messages.deliveries
        try:
            found, total = messages.listed(frame, asked_of(frame, sight, typed, MOST))
        except (Unknown, NotAllowed) as error:
            (found, total), why = ((), 0), error
        view = {
            "lines": [_shown(calendar, one) for one in found],
            "channels": [_stands(calendar, one) for one in messages.channels(frame)] if sight.all else [],
            "unheard": _unheard(frame, sight, calendar) if sight.all else [],
            "held": sight.all and messages.is_held(frame),
        }
    return visit.page(
        "deliveries.html",
        status_of(why) if why else 200,
        **view,
        total=total,
        asked=typed,
        states=messages.states,
        sight=sight,
        why=why.text if why else None,
        done=bool(done),
    )


def deliveries_of(place: Place) -> Deliveries:
    """Messages on their way.

    Raises:
        NotNow: no settings say how they are sent.
    """
    if place.messages is None:
        raise NotNow(
            "未办理：本系统没有设置文件，不发送消息。请系统管理员写好 duban.toml，见 docs/notifier.md。",
            "Not done: there are no settings here, and nothing is sent. Let the system administrator write "
            "duban.toml; docs/notifier.md says how.",
        )
    return place.messages.deliveries


def sight_of(frame: Frame, account: Account) -> Sight:
    """What somebody sees of messages.

    Raises:
        NotAllowed: an administrator who has no part in them.
    """
    if account.duty == "system":
        return Sight(person=None, scope=None, all=True)
    if account.duty is not None or account.person_id is None:
        raise NotAllowed(
            "您的账号不管消息。消息由系统管理员和督办人员处理。",
            "Your account has no part in messages. The system administrator and supervisors see to them.",
        )
    scope = scope_of(frame, account.person_id)
    return Sight(person=account.person_id, scope=scope, all=any(scope.kinds.values()))


def asked_of(frame: Frame, sight: Sight, typed: Mapping[str, str], limit: int) -> Asked:
    """Which messages are asked for by state, channel, person and task, each empty if it restricts nothing.

    Raises:
        Unknown: there is no such task.
        NotAllowed: they may not look at it.
    """
    wanted = None
    if typed["task"]:
        wanted = read_number(frame, typed["task"])
        if not _seen(frame, sight, [wanted]):
            raise NotAllowed("您无权查看这个事项的消息。", "You may not look at the messages of this task.")
    every = typed["state"] == "all" or (not sight.all and not typed["state"])
    return Asked(
        state=None if every else typed["state"] or None,
        every=every,
        channel=typed["channel"] or None,
        person=typed["person"] if sight.all and typed["person"] else None,
        person_id=None if sight.all else sight.person,
        task=wanted,
        limit=limit,
    )


def _seen(frame: Frame, sight: Sight, wanted: Sequence[int]) -> set[int]:
    """Which of these tasks somebody may look at."""
    scope = sight.scope
    if scope is None or not wanted:
        return set()
    found = [tasks.task_of(row) for row in tasks.read_these(frame.tx, sorted(set(wanted)))]
    return {task.id for task in found if sees(scope, task)}


def _calendar(frame: Frame) -> Calendar:
    zones = (frame.campaign(one.version_id).zone for one in frame.campaigns.values())
    return frame.calendar(next(zones, USUAL_ZONE))


def _shown(calendar: Calendar, one: Delivery) -> Shown:
    ended = one.ended_at or one.accepted_at
    return Shown(
        one=one, due=moment(calendar, one.due_at), ended="" if ended is None else moment(calendar, ended)
    )


def _stands(calendar: Calendar, one: Channel) -> Stands:
    return Stands(
        one=one,
        paused="" if one.paused_at is None else moment(calendar, one.paused_at),
        again="" if one.again_at is None else moment(calendar, one.again_at),
    )


def _unheard(frame: Frame, sight: Sight, calendar: Calendar) -> list[Unheard]:
    found = [one for one in outbox(frame, limit=MOST).messages if one.unheard]
    seen = _seen(frame, sight, [one.task for one in found])
    return [
        Unheard(one=one, at=moment(calendar, one.created_at), number=one.number if one.task in seen else "")
        for one in found
    ]


# --- one message ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """All of a message that somebody may see."""

    shown: Shown
    whole: Whole
    parts: tuple[Part, ...]  # of tasks that they may look at
    hidden: int  # of others
    text: str | None
    may_read: bool
    tries: tuple[tuple[str, Text, str, Text | None], ...]
    acts: tuple[str, ...]


@router.get("/deliveries/{ident}")
def one(visit: Asking, ident: int, done: str = "") -> Response:
    """All of a message that its visitor may see."""
    return _one(visit, ident, done=bool(done))


def _one(visit: Visit, ident: int, *, done: bool = False, error: DubanError | None = None) -> Response:
    with visit.place.frame() as frame:
        sight = sight_of(frame, visit.who.account)
        view = _opened(frame, deliveries_of(visit.place).whole(frame, ident), sight)
    return visit.page(
        "delivery.html",
        status_of(error) if error else 200,
        view=view,
        done=done,
        why=error.text if error else None,
    )


def _opened(frame: Frame, whole: Whole, sight: Sight) -> Opened:
    own, calendar = whole.delivery, _calendar(frame)
    mine = sight.person is not None and own.person_id == sight.person
    if not sight.all and not mine:
        raise NotAllowed(
            "这条消息不是发给您的，您无权查看。", "This message was not sent to you; you may not look at it."
        )
    seen = _seen(frame, sight, [part.task_id for part in whole.parts])
    parts = tuple(part for part in whole.parts if mine or part.task_id in seen)
    may_read = mine or (own.about == "notice" and bool(parts) and len(parts) == len(whole.parts))
    return Opened(
        shown=_shown(calendar, own),
        whole=whole,
        parts=parts,
        hidden=len(whole.parts) - len(parts),
        text=whole.text if may_read else None,
        may_read=may_read,
        tries=tuple((moment(calendar, t.at), t.outcome, t.code, t.why) for t in whole.tries),
        acts=tuple(act for act, states in _ACTS.items() if sight.all and own.state in states),
    )


# --- what is done about them ------------------------------------------------------------------------


def _handler(visit: Visit) -> str:
    """By what name it is recorded.

    Raises:
        NotAllowed: whoever asks doesn't see to messages.
    """
    visit.checked()
    with visit.place.frame() as frame:
        if not sight_of(frame, visit.who.account).all:
            raise NotAllowed(
                "未办理：只有系统管理员和督办全局的岗位可以处理消息。",
                "Not done: only the system administrator, and posts that watch over all units, see to "
                "messages.",
            )
    return visit.who.account.login


def _reason(visit: Visit) -> str:
    said = str(visit.form.get("reason", "")).strip()
    if not said or not said.isprintable() or len(said) > 200:
        raise BadValue(
            "未办理：请写明原因，一行，至多 200 字。",
            "Not done: say why, in one line of at most 200 characters.",
        )
    return said


@router.post("/deliveries/release-all")
def release_all(visit: Asking) -> Response:
    """Let everything go that is held, after a restore too."""
    who = _handler(visit)
    deliveries_of(visit.place).release_all(who, visit.now)
    return visit.go("/deliveries?done=1")


@router.post("/deliveries/{ident}/{act}")
def handle(visit: Asking, ident: int, act: str) -> Response:
    """Hold, release or retry a message."""
    who = _handler(visit)
    if act not in get_args(Handling):
        raise Unknown("没有这个操作。", "There is no such act.")
    try:
        why = _reason(visit) if act == "hold" else ""
        what: Handling = "hold" if act == "hold" else "release" if act == "release" else "retry"
        if not deliveries_of(visit.place).handle(ident, what, who, why, visit.now):
            raise NotNow(
                "未办理：这条消息的状态已变，或内容已按期清除。下面是它现在的情况。",
                "Not done: its state has changed meanwhile, or its words are kept no longer. Below is how it "
                "stands now.",
            )
    except DubanError as error:
        return _one(visit, ident, error=error)
    return visit.go(f"/deliveries/{ident}?done=1")


@router.post("/deliveries/channels/{name}/pause")
def pause(visit: Asking, name: str) -> Response:
    """Send nothing further on a channel."""
    who = _handler(visit)
    deliveries_of(visit.place).pause(name, who, _reason(visit), visit.now)
    return visit.go("/deliveries?done=1")


@router.post("/deliveries/channels/{name}/resume")
def resume(visit: Asking, name: str) -> Response:
    """Send on it again."""
    who = _handler(visit)
    deliveries_of(visit.place).resume(name, who, visit.now)
    return visit.go("/deliveries?done=1")
