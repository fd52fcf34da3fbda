"""The notifier, as the console asks for it. Neither of them knows the other: they meet here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from console.messages import (
    Address,
    Asked,
    Channel,
    Delivery,
    Habits,
    Handling,
    Link,
    Messages,
    Part,
    Setting,
    Taken,
    Topic,
    Try,
    Whole,
)
from notifier import handling, links, reading, restored, screens
from notifier.addresses import LABELS as KINDS
from notifier.addresses import minutes_of, quiet_of, written
from notifier.masking import masked
from notifier.states import LABELS, State
from notifier.store import addresses as store
from notifier.store.addresses import NO_MANNER, Manner
from workflow.clock import Clock
from workflow.engine import Engine, Frame
from workflow.errors import BadValue, Unknown
from workflow.store import Port
from workflow.text import Text

if TYPE_CHECKING:
    from notifier.office.receiving import Callbacks
    from notifier.settings import BudgetTable, Settings


def messages_of(engine: Engine, settings: Settings, random: Callable[[], bytes], clock: Clock) -> Messages:
    """Everything of the notifier that pages show and change. `random` gives 16 bytes nobody can guess.

    Raises:
        SettingsError: a secret that can't be used.
    """
    from notifier.wiring import Machine, callbacks_over

    machine = Machine(port=engine.port, library=engine.library, random=random, clock=clock, node="console")
    return Messages(
        file=settings.file.name,
        settings=tuple(_stands(settings)),
        deliveries=_Deliveries(engine.port, tuple(settings.channels)),
        reaching=_Reaching(engine.port, settings),
        callbacks=_Callbacks(callbacks_over(settings, machine)),
        links=_Links(engine, random, settings.site.url) if settings.site.url else None,
    )


_COUNTED = {
    "number": Text("每个地址每日", "to one address a day"),
    "template": Text("每类消息每日", "of one class of message a day"),
    "unit": Text("每单位每日", "about one unit a day"),
    "day": Text("合计每日", "in all a day"),
}


def _stands(settings: Settings) -> Iterator[Setting]:
    """Quiet hours and budgets."""
    quiet, workdays_only = settings.manners.quiet, settings.manners.workdays_only
    days = Text("仅工作日", "workdays only") if workdays_only else Text("每天", "every day")
    yield Setting(label=Text("免打扰时段", "Quiet hours"), value=Text(quiet, quiet), place="[manners] quiet")
    yield Setting(label=Text("发送日", "Days"), value=days, place="[manners] workdays_only")
    for name in settings.channels:
        yield from _budget(name, settings.budgets.get(name))


def _budget(name: str, budget: BudgetTable | None) -> Iterator[Setting]:
    for key, label in _COUNTED.items():
        limit = None if budget is None else getattr(budget, key)
        if limit is not None:
            yield Setting(
                label=Text(f"{name}：{label.zh}", f"{name}: {label.en}"),
                value=Text(f"{limit} 条", f"{limit} messages"),
                place=f"[budgets.{name}] {key}",
            )
    if budget is None:
        yield Setting(
            label=Text(f"{name}：预算", f"{name}: budget"),
            value=Text("不限", "none"),
            place=f"[budgets.{name}]",
        )


class _Links:
    def __init__(self, engine: Engine, random: Callable[[], bytes], url: str) -> None:
        self._engine = engine
        self._unsubscribing = links.Unsubscribing.over(engine.port, random, url)

    def look(self, frame: Frame, token: str) -> Link:
        found = links.look(frame, token)
        return Link(
            standing=found.standing,
            why=found.why,
            person_id=found.person_id or 0,
            task_id=found.task_id or 0,
            act=found.act,
            revision=found.revision or 0,
            needs_login=found.needs_login,
        )

    def consume(self, token: str, facts: Mapping[str, Any], now: int) -> None:
        links.consume(self._engine, token, facts, now)

    def topic(self, token: str) -> Topic:
        found = self._unsubscribing.look(token)
        return Topic(person_id=found.person_id, name=found.topic)

    def unsubscribe(self, token: str, now: int) -> Topic:
        found = self._unsubscribing.unsubscribe(self._engine.port, token, now)
        return Topic(person_id=found.person_id, name=found.topic)


class _Callbacks:
    def __init__(self, callbacks: Callbacks) -> None:
        self._callbacks = callbacks

    def header(self, channel: str) -> str | None:
        return self._callbacks.header(channel)

    def take(
        self, channel: str, secret: str, kind: str, body: bytes, query: Mapping[str, str], now: int
    ) -> Taken:
        found = self._callbacks.take(channel, secret, kind, body, query, now)
        return Taken(kept=found.kept, unread=found.unread, later=found.later, answer=found.answer)


class _Deliveries:
    states: Mapping[str, Text] = {state.value: label for state, label in LABELS.items()}

    def __init__(self, port: Port, known: Sequence[str]) -> None:
        self._port, self._known = port, known

    def listed(self, frame: Frame, asked: Asked) -> tuple[Sequence[Delivery], int]:
        wanted = reading.Wanted(
            state=asked.state,
            every=asked.every,
            channel=asked.channel,
            person=asked.person,
            person_id=asked.person_id,
            task=asked.task,
            limit=asked.limit,
        )
        found = reading.deliveries(frame, wanted)
        return [_delivery(one) for one in found.deliveries], found.total

    def whole(self, frame: Frame, ident: int) -> Whole:
        found = reading.delivery(frame, ident)
        return Whole(
            delivery=_delivery(found.delivery),
            meaning=found.meaning,
            message_id=found.message_id,
            instead_of=found.instead_of,
            parts=tuple(
                Part(task_id=one.task_id, number=one.number, label=one.rule_label or one.reason_label)
                for one in found.parts
            ),
            tries=tuple(
                Try(at=one.at, outcome=screens.OUTCOMES[one.outcome], code=one.code, why=one.why)
                for one in found.tries
            ),
            text=found.text,
        )

    def channels(self, frame: Frame) -> Sequence[Channel]:
        return [
            Channel(
                name=one.name,
                paused_at=one.paused_at,
                again_at=one.again_at,
                why=one.why,
                counts=[(LABELS[State(state)], count) for state, count in one.counts.items()],
            )
            for one in reading.channels(frame, self._known)
        ]

    def is_held(self, frame: Frame) -> bool:
        return restored.outbox_hold(frame.tx) is not None

    def handle(self, ident: int, what: Handling, who: str, why: str, now: int) -> bool:
        which = handling.Which(ids=[ident])
        if what == "hold":
            return handling.hold(self._port, which, who, why, now) == 1
        act = handling.release if what == "release" else handling.retry
        return act(self._port, which, who, now) == 1

    def release_all(self, who: str, now: int) -> int:
        count = handling.release(self._port, handling.Which(status="held"), who, now)
        restored.release(self._port, who, now)
        return count

    def pause(self, channel: str, who: str, why: str, now: int) -> None:
        if channel not in self._known:
            raise Unknown(
                f"没有通道“{channel}”，未暂停。请在列表中选择。",
                f"There is no channel {channel!r}; nothing was paused. Choose one of the list.",
            )
        handling.pause_channel(self._port, channel, who, Text(f"{who}：{why}", f"{who}: {why}"), now)

    def resume(self, channel: str, who: str, now: int) -> None:
        handling.resume_channel(self._port, channel, who, now)


def _delivery(one: reading.DeliveryView) -> Delivery:
    return Delivery(
        id=one.id,
        state=one.state,
        state_label=one.state_label,
        channel=one.channel,
        person_id=one.person_id,
        person=one.person,
        address=one.address,
        formal=one.formal,
        about=one.about,
        created_at=one.created_at,
        due_at=one.due_at,
        accepted_at=one.accepted_at,
        ended_at=one.ended_at,
        possible_duplicates=one.possible_duplicates,
        why=one.why,
    )


class _Reaching:
    def __init__(self, port: Port, settings: Settings) -> None:
        begin, end = quiet_of(settings.manners.quiet)
        self._port = port
        self.usual = Habits(
            quiet_from=written(begin), quiet_to=written(end), workdays_only=settings.manners.workdays_only
        )

    def addresses(self, frame: Frame, person: int) -> Sequence[Address]:
        found = store.addresses_of(frame.tx, [person]).get(person, [])
        return [
            Address(kind=KINDS[one.kind], address=masked(one.value), broken=one.broken_why) for one in found
        ]

    def habits(self, frame: Frame, person: int) -> Habits:
        manner = store.manners_of(frame.tx, [person]).get(person, NO_MANNER)
        times = {
            name: "" if minutes is None else written(minutes)
            for name, minutes in (
                ("quiet_from", manner.quiet_from),
                ("quiet_to", manner.quiet_to),
                ("digest_at", manner.digest_at),
            )
        }
        return Habits(
            **times,
            workdays_only=manner.workdays_only,
            empty_digests=manner.empty_digests,
            off=frozenset(store.switched_off(frame.tx, [person]).get(person, ())),
        )

    def choose(self, person: int, habits: Habits, topics: Sequence[str], now: int) -> None:
        manner = _manner(habits)
        with self._port.write("people") as tx:
            store.put_manner(tx, person, manner)
            for topic in topics:
                if topic in habits.off:
                    store.switch_off(tx, person, topic, "page", now)
                else:
                    store.switch_on(tx, person, topic)


def _manner(habits: Habits) -> Manner:
    manner = replace(NO_MANNER, workdays_only=habits.workdays_only, empty_digests=habits.empty_digests)
    if bool(habits.quiet_from) != bool(habits.quiet_to):
        raise BadValue(
            "未保存：免打扰时段要写起止两个时刻，或都不写。",
            "Not kept: quiet hours take two times, from and to, or none at all.",
        )
    if habits.quiet_from:
        begin, end = quiet_of(f"{habits.quiet_from}-{habits.quiet_to}")
        manner = replace(manner, quiet_from=begin, quiet_to=end)
    return replace(manner, digest_at=minutes_of(habits.digest_at)) if habits.digest_at else manner
