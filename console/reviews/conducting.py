"""Opening a review, closing it, and telling its result, once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from workflow.decision import Act
from workflow.definition.model import Transition
from workflow.engine import Answer, Engine, Frame
from workflow.errors import BadValue, NotNow, Unknown
from workflow.evidence import EvidenceStore, record
from workflow.explaining import subject_of as explained
from workflow.store import Port
from workflow.text import Text

from ..store import reviews
from ..store.reviews import Review, Way
from . import secrets
from .casting import Subject, subject_of, subjects_of
from .counting import Published, Sum, add_up, mean, publish
from .protocol import protocol

MOST = 100_000  # links or codes of one review


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """What went out: nobody else has it, and it can't be shown again."""

    review: int
    subject: Subject
    way: Way
    secrets: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """What a review came to."""

    returned: int
    means: Mapping[str, str]  # fact -> as it was reported; empty for too few
    answer: Answer | None  # of the engine; None where the task had ended


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What may be told of one review, after its close."""

    task_id: int
    unit: Text
    returned: int
    means: Mapping[str, str]  # empty: too few
    said: tuple[str, ...]  # in the order of random keys, apart from the marks


# --- opening ----------------------------------------------------------------------------------------


def draw(people: Sequence[str], most: int, salt: bytes) -> list[str]:
    """So many of them by lot, in the order of the list; all where `most` is 0."""
    by_lot = sorted(people, key=lambda one: sha256(salt + one.encode()).digest())
    chosen = set(by_lot[:most] if most else by_lot)
    return [one for one in people if one in chosen]


def begin(frame: Frame, task: int, way: Way, count: int, randomness: Callable[[int], bytes]) -> Opened:
    """What a review of that size would give out. Nothing is written yet.

    Raises:
        Unknown, NotNow: there is no such task, or it can't be voted on any more, or is already.
        BadValue: too many, or so few that nothing could ever be shown.
    """
    subject = subject_of(frame, task)
    subject.asked  # noqa: B018  (refuses a fact without a scale)
    if reviews.of_task(frame.tx, task) is not None:
        raise _is_open()
    if subject.ended or frame.now > subject.ends_at:
        raise NotNow(
            f"未开设：评议至 {subject.last} 结束，或事项已办结。需要时请先调整节点（duban replan）。",
            f"Not opened: the review ended on {subject.last}, or the task has ended. Move the milestone "
            "first if it is needed (duban replan).",
        )
    _check_count(subject, count)
    made = tuple(secrets.make(way, randomness) for _ in range(count))
    return Opened(review=0, subject=subject, way=way, secrets=made)


def _check_count(subject: Subject, count: int) -> None:
    least, most = subject.ballot.at_least, subject.ballot.sample or MOST
    if count < least:
        raise BadValue(
            f"未开设：只有 {count} 人，少于 {least} 份时结果不予显示。请增加人数。",
            f"Not opened: {count} are invited, and of fewer than {least} ballots nothing is ever shown. "
            "Invite more.",
        )
    if count > min(most, MOST):
        raise BadValue(
            f"未开设：{count} 份超过方案规定的每单位 {min(most, MOST)} 份。请减少。",
            f"Not opened: {count} are more than the {min(most, MOST)} of each unit that may be invited. Give "
            "out fewer.",
        )


def commit(port: Port, task: int, opened: Opened, now: int) -> None:
    """Open the review: from here on what went out is valid, from its first day on."""
    hashes = [secrets.hashed(one) for one in opened.secrets]
    with port.write("people") as tx:
        if reviews.of_task(tx, task) is not None:
            raise _is_open()
        reviews.begin(tx, task, opened.way, hashes, now)


def _is_open() -> NotNow:
    return NotNow(
        "该事项的评议已经开设，不能再开。发出的链接或评议码仍然有效。",
        "This task is voted on already, and is opened once. The links or codes that went out are valid.",
    )


# --- closing ----------------------------------------------------------------------------------------


def close(engine: Engine, folder: EvidenceStore, task: int, person: int, now: int) -> Counted:
    """Take no more ballots, count, erase the roll; then report the totals through the engine.

    To close and to count is one transaction. What follows can be repeated: after a crash, after a
    refusal, or when the count was sent back, close again.

    Raises:
        Unknown: nobody votes on that task.
        NotNow: its window is open still, or the task doesn't stand where totals are reported.
        Refused: the person may not report them.
    """
    with engine.port.read() as tx:
        frame = engine.library.frame(tx, now)
        review, subject = _review(frame, task), subject_of(frame, task)
    if not subject.ended and now <= subject.ends_at:
        raise NotNow(
            f"未计票：评议至 {subject.last} 结束，此前不得计票。请在结束后再办。",
            f"Not counted: the review runs until {subject.last}, and nothing is counted before. Close it "
            "after that day.",
        )
    counted = _count(engine.port, review, subject, now)
    means = _means(counted, subject) if counted.sums else {}
    answer = None if subject.ended else _report(engine, folder, task, person, now, counted, means)
    return Counted(returned=counted.returned, means=means, answer=answer)


def _review(frame: Frame, task: int) -> Review:
    found = reviews.of_task(frame.tx, task)
    if found is None:
        raise Unknown(
            "该事项没有开设评议。请先用 duban ballot open 开设。",
            "Nobody votes on this task. Open the review with duban ballot open.",
        )
    return found


def _count(port: Port, review: Review, subject: Subject, now: int) -> Sum:
    """Of too few nothing is kept but their number; of a task that has ended otherwise neither."""
    if review.result is not None:
        return _told(review)
    with port.write("people") as tx:
        reviews.close(tx, review.id, now)
        found = add_up(reviews.ballots(tx, review.id), tuple(subject.ballot.gives))
        keep = found.returned >= subject.ballot.at_least and not subject.ended
        found = found if keep else Sum(returned=found.returned, sums={})
        result = {"returned": found.returned, "sums": dict(found.sums)}
        reviews.settle(tx, review.id, result, keep_ballots=keep)
    return found


def _told(review: Review) -> Sum:
    result = review.result or {}
    return Sum(returned=result["returned"], sums=result["sums"])


def _means(found: Sum, subject: Subject) -> dict[str, str]:
    return {name: mean(found, subject.definition.facts[name]) for name in subject.ballot.gives}


def _report(
    engine: Engine,
    folder: EvidenceStore,
    task: int,
    person: int,
    now: int,
    found: Sum,
    means: Mapping[str, str],
) -> Answer:
    """The totals become facts, by the act that asks for them, with the record of the count as evidence."""
    with engine.port.read() as tx:
        frame = engine.library.frame(tx, now)
        loaded = explained(frame, task).loaded.task
        subject = subject_of(frame, task)
        act = _act(subject, loaded.state, means)
        paper = protocol(subject, found.returned, means, now) if act.evidence.most else None
    kept = []
    if paper is not None:
        kept = [folder.store(paper)]
        with engine.port.write("people") as tx:
            record(tx, kept, now)
    facts: dict[str, Any] = {subject.ballot.returned: str(found.returned), **means}
    wanted = Act(name=act.name, person_id=person, facts=facts, evidence=[one.sha256 for one in kept])
    return engine.act(task, wanted, now, request_id=f"review-{task}-{loaded.visit}-{act.name}")


def _act(subject: Subject, state: str, means: Mapping[str, str]) -> Transition:
    """The transition that asks for the totals, or, of too few, for their number alone."""
    for one in subject.definition.transitions.values():
        if state in one.sources and _fits(one, subject, means):
            return one
    raise NotNow(
        "未填报：事项目前的状态不能填报评议结果。请先办理到计票环节，再次关闭评议；汇总已保存。",
        "Not reported: where the task stands no totals are reported. Bring it to the count, then close "
        "again: the totals are kept.",
    )


def _fits(one: Transition, subject: Subject, means: Mapping[str, str]) -> bool:
    asked, ballot = {*one.asks, *one.optional}, subject.ballot
    if ballot.returned not in asked or one.after is not None:
        return False
    return asked >= set(ballot.gives) if means else not set(one.asks) & set(ballot.gives)


# --- results ----------------------------------------------------------------------------------------


def result(frame: Frame, task: int) -> Result:
    """What may be told of one review.

    Raises:
        Unknown: nobody votes on that task.
        NotNow: it isn't counted yet: results are told once, after the close.
    """
    review, subject = _review(frame, task), subject_of(frame, task)
    if review.result is None:
        raise NotNow(
            "评议尚未计票，此前不显示任何结果。请在结束后用 duban ballot close 计票。",
            "The review isn't counted yet, and nothing is told before. Count it with duban ballot close once "
            "it is over.",
        )
    counted = _told(review)
    said = [one.said for one in reviews.ballots(frame.tx, review.id) if one.said]
    return Result(
        task_id=task,
        unit=subject.unit,
        returned=counted.returned,
        means=_means(counted, subject) if counted.sums else {},
        said=tuple(said),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Together:
    """What may be told of every review of one kind: of each, and of all that are shown."""

    kind: str
    label: Text
    subjects: Mapping[int, Subject]  # by task
    published: Published
    waiting: int  # not counted yet
    means: Mapping[int, Mapping[str, str]]  # by task
    total: Mapping[str, str]


def together(frame: Frame) -> Iterator[Together]:
    """Every review that there is, by kind."""
    counted: dict[str, dict[int, Review]] = {}
    everything = reviews.every(frame.tx)
    subjects = subjects_of(frame, [one.task_id for one in everything])
    for review in everything:
        counted.setdefault(subjects[review.task_id].definition.kind, {})[review.task_id] = review
    for kind, many in counted.items():
        yield _together(kind, {task: subjects[task] for task in many}, many)


def _together(kind: str, subjects: Mapping[int, Subject], many: Mapping[int, Review]) -> Together:
    groups = {task: _told(one) for task, one in many.items() if one.result is not None}
    subject = next(iter(subjects.values()))
    found = publish(groups, subject.ballot.at_least)
    return Together(
        kind=kind,
        label=subject.definition.label,
        subjects=subjects,
        published=found,
        waiting=len(many) - len(groups),
        means={task: _means(one, subjects[task]) for task, one in found.shown.items()},
        total=_means(found.total, subject) if found.total else {},
    )
