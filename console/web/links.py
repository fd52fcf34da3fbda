"""Links in messages: an act that is confirmed here, and information that is switched off.

Whoever opens a link needs no session: the link stands for one person, one act, one state of one task, once.
So a page shows no more than the message did, an act of weight leads to the door, and whoever is signed in
as somebody else gets nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Response

from workflow.decision import Act
from workflow.definition.model import BACK, Transition
from workflow.engine import Frame
from workflow.errors import BadValue, DubanError, NotAllowed, NotNow
from workflow.explaining import Subject, subject_of, would_be_taken
from workflow.reading import known_facts, number_of
from workflow.reading.names import names
from workflow.reading.words import moment
from workflow.text import Text

from ..forms import Form, facts_in, form_for
from ..messages import Link, Links, Topic
from ..store.accounts import by_person
from .asking import Asking
from .errors import status_of
from .guard import from_anywhere
from .seeing import NO_PART
from .visits import Visit

router = APIRouter()
_GONE, _NOT_FOUND = 410, 404
_ONE_CLICK = ("List-Unsubscribe", "One-Click")  # RFC 8058, section 3.1
_STOPPED = Text(
    "系统现在暂停办理：系统时间有疑问，正等待管理人员核实。请稍后再打开这个链接，或登录查看。",
    "Nothing can be done at the moment: the clock of this system is in doubt, and somebody has to look at "
    "it. Open the link again later, or sign in.",
)
_SHUT_OUT = Text(
    "未办理：您的账号已停用。如有疑问，请联系系统管理员。",
    "Not done: your account was closed. If that is wrong, ask the system administrator.",
)
_NONE_HERE = Text(
    "本系统没有启用消息中的链接。请登录办理。系统管理员：请在设置文件的 [site] 中写明本站地址 url。",
    "Links in messages are not switched on here. Sign in instead. System administrator: name the address of "
    "this site as `url` under [site] in the settings.",
)
_NOTICES = Text("提醒类消息", "Reminders and other information")


# --- an act -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmation:
    """What a page shows of a link that can be used."""

    number: str
    kind: Text
    unit: Text
    state: Text
    due: str  # empty: none
    person: Text
    label: Text  # of the act
    form: Form
    ahead: tuple[Text, ...]  # what will happen


@router.get("/a/{token}")
def look(visit: Asking, token: str) -> Response:
    """What will happen, and a button. Changes nothing, as often as anybody or anything fetches it."""
    return _shown(visit, token, {}, None)


@router.get("/a/{token}/done")
def done(visit: Asking, token: str) -> Response:
    """It was done: a page of its own, so that loading it again posts nothing."""
    with visit.place.frame() as frame:
        standing = _links(visit).look(frame, token).standing
    return visit.page("link_done.html") if standing == "used" else visit.go(f"/a/{token}")


@router.post("/a/{token}")
def use(visit: Asking, token: str) -> Response:
    """Do it, once; the engine judges anew whether its person may."""
    links, typed = _links(visit), _typed(visit)
    try:
        facts = _facts(visit, token, typed)
        if facts is not None:
            links.consume(token, facts, visit.now)
            return visit.go(f"/a/{token}/done")
    except DubanError as error:
        return _shown(visit, token, typed, error)
    return _shown(visit, token, typed, None)


def _facts(visit: Visit, token: str, typed: Mapping[str, str]) -> Mapping[str, Any] | None:
    """What was typed, as the engine takes it; None: by this link nothing can be done."""
    with visit.place.frame() as frame:
        found = _links(visit).look(frame, token)
        if found.standing != "open" or _is_heavy(frame, found):
            return None
        _check_whose(visit, frame, found)
        return known_facts(frame, subject_of(frame, found.task_id).definition, facts_in(typed))


def _links(visit: Visit) -> Links:
    messages = visit.place.messages
    if messages is None or messages.links is None:
        raise NotNow(*_NONE_HERE)
    return messages.links


def _typed(visit: Visit) -> dict[str, str]:
    return {name: value for name, value in visit.form.items() if isinstance(value, str)}


def _shown(visit: Visit, token: str, typed: Mapping[str, str], error: DubanError | None) -> Response:
    """The page of a link as it stands now, with why it was refused if it was."""
    with visit.place.frame() as frame:
        found = _links(visit).look(frame, token)
        if found.standing != "open":
            return _closed(visit, found, error)
        _check_whose(visit, frame, found)
        subject = subject_of(frame, found.task_id)
        number = number_of(frame, found.task_id, subject.loaded.task.campaign_id)
        if _is_heavy(frame, found):
            path = f"/tasks/{number}/do/{found.act}"
            return (
                visit.go(path) if visit.visitor else visit.page("link_weighty.html", number=number, path=path)
            )
        why = _refusal(frame, subject, found)
        view = None if why else _confirmation(frame, subject, found, number, typed)
    status = status_of(error) if error else 403 if why else 200
    said = error.text if error else why
    return visit.page("link.html", status, view=view, number=number, token=token, why=said)


def _closed(visit: Visit, found: Link, error: DubanError | None) -> Response:
    """A link that opens nothing; after a refusal the page says who was faster."""
    status = _NOT_FOUND if found.standing == "unknown" else _GONE
    why = error.text if error is not None else found.why
    return visit.page("link_closed.html", status, standing=found.standing, why=why)


def _check_whose(visit: Visit, frame: Frame, found: Link) -> None:
    """Whoever is signed in as somebody else doesn't act in this person's name.

    Raises:
        NotAllowed: they are, or the person's account was closed, or is an administrator's.
    """
    account = by_person(frame.tx, found.person_id)
    if account is not None and account.disabled_at is not None:
        raise NotAllowed(*_SHUT_OUT)
    if account is not None and account.duty is not None:
        raise NotAllowed(*NO_PART)
    visitor = visit.visitor
    if visitor is not None and visitor.account.person_id != found.person_id:
        raise NotAllowed(
            "未办理：这个链接是发给另一个人的，而您是以自己的账号登录的。请在自己的“待办”里办理；"
            "确属本人的链接，请先退出再打开。",
            "Not done: this link was sent to somebody else, and you are signed in as yourself. Look at your "
            "own “To do”; if the link is yours after all, sign out and open it again.",
        )


def _is_heavy(frame: Frame, found: Link) -> bool:
    """Whether an act must be done on its own page: by its weight, or because it asks for lists or files."""
    if found.needs_login:
        return True
    subject = subject_of(frame, found.task_id)
    asked = form_for(subject.definition, found.act, {}, {}, {})
    return asked is None or bool(asked.tables) or asked.evidence > 0


def _refusal(frame: Frame, subject: Subject, found: Link) -> Text | None:
    """Why the engine would refuse now, whatever is filled in."""
    wanted = Act(name=found.act, person_id=found.person_id)
    try:
        fits = would_be_taken(frame, subject, wanted, revision=found.revision, request_id=None)
    except BadValue:  # something that the page still asks for
        return _STOPPED if frame.stamp.held else None
    except DubanError as error:
        return error.text
    return None if fits else _STOPPED


def _confirmation(
    frame: Frame, subject: Subject, found: Link, number: str, typed: Mapping[str, str]
) -> Confirmation:
    task, definition = subject.loaded.task, subject.definition
    asked = form_for(definition, found.act, task.facts, {}, typed)
    if asked is None:  # `_is_heavy` has sent it away
        raise NotNow(*_STOPPED)
    called = names(frame.tx, [found.person_id], [task.unit_id])
    calendar = frame.calendar(frame.campaign(task.version_id).zone)
    return Confirmation(
        number=number,
        kind=definition.label,
        unit=called.unit(task.unit_id),
        state=subject.words.state(task.state),
        due="" if task.due_at is None else moment(calendar, task.due_at),
        person=called.person(found.person_id),
        label=asked.label,
        form=asked,
        ahead=tuple(_ahead(subject, definition.transitions[found.act])),
    )


def _ahead(subject: Subject, act: Transition) -> Iterator[Text]:
    """What will happen, in sentences."""
    words, definition = subject.words, subject.definition
    before = words.state(subject.loaded.task.state)
    if act.target is None:
        yield Text(f"事项仍是“{before.zh}”。", f"The task stays where it is: {before.en}.")
    elif act.target == BACK:
        yield Text("事项回到先前的状态。", "The task goes back to the state before.")
    else:
        after = words.state(act.target)
        yield Text(
            f"事项由“{before.zh}”转为“{after.zh}”。", f"The task moves from {before.en} to {after.en}."
        )
        waits = definition.states[act.target].waits_for
        if waits is not None:
            role = words.role(waits)
            yield Text(f"此后等“{role.zh}”办理。", f"Then it waits for: {role.en}.")
    for kind in sorted({one.kind for one in act.opens}):
        opened = words.kind(kind)
        yield Text(f"并开立“{opened.zh}”。", f"It opens: {opened.en}.")


# --- switching information off ----------------------------------------------------------------------


@router.get("/u/{token}")
def unsubscribing(visit: Asking, token: str) -> Response:
    """Ask whether to switch it off. Changes nothing."""
    found = _links(visit).topic(token)
    return visit.page("unsubscribe.html", topic=_called(visit, found), token=token, done=False)


@router.post("/u/{token}")
@from_anywhere
def unsubscribe(visit: Asking, token: str) -> Response:
    """Switch it off: a person's click, or a mail program's own button (RFC 8058)."""
    name, value = _ONE_CLICK
    links = _links(visit)
    if visit.form.get(name) != value:
        found = links.topic(token)
        return visit.page("unsubscribe.html", 422, topic=_called(visit, found), token=token, done=False)
    found = links.unsubscribe(token, visit.now)
    return visit.page("unsubscribe.html", topic=_called(visit, found), token=token, done=True)


def _called(visit: Visit, topic: Topic) -> Text:
    with visit.place.frame() as frame:
        return topics_of(frame).get(topic.name, Text(topic.name, topic.name))


def topics_of(frame: Frame) -> dict[str, Text]:
    """Everything that can be switched off, as it is called."""
    campaigns = [frame.campaign(one.version_id) for one in frame.campaigns.values()]
    digests = {f"digest:{name}": one.label for own in campaigns for name, one in own.digests.items()}
    return {"notices": _NOTICES, **digests}
