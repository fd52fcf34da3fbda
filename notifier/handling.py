"""What operators do to messages and channels: hold, release, retry, drop; pause, resume.

Every change says which states it may start from; what has moved on meanwhile is left alone, and the answer
says how many there were.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import structlog
from sqlalchemy import update
from sqlalchemy.sql import ColumnElement

from workflow.errors import Unknown
from workflow.store import Port, Transaction
from workflow.store.sql import OneOf, Statement
from workflow.text import Text

from .states import State
from .store import channels
from .store.channels import Standing
from .store.deliveries import DELIVERY, words

log = structlog.get_logger("duban.notifier")
_HOLDABLE: Final = (State.WAITING, State.UNKNOWN)
_RETRIABLE: Final = (State.WAITING, State.UNKNOWN, State.BOUNCED, State.GIVEN_UP)
_DROPPABLE: Final = (State.GATHERING, State.HELD, State.WAITING, State.UNKNOWN)


@dataclass(frozen=True, kw_only=True, slots=True)
class Which:
    """Which messages are meant. What is not said restricts nothing; nothing said at all means none."""

    ids: Collection[int] | None = None
    channel: str | None = None
    person_id: int | None = None
    about: str | None = None
    status: str | None = None

    @property
    def conditions(self) -> list[ColumnElement[bool]]:
        """As the database is asked."""
        columns = {"channel": self.channel, "person_id": self.person_id, "about": self.about}
        found: list[ColumnElement[bool]] = [
            DELIVERY.c[name] == value
            for name, value in {**columns, "status": self.status}.items()
            if value is not None
        ]
        if self.ids is not None:
            found.append(OneOf(DELIVERY.c.id, "ids"))
        return found

    @property
    def params(self) -> dict[str, Any]:
        """The values of those conditions that take any number of them."""
        return {} if self.ids is None else {"ids": sorted(self.ids)}


def hold(port: Port, which: Which, who: str, why: str, now: int) -> int:
    """Keep messages from being sent until somebody releases them; how many."""
    said = _said(who, why)
    return _change(
        port, which, _HOLDABLE, {"status": "held", "hold": "person", "why": said}, "hold", who, now
    )


def release(port: Port, which: Which, who: str, now: int) -> int:
    """Let held messages go; how many."""
    changes = {"status": "waiting", "hold": None, "due_at": now}
    return _change(port, which, (State.HELD,), changes, "release", who, now)


def retry(port: Port, which: Which, who: str, now: int) -> int:
    """Send messages again, with all their tries before them and the same bytes; how many."""
    changes = {"status": "waiting", "due_at": now, "tries": 0, "ended_at": None, "written_at": now}
    return _change(port, which, _RETRIABLE, changes, "retry", who, now, written=True)


def drop(port: Port, which: Which, who: str, why: str, now: int) -> int:
    """Take messages back that were not sent; how many."""
    changes = {"status": "dropped", "ended_at": now, "why": _said(who, why)}
    return _change(port, which, _DROPPABLE, changes, "drop", who, now)


def _said(who: str, why: str) -> str | None:
    return words(Text(f"{who}：{why}", f"{who}: {why}"))


def _change(
    port: Port,
    which: Which,
    states: Collection[State],
    changes: Mapping[str, Any],
    act: str,
    who: str,
    now: int,
    *,
    written: bool = False,
) -> int:
    conditions = which.conditions
    if not conditions:
        return 0
    conditions.append(OneOf(DELIVERY.c.status, "states", words=True))
    if written:
        conditions.append(DELIVERY.c.body.is_not(None))
    statement = Statement(update(DELIVERY).where(*conditions).values(**changes))
    with port.write("people") as tx:
        count = tx.run(statement, states=[state.value for state in states], **which.params)
    log.info("messages handled", act=act, by=who, messages=count, at=now)
    return count


# --- channels ---------------------------------------------------------------------------------------


def pause_channel(port: Port, name: str, who: str, why: Text, now: int) -> None:
    """Nothing further is sent on a channel; new notices go another way where there is one."""
    with port.write("people") as tx:
        before = _standing(tx, name)
        channels.put_standing(tx, replace(before, paused_at=now, paused_by=who, why=why))
    log.info("channel paused", channel=name, by=who)


def resume_channel(port: Port, name: str, who: str, now: int) -> None:
    """A channel goes on at once.

    Raises:
        Unknown: it does not pause.
    """
    with port.write("people") as tx:
        before = _standing(tx, name)
        if before.paused_at is None and before.again_at is None:
            raise Unknown(
                f"通道“{name}”没有暂停，无须恢复。请核对名称。",
                f"The channel '{name}' does not pause: there is nothing to resume. Check its name.",
            )
        channels.put_standing(tx, Standing(name=name))
    log.info("channel resumed", channel=name, by=who, at=now)


def _standing(tx: Transaction, name: str) -> Standing:
    return channels.standings(tx).get(name, Standing(name=name))
