"""One batch of what the engine left: read, planned, written, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import structlog

from workflow.calendar import USUAL_ZONE
from workflow.definition.model import LIGHTS, Campaign
from workflow.engine import Frame
from workflow.errors import Overtaken, StoreError
from workflow.store import Transaction

from ..content import Part
from ..recipients import Reader, reached
from ..store import deliveries, taking
from ..taking import Box, Left, Plan, plan
from .desk import Desk, OfficeRan, campaign_of
from .people import delegates_of, known_of, lanes, readers_of, stand_ins, tasks_of

log = structlog.get_logger("duban.notifier")
_CLASHES: Final = 3  # with another daemon, before the next round goes on
_DEPTH: Final = 3  # how often somebody is looked for who stands in for who can't be reached


class Taking:
    """Takes what the engine left."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def run(self, now: int, ran: OfficeRan) -> None:
        """Everything that waits, batch by batch. A row that can't be taken stops no other."""
        most, clashes = self._desk.settings.take, 0
        while True:
            try:
                rows = self._batch(now, most, ran)
            except StoreError:
                raise
            except Overtaken:
                clashes += 1
                if clashes > _CLASHES:
                    return
            except Exception:
                log.exception("taking failed", rows=most)
                most = self._narrow(most)
            else:
                if rows < most:
                    return

    def _narrow(self, most: int) -> int:
        """Halve the batch until the row that can't be taken is alone: that one reaches nobody."""
        if most > 1:
            return most // 2
        with self._desk.port.write("clock") as tx:
            taking.end_outgoing(tx, {row[0]: "nobody" for row in taking.left(tx, 1)}, "waiting")
        return self._desk.settings.take

    def _batch(self, now: int, most: int, ran: OfficeRan) -> int:
        desk = self._desk
        with desk.port.write("clock") as tx:
            rows = taking.left(tx, most)
            if not rows:
                return 0
            frame = desk.library.frame(tx, now)
            made = plan_for(frame, _left(frame, rows, desk), desk)
            store_plan(tx, made, desk, now)
            if taking.end_outgoing(tx, made.statuses, "waiting") != len(rows):
                raise Overtaken("消息已被另一个进程领取。", "The messages were taken by another process.")
        _count(made, ran)
        return len(rows)


def _count(made: Plan, ran: OfficeRan) -> None:
    ran.taken += made.count("taken")
    ran.off += made.count("off")
    lost = [ident for ident, status in made.statuses.items() if status == "nobody"]
    ran.nobody += len(lost)
    if lost:
        log.error("nobody to tell", messages=len(lost), first=lost[0])


def plan_for(frame: Frame, left: Sequence[Left], desk: Desk) -> Plan:
    """Where each of these goes."""
    open_lanes = lanes(frame.tx, frame, desk)
    readers = readers_of(frame.tx, {one for row in left for one in row.persons}, open_lanes, desk.settings)
    found = list(left)
    for _ in range(_DEPTH):
        found, missing = _with_stand_ins(frame, found, readers)
        if not missing:
            break
        readers |= readers_of(frame.tx, missing, open_lanes, desk.settings)
    return plan(found, known_of(frame, readers, desk), frame.now)


def _with_stand_ins(
    frame: Frame, left: list[Left], readers: Mapping[int, Reader]
) -> tuple[list[Left], set[int]]:
    """Where nobody can be reached, who stands in; and those of whom nothing is known yet."""
    stuck = [
        n for n, one in enumerate(left) if one.persons and reached(one.persons, readers, one.tried) is None
    ]
    if not stuck:
        return left, set()
    delegates = delegates_of(frame.tx, {one for n in stuck for one in left[n].persons}, frame.now)
    tasks = tasks_of(frame.tx, {left[n].part.task_id for n in stuck})
    frame.know_units({unit for task in tasks.values() for unit in task.parties.values()})
    missing: set[int] = set()
    for n in stuck:
        one = left[n]
        more = [other for person in one.persons for other in delegates.get(person, ())]
        task = tasks.get(one.part.task_id)
        if task is not None:
            more += _deputies(frame, task, one)
        left[n] = replace(one, persons=tuple(dict.fromkeys((*one.persons, *more))))
        missing.update(set(left[n].persons) - readers.keys())
    return left, missing


