"""Workbooks as they are read and judged: every wrong cell is named, nothing is guessed. No database."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter

from tests.sheets import OLE, filled, opened_again, problems, read, repacked
from workbooks import cells, opening, paper, people, units
from workbooks.cells import Cell, code, day, expected, fact, number_of_line, one_of, text, yes_no
from workbooks.columns import Book, named
from workbooks.marking import marked
from workbooks.people import Held, Key
from workbooks.problems import Wrong
from workbooks.template import EXPLANATIONS, LISTS, template
from workflow.calendar import default_calendar
from workflow.definition.model import Fact
from workflow.errors import BadValue
from workflow.text import Text

COUNTY = {"code": "county", "kind": "county", "zh": "县", "en": "County"}
TOWN = {"code": "town", "kind": "town", "zh": "镇", "en": "Town", "inside": "county"}
UNITS = {"county": Text("县", "County"), "town": Text("镇", "Town")}
PEOPLE = people.book(("handler", "leader"), UNITS)
CALENDAR = default_calendar("Asia/Shanghai")
NOW = CALENDAR.start_of(date(2026, 6, 1))
WANG = {
    "code": "wang",
    "zh": "王某",
    "en": "Wang",
    "post": "handler",
    "unit": "town",
    "from": date(2026, 3, 2),
}


# --- files that are not even opened -----------------------------------------------------------------

NOT_READ: list[tuple[bytes, str, str]] = [
    (b"", "it is no Excel workbook", "不是 Excel 工作簿"),
    (b"code,kind\n", "it is no Excel workbook", "不是 Excel 工作簿"),
    (b"PK\x03\x04 and then nothing", "it is no Excel workbook", "已损坏"),
    (OLE + b"\0" * 600, "old .xls format", "旧的 .xls 格式"),
    (OLE + "EncryptedPackage".encode("utf-16-le"), "protected by a password", "打开密码"),
]


@pytest.mark.parametrize(("content", "en", "zh"), NOT_READ)
def test_what_is_no_workbook_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, en: str, zh: str
) -> None:
    file = tmp_path / "units.xlsx"
    file.write_bytes(content)
    with pytest.raises(BadValue) as refusal:
        read(file, units.BOOK)
    assert en in refusal.value.text.en
    assert zh in refusal.value.text.zh


def test_a_file_that_is_not_there_or_no_file_is_refused(tmp_path: Path) -> None:
    for place in (tmp_path / "nowhere.xlsx", tmp_path):
        with pytest.raises(BadValue, match="it is no plain file"):
            read(place, units.BOOK)


@pytest.mark.parametrize("part", ["xl__vbaProject_dot_bin", "xl__macrosheets__sheet1_dot_xml"])
def test_macros_are_refused(tmp_path: Path, part: str) -> None:
    file = repacked(filled(tmp_path / "a.xlsx", units.BOOK, COUNTY), _same, **{part: b"x"})
    with pytest.raises(BadValue, match="it has macros"):
        read(file, units.BOOK)


def test_an_archive_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    file = filled(tmp_path / "a.xlsx", units.BOOK, COUNTY)
    with pytest.raises(BadValue, match="packed beyond what a workbook is"):
        read(repacked(file, _same, bomb=b"\0" * 5_000_000), units.BOOK)


@pytest.mark.parametrize(("limit", "reason"), [("MAX_FILE", "divide it"), ("MAX_UNPACKED", "too large")])
def test_a_file_beyond_the_limits_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, reason: str
) -> None:
    file = filled(tmp_path / "a.xlsx", units.BOOK, COUNTY)
    monkeypatch.setattr(opening, limit, 1_000)
    with pytest.raises(BadValue, match=reason):
        read(file, units.BOOK)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml"])
def test_entities_are_refused_wherever_they_stand(tmp_path: Path, part: str) -> None:
    def with_entity(name: str, content: bytes) -> bytes:
        if name != part:
            return content
        return b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + content.rpartition(b"?>")[2]

    file = repacked(filled(tmp_path / "a.xlsx", units.BOOK, COUNTY), with_entity)
    with pytest.raises(BadValue, match="defines entities"):
        read(file, units.BOOK)


def test_a_damaged_sheet_is_refused(tmp_path: Path) -> None:
    def cut(name: str, content: bytes) -> bytes:
        return content[: len(content) // 2] if name == "xl/worksheets/sheet1.xml" else content

    with pytest.raises(BadValue, match="damaged"):
        read(repacked(filled(tmp_path / "a.xlsx", units.BOOK, COUNTY), cut), units.BOOK)


def test_columns_that_are_hidden_again_and_again_are_told_once(tmp_path: Path) -> None:
    """A list of them for each range took all memory: a file of 6 kB may hide 18,278 columns 10,000 times."""

    def hide(name: str, content: bytes) -> bytes:
        if name != "xl/worksheets/sheet1.xml":
            return content
        ranges = b'<col min="1" max="2000000000" hidden="1"/>' * 20
        return re.sub(rb"<cols>.*</cols>|(?=<sheetData>)", b"<cols>" + ranges + b"</cols>", content, count=1)

    file = repacked(filled(tmp_path / "a.xlsx", units.BOOK, COUNTY, change=_put("E3", "x")), hide)
    hidden = [one for one in read(file, units.BOOK).problems if "hidden column" in one.found.en]
    assert [one.cell for one in hidden] == ["A1", "B1", "C1", "D1", "E1"]


def test_too_many_rows_or_columns_are_refused(tmp_path: Path) -> None:
    small = Book(name="units", sheet="单位 Units", title=Text("", ""), columns=units.BOOK.columns, most=1)
    with pytest.raises(BadValue, match="3 rows and 5 columns; at most 1 and 100"):
        read(filled(tmp_path / "a.xlsx", small, COUNTY, TOWN), small)
    wide = filled(tmp_path / "b.xlsx", units.BOOK, COUNTY, change=_put("CX3", "x"))
    with pytest.raises(BadValue, match="102 columns"):
        read(wide, units.BOOK)


def test_a_workbook_without_the_sheet_is_refused_and_a_single_sheet_is_taken(tmp_path: Path) -> None:
    file = filled(tmp_path / "a.xlsx", units.BOOK, COUNTY)
    with pytest.raises(BadValue, match="no sheet named '人员 People'"):
        read(file, PEOPLE)
    made = openpyxl.Workbook()
    assert made.active is not None
    made.active.append(["单位代码", "Kind", "中文名称", "NAME IN ENGLISH", "上级单位代码"])
    made.active.append(["county", "county", "县", "County", None])
    made.save(tmp_path / "b.xlsx")
    sheet = read(tmp_path / "b.xlsx", units.BOOK)
    assert problems(sheet) == {}
    assert sheet.lines[0].values == COUNTY


def _same(_name: str, content: bytes) -> bytes:
    return content


def _put(place: str, value: Any) -> Callable[[Any], None]:
    def change(sheet: Any) -> None:
        sheet[place].value = value

    return change


# --- sheets and cells -------------------------------------------------------------------------------


def _hide_row(sheet: Any) -> None:
    sheet.row_dimensions[3].hidden = True


def _hide_column(sheet: Any) -> None:
    sheet.column_dimensions["C"].hidden = True


def _hide_sheet(sheet: Any) -> None:
    sheet.parent[EXPLANATIONS].sheet_state = "veryHidden"


def _merge(sheet: Any) -> None:
    sheet.merge_cells("C2:C3")


WRONG_SHEETS: list[tuple[Callable[[Any], None], str, str]] = [
    (_put("C2", "=A2"), "C2", "found the formula =A2, expected a value, no formula"),
    (_put("C2", "#REF!"), "C2", "found '#REF!', expected a value, no error"),
    (_hide_row, "A3", "found a hidden row"),
    (_hide_column, "C1", "found a hidden column"),
    (_hide_sheet, EXPLANATIONS, "found a hidden sheet"),
    (_merge, "C2", "found the merged cells C2:C3"),
    (_put("C1", "名字"), "C1", "found '名字', expected one of these headings: Unit code"),
    (_put("C1", "Kind"), "C1", "expected the heading 'Kind' only once"),
    (_put("C1", None), "A1", "found no such column, expected the heading 'Name in Chinese'"),
    (_put("F2", "x"), "F2", "this column has no heading"),
    (_put("D2", None), "D2", "found nothing, expected a value"),
    (_put("D2", "  　"), "D2", "found nothing, expected a value"),
    (_put("A2", "County"), "A2", "found 'County', expected a code"),
    (_put("A2", 12), "A2", "found '12', expected a code"),
    (_put("D2", True), "D2", "found 'True', expected a text"),
    (_put("D2", date(2026, 3, 2)), "D2", "expected a text"),
    (_put("D2", "x" * 101), "D2", "a name on one line"),
]


@pytest.mark.parametrize(("change", "cell", "reason"), WRONG_SHEETS)
def test_a_wrong_cell_is_named_with_what_is_expected(
    tmp_path: Path, change: Callable[[Any], None], cell: str, reason: str
) -> None:
    sheet = read(filled(tmp_path / "a.xlsx", units.BOOK, COUNTY, TOWN, change=change), units.BOOK)
    found = problems(sheet)
    assert reason in found[cell]
    assert all(one.to_text().zh for one in sheet.problems)


def test_rows_that_are_empty_or_only_look_like_something_are_passed_over(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        sheet["A5"].fill = paper.WRONG
        sheet["A900"].number_format = "@"
        sheet.row_dimensions[900].hidden = True
        sheet.column_dimensions["ZZ"].hidden = True

    sheet = read(filled(tmp_path / "a.xlsx", units.BOOK, COUNTY, {}, TOWN, change=change), units.BOOK)
    assert problems(sheet) == {}
    assert [line.row for line in sheet.lines] == [2, 4]


def test_an_unknown_heading_is_one_problem_however_many_cells_stand_below_it(tmp_path: Path) -> None:
    file = filled(tmp_path / "a.xlsx", units.BOOK, COUNTY, TOWN, change=_put("E1", "nonsense"))
    assert list(problems(read(file, units.BOOK))) == ["E1"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        (datetime(2026, 3, 2), date(2026, 3, 2)),
        (date(2026, 3, 2), date(2026, 3, 2)),
        ("2026-03-02", date(2026, 3, 2)),
        ("2026-3-2", date(2026, 3, 2)),
        (" 2026年3月2日 ", date(2026, 3, 2)),
        ("２０２６年３月２日", date(2026, 3, 2)),
        ("2026/3/2", date(2026, 3, 2)),
    ],
)
def test_a_date_may_be_a_text_that_leaves_no_doubt(typed: Any, found: date) -> None:
    assert day(Cell(typed)) == found


@pytest.mark.parametrize(
    "typed",
    [
        *("3/2/2026", "02-03-2026", "26-3-2", "2026-13-01", "2026-02-30", "3月2日", "2026-03", "下周一"),
        *("2026-03/02", "1066-01-01", 46083, 20260302, datetime(2026, 3, 2, 9, 30), True),
    ],
)
def test_any_other_date_is_refused(typed: Any) -> None:
    with pytest.raises(Wrong):
        day(Cell(typed, "n" if isinstance(typed, int) else "s"))


def test_codes_and_numbers_may_be_full_width_and_have_spaces_around_them() -> None:
    assert code(Cell(" ｅａｓｔ＿１　")) == "east_1"
    assert number_of_line(Cell("２０２６－００１ ")) == "2026-001"
    assert number_of_line(Cell(12.0, "n")) == "12"
    assert text(Cell("　第１站 ")) == "第１站", "a name stays as it was typed"


def test_yes_and_no_in_either_language() -> None:
    assert [yes_no(Cell(one)) for one in ("是", "YES ", True)] == [True] * 3
    assert [yes_no(Cell(one)) for one in ("否", "no", False)] == [False] * 3
    for other in ("对", "1", 1):
        with pytest.raises(Wrong):
            yes_no(Cell(other, "n" if other == 1 else "s"))


def test_a_code_may_stand_with_its_name_as_the_list_writes_it() -> None:
    reader = one_of(UNITS, Text("单位", "unit"))
    assert [reader(Cell(one)) for one in ("town", "town 镇", "town Town", " ｔｏｗｎ")] == ["town"] * 4
    for wrong in ("town 县", "village", "镇"):
        with pytest.raises(Wrong):
            reader(Cell(wrong))


def _a_fact(kind: Any, **more: Any) -> Fact:
    return Fact(name="f", type=kind, label=Text("项", "Item"), **more)


@pytest.mark.parametrize(
    ("own", "cell", "found"),
    [
        (_a_fact("number"), Cell("８０．５"), 80.5),
        (_a_fact("number"), Cell(0.1 + 0.2, "n"), 0.3),
        (_a_fact("count"), Cell(3.0, "n"), 3),
        (_a_fact("percent"), Cell("60%"), 60),
        (_a_fact("percent"), Cell(60, "n"), 60),
        (_a_fact("percent"), Cell(0.6, "n", percent=True), 60),
        (_a_fact("percent"), Cell(0.07, "n", percent=True), 7),
        (_a_fact("yes/no"), Cell("是"), "yes"),
        (_a_fact("date"), Cell("2026年3月2日"), "2026-03-02"),
        (_a_fact("choice", choices=("low", "high")), Cell("high "), "high"),
        (_a_fact("unit"), Cell("town 镇"), 7),
        (_a_fact("text"), Cell(110.0, "n"), "110"),
    ],
)
def test_a_fact_is_taken_as_the_engine_stores_it(own: Fact, cell: Cell, found: Any) -> None:
    assert fact(own, {"unit": {"town": 7}, "person": {}})(cell) == found


@pytest.mark.parametrize(
    ("own", "cell", "en"),
    [
        (_a_fact("number", min=0, max=100_000_000), Cell(101, "n"), "a number from 0 to 100"),
        (_a_fact("number", min=0), Cell(-1, "n"), "a number of at least 0"),
        (_a_fact("number"), Cell("1,234"), "a number"),
        (_a_fact("number"), Cell(1 / 3, "n"), "a number"),
        (_a_fact("number"), Cell(0.6, "n", percent=True), "without the format of percentages"),
        (_a_fact("number"), Cell(True, "b"), "a number"),
        (_a_fact("count"), Cell(1.5, "n"), "a whole number"),
        (_a_fact("choice", choices=("low", "high")), Cell("medium"), "one of low, high"),
        (_a_fact("unit"), Cell("village"), "the code of a known unit"),
        (_a_fact("person"), Cell("nobody"), "the code of a known person"),
        (_a_fact("text"), Cell("x" * 4_001), "a text of 1 to 4000 characters"),
        (_a_fact("text"), Cell("a\x07b"), "without control characters"),
    ],
)
def test_a_wrong_fact_is_refused_with_what_it_takes(own: Fact, cell: Cell, en: str) -> None:
    with pytest.raises(Wrong) as wrong:
        fact(own, {"unit": {"town": 7}, "person": {}})(cell)
    assert en in wrong.value.expected.en
    assert expected(own).zh


# --- units ------------------------------------------------------------------------------------------


def _units(tmp_path: Path, *lines: dict[str, Any], **known: units.Known) -> tuple[units.Plan, dict[str, str]]:
    sheet = read(filled(tmp_path / "a.xlsx", units.BOOK, *lines), units.BOOK)
    plan = units.judge(sheet, known)
    return plan, problems(sheet)


def _unit(kind: str, label: str, inside: str | None = None) -> units.Known:
    return units.Known(kind=kind, inside=inside, label=Text(label, label.title()))


@pytest.mark.parametrize("read", [code, text, number_of_line, yes_no])
@pytest.mark.parametrize("typed", ["a" + "\u0301\u0316" * 20, "x" * 1_000_000], ids=["piled", "long"])
def test_a_cell_that_takes_long_to_read_is_refused_unread(
    monkeypatch: pytest.MonkeyPatch, read: Any, typed: str
) -> None:
    """Normalising takes the square of what is piled on a character: a workbook of 5 kB would take hours."""
    monkeypatch.setattr(cells, "unicodedata", SimpleNamespace(normalize=None))
    with pytest.raises(Wrong):
        read(Cell(typed))


def test_units_may_stand_in_any_order(tmp_path: Path) -> None:
    plan, wrong = _units(tmp_path, TOWN, COUNTY)
    assert wrong == {}
    assert [line.values["code"] for line in plan.added] == ["county", "town"]


def test_a_unit_under_itself_is_refused_directly_or_through_others(tmp_path: Path) -> None:
    _, wrong = _units(tmp_path, COUNTY | {"inside": "county"})
    assert "a unit under itself (county → county)" in wrong["E2"]
    circle = (COUNTY | {"inside": "town"}, TOWN, COUNTY | {"code": "village", "inside": "town"})
    _, wrong = _units(tmp_path, *circle)
    assert list(wrong) == ["E2"], "one circle, told once"
    assert "(county → town → county)" in wrong["E2"]


def test_a_unit_above_that_nobody_knows_and_a_code_twice_are_refused(tmp_path: Path) -> None:
    _, wrong = _units(tmp_path, TOWN, TOWN | {"zh": "另一镇"})
    assert "expected a known unit, or one of this sheet" in wrong["E2"]
    assert "which row 2 has too" in wrong["A3"]


def test_a_known_unit_is_called_otherwise_but_stays_what_and_where_it_is(tmp_path: Path) -> None:
    known = {"county": _unit("county", "县"), "town": _unit("town", "镇", "county")}
    plan, wrong = _units(tmp_path, TOWN | {"zh": "新镇"}, COUNTY | {"en": "县"}, **known)
    assert (wrong, [one.values["code"] for one in plan.relabelled]) == ({}, ["town"])
    assert plan.unchanged == 1
    _, wrong = _units(tmp_path, TOWN | {"kind": "village", "inside": None}, **known)
    assert "expected town: a known unit stays" in wrong["B2"]
    assert "expected county" in wrong["E2"]


def test_a_group_can_be_named_but_not_made(tmp_path: Path) -> None:
    group = COUNTY | {"code": "group.county"}
    assert "expected a code" in _units(tmp_path, group)[1]["A2"]
    assert _units(tmp_path, group | {"en": "县"}, **{"group.county": _unit("county", "县")})[1] == {}


# --- people -----------------------------------------------------------------------------------------


def _people(
    tmp_path: Path, *lines: dict[str, Any], held: tuple[Held, ...] = (), names: dict[str, Text] | None = None
) -> tuple[people.Plan, dict[str, str]]:
    sheet = read(filled(tmp_path / "a.xlsx", PEOPLE, *lines), PEOPLE)
    names = names or ({"wang": Text("王某", "Wang")} if held else {})
    known = people.Known(
        names=names,
        languages=dict.fromkeys(names, "zh"),
        posts={Key("wang", "handler", "town"): held},
        calendar=CALENDAR,
        now=NOW,
    )
    plan = people.judge(sheet, known)
    return plan, problems(sheet)


def _start(written: str) -> int:
    return CALENDAR.start_of(date.fromisoformat(written))


def test_a_person_may_hold_several_posts_one_after_the_other(tmp_path: Path) -> None:
    plan, wrong = _people(
        tmp_path,
        WANG | {"to": date(2026, 4, 30)},
        WANG | {"from": date(2026, 5, 1)},
        WANG | {"post": "leader", "unit": "county 县", "deputy": "是"},
        {"code": "li", "zh": "李某", "en": "Li", "language": "en"},
    )
    assert wrong == {}
    assert {code: language for code, (_, language) in plan.people.items()} == {"wang": "zh", "li": "en"}
    assert [(key.post, one.begin, one.end, one.deputy) for key, one in plan.posts] == [
        ("handler", _start("2026-03-02"), _start("2026-05-01"), False),
        ("handler", _start("2026-05-01"), None, False),
        ("leader", _start("2026-03-02"), None, True),
    ]


def test_posts_that_overlap_are_refused(tmp_path: Path) -> None:
    _, wrong = _people(tmp_path, WANG | {"to": date(2026, 5, 1)}, WANG | {"from": date(2026, 5, 1)})
    assert "a time that overlaps row 2" in wrong["H3"]
    _, wrong = _people(tmp_path, WANG, WANG)
    assert "overlaps row 2" in wrong["H3"]
    has = (Held(deputy=False, begin=_start("2026-01-01"), end=None, ident=1),)
    _, wrong = _people(tmp_path, WANG, held=has)
    assert "overlaps a post on record" in wrong["H2"]


def test_a_post_is_known_by_its_first_day_and_only_an_end_to_come_may_change(tmp_path: Path) -> None:
    has = (Held(deputy=False, begin=_start("2026-03-02"), end=None, ident=7),)
    plan, wrong = _people(tmp_path, WANG, held=has)
    assert (plan.unchanged, plan.posts, plan.ends, wrong) == (1, [], [], {})
    plan, wrong = _people(tmp_path, WANG | {"to": date(2026, 6, 30)}, held=has)
    assert (plan.ends, wrong) == ([(_start("2026-07-01"), 7)], {})
    _, wrong = _people(tmp_path, WANG | {"to": date(2026, 4, 30)}, held=has)
    assert "a day to come" in wrong["I2"]
    over = (Held(deputy=False, begin=_start("2026-03-02"), end=_start("2026-05-01"), ident=7),)
    assert "a day to come" in _people(tmp_path, WANG, held=over)[1]["I2"]
    assert (
        "end this post, then begin another" in _people(tmp_path, WANG | {"deputy": "是"}, held=has)[1]["G2"]
    )


@pytest.mark.parametrize(
    ("line", "cell", "reason"),
    [
        (WANG | {"from": None}, "H2", "a post needs it"),
        (WANG | {"unit": None}, "F2", "a post needs it"),
        (WANG | {"post": None}, "E2", "a post needs it"),
        (WANG | {"to": date(2026, 3, 1)}, "I2", "2026-03-02 or a later day"),
        (WANG | {"post": "king"}, "E2", "one of the posts handler, leader"),
        (WANG | {"unit": "village"}, "F2", "the code of a known unit"),
        (WANG | {"language": "fr"}, "D2", "zh or en"),
        (WANG | {"deputy": "也许"}, "G2", "yes or no"),
    ],
)
def test_a_post_that_cannot_be_is_refused(
    tmp_path: Path, line: dict[str, Any], cell: str, reason: str
) -> None:
    assert reason in _people(tmp_path, line)[1][cell]


def test_one_code_is_one_person(tmp_path: Path) -> None:
    leader = WANG | {"post": "leader"}
    _, wrong = _people(tmp_path, WANG, leader | {"zh": "汪某"}, leader | {"language": "en", "unit": "county"})
    assert "expected 王某 / Wang (row 2)" in wrong["B3"]
    assert "the same as in row 2" in wrong["D4"]
    _, wrong = _people(tmp_path, WANG, names={"wang": Text("汪某", "Wang")})
    assert "expected 汪某 / Wang (who has this code)" in wrong["B2"]


def test_people_of_one_name_are_told_apart_by_a_person(tmp_path: Path) -> None:
    other = WANG | {"code": "wang_two", "unit": "county"}
    assert "the name of wang too" in _people(tmp_path, WANG, other)[1]["B3"]
    _, wrong = _people(tmp_path, other, names={"wang": Text("王某", "Wang")})
    assert "--accept-namesakes" in wrong["B2"]
    assert _people(tmp_path, WANG, WANG | {"post": "leader"})[1] == {}, "two posts of one person"


_times = st.tuples(st.integers(0, 20), st.one_of(st.none(), st.integers(1, 20))).map(
    lambda pair: Held(deputy=False, begin=pair[0], end=None if pair[1] is None else pair[0] + pair[1])
)


@given(_times, _times)
def test_two_times_meet_if_some_instant_is_in_both(one: Held, other: Held) -> None:
    def holds(held: Held, now: int) -> bool:
        return held.begin <= now and (held.end is None or now < held.end)

    assert one.meets(other) == any(holds(one, now) and holds(other, now) for now in range(100))


# --- templates and marked copies --------------------------------------------------------------------


@pytest.mark.parametrize("book", [units.BOOK, PEOPLE])
def test_the_examples_of_a_template_would_be_taken_but_are_never_imported(tmp_path: Path, book: Book) -> None:
    file = filled(tmp_path / "a.xlsx", book)
    assert read(file, book).lines == []
    for column in book.columns:
        assert column.required <= (column.examples[0] is not None)
        for example in column.examples:
            if example is not None and column.code not in ("unit",):
                column.read(Cell(example, "n" if isinstance(example, int) else "s"))
    explained = opened_again(file)[EXPLANATIONS]
    told = "\n".join(str(cell.value) for row in explained.iter_rows() for cell in row if cell.value)
    assert "示例一（勿导入）" in told
    assert all(column.note.zh in told and column.note.en in told for column in book.columns)


def test_a_template_offers_lists_and_its_headings_are_found_again(tmp_path: Path) -> None:
    sheet = opened_again(filled(tmp_path / "a.xlsx", PEOPLE))[PEOPLE.sheet]
    rules = {str(one.sqref).split(":")[0]: one.formula1 for one in sheet.data_validations.dataValidation}
    assert rules["F2"] == f"'{LISTS}'!$F$2:$F$3"
    assert set(rules) == {"D2", "E2", "F2", "G2"}
    lists = sheet.parent[LISTS]
    assert [lists["F2"].value, lists["F3"].value, lists["G2"].value] == ["county 县", "town 镇", "是"]
    for position, column in enumerate(PEOPLE.columns, start=1):
        heading = sheet[f"{get_column_letter(position)}1"].value
        for written in (heading, column.label.zh, column.label.en.upper(), f" {column.label.zh} "):
            assert named(PEOPLE.columns, written) is column


def test_a_marked_copy_says_at_each_wrong_cell_what_is_expected(tmp_path: Path) -> None:
    def change(sheet: Any) -> None:
        sheet["C3"].value = "=A2"
        sheet.merge_cells("D2:D3")
        _hide_sheet(sheet)

    file = filled(tmp_path / "a.xlsx", units.BOOK, COUNTY | {"code": "县"}, TOWN, change=change)
    found = read(file, units.BOOK)
    marked(file, found.problems).save(tmp_path / "marked.xlsx")
    sheet = opened_again(tmp_path / "marked.xlsx")[units.BOOK.sheet]
    for place, told in (("A2", "expected a code"), ("C3", "no formula"), ("D2", "unmerged")):
        assert sheet[place].fill.fgColor.rgb == "00FF9999"
        assert told in sheet[place].comment.text
        assert "应为" in sheet[place].comment.text
    assert sheet["B2"].comment is None
    assert sheet["C3"].value == "=A2", "what was found is kept"
    assert opened_again(file)[units.BOOK.sheet]["A2"].comment is None


def test_labels_of_a_pack_are_no_formulas_in_a_template() -> None:
    book = people.book(("handler",), {"town": Text("镇", "Town"), "x": Text("=1+1", "=1+1")})
    made = template(book)
    for sheet in made.worksheets:
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in row)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_what_people_typed_is_never_run_as_a_formula(typed: str) -> None:
    assert not paper.is_dangerous(paper.harmless(typed))
    sheet = openpyxl.Workbook(write_only=True).create_sheet()
    found = paper.cell(sheet, typed)
    if not isinstance(found, str):
        assert (found.data_type, found.quotePrefix) == ("s", True)
    else:
        assert not paper.is_dangerous(found)
