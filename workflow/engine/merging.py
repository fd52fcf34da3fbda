"""Units that are renamed, and units that merge into others with their posts and open tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import BigInteger, bindparam, or_, select

from ..decision import move_units
from ..errors import BadValue, NotNow, Unknown
from ..store import organisation, posts, units
from ..store.ports import Transaction
from ..store.sql import OneOf, Statement
from ..store.tasks import TASK
from ..store.units import Node
from ..text import Text
from .authority import check_authority
from .batches import Batches, Changed, Find

MERGE, RENAME = Text("撤并单位", "merge units"), Text("更改单位名称", "rename a unit")
MAX_NAME = 100  # characters


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """What a merger did."""

    units: int  # closed, groups included
    posts: int  # passed on or ended
    tasks: Changed


def rename_unit(batches: Batches, code: str, name: Text, person: int, now: int) -> Text:
    """A unit is called otherwise from now on; what it was called. The former name stays on record.

    Raises:
        Unknown: there is no such unit.
        NotAllowed: not by that person.
        BadValue: the name is empty, too long, the one it bears already, or another unit's.
    """
    with batches.port.write("people") as tx:
        check_authority(batches.library.frame(tx, now), person, RENAME)
        nodes = units.nodes(tx)
        node = _node(nodes, code)
        _check_free(nodes, node, name)
        if not all(0 < len(one) <= MAX_NAME and one == one.strip() for one in name) or name == node.name:
            raise BadValue(
                f"没有改名：新名称须为 1 至 {MAX_NAME} 字，首尾没有空格，且与原名“{node.name.zh}”不同。",
                f"Not renamed: give a name of 1 to {MAX_NAME} characters, without blanks at its ends, and "
                f"another than {node.name.en!r}.",
            )
        units.rename(tx, node.id, name, person, now)
        organisation.move_organisation(tx, organisation.stamp(tx))
        return node.name


def _check_free(nodes: Mapping[str, Node], renamed: Node, name: Text) -> None:
    """Two units of one name could not be told apart in a ledger."""
    for other in nodes.values():
        if other.id != renamed.id and other.merged_into is None and {*other.name} & {*name}:
            raise BadValue(
                f"没有改名：{other.code} 已叫“{other.name.zh}”（{other.name.en}）。请另取名称。",
                f"Not renamed: {other.code} is called {other.name.en!r} ({other.name.zh}) already. "
                "Choose another name.",
            )


def merge_units(
    batches: Batches, code: str, into: str, person: int, now: int, *, ended_at: int | None = None
) -> Merged:
    """A unit merges into another: it is closed with its groups, posts and open tasks move.

    Closing and the posts are one transaction: from then on nothing is handed to it. The tasks follow in
    batches; if that is broken off, the same call goes on with it.

    Args:
        ended_at: since when it is closed; now, if left out. Posts and tasks move now in any case.

    Raises:
        Unknown: there is no such unit.
        NotAllowed: not by that person.
        BadValue: the two can't be merged.
        NotNow: it has merged into another one already.
    """
    with batches.port.write("people") as tx:
        check_authority(batches.library.frame(tx, now), person, MERGE)
        known = units.nodes(tx)
        pairs, resumed = _pairs(known, _node(known, code), _node(known, into))
        passed = 0 if resumed else _close(tx, pairs, person, now, now if ended_at is None else ended_at)
    moves = {closed.id: other.id for closed, other in pairs}
    changed = batches.through(
        _finder(moves), lambda one, around: move_units(one, around, moves, person), [*moves.values()], now
    )
    return Merged(units=0 if resumed else len(pairs), posts=passed, tasks=changed)


_Pairs = list[tuple[Node, Node]]


def _pairs(known: Mapping[str, Node], unit: Node, into: Node) -> tuple[_Pairs, bool]:
    """Which unit becomes which, groups included; and whether they are closed already."""
    resumed = unit.merged_into == into.id
    _check_pair(known, unit, into, resumed)
    own = [one for one in known.values() if one.group_of == unit.id]
    theirs = {one.group: one for one in known.values() if one.group_of == into.id and not one.merged_into}
    missing = [one for one in own if one.group not in theirs]
    if missing:
        raise BadValue(
            f"没有撤并：{into.code} 没有对应的组 {missing[0].group}，{missing[0].code} 的岗位和事项无处可去。"
            "请先为它设组。",
            f"Not merged: {into.code} has no group {missing[0].group}, to which the posts and tasks of "
            f"{missing[0].code} could go. Add one first.",
        )
    return [(unit, into), *((one, theirs[one.group]) for one in own)], resumed


def _check_pair(known: Mapping[str, Node], unit: Node, into: Node, resumed: bool) -> None:
    if into.merged_into is not None or (unit.merged_into is not None and not resumed):
        closed = unit if unit.merged_into is not None else into
        now = next(one.code for one in known.values() if one.id == closed.merged_into)
        raise NotNow(
            f"没有撤并：{closed.code} 早已并入 {now}。请改写单位。",
            f"Not merged: {closed.code} has merged into {now} already. Name another unit.",
        )
    if unit.id == into.id or unit.id in _above(known, into):
        raise BadValue(
            f"没有撤并：{into.code} 就是 {unit.code}，或在其下。单位不能并入自己。",
            f"Not merged: {into.code} is {unit.code} itself, or lies below it. Name another unit.",
        )
    if unit.kind != into.kind or unit.group_of is not None:
        raise BadValue(
            f"没有撤并：{unit.code} 与 {into.code} 须是同类单位，且不能是组；"
            f"现为 {unit.kind}、{into.kind}。请改写单位。",
            f"Not merged: both must be of one kind, and no groups; {unit.code} is a {unit.kind}, {into.code} "
            f"a {into.kind}. Name another unit.",
        )


def _above(known: Mapping[str, Node], unit: Node) -> set[int]:
    """The units above a unit."""
    parents = {one.id: one.parent_id for one in known.values()}
    found: set[int] = set()
    parent = parents[unit.id]
    while parent is not None and parent not in found:
        found.add(parent)
        parent = parents.get(parent)
    return found


def _close(tx: Transaction, pairs: _Pairs, person: int, now: int, ended_at: int) -> int:
    """Close the units and pass their posts on; how many posts that were."""
    passed = 0
    for unit, into in pairs:
        standing = posts.at_unit(tx, unit.id, now)
        posts.pass_to_unit(tx, standing, into.id, now, now)
        units.close(tx, unit.id, into.id, ended_at, person, now)
        passed += len(standing)
    organisation.move_organisation(tx, organisation.stamp(tx))
    return passed


def _finder(moves: Mapping[int, int]) -> Find:
    """Open tasks with a party at one of these units, or that wait there; a few that hold its number."""
    body = [TASK.c.body.like(f'%":{unit}{end}%') for unit in moves for end in (",", "}")]
    statement = Statement(
        select(TASK.c.id)
        .where(
            TASK.c.id > bindparam("after", type_=BigInteger()),
            TASK.c.ended_at.is_(None),
            TASK.c.set_aside_at.is_(None),
            or_(OneOf(TASK.c.unit_id, "units"), OneOf(TASK.c.waits_unit, "units"), *body),
        )
        .order_by(TASK.c.id)
        .limit(bindparam("most"))
    )
    return lambda tx, after, most: [
        row[0] for row in tx.all(statement, after=after, most=most, units=list(moves))
    ]


def _node(known: Mapping[str, Node], code: str) -> Node:
    if code in known:
        return known[code]
    raise Unknown(
        f"没有单位“{code}”。请用 duban units 查看。", f"There is no unit {code!r}. See them with duban units."
    )
