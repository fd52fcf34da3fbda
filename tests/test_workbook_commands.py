"""`duban template`, `duban import`, `duban ledger export`: what is typed, printed, and seen in Excel."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner, Result

import main
from tests.sheets import opened_again
from tests.stories.teller import Story, instant
from tests.test_reading import CHECK, PACK, handed_out
from workbooks import giving
from workbooks import ledger as exported
from workbooks.ledger import Entry
from workflow.calendar import default_calendar
from workflow.clock import VirtualClock
from workflow.definition import Pack, load_pack
from workflow.reading.ledger import Line
from workflow.text import Text

NEUTRAL = {"DUBAN_LANG": "", "DUBAN_DATABASE": "", "DUBAN_DEBUG": "", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}


class Town:
    """A database, an instant, and the command line over it."""

    def __init__(self, url: str, story: Story, clock: VirtualClock, folder: Path) -> None:
        self.url, self.story, self._clock, self.folder = url, story, clock, folder

    def call(self, *args: object, lang: str = "en") -> Result:
        self._clock.set(self.story.now)
        typed = [*map(str, args), "--database", self.url, "--lang", lang]
        return CliRunner(env=NEUTRAL).invoke(main.app, typed)

    def does(self, *args: object) -> str:
        result = self.call(*args)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    def refuses(self, *args: object, lang: str = "en", code: int = 1) -> Result:
        result = self.call(*args, lang=lang)
        assert result.exit_code == code, result.stdout + result.stderr
        return result

    def filled(self, book: str, *lines: tuple[Any, ...], options: tuple[str, ...] = ()) -> Path:
        """A template that was filled in, from its first column on."""
        file = self.folder / f"{book}-{len(list(self.folder.iterdir()))}.xlsx"
        self.does("template", book, file, *options)
        made = openpyxl.load_workbook(file)
        for line in lines:
            made.worksheets[0].append(line)
        made.save(file)
        return file


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def town(database_url: str, pack: Pack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    story, clock = handed_out(database_url, pack), VirtualClock(0)
    monkeypatch.setattr(main, "CLOCK", clock)
    folder = tmp_path / "books"
    folder.mkdir()
    yield Town(database_url, story, clock, folder)
    story.close()


LINES = (("A-1", "beiwan 北湾区", "service", date(2026, 12, 31), 60), ("Ａ－２", "xinhe"))
OF_CHECKS = ("--kind", CHECK)
AS = ("--as", "bureau_head")


# --- template and import ----------------------------------------------------------------------------


def test_a_template_that_was_filled_in_becomes_tasks_once(town: Town) -> None:
    file = town.filled("tasks", *LINES, options=OF_CHECKS)
    before = len(town.story.find(CHECK))
    dry = town.does("import", "tasks", file, *OF_CHECKS, *AS, "--dry-run")
    assert "Nothing is wrong; nothing was written. 2 lines: 2 added" in dry
    assert len(town.story.find(CHECK)) == before
    assert "Taken. 2 lines: 2 added, 0 changed" in town.does("import", "tasks", file, *OF_CHECKS, *AS)
    assert len(town.story.find(CHECK)) == before + 2
    again = town.does("import", "tasks", file, *OF_CHECKS, *AS)
    assert "Nothing has changed: it was taken before. 2 lines: 0 added, 0 changed, 2 as they were" in again
    assert len(town.story.find(CHECK)) == before + 2


def test_units_and_people_come_in_by_their_templates(town: Town) -> None:
    units = town.filled("units", ("county_new", "region", "新县", "New County", "city"))
    assert "1 added" in town.does("import", "units", units, *AS)
    line = ("newcomer", "新某", "Xin", "zh", "handler", "county_new 新县", "否", "2026年3月2日")
    people = town.filled("people", line)
    assert "2 added" in town.does("import", "people", people, *AS)
    assert "Xin" in town.does("people", "--unit", "county_new")
    assert "Nothing has changed" in town.does("import", "people", people, *AS)


def test_wrong_cells_are_told_in_both_languages_and_marked_in_a_copy(town: Town) -> None:
    file, copy = (
        town.filled("tasks", ("A-1", "=B3"), ("A-1", "xinhe"), options=OF_CHECKS),
        town.folder / "m.xlsx",
    )
    refused = town.refuses("import", "tasks", file, *OF_CHECKS, *AS, "--dry-run", "--marked", copy)
    assert "事项 Tasks!B2：见到公式 =B3，应为一个值" in refused.stdout
    assert "事项 Tasks!B2: found the formula =B3, expected a value" in refused.stdout
    assert "事项 Tasks!A3: found 'A-1', which row 2 has too" in refused.stdout
    assert "Nothing was taken: 2 cells are wrong" in refused.stderr
    sheet = opened_again(copy).worksheets[0]
    assert sheet["B2"].fill.fgColor.rgb == sheet["A3"].fill.fgColor.rgb == "00FF9999"
    assert "expected a value" in sheet["B2"].comment.text
    chinese = town.refuses("import", "tasks", file, *OF_CHECKS, *AS, lang="zh")
    assert "没有导入：2 处有误" in chinese.stderr


def test_everything_is_given_as_json_too(town: Town) -> None:
    wrong = town.filled("tasks", ("A-1", "nowhere"), options=OF_CHECKS)
    answer = json.loads(town.refuses("import", "tasks", wrong, *OF_CHECKS, *AS, "--json").stdout)
    assert [(one["cell"], one["expected"]["en"]) for one in answer["problems"]] == [
        ("B2", "the code of a known unit")
    ]
    good = town.filled("tasks", ("A-1", "xinhe"), options=OF_CHECKS)
    answer = json.loads(town.does("import", "tasks", good, *OF_CHECKS, *AS, "--json"))
    assert (answer["added"], answer["waiting"], answer["problems"]) == (1, 0, [])


def test_wrong_use_is_refused_and_no_file_is_overwritten(town: Town) -> None:
    file = town.filled("units", ("county_new", "region", "新县", "New County", "city"))
    kept = file.read_bytes()
    for args, reason in (
        (("template", "units", file), "was left alone"),
        (("template", "units", town.folder / "a.xls"), "must end with .xlsx"),
        (("template", "unit", town.folder / "a.xlsx"), "Did you mean units?"),
        (("template", "tasks", town.folder / "a.xlsx"), "Name the kind of task with --kind"),
        (("template", "units", town.folder / "no" / "a.xlsx"), "can't be written"),
        (("import", "units", file, *AS, "--marked", file), "is the file itself"),
        (("ledger", "export", town.folder / "a.pdf"), "must end with .xlsx / .csv"),
        (("ledger", "export", town.folder / "a.csv", "--language", "fr"), "no language 'fr'"),
    ):
        assert reason in town.refuses(*args, code=2).stderr
    assert file.read_bytes() == kept
    assert sorted(one.name for one in town.folder.iterdir()) == [file.name]


# --- export -----------------------------------------------------------------------------------------


def test_the_ledger_is_exported_as_it_is_listed(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(giving, "PAGE", 7)  # several pages, none of which is lost or doubled
    file = town.folder / "ledger.xlsx"
    listed = json.loads(town.does("tasks", "--json", "--limit", 1_000))
    assert f"{listed['total']} tasks are in" in town.does("ledger", "export", file)
    rows = list(opened_again(file).worksheets[0].iter_rows(values_only=True))
    assert [row[0] for row in rows[1:]] == sorted(
        (one["number"] for one in listed["lines"]), key=lambda number: int(number[4:])
    )
    assert rows[0][:8] == ("编号", "事项", "单位", "专项任务", "状态", "亮灯", "期限", "逾期天数")
    chosen = town.folder / "chosen.xlsx"
    town.does("ledger", "export", chosen, "--kind", CHECK, "--unit", "beiwan", "--waits-for", "handler")
    (_, line) = opened_again(chosen).worksheets[0].iter_rows(values_only=True)
    assert line[1:6] == ("地区自查", "北湾区", "服务保障提档升级", "已交办", "绿灯")
    assert line[6] == datetime(2026, 4, 30)


def test_lights_are_words_and_colours_and_it_prints_well(town: Town) -> None:
    town.story.at("2026-05-12 10:00")
    file = town.folder / "ledger.xlsx"
    town.does("ledger", "export", file, "--all", "--language", "en")
    book = opened_again(file)
    sheet = book.worksheets[0]
    colours = {row[5].value: row[5].fill.fgColor.rgb for row in sheet.iter_rows(min_row=2)}
    assert colours["red"] == "00F4A6A6"
    assert len(set(colours.values())) == len(colours)
    last = sheet.max_row
    assert sheet["A1"].value == "No."
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("B2", f"A1:M{last}")
    assert sheet.print_area.replace("$", "").endswith(f"A1:M{last}")
    assert (sheet.print_title_rows, sheet.page_setup.orientation) == ("$1:$1", "landscape")
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.column_dimensions["C"].width > 20, "the names of units fit"
    # On PostgreSQL the database says what time it is.
    overdue = [
        row[7] for row in sheet.iter_rows(min_row=2, values_only=True) if row[1] == "Regional self-check"
    ]
    assert min(overdue) >= 12


def test_a_csv_opens_in_chinese_and_runs_nothing(town: Town) -> None:
    before = len(town.story.find("creation_task"))
    file = town.filled("tasks", ("A-1", "beiwan", None, None), options=("--kind", "creation_task"))
    made = openpyxl.load_workbook(file)
    sheet = made.worksheets[0]
    goal = next(cell for cell in sheet[1] if str(cell.value).endswith("[goal]"))
    typed = sheet.cell(row=2, column=goal.column or 0)
    typed.value = "=cmd|'/c calc'!A0"
    typed.data_type = "s"
    made.save(file)
    town.does("import", "tasks", file, "--kind", "creation_task", *AS)
    for name in ("out.csv", "out.xlsx"):
        town.does("ledger", "export", town.folder / name, "--kind", "creation_task")
    content = (town.folder / "out.csv").read_bytes()
    assert content.startswith("\ufeff编号,".encode())
    lines = list(csv.reader(content.decode("utf-8-sig").splitlines()))
    assert len(lines) == before + 2
    assert "'=cmd|'/c calc'!A0" in lines[-1]
    cells = list(opened_again(town.folder / "out.xlsx").worksheets[0].iter_rows())[-1]
    (found,) = (one for one in cells if str(one.value).startswith("=cmd"))
    assert (found.data_type, found.quotePrefix) == ("s", True)


def _entry(**changes: Any) -> Entry:
    own: dict[str, Any] = {
        "id": 1,
        "number": "SFD-1",
        "kind": "x",
        "kind_label": Text("事", "Task"),
        "track": None,
        "unit": Text("区", "Region"),
        "state": "open",
        "state_label": Text("办理中", "Open"),
        "light": "green",
        "due_at": None,
        "provisional": False,
        "waits_for": None,
        "waits_label": None,
        "waits_people": (),
        "opened_at": instant("2026-03-02 09:00"),
        "ended_at": None,
        "outcome": None,
        "revision": 1,
        "set_aside": None,
        "campaign": "c",
        "zone": "Asia/Shanghai",
    }
    calendar = default_calendar("Asia/Shanghai")
    now = instant("2026-05-10 09:00")
    return Entry(line=Line(**{**own, **changes}), task=None, calendar=calendar, now=now)


@pytest.mark.parametrize(
    ("changes", "column", "value"),
    [
        ({"due_at": instant("2026-05-01 00:00") - 1}, "Due", date(2026, 4, 30)),
        ({"due_at": instant("2026-05-10 08:30")}, "Due", datetime(2026, 5, 10, 8, 30)),
        ({"due_at": instant("2026-05-01 00:00") - 1}, "Days overdue", 10),
        ({"due_at": instant("2026-05-10 10:00")}, "Days overdue", None),
        (
            {"due_at": instant("2026-05-01 00:00") - 1, "ended_at": instant("2026-05-02 09:00")},
            "Days overdue",
            2,
        ),
        ({"waits_for": "handler"}, "Who that is", "nobody"),
        ({"provisional": True, "set_aside": "x"}, "Remark", "the deadline is provisional; set aside: x"),
    ],
)
def test_a_column_says_what_one_needs_to_judge(changes: dict[str, Any], column: str, value: object) -> None:
    own = next(one for one in exported.fields({}, None, {}) if one.label.en == column)
    assert own.value(_entry(**changes), "en") == value