def _deputies(frame: Frame, task: Any, one: Left) -> tuple[int, ...]:
    try:
        return stand_ins(frame, task, one.part.role, frozenset(one.persons))
    except StoreError:
        raise
    except Exception as error:  # a pack that can't be read keeps nobody else from being told
        log.error("no stand-in", task=task.id, error=str(error))
        return ()


def _left(frame: Frame, rows: Sequence[Sequence[Any]], desk: Desk) -> list[Left]:
    about = taking.about(frame.tx, sorted({row[1] for row in rows}))
    campaigns = {version: campaign_of(frame, version) for version, _ in about.values()}
    ruled = {row[1] for row in rows if row[6] is not None and _may_break(campaigns, about, row[1])}
    lights = taking.lights(frame.tx, sorted(ruled)) if ruled else {}
    return [_one(row, about, campaigns, lights, desk) for row in rows]


def _one(
    row: Sequence[Any],
    about: Mapping[int, tuple[int, int | None]],
    campaigns: Mapping[int, Campaign | None],
    lights: Mapping[tuple[int, str], str],
    desk: Desk,
) -> Left:
    ident, task, seq, person, role, reason, rule, created = row
    version, unit = about.get(task, (0, None))
    campaign = campaigns.get(version)
    part = Part(
        outgoing_id=ident, task_id=task, seq=seq, role=role, reason=reason, rule=rule, created_at=created
    )
    return Left(
        part=part,
        persons=() if person is None else (person,),
        class_=desk.class_of(reason),
        urgent=_grave(lights.get((task, rule)), _at_any_hour(campaign)),
        zone=USUAL_ZONE if campaign is None else campaign.zone,
        unit_id=unit,
    )


def _at_any_hour(campaign: Campaign | None) -> str | None:
    """The light from which on a message may break quiet hours; None: none does."""
    return campaign.at_any_hour if campaign is not None else None


def _may_break(
    campaigns: Mapping[int, Campaign | None], about: Mapping[int, tuple[int, int | None]], task: int
) -> bool:
    return task in about and _at_any_hour(campaigns.get(about[task][0])) is not None


def _grave(light: str | None, least: str | None) -> bool:
    order: tuple[str, ...] = LIGHTS
    return light in order and least in order and order.index(light) >= order.index(least)


def store_plan(tx: Transaction, made: Plan, desk: Desk, now: int) -> None:
    """Write the deliveries that begin, those that gain something, and what is told in each."""
    begun, joined = made.begun, made.joined
    ids = deliveries.draw_deliveries(tx, len(begun))
    deliveries.new_deliveries(
        tx, [_new(box, ident, desk, now) for box, ident in zip(begun, ids, strict=True)]
    )
    deliveries.join(tx, [_joined(box) for box in joined if box.changed])
    parts = [(ident, part.outgoing_id) for box, ident in zip(begun, ids, strict=True) for part in box.parts]
    parts += [(box.before.id, part.outgoing_id) for box in joined if box.before for part in box.parts]
    deliveries.add_parts(tx, parts)


def _new(box: Box, ident: int, desk: Desk, now: int) -> deliveries.NewDelivery:
    return deliveries.NewDelivery(
        id=ident,
        person_id=box.reader.id,
        unit_id=box.unit_id,
        channel=box.route.channel,
        kind=box.route.kind,
        address=box.route.address,
        language=box.reader.language,
        class_=box.class_,
        about="notice",
        urgent=box.urgent,
        due_at=box.due_at,
        created_at=now,
        message_id=deliveries.message_id(ident, desk.salts(), desk.site.domain),
        thread_id=box.thread_id,
        instead_of=box.instead_of,
    )


def _joined(box: Box) -> tuple[Any, ...]:
    before = box.before
    ident = before.id if before is not None else 0
    return box.due_at, int(box.urgent), box.thread_id, box.instead_of, box.route.address, ident
