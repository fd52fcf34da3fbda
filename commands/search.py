"""Search: tasks, facts and history, by Chinese or English words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.text import Text

from .arguments import AsJson, Limit, argument, command, group
from .desk import desk_of

if TYPE_CHECKING:
    from workflow.reading.screens import Block
    from workflow.searching import Found

app = group()


@command(app, "检索：编号、单位、填报内容、理由、批注。", "Search: numbers, units, reports, reasons.")
def search(
    ctx: typer.Context,
    words: Annotated[
        list[str],
        argument("要找的词；中文至少两个字。", "Words; of Chinese at least two characters.", metavar="WORDS"),
    ],
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    from workflow.searching import Indexing
    from workflow.searching import search as find

    desk = desk_of(ctx)
    Indexing(desk.port).work(desk.now)  # without a daemon nobody else does
    with desk.frame() as frame:
        found = find(frame, " ".join(words), None, limit=limit)
    if as_json:
        desk.json(found)
        return
    desk.blocks(_blocks(found))


def _blocks(found: Found) -> Iterator[Block]:
    from workflow.reading.screens import Block, light
    from workflow.text import same

    yield Block(
        title=Text("事项", "Tasks"),
        rows=tuple(
            (same(one.number), light(one.light), one.kind_label, one.unit, one.state_label)
            for one in found.tasks
        ),
    )
    yield Block(
        title=Text("填报与留痕", "Facts and history"),
        rows=tuple(
            (
                same(one.line.number),
                same(one.at),
                one.label,
                same("".join(f"【{text}】" if is_it else text for text, is_it in one.parts)),
            )
            for one in found.hits
        ),
    )
    if not (found.tasks or found.hits):
        yield Block(title=Text("没有找到。", "Nothing was found."))
    elif found.more_tasks or found.further is not None:
        yield Block(title=Text("还有更多；用 --limit 多列一些。", "There are more; list more with --limit."))
