"""Points that are given for the indicators of a checklist, in as many reports as it takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..condition import to_micro
from ..definition.checklist import COLUMNS, INDICATOR, POINTS, REMARK
from ..definition.model import Rows
from ..definition.terms import MICRO
from ..definition.yaml import nearest
from ..errors import BadValue
from ..scoring import weighted_mean
from .case import Case
from .values import check_value

Mark = dict[str, Any]


def marks_of(rows: Rows, given: Sequence[Mapping[str, Any]]) -> list[Mark]:
    """The marks of one report, as they are stored. Raises BadValue."""
    checked = [_mark(rows, raw) for raw in given]
    idents = [one[INDICATOR] for one in checked]
    twice = next((ident for n, ident in enumerate(idents) if ident in idents[:n]), None)
    if twice is not None:
        raise BadValue(
            f"未被接受：指标 {twice} 在同一次填报中出现两次。每个指标只填一次。",
            f"Refused: the indicator {twice} stands twice in one report. Give each of them once.",
        )
    return checked


def _mark(rows: Rows, raw: Mapping[str, Any]) -> Mark:
    wrong = sorted({*raw} - {*COLUMNS}) or [name for name in (INDICATOR, POINTS) if name not in raw]
    if wrong:
        raise BadValue(
            f"清单 {rows.name} 的一行未被接受：{wrong[0]}。每行填 {INDICATOR}、{POINTS}，可填 {REMARK}。",
            f"A row of {rows.name} was refused: {wrong[0]}. Give {INDICATOR} and {POINTS}, and {REMARK} if "
            "you like.",
        )
    ident = str(raw[INDICATOR]).strip()
    if ident not in rows.indicators:
        raise _unknown(rows, ident)
    return {name: check_value(fact, raw[name]) for name, fact in COLUMNS.items() if name in raw}


def _unknown(rows: Rows, ident: str) -> BadValue:
    near = nearest(ident, rows.indicators)
    zh, en = (f"是否想写 {near}？", f" Did you mean {near}?") if near else ("", "")
    return BadValue(
        f"未被接受：没有由本类事项评分的指标 {ident[:40]!r}。{zh}请用 duban indicators 查看。",
        f"Refused: there is no indicator {ident[:40]!r} that this kind of task scores.{en} "
        "See duban indicators.",
    )


def apply_marks(case: Case, name: str, marks: Sequence[Mark]) -> None:
    """An indicator that was scored already gets the new mark."""
    known = {row.values[INDICATOR]: row for row in case.rows if row.list == name}
    for mark in marks:
        row = known.get(mark[INDICATOR])
        if row is None:
            case.add_row(name, mark)
        else:
            case.change_row(replace(row, values=mark))


def unscored(case: Case, rows: Rows, more: Sequence[Mark] = ()) -> int:
    """How many indicators have no mark, with these marks given."""
    return len(rows.indicators) - len(_points(case, rows.name, more))


def mean_of(case: Case, rows: Rows, more: Sequence[Mark] = ()) -> int | float | None:
    """The mean of a list, with these marks given; None until every indicator has one."""
    points = _points(case, rows.name, more)
    if len(points) < len(rows.indicators):
        return None
    mean = weighted_mean((one.weight, to_micro(points[one.id])) for one in rows.indicators.values())
    return mean // MICRO if mean % MICRO == 0 else mean / MICRO


def _points(case: Case, name: str, more: Sequence[Mark]) -> dict[str, Any]:
    stored = [row.values for row in case.rows if row.list == name]
    added = [one.row.values for one in case.added_rows if one.row.list == name]
    return {mark[INDICATOR]: mark[POINTS] for mark in (*stored, *added, *more)}
