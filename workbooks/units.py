"""The book of units: the tree of an organisation, a line a unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from workflow.definition.cursor import NAME
from workflow.store import importing, organisation
from workflow.store.ports import Transaction
from workflow.text import Text

from . import cells
from .columns import Book, Column
from .problems import Wrong, shown
from .sheet import Line, Sheet

MOST = 60_000  # lines
_TWICE = Text("每个单位一行", "one line for each unit")


def _unit_code(cell: cells.Cell) -> str:
    """A code; that of a group has its unit's behind a full stop, and only a pack makes groups."""
    found = cells.plain(cell)
    if not all(NAME.fullmatch(part) for part in found.split(".")):
        raise Wrong(cells.CODE)
    return found


BOOK = Book(
    name="units",
    sheet="单位 Units",
    title=Text("单位", "Units"),
    most=MOST,
    columns=(
        Column(
            code="code",
            label=Text("单位代码", "Unit code"),
            note=Text(
                "不可重复；小写字母开头，只含小写字母、数字、下划线",
                "Once only; lower-case letters, digits, underscores, a letter first",
            ),
            read=_unit_code,
            required=True,
            examples=("example_county", "example_town"),
        ),
        Column(
            code="kind",
            label=Text("单位类别", "Kind"),
            note=Text(
                "如 county、township，与方案包用词一致", "Such as county, township, as the packs call it"
            ),
            read=cells.code,
            required=True,
            examples=("county", "township"),
        ),
        Column(
            code="zh",
            label=Text("中文名称", "Name in Chinese"),
            note=Text("单位全称", "The unit's full name"),
            read=cells.label,
            required=True,
            examples=("示例县", "示例镇"),
        ),
        Column(
            code="en",
            label=Text("英文名称", "Name in English"),
            note=Text("界面为英文时显示", "Shown to readers of English"),
            read=cells.label,
            required=True,
            examples=("Example County", "Example Town"),
        ),
        Column(
            code="inside",
            label=Text("上级单位代码", "Code of the unit above"),
            note=Text(
                "已有的单位，或本表中的单位；最上级留空",
                "A known unit or one of this sheet; blank at the top",
            ),
            read=_unit_code,
            examples=(None, "example_county"),
        ),
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """A unit that the database has."""

    kind: str
    inside: str | None
    label: Text


@dataclass(kw_only=True, slots=True)
class Plan:
    """What the book brings."""

    added: list[Line] = field(default_factory=list)  # parents first
    relabelled: list[Line] = field(default_factory=list)
    unchanged: int = 0


def known_units(tx: Transaction) -> dict[str, Known]:
    """Every unit, by code."""
    rows = organisation.units(tx)
    codes = {row[0]: row[1] for row in rows}
    return {
        code: Known(kind=kind, inside=codes.get(parent), label=Text(zh, en))
        for _, code, kind, parent, _, _, zh, en in rows
    }


def judge(sheet: Sheet, known: Mapping[str, Known]) -> Plan:
    """What a sheet of units says; what is wrong with it is added to its problems."""
    lines = _once(sheet)
    plan = Plan()
    for line in lines.values():
        inside = line.values.get("inside")
        if inside is not None and inside not in known and inside not in lines:
            expected = Text("已有的单位或本表中的单位", "a known unit, or one of this sheet")
            sheet.wrong(line.row, "inside", shown(inside), expected)
        if line.whole:
            _compare(sheet, line, known, plan)
    _refuse_circles(sheet, lines)
    plan.added = list(_parents_first(plan.added))
    return plan


def _once(sheet: Sheet) -> dict[str, Line]:
    found: dict[str, Line] = {}
    for line in sheet.lines:
        code = line.values.get("code")
        if code is None:
            continue
        if code in found:
            here = Text(
                f"“{code}”，第 {found[code].row} 行已有", f"{code!r}, which row {found[code].row} has too"
            )
            sheet.wrong(line.row, "code", here, _TWICE)
        else:
            found[code] = line
    return found


def _compare(sheet: Sheet, line: Line, known: Mapping[str, Known], plan: Plan) -> None:
    """A known unit may be called otherwise; what and where it is stays."""
    values, own = line.values, known.get(line.values["code"])
    if own is None:
        if "." in values["code"]:
            sheet.wrong(line.row, "code", shown(values["code"]), cells.CODE)
        plan.added.append(line)
        return
    for column, is_now in (("kind", own.kind), ("inside", own.inside)):
        if values.get(column) != is_now:
            expected = Text(
                f"{is_now or '空白'}（已有单位的类别和隶属不能更改；新单位请另取代码）",
                f"{is_now or 'nothing'}: a known unit stays what and where it is; a new one has a new code",
            )
            sheet.wrong(line.row, column, shown(values.get(column)), expected)
    if Text(values["zh"], values["en"]) != own.label:
        plan.relabelled.append(line)
    else:
        plan.unchanged += 1


def _refuse_circles(sheet: Sheet, lines: Mapping[str, Line]) -> None:
    """No unit is under itself, directly or through others. Each is walked once."""
    expected = Text("不在自己之下的上级单位", "a unit above that is not below this one")
    settled: set[str] = set()
    for code in lines:
        path: list[str] = []
        on_path: set[str] = set()
        here: str | None = code
        while here is not None and here in lines and here not in settled and here not in on_path:
            path.append(here)
            on_path.add(here)
            here = lines[here].values.get("inside")
        if here in on_path:
            circle = path[path.index(here or "") :]
            way = " → ".join([*circle, circle[0]])
            found = Text(f"单位隶属于自己（{way}）", f"a unit under itself ({way})")
            sheet.wrong(lines[circle[0]].row, "inside", found, expected)
        settled.update(path)


def _parents_first(added: Sequence[Line]) -> Iterator[Line]:
    """New units, each after the one that it is in. Circles have been refused."""
    for level in levels(added):
        yield from level


def levels(added: Sequence[Line]) -> Iterator[list[Line]]:
    """New units by how deep they are below what is there already."""
    waiting = {line.values["code"]: line for line in added}
    while waiting:
        level = [line for line in waiting.values() if line.values.get("inside") not in waiting]
        if not level:
            return  # a circle, which was refused
        yield level
        for line in level:
            del waiting[line.values["code"]]


def apply(tx: Transaction, plan: Plan) -> None:
    """Write what the book brings: a few statements for each level of the tree."""
    for level in levels(plan.added):
        above = {line.values["inside"] for line in level if line.values.get("inside")}
        ids = organisation.unit_ids(tx, above)
        importing.add_units(tx, [_row(line, ids) for line in level])
    labels = [(one.values["zh"], one.values["en"], one.values["code"]) for one in plan.relabelled]
    importing.relabel_units(tx, labels)


def _row(line: Line, ids: Mapping[str, int]) -> dict[str, object]:
    values = line.values
    inside = values.get("inside")
    return {
        "code": values["code"],
        "kind": values["kind"],
        "parent_id": None if inside is None else ids[inside],
        "zh": values["zh"],
        "en": values["en"],
    }
