"""A person opens a task by hand, in one transaction."""

from __future__ import annotations

from ..decision import NewTask, OpenTask, Place, check_opening, open_by_hand
from ..errors import BadValue, Unknown
from ..store import organisation
from ..store.applying import Salts
from ..store.organisation import CampaignInForce
from ..store.ports import Transaction
from ..text import Text
from .acting import check_request_id, request_row
from .asked import campaign_named, refuse_if_held
from .burden import over_budget
from .report import Answer
from .surroundings import Frame, Library
from .writing import write

OPEN = "open"  # the act of the answer is `open:KIND`


def open_in(
    tx: Transaction, library: Library, salts: Salts, wanted: OpenTask, now: int, request_id: str | None
) -> Answer:
    """Open it in this transaction. Raises like `Engine.open`."""
    if request_id is not None:
        check_request_id(request_id)
        first = _first_answer(tx, wanted, request_id)
        if first is not None:
            return first
    frame = library.frame(tx, now)
    refuse_if_held(frame)
    new = _new(frame, wanted)
    for refusal in over_budget(frame, [new]).values():
        raise refusal
    (decision, *_) = write(frame, [], salts, [new])
    task = decision.task
    answer = Answer(
        task_id=task.id, act=_act(wanted), seq=task.seq, revision=task.revision, state=task.state, at=now
    )
    if request_id is not None:
        # Of two at once the second meets the first one's row, rolls back, and is answered by it.
        tx.insert(organisation.REQUEST, [request_row(request_id, answer, wanted.person_id)])
    return answer


def _act(wanted: OpenTask) -> str:
    return f"{OPEN}:{wanted.kind}"


def _first_answer(tx: Transaction, wanted: OpenTask, request_id: str) -> Answer | None:
    row = organisation.request(tx, request_id)
    if row is None:
        return None
    _, task, person, name, seq, revision, state, at = row
    if (person, name) != (wanted.person_id, _act(wanted)):
        raise BadValue(
            f"请求编号 {request_id} 已用于事项 {task} 的“{name}”。请为新的操作另用一个编号。",
            f"The request id {request_id} was used for {name!r} on task {task}. Use a new one for a new act.",
        )
    return Answer(task_id=task, act=name, seq=seq, revision=revision, state=state, at=at, repeated=True)


def _new(frame: Frame, wanted: OpenTask) -> NewTask:
    campaign = campaign_named(frame, wanted.campaign)
    version = frame.version(campaign.version_id)
    book = version.books.get(wanted.kind)
    if book is None:
        listed = version.books
        raise Unknown(
            f"没有事项类型“{wanted.kind}”。{campaign.label.zh}的类型有：{'、'.join(listed)}。",
            f"There is no kind of task {wanted.kind!r}. {campaign.label.en} has: {', '.join(listed)}.",
        )
    around = frame.around(version.id)
    own = version.pack.campaign
    places = _places(frame, wanted, set(own.units))
    check_opening(wanted, book.definition, places, list(own.tracks))
    frame.know([_anywhere(wanted, campaign, version.id)])
    return open_by_hand(wanted, book, around, campaign.id, version.id)


def _places(frame: Frame, wanted: OpenTask, codes: set[str]) -> dict[int, Place]:
    rows = organisation.units_by_id(frame.tx, sorted(set(wanted.parties.values())))
    return {
        ident: Place(kind=kind, name=Text(zh, en))
        for ident, code, kind, zh, en in rows
        if code in codes and ident not in frame.merged
    }


def _anywhere(wanted: OpenTask, campaign: CampaignInForce, version_id: int) -> NewTask:
    """As much of the task as its people are looked up by."""
    return NewTask(
        kind=wanted.kind,
        campaign_id=campaign.id,
        version_id=version_id,
        parties=dict(wanted.parties),
        unit_id=0,
        track=None,
        parent_id=None,
    )
