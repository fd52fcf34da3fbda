"""Frozen snapshots of the ledger: keep it as it stands, show it again, check that nobody changed it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from .arguments import ActingPerson, AsJson, Limit, argument, command
from .dates import zone_of
from .desk import Desk, desk_of
from .filters import filtered
from .ledger import whole as whole  # main puts it together

if TYPE_CHECKING:
    from workflow.engine import Frame
    from workflow.reading import Wanted
    from workflow.store.snapshots import Snapshot

SnapshotName = Annotated[str, argument("名称，如 y2026_q1。", "A name, as y2026_q1.", metavar="NAME")]
SomeSnapshot = Annotated[str | None, argument("名称。", "Which one.", metavar="NAME")]


@command(whole, "冻结：把台账现状原样存下，不可改动。", "Keep the ledger as it stands, for good.", "freeze")
@filtered
def freeze(
    ctx: typer.Context,
    name: SnapshotName,
    person: ActingPerson,
    chosen: Wanted,
) -> None:
    from workflow.reading import frozen, ledger, person_id

    desk = desk_of(ctx)
    wanted = replace(chosen, limit=frozen.MAX_LINES)
    with desk.frame() as frame:
        who = person_id(frame.tx, person)
        snapshot, body = frozen.freeze(frame, name, wanted, ledger(frame, wanted), who)
    with desk.port.write("people") as tx:
        frozen.keep(tx, snapshot, body)
    desk.say(
        f"已冻结 {name}：{snapshot.lines} 件，SHA-256 {snapshot.sha256}。请把这串散列另行留存。",
        f"{name} is frozen: {snapshot.lines} tasks, SHA-256 {snapshot.sha256}. Keep this hash elsewhere too.",
    )


@command(
    whole,
    "冻结过的台账；写明名称则列出内容并核对散列。",
    "The frozen ledgers; with a name what one holds, checked against its hash.",
    "frozen",
)
def frozen(ctx: typer.Context, name: SomeSnapshot = None, limit: Limit = 50, as_json: AsJson = False) -> None:
    desk = desk_of(ctx)
    if name is None:
        _list(desk, as_json=as_json)
    else:
        _show(desk, name, limit, as_json=as_json)


def _list(desk: Desk, *, as_json: bool) -> None:
    from workflow.reading.screens import Block
    from workflow.store import snapshots
    from workflow.text import Text, same

    with desk.frame() as frame:
        found = snapshots.every(frame.tx)
        heading = (Text("名称", "Name"), Text("冻结于", "Frozen at"), Text("件数", "Tasks"), same("SHA-256"))
        rows = [
            (same(one.name), same(_when(frame, one)), same(str(one.lines)), same(one.sha256)) for one in found
        ]
    if as_json:
        desk.json(found)
    else:
        desk.blocks([Block(rows=(heading, *rows))])


def _show(desk: Desk, name: str, limit: int, *, as_json: bool) -> None:
    from workflow.reading import frozen as reading
    from workflow.reading.names import names

    with desk.frame() as frame:
        snapshot, lines = reading.thawed(frame, name)
        if as_json:
            desk.json({"snapshot": snapshot, "lines": lines})
            return
        who, when = names(frame.tx, [snapshot.person_id]).person(snapshot.person_id), _when(frame, snapshot)
        desk.blocks(reading.shown(frame, lines[:limit]))
    desk.say(
        f"{who.zh}冻结于 {when}，共 {snapshot.lines} 件，列出 {len(lines[:limit])} 件；散列相符，未被改动。",
        f"Frozen by {who.en} at {when}: {snapshot.lines} tasks, {len(lines[:limit])} listed. The hash fits: "
        "nobody changed it.",
    )


def _when(frame: Frame, snapshot: Snapshot) -> str:
    from workflow.reading.words import moment

    return moment(frame.calendar(zone_of(frame)), snapshot.frozen_at)
