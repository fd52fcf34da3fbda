"""Where a task stands in its definition, as a drawing shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson
from sqlalchemy import bindparam, select

from ..definition.model import Definition
from ..drawing import Place
from ..engine import Frame
from ..store.applying import EVENT
from ..store.sql import Statement
from ..store.tasks import EPISODE
from ..text import Text
from .numbers import number_of
from .standing import load_one

_HEADERS = Statement(select(EVENT.c.header).where(EVENT.c.task_id == bindparam("task")).order_by(EVENT.c.seq))
_SPELLS = Statement(select(EPISODE.c.rule, EPISODE.c.ended_at).where(EPISODE.c.task_id == bindparam("task")))


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A task's definition, what the kinds of its pack are called, and its place."""

    definition: Definition
    kinds: Mapping[str, Text]
    place: Place


def placed(frame: Frame, task_id: int) -> Placed:
    """Where a task stands in its definition, and how it came there.

    Raises:
        Unknown: there is no such task.
        Undecidable: its data can't be read.
    """
    loaded, around = load_one(frame, task_id)
    task, spells = loaded.task, frame.tx.all(_SPELLS, task=task_id)
    definition = around.books[task.kind].definition
    place = Place(
        number=number_of(frame, task.id, task.campaign_id),
        state=task.state,
        light=task.light,
        path=(definition.first_state.name, *_entered(frame, task_id)),
        acts=task.acts,
        episodes=Counter(rule for rule, _ in spells),
        open_rules={rule for rule, ended in spells if ended is None},
        pending={one.transition for one in task.pending},
    )
    kinds = {kind: book.definition.label for kind, book in around.books.items()}
    return Placed(definition=definition, kinds=kinds, place=place)


def _entered(frame: Frame, task_id: int) -> Iterator[str]:
    """The states that it moved to, in order."""
    for (text,) in frame.tx.all(_HEADERS, task=task_id):
        header = orjson.loads(text)
        if "to" in header and header["to"] != header.get("from"):
            yield header["to"]
