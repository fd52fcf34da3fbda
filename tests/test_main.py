"""The command line: both languages, every command, every bad input with its sentence and exit code."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import main
from commands.demo import DEMO
from commands.desk import Desk
from commands.screen import width
from tests.stories.teller import Story
from tests.storing import raw
from workflow.clock import VirtualClock
from workflow.definition import Pack, load_pack
from workflow.errors import BadValue
from workflow.store import sqlite

from .test_reading import CHECK, PACK, copied, handed_out, prepared

ROOT = Path(main.__file__).resolve().parent
NEUTRAL = {"DUBAN_LANG": "", "DUBAN_DATABASE": "", "DUBAN_DEBUG": "", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"}
COMMANDS = (
    *("urge", "comment", "copy", "correct", "transfer", "merge"),
    *("unit", "hand-over", "roll-over", "ledger"),
    *(
        "init",
        "load",
        "check",
        "tasks",
        "show",
        "act",
        "explain",
        "forecast",
        "history",
        "outbox",
        "calendar",
        "console",
    ),
    *(
        "simulate",
        "verify",
        "daemon",
        "doctor",
        "people",
        "units",
        "delegate",
        "post",
        "release",
        "pairing",
        "rounds",
        "demo",
        "version",
        "replan",
        "migrate",
        "template",
        "import",
        "ledger",
        "draw",
        "schema",
        "notify",
    ),
    *("letter", "bulletin", "ballot"),
)


def duban(*args: str, **environ: str) -> Result:
    """Run a command line as a shell would, in English unless told otherwise."""
    return CliRunner(env={**NEUTRAL, **environ}).invoke(main.app, list(args))


class Town:
    """A database with a campaign in it, at an instant, and the command line over it."""

    def __init__(self, url: str, story: Story, clock: VirtualClock) -> None:
        self.url, self.story, self._clock = url, story, clock
        self.check = story.the(CHECK, "beiwan")
        self.folder = Path(url.removeprefix("sqlite:///")).parent

    def call(self, *args: str, lang: str = "en") -> Result:
        """Run a command on this database, at the story's time."""
        self._clock.set(self.story.now)
        return duban(*args, "--database", self.url, "--lang", lang)

    def does(self, *args: str) -> str:
        """A call that must succeed; what it printed."""
        result = self.call(*args)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    def reads(self, *args: str) -> Any:
        """A call that must succeed; the JSON that it printed."""
        return json.loads(self.does(*args, "--json"))

    def snapshot(self) -> object:
        """All that must stay as it was when something is refused."""
        with raw(self.url) as connection:
            tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            rows = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for (name,) in tables}
        files = {path.name for path in self.folder.rglob("*") if path.is_file() and "-" not in path.name}
        return rows, files


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture(scope="module")
def template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Path:
    return prepared(sqlite_template, tmp_path_factory.mktemp("prepared") / "ledger", pack)


@pytest.fixture
def town(template: Path, tmp_path: Path, pack: Pack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """The campaign on its second day; Beiwan has signed for its self-check."""
    (url, story), clock = copied(template, tmp_path / "ledger", pack), VirtualClock(0)
    monkeypatch.setattr(main, "CLOCK", clock)
    town = Town(url, story, clock)
    story.at("2026-03-03 10:00").does("handler of beiwan", "sign_for", town.check)
    yield town
    story.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"not really a photo")
    return path


# --- help and language ------------------------------------------------------------------------------


def test_help_lists_every_command_in_both_languages() -> None:
    english, chinese = duban("--help").stdout, duban("--help", "--lang", "zh").stdout
    for name in COMMANDS:
        assert f"  {name} " in english
        assert f"  {name} " in chinese
    assert "Usage: duban" in english
    assert "用法： duban" in chinese
    assert "台账" in chinese
    assert "台账" not in english
    assert "\x1f" not in english + chinese


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_in_both_languages(name: str) -> None:
    english, chinese = duban(name, "--help"), duban("--lang", "zh", name, "--help")
    assert (english.exit_code, chinese.exit_code) == (0, 0)
    assert english.stdout.isascii() or name in ("act", "calendar")
    assert "选项：" in chinese.stdout
    assert not any("\u4e00" <= char <= "\u9fff" for char in english.stdout)


@pytest.mark.parametrize(
    ("environ", "args", "zh"),
    [
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, (), True),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, (), False),
        ({"DUBAN_LANG": "zh"}, (), True),
        ({"DUBAN_LANG": "zh"}, ("--lang", "en"), False),
        ({"DUBAN_LANG": "en"}, ("--lang=zh",), True),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": ""}, (), False),
    ],
)
def test_the_language_comes_from_the_option_the_variable_or_the_locale(
    environ: dict[str, str], args: tuple[str, ...], zh: bool
) -> None:
    told = duban("check", "nowhere", *args, **environ).stderr
    assert told.startswith("没有方案包" if zh else "There is no pack")


def test_the_help_loads_none_of_the_heavy_modules() -> None:
    heavy = (
        "sqlalchemy",
        "sqlmodel",
        "holidays",
        "transitions",
        "apscheduler",
        "alembic",
        "orjson",
        "structlog",
        "rich",
    )
    code = (
        "import sys, main\n"
        "sys.argv = ['duban', '--help']\n"
        "try:\n    main.run()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "Commands:" in done.stdout


# --- wrong use: exit code 2, a sentence, never a traceback --------------------------------------------

WRONG_USE = [
    (("frobnicate",), "No such command 'frobnicate'", "命令有误"),
    (("tasks", "--frob"), "No such option: --frob", "没有选项 --frob"),
    (("show",), "Missing argument 'TASK'", "缺少 'TASK'"),
    (("act", "1"), "Missing option '--as'", "缺少 '--as'"),
    (("tasks", "--limit", "many"), "Invalid value for '--limit'", "'--limit' 的值不能接受"),
    (("show", "abc"), "'abc' is no number of a task", "“abc”不是事项编号"),
    (("check", "nowhere"), "There is no pack 'nowhere'", "没有方案包 nowhere"),
    (("explain", "1", "weather"), "'weather' can't be explained", "不能解释“weather”"),
    (("explain", "1", "episode"), "Name the rule", "请写明规则名"),
    (
        ("act", "1", "report", "--as", "beiwan_handler", "--fact", "progress"),
        "write NAME=VALUE",
        "应写 名称=值",
    ),
    (("act", "1", "report", "--as", "beiwan_handler", "--row", "problems"), "write LIST:", "应写 清单:"),
    (
        ("act", "1", "submit", "--as", "beiwan_handler", "--evidence", "/no/such"),
        "can't be read",
        "读不到文件",
    ),
    (("calendar", "import", "/no/such"), "can't be read", "读不到文件"),
    (("delegate", "beiwan_leader", "--to", "tomorrow"), "is no date", "不是日期"),
    (("simulate", "demonstration_site", "--people", "eager"), "There is no crowd 'eager'", "没有人群“eager”"),
]


@pytest.mark.parametrize(("args", "en", "zh"), WRONG_USE)
def test_wrong_use_is_told_in_both_languages(town: Town, args: tuple[str, ...], en: str, zh: str) -> None:
    before = town.snapshot()
    for lang, told in (("en", en), ("zh", zh)):
        result = town.call(*args, lang=lang)
        assert (result.exit_code, result.stdout) == (2, "")
        assert told in result.stderr
        assert "Traceback" not in result.stderr
    assert town.snapshot() == before


def test_a_language_or_database_nobody_knows_is_wrong_use() -> None:
    assert duban("version", "--lang", "fr").exit_code == 2
    result = duban("tasks", "--database", "mysql://here")
    assert (result.exit_code, "isn't known" in result.stderr) == (2, True)


# --- refusals: exit code 1, everything as it was ------------------------------------------------------

REPORT = ("act", "TASK", "report", "--as", "beiwan_handler")
REFUSED = [
    (
        ("act", "TASK", "frobnicate", "--as", "beiwan_handler"),
        "There is no act 'frobnicate'",
        "没有“frobnicate”这个操作",
    ),
    ((*REPORT[:-1], "supervisor_one", "--fact", "progress=5"), "You may not 'Report'", "不能由你“反馈进度”"),
    ((*REPORT[:-1], "nobody", "--fact", "progress=5"), "There is no person 'nobody'", "没有人员“nobody”"),
    (REPORT, "Progress is missing", "还须填报自查进度"),
    ((*REPORT, "--fact", "progress=140"), "'140' is not at most 100", "应为不大于 100"),
    ((*REPORT, "--fact", "progress=much"), "is not a number", "应为数字"),
    (
        (*REPORT, "--fact", "progress=5", "--revision", "1"),
        "Not done: you looked at revision 1",
        "未办理：你看到的是第 1 版",
    ),
    ((*REPORT, "--fact", "progress=5", "--fact", "mood=good"), "it doesn't take mood", "不收 mood"),
    (("act", "TASK", "approve", "--as", "supervisor_one"), "You can't 'Strike off' now", "现在不能“销号”"),
    (
        (
            "act",
            "TASK",
            "extend",
            "--as",
            "beiwan_handler",
            "--fact",
            "until=2026-01-01",
            "--fact",
            "reason=x",
        ),
        "is not today (2026-03-03) or a later date",
        "应为今天（2026-03-03）或以后的日期",
    ),
    (
        ("act", "TASK", "confirm:withdraw", "--as", "bureau_head"),
        "waits for confirmation",
        "没有等待确认的“撤销”",
    ),
    (("act", "TASK", "lift:late", "--as", "supervisor_one"), "has no open episode", "现在没有亮着"),
    (("act", "999", "report", "--as", "beiwan_handler"), "There is no task 999", "没有编号为 999 的事项"),
    (("show", "XYZ-1"), "There is no task XYZ-1", "没有事项 XYZ-1"),
    (("tasks", "--unit", "beiwn"), "Did you mean beiwan?", "是否想写 beiwan？"),
    (("tasks", "--kind", "selfcheck"), "Did you mean self_check?", "是否想写 self_check？"),
    (("people", "--unit", "nowhere"), "There is no unit 'nowhere'", "没有单位“nowhere”"),
    (("post", "give", "beiwan_leader", "handlr", "beiwan"), "Did you mean handler?", "是否想写 handler？"),
    (("post", "give", "beiwan_leader", "leader", "beiwan"), "holds leader at beiwan already", "已担任"),
    (("post", "end", "beiwan_leader", "handler", "beiwan"), "doesn't hold handler", "没有担任"),
    (
        ("delegate", "beiwan_leader", "--to", "2026-03-01"),
        "The end 2026-03-01 has passed",
        "终止日期 2026-03-01 已过",
    ),
    (("delegate", "beiwan_leader", "beiwan_leader"), "Nobody stands in for themselves", "不能委托给本人"),
    (("people", "add", "Zhang", "--zh", "张", "--en", "Z"), "is no code", "不能用"),
    (("people", "add", "beiwan_leader", "--zh", "张", "--en", "Z"), "is taken", "已有人使用"),
    (("release",), "Nothing is held", "目前没有暂停"),
    (("release", "TASK"), "is not set aside", "没有搁置"),
    (("explain", "TASK", "episode", "vry_late"), "Did you mean very_late?", "是否想写 very_late？"),
    (("calendar", "show", "1800"), "There is no calendar for 1800", "没有 1800 年的日历"),
]


@pytest.mark.parametrize(("args", "en", "zh"), REFUSED)
def test_a_refusal_is_told_in_both_languages_and_leaves_everything(
    town: Town, args: tuple[str, ...], en: str, zh: str
) -> None:
    before = town.snapshot()
    given = [str(town.check) if one == "TASK" else one for one in args]
    for lang, told in (("en", en), ("zh", zh)):
        result = town.call(*given, lang=lang)
        assert (result.exit_code, result.stdout) == (1, "")
        assert told in result.stderr
        assert "Traceback" not in result.stderr
    assert town.snapshot() == before


@pytest.mark.parametrize(
    "act",
    [
        ("submit", "--as", "beiwan_leader", "--fact", "own_score=90", "--row", "problems:"),
        ("submit", "--as", "beiwan_handler", "--fact", "own_score=900", "--row", "problems:"),
        ("submit", "--as", "beiwan_handler", "--fact", "own_score=90", "--revision", "1"),
        ("review", "--as", "beiwan_handler"),
    ],
)
def test_a_refused_act_does_not_even_keep_its_evidence(town: Town, photo: Path, act: tuple[str, ...]) -> None:
    before = town.snapshot()
    assert town.call("act", str(town.check), *act, "--evidence", str(photo)).exit_code == 1
    assert town.snapshot() == before
    assert not (town.folder / "evidence").exists()


def test_everything_is_refused_while_a_hold_stands(town: Town, photo: Path) -> None:
    town.story.puts_on_hold()
    before = town.snapshot()
    submit = ("act", str(town.check), "submit", "--as", "beiwan_handler", "--fact", "own_score=9")
    for args in ((*submit, "--evidence", str(photo)), ("calendar", "recompute")):
        result = town.call(*args)
        assert (result.exit_code, "duban release" in result.stderr) == (1, True)
    assert town.snapshot() == before
    assert "Released" in town.does("release", "--as", "admin")
    assert town.call("release").exit_code == 1


def test_a_broken_pack_is_refused_with_every_problem(town: Town, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(PACK, broken)
    check = broken / "self_check.yaml"
    check.write_text(
        check.read_text().replace(
            "waits_for: handler,    within: 2 workdays", "waits_for: handlr, within: 2 days on"
        )
    )
    before = town.snapshot()
    for command in ("check", "load"):
        zh = town.call(command, str(broken), lang="zh")
        en = town.call(command, str(broken))
        assert (en.exit_code, zh.exit_code) == (1, 1)
        assert en.stderr.count("self_check.yaml:") == 2
        assert "Did you mean handler?" in en.stderr
        assert "是否想写 handler？" in zh.stderr
        assert "2 problem(s)" in en.stderr
    told = json.loads(duban("check", str(broken), "--json").stdout)
    assert (told["ok"], len(told["problems"])) == (False, 2)
    assert {"file", "line", "key", "found", "expected", "nearest"} <= told["problems"][0].keys()
    assert town.snapshot() == before


# --- a database that can't be used --------------------------------------------------------------------


def _refused_database(town: Town, en: str, zh: str, *args: str) -> None:
    for lang, told in (("en", en), ("zh", zh)):
        result = town.call(
            *(args or ("act", str(town.check), "report", "--as", "beiwan_handler", "--fact", "progress=5")),
            lang=lang,
        )
        assert result.exit_code == 1
        assert told in result.stderr
        assert "Traceback" not in result.stderr


def test_a_locked_database_says_so(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_MS", 20)
    with raw(town.url) as connection:
        connection.execute("BEGIN IMMEDIATE")
        _refused_database(town, "is locked by another program", "被另一个程序占用")
        connection.execute("ROLLBACK")
    town.does("act", str(town.check), "report", "--as", "beiwan_handler", "--fact", "progress=5")


def test_a_read_only_database_says_so(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    before = town.snapshot()
    monkeypatch.setattr(sqlite, "_PRAGMAS", (*sqlite._PRAGMAS, "PRAGMA query_only = ON"))
    _refused_database(town, "is read-only", "只读")
    assert "SFD-" in town.does("tasks", "--limit", "1")
    assert town.snapshot() == before


def test_a_full_disk_says_so(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    before = town.snapshot()
    monkeypatch.setattr(sqlite, "_PRAGMAS", (*sqlite._PRAGMAS, "PRAGMA max_page_count = 1"))
    long = "x" * 4_000
    _refused_database(
        town,
        "The disk is full",
        "磁盘已满",
        "act",
        str(town.check),
        "withdraw",
        "--as",
        "supervisor_one",
        "--fact",
        f"reason={long}",
    )
    assert town.snapshot() == before


def test_a_newer_database_says_so(town: Town) -> None:
    with raw(town.url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = town.snapshot()
    for command in ("tasks", "init"):
        _refused_database(town, "written by a newer program", "由更新的程序写成", command)
    assert town.snapshot() == before


def test_a_network_share_is_refused(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "_mounts", lambda: "server:/share / nfs4 rw 0 0\n")
    _refused_database(town, "lies on a network share (nfs4)", "网络共享（nfs4）", "tasks")


def test_a_database_that_was_not_made_or_is_none_says_what_to_do(tmp_path: Path) -> None:
    missing = duban("tasks", "--database", f"sqlite:///{tmp_path}/new.db")
    assert (missing.exit_code, "Run duban init first" in missing.stderr) == (1, True)
    folder = duban("init", "--database", f"sqlite:///{tmp_path}/no/new.db", "--lang", "zh")
    assert (folder.exit_code, "没有文件夹" in folder.stderr) == (1, True)
    (tmp_path / "text.db").write_text("this is no database, whatever it is called, " * 50)
    garbage = duban("tasks", "--database", f"sqlite:///{tmp_path}/text.db")
    assert garbage.exit_code == 1
    assert "Traceback" not in garbage.stderr
    assert not (tmp_path / "new.db").exists()


def test_a_server_that_is_not_there_says_so() -> None:
    result = duban("tasks", "--database", "postgresql://nobody@127.0.0.1:1/none")
    assert (result.exit_code, "can't be used" in result.stderr) == (1, True)


def test_what_nobody_expected_is_one_sentence_too(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("surprise")

    monkeypatch.setattr("workflow.reading.ledger", fail)
    result = town.call("tasks", lang="zh")
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "ZeroDivisionError: surprise" in result.stderr
    loud = duban("tasks", "--database", town.url, DUBAN_DEBUG="1")
    assert isinstance(loud.exception, ZeroDivisionError)


# --- the commands -----------------------------------------------------------------------------------


def test_a_database_is_made_a_pack_loaded_and_loaded_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "is ready" in duban("init").stdout
    assert (tmp_path / "var" / "duban.db").is_file()
    assert "is ready" in duban("init").stdout
    shipped = ROOT / "definitions" / "demonstration_site"
    first, again = duban("load", "demonstration_site"), duban("load", str(shipped), "--json")
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "is in force" in first.stdout
    told = json.loads(again.stdout)
    assert (told["version_is_new"], told["units"], told["people"]) == (False, 0, 0)


def test_a_shipped_pack_is_found_by_name_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = json.loads(duban("check", "demonstration_site", "--json").stdout)
    assert told["ok"]
    assert "self_check" in told["kinds"]


def test_the_ledger_is_printed_and_given_as_json(town: Town) -> None:
    told = town.does("tasks", "--kind", CHECK, "--unit", "beiwan")
    assert f"SFD-{town.check}" in told
    assert "Handler: Li Mou-zhou" in told
    found = town.reads("tasks", "--all", "--limit", "3")
    assert (found["total"], len(found["lines"])) == (42, 3)
    chinese = town.call("tasks", "--waits-for", "beiwan_handler", lang="zh").stdout
    assert "承办人 李某舟" in chinese
    assert "共 4 件" in chinese


def test_columns_stand_below_each_other_in_chinese_too(town: Town) -> None:
    head, *lines = town.call("tasks", "--kind", CHECK, lang="zh").stdout.splitlines()[:-1]
    at = width(head[: head.index("期限")])
    for line in lines:
        assert width(line[: line.index("2026-04-30")]) == at


def test_a_ledger_that_nobody_keeps_up_says_so(town: Town) -> None:
    town.story.doze_until("2026-03-28 10:00")
    assert "Run duban daemon" in town.call("tasks").stderr
    assert town.call("tasks").exit_code == 0


def test_a_task_is_shown_by_either_form_of_its_number(town: Town) -> None:
    assert town.does("show", f"SFD-{town.check}") == town.does("show", str(town.check))
    assert town.reads("show", str(town.check))["line"]["number"] == f"SFD-{town.check}"


def test_an_act_with_facts_rows_and_evidence_is_done_and_told(town: Town, photo: Path) -> None:
    done = town.does(
        *("act", f"SFD-{town.check}", "submit", "--as", "beiwan_handler", "--fact", "own_score=88.5"),
        *(
            "--row",
            'problems:what="屋顶, 漏水",due=2026-04-10',
            "--row",
            "problems:what=台账不全,due=2026-04-12",
        ),
        *("--evidence", str(photo)),
    )
    assert done == f"Done: SFD-{town.check} is Under review, revision 3.\n"
    digest = hashlib.sha256(photo.read_bytes()).hexdigest()
    assert (town.folder / "evidence" / digest[:2] / digest).read_bytes() == photo.read_bytes()
    shown = town.reads("show", str(town.check))
    assert [row["values"]["what"] for row in shown["lists"][0]["rows"]] == ["屋顶, 漏水", "台账不全"]
    told = town.call("history", str(town.check), lang="zh").stdout
    assert "李某舟（承办人）“报送自查报告”：自查中 → 待审核，附佐证 1 份" in told
    assert "问题清单：屋顶, 漏水，2026-04-10" in told
    assert town.reads("history", str(town.check))[-1]["kind"] == "act"


def test_a_repeated_request_gets_the_first_answer_and_keeps_nothing_twice(town: Town, photo: Path) -> None:
    submit = (
        *(
            "act",
            str(town.check),
            "submit",
            "--as",
            "beiwan_handler",
            "--fact",
            "own_score=90",
            "--row",
            "problems:",
        ),
        *("--evidence", str(photo), "--request-id", "r1", "--revision", "2"),
    )
    first, before = town.reads(*submit), town.snapshot()
    again = town.reads(*submit)
    assert (first["repeated"], again["repeated"]) == (False, True)
    assert first["revision"] == again["revision"]
    assert "done before" in town.does(*submit)
    assert town.snapshot() == before


def test_an_act_that_must_be_confirmed_says_so(town: Town) -> None:
    asked = town.does("act", str(town.check), "withdraw", "--as", "supervisor_one", "--fact", "reason=重复")
    assert "It takes effect once confirmed, by 2026-03-06" in asked
    confirmed = town.does("act", str(town.check), "confirm:withdraw", "--as", "bureau_head")
    assert "is Withdrawn" in confirmed


def test_without_a_transition_it_lists_what_may_be_done(town: Town) -> None:
    told = town.does("act", str(town.check), "--as", "beiwan_handler")
    may, _, others = told.partition("Not now")
    assert "report " in may
    assert "asks for Progress (progress)" in may
    assert "approve " in others
    found = town.reads("act", str(town.check), "--as", "beiwan_handler")
    everyday = {"comment:", "copy:", "correct:"}
    assert {one["name"] for one in found if one["may"]} == {"report", "extend", "submit", *everyday}


def test_a_task_is_explained_whole_or_in_part(town: Town) -> None:
    whole = town.does("explain", str(town.check))
    for title in ("Where it stands", "Light", "Deadline", "Rules", "The clock"):
        assert title in whole
    assert "milestone" in town.does("explain", str(town.check), "deadline")
    rules = town.does("explain", str(town.check), "rules")
    assert ["very_late", "gravely", "late:"] in [line.split()[:3] for line in rules.splitlines()]
    assert "Rule gravely late (very_late), red" in town.does(
        "explain", str(town.check), "episode", "very_late"
    )
    assert [one["about"] for one in town.reads("explain", str(town.check))] == [
        "state",
        "light",
        "deadline",
        "rules",
        "wake",
    ]


def test_the_outbox_warns_of_what_reaches_nobody(town: Town) -> None:
    assert "Li Mou-zhou" in town.does("outbox", "--person", "beiwan_handler")
    with raw(town.url) as connection:
        connection.execute("UPDATE outgoing SET person_id = NULL WHERE id = (SELECT max(id) FROM outgoing)")
    result = town.call("outbox", "--limit", "2")
    assert result.stdout.startswith("!! NOBODY")
    assert "1 messages reach nobody" in result.stderr
    assert town.reads("outbox")["unaddressed"] == 1


def test_people_are_added_posted_away_and_dismissed(town: Town) -> None:
    town.does("people", "add", "newcomer", "--zh", "新某人", "--en", "New Mou-ren")
    town.does("post", "give", "newcomer", "handler", "beiwan", "--deputy")
    town.does("delegate", "beiwan_handler", "newcomer", "--to", "2026-03-20", "--reason", "培训")
    listed = town.does("people", "--unit", "beiwan")
    assert "deputy handler @ beiwan" in listed
    assert "away 2026-03-03 to 2026-03-20, New Mou-ren acts" in listed
    done = town.does("act", str(town.check), "report", "--as", "newcomer", "--fact", "progress=20")
    assert done.startswith("Done")
    assert "New Mou-ren (for Li Mou-zhou, Handler)" in town.does("history", str(town.check))
    town.does("post", "end", "newcomer", "handler", "beiwan", "--last-day", "2026-03-10")
    assert len(town.reads("people", "--unit", "beiwan")) == 3
    assert "beiwan" in town.does("units", "--kind", "region")


NOTICE = """year 2026
source 试发〔2026〕1号
2026-01-01..2026-01-03 off 元旦
2026-02-15..2026-02-23 off 春节
2026-04-04..2026-04-06 off 清明节
2026-05-01..2026-05-05 off 劳动节
2026-06-19..2026-06-21 off 端午节
2026-09-25..2026-09-27 off 中秋节
2026-10-01..2026-10-07 off 国庆节
2026-05-18..2026-05-22 off 特别假期
"""


def test_a_notice_moves_deadlines_that_are_still_to_come(town: Town, tmp_path: Path) -> None:
    notice = tmp_path / "notice.txt"
    notice.write_text(NOTICE)
    town.story.at("2026-05-12 10:00")
    special = town.story.find("special_supervision", "beiwan")[0]
    due = town.story.task(special).due_at
    assert "published" in town.does("calendar", "show", "2026")
    assert "is imported" in town.does("calendar", "import", str(notice))
    assert "nothing changed" in town.does("calendar", "import", str(notice))
    assert "特别假期" in town.call("calendar", "show", "2026", lang="zh").stdout
    told = town.does("calendar", "recompute")
    assert f"SFD-{special}" in told
    moved = town.story.task(special).due_at
    assert moved is not None
    assert due is not None
    assert moved > due
    assert "日历变动，期限由" in town.call("history", str(special), lang="zh").stdout
    assert town.reads("calendar", "recompute")["moved"] == []


def test_a_wrong_notice_is_refused_line_by_line(town: Town, tmp_path: Path) -> None:
    notice, before = tmp_path / "notice.txt", town.snapshot()
    notice.write_text("year 2027\nsource x\n2027-13-01 off 元旦\n2027-02-08 work\n")
    result = town.call("calendar", "import", str(notice), lang="zh")
    assert (result.exit_code, "第 3 行" in result.stderr, "第 4 行" in result.stderr) == (1, True, True)
    notice.write_bytes(b"\xff\xfe")
    assert town.call("calendar", "import", str(notice)).exit_code == 2
    assert town.snapshot() == before


def test_history_is_verified_and_a_changed_line_named(town: Town) -> None:
    assert "lines of 42 tasks fit" in town.does("verify")
    assert town.reads("verify", f"SFD-{town.check}")["tasks"] == 1
    with raw(town.url) as connection:
        connection.execute("UPDATE event SET header = replace(header, 'sign_for', 'withdraw')")
    result = town.call("verify", lang="zh")
    assert (result.exit_code, f"事项 {town.check} 第 2 条留痕被改动过" in result.stderr) == (1, True)
    assert json.loads(town.call("verify", "--json").stdout)["seq"] == 2


def test_the_doctor_ends_with_1_while_something_waits(town: Town) -> None:
    result = town.call("doctor", lang="zh")
    assert (result.exit_code, "没有守护进程在运行" in result.stdout) == (1, True)
    assert {one["level"] for one in json.loads(town.call("doctor", "--json").stdout)} >= {"waits", "fine"}


def test_a_task_that_was_set_aside_is_shown_and_released(town: Town) -> None:
    with raw(town.url) as connection:
        connection.execute(
            f"UPDATE task SET set_aside_at = 1, set_aside_why = 'broken' WHERE id = {town.check}"
        )
    assert "set aside" in town.does("tasks", "--unit", "beiwan", "--kind", CHECK)
    assert "broken" in town.does("show", str(town.check))
    assert (
        town.call(
            "act", str(town.check), "report", "--as", "beiwan_handler", "--fact", "progress=5"
        ).exit_code
        == 1
    )
    assert "is released" in town.does("release", str(town.check))
    town.does("act", str(town.check), "report", "--as", "beiwan_handler", "--fact", "progress=5")


def test_versions_are_told() -> None:
    assert json.loads(duban("version", "--json").stdout).keys() == {"duban", "schema", "sqlite", "python"}
    assert "sqlite" in duban("version").stdout


def test_a_simulation_uses_a_database_of_its_own_unless_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    play = ("simulate", "demonstration_site", "--days", "4", "--seed", "3", "--json")
    first, again = duban(*play), duban(*play, "--database", f"sqlite:///{tmp_path}/own.db")
    assert (first.exit_code, again.exit_code) == (0, 0), first.stderr
    assert json.loads(first.stdout)["ledger"] == json.loads(again.stdout)["ledger"]
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix == ".db") == ["own.db"]
    assert duban("verify", "--database", f"sqlite:///{tmp_path}/own.db").exit_code == 0


def test_a_simulation_leaves_its_evidence_beside_its_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kept, thrown, own = tmp_path / "kept", tmp_path / "thrown", f"sqlite:///{tmp_path}/own.db"
    play = ("simulate", "demonstration_site", "--days", "2")
    assert duban(*play, "--evidence-folder", str(thrown)).exit_code == 0
    assert not thrown.exists()
    assert duban(*play, "--database", own).exit_code == 0
    assert (tmp_path / "evidence").is_dir()
    found = json.loads(duban("doctor", "--database", own, "--json").stdout)
    assert [one for one in found if one["level"] == "wrong"] == []
    other = ("--database", f"sqlite:///{tmp_path}/other.db", "--evidence-folder", str(kept))
    assert duban(*play, *other).exit_code == 0
    assert kept.is_dir()


# --- the demonstration --------------------------------------------------------------------------------


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a demonstration plays, on a fixed day, with a daemon that goes home at once."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(main, "CLOCK", VirtualClock(1_790_000_000_000))  # 2026-09-21 21:33
    monkeypatch.setattr("commands.demo.together", lambda desk, *_, **__: desk.say("当班", "on duty"))
    monkeypatch.setattr("commands.demo.listen_near", lambda host, _port: socket.create_server((host, 0)))
    return tmp_path / "var" / "demo.db"


def test_the_demonstration_tells_a_story_and_what_to_try(stage: Path) -> None:
    stage.parent.mkdir()
    stage.write_text("yesterday's")
    done = duban("demo")
    assert done.exit_code == 0, done.stderr
    assert "days from 2026-05-0" in done.stdout
    told = done.stdout.partition("The story of task SFD-")[2]
    assert ", red" in told
    assert "episode over" in told
    assert "Struck off" in told or "Closed" in told
    tries = [line.split("duban ")[-1] for line in told.splitlines() if line.endswith(f"sqlite:///{DEMO}")]
    expected = ["tasks", "explain", "forecast", "history", "scores", "rounds", "outbox", "doctor"]
    assert [one.split()[0] for one in tries] == expected
    for one in tries[:-1]:
        assert duban(*one.split()).exit_code == 0
    found = json.loads(duban(*tries[-1].split(), "--json").stdout)
    assert {one["about"] for one in found if one["level"] in ("wrong", "waits")} == {
        "daemon",
        "messages wait",
    }
    assert told.endswith("on duty\n")


def test_a_demonstration_leaves_a_database_alone_that_a_daemon_works_on(stage: Path) -> None:
    stage.parent.mkdir()
    stage.write_text("at work")
    with stage.with_name("demo.db.daemon").open("a") as place:
        fcntl.flock(place, fcntl.LOCK_EX)
        refused = duban("demo")
    assert (refused.exit_code, "a daemon already works on var/demo.db" in refused.stderr) == (1, True)
    assert stage.read_text() == "at work"


def test_progress_is_shown_on_a_terminal_once_it_takes_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal, seconds = Terminal(), iter([0.0, 0.5, 1.5])
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr("commands.screen.time.monotonic", lambda: next(seconds, 2.0))
    desk = Desk(language="zh", url="", evidence=None, clock=VirtualClock(0), salts=bytes)
    with desk.progress("校验", "Verifying") as progress:
        progress(1, 4)
        assert terminal.getvalue() == ""
        progress(2, 4)
        progress(3, 4)
    assert "校验" in terminal.getvalue()


def test_the_command_line_works_on_postgresql_too(postgresql_url: str, pack: Pack, tmp_path: Path) -> None:
    story = handed_out(postgresql_url, pack)
    story.close()
    notice = tmp_path / "notice.txt"
    notice.write_text(NOTICE)
    for args in (
        ("act", "1", "sign_for", "--as", "chenguang_handler", "--fact", "goal=x", "--request-id", "r"),
        ("people", "add", "newcomer", "--zh", "新", "--en", "New"),
        ("post", "give", "newcomer", "handler", "beiwan"),
        ("delegate", "beiwan_leader", "newcomer"),
        ("calendar", "import", str(notice)),
        ("calendar", "recompute"),
        ("outbox",),
        ("explain", "1"),
        ("tasks",),
        ("tasks", "--waits-for", "beiwan_handler"),
        ("show", "1"),
        ("history", "1"),
        ("verify",),
    ):
        result = duban(*args, "--database", postgresql_url)
        assert result.exit_code == 0, result.stderr
    assert "There is no unit" in duban("tasks", "--unit", "zz", "--database", postgresql_url).stderr


# --- what people type wrong, and take back ------------------------------------------------------------

NOT_UTF8 = "caf\udce9"  # what Python makes of a byte that is no UTF-8
AT_THE_EDGE = [
    (("delegate", "beiwan_leader", "--to", "9999-12-31"), 1, "outside the years 1901 to 2399", "不在 1901"),
    (("delegate", "beiwan_leader", "--from", "1900-01-01"), 1, "or leave it out", "或不写"),
    (("delegate", "beiwan_leader", "--to", "2400-01-01"), 1, "outside the years", "不在 1901"),
    (("delegate", "beiwan_leader", "--end"), 1, "is not away now", "目前没有外出"),
    (("delegate", "beiwan_leader", "--end", "--from", "2026-03-02"), 1, "has passed", "已过"),
    (("delegate", "beiwan_leader", "beiwan_handler", "--end"), 2, "--end takes only --from", "只能与 --from"),
    (("delegate", "beiwan_leader", "--end", "--to", "2026-04-01"), 2, "--end takes only", "只能与 --from"),
    (("delegate", "beiwan_leader", "--end", "--reason", "x"), 2, "--end takes only", "只能与 --from"),
    (("delegate", "beiwan_leader", "--reason", NOT_UTF8), 2, "--reason is no UTF-8", "--reason 不是 UTF-8"),
    ((*REPORT, "--fact", "progress=5", "--request-id", ""), 1, "or leave --request-id out", "或不写"),
    ((*REPORT, "--fact", "progress=5", "--request-id", " "), 1, "request id is empty", "请求编号是空的"),
    ((*REPORT, "--fact", "progress=5", "--request-id", NOT_UTF8), 2, "is no UTF-8", "不是 UTF-8"),
    ((*REPORT, "--fact", "progress=5", "--revision", "7"), 1, "there is no revision 7", "没有第 7 版"),
    ((*REPORT, "--fact", f"progress={NOT_UTF8}"), 2, "--fact is no UTF-8", "--fact 不是 UTF-8"),
    ((*REPORT, "--row", f"problems:what={NOT_UTF8}"), 2, "--row is no UTF-8", "--row 不是 UTF-8"),
    ((*REPORT, "--row", 'problems:what="a'), 2, "write LIST:", "应写 清单:"),
    ((*REPORT, "--row", 'problems:what="a"b'), 2, "write LIST:", "应写 清单:"),
    ((*REPORT, "--row", "problems:what=a,,due=x"), 2, "write LIST:", "应写 清单:"),
    (("people", "add", "newcomer", "--zh", "", "--en", ""), 1, "name is empty", "姓名是空的"),
    (("people", "add", "newcomer", "--zh", "新", "--en", " "), 1, "name is empty", "姓名是空的"),
    (("people", "add", "newcomer", "--zh", NOT_UTF8, "--en", "N"), 2, "--zh is no UTF-8", "--zh 不是 UTF-8"),
    (("calendar", "import", "/"), 2, "is no plain file", "不是普通文件"),
    (("calendar", "import", "/dev/zero"), 2, "is no plain file", "不是普通文件"),
]


@pytest.mark.parametrize(("args", "code", "en", "zh"), AT_THE_EDGE)
def test_what_is_typed_wrong_is_refused_at_the_edge(
    town: Town, args: tuple[str, ...], code: int, en: str, zh: str
) -> None:
    before = town.snapshot()
    given = [str(town.check) if one == "TASK" else one for one in args]
    for lang, told in (("en", en), ("zh", zh)):
        result = town.call(*given, lang=lang)
        assert (result.exit_code, result.stdout) == (code, "")
        assert told in result.stderr
        assert "faster" not in result.stderr
    assert town.snapshot() == before


def test_the_engine_takes_no_empty_request_id_and_no_revision_to_come(town: Town) -> None:
    for more in ({"request_id": ""}, {"revision": 7}):
        with pytest.raises(BadValue):
            town.story.does("handler of beiwan", "report", town.check, facts={"progress": 5}, **more)


def test_the_last_day_of_the_calendar_can_be_named(town: Town) -> None:
    town.does("delegate", "beiwan_leader", "--from", "1901-01-01", "--to", "2399-12-31")
    assert "away 1901-01-01 to 2399-12-31" in town.does("people", "--unit", "beiwan")


def test_a_delegation_is_ended_and_stays_on_record(town: Town) -> None:
    town.does("delegate", "beiwan_handler", "beiwan_leader")
    town.does("delegate", "beiwan_handler", "--from", "2026-06-01", "--to", "2026-06-30")
    town.story.at("2026-03-04 10:00")
    assert town.does("delegate", "beiwan_handler", "--end") == (
        "beiwan_handler is back from 2026-03-04 on; absences ended: 1.\n"
    )
    listed = town.does("people", "--unit", "beiwan")
    assert "away 2026-03-03" not in listed
    assert "away 2026-06-01 to 2026-06-30" in listed
    acted = town.call("act", str(town.check), "report", "--as", "beiwan_leader", "--fact", "progress=20")
    assert acted.exit_code == 1
    told = town.call("delegate", "beiwan_handler", "--end", "--from", "2026-06-01", lang="zh").stdout
    assert told == "已记：beiwan_handler 自 2026-06-01 起不再外出，终止 1 项。\n"
    assert "away" not in town.does("people", "--unit", "beiwan")
    with raw(town.url) as connection:
        spans = connection.execute("SELECT valid_from, valid_to FROM delegation ORDER BY id").fetchall()
    assert spans[0][0] < spans[0][1] == town.story.now
    assert spans[1][0] == spans[1][1]


def test_a_deputy_is_given_the_post_itself(town: Town) -> None:
    give = ("post", "give", "beiwan_leader", "handler", "beiwan")
    assert "holds deputy handler at beiwan" in town.does(*give, "--deputy")
    again = town.call(*give, "--deputy")
    assert "holds deputy handler at beiwan already" in again.stderr
    assert "已担任 beiwan 的副 handler" in town.call(*give, "--deputy", lang="zh").stderr
    assert "holds handler at beiwan" in town.does(*give)
    assert "holds handler at beiwan already" in town.call(*give).stderr
    assert "deputy handler @ beiwan" in town.does("people", "--unit", "beiwan")


def test_quotes_and_commas_are_kept_in_rows(town: Town, photo: Path) -> None:
    town.does(
        *("act", str(town.check), "submit", "--as", "beiwan_handler", "--fact", "own_score=90"),
        *("--evidence", str(photo), "--row", 'problems:what="a, ""b""",due=2026-04-10'),
        *("--row", 'problems: what = "x,y=""z""", due=2026-04-11'),
        *("--row", 'problems:"what=p, q",due=2026-04-12'),
        *("--row", 'problems:what=6" pipe,due=2026-04-13'),
    )
    rows = town.reads("show", str(town.check))["lists"][0]["rows"]
    assert [row["values"]["what"] for row in rows] == ['a, "b"', 'x,y="z"', "p, q", '6" pipe']


def test_a_notice_of_more_than_a_megabyte_is_refused(town: Town, tmp_path: Path) -> None:
    notice, before = tmp_path / "notice.txt", town.snapshot()
    notice.write_text("#" * 1_000_001)
    for lang, told in (("en", "larger than 1 MB"), ("zh", "超过 1 MB")):
        result = town.call("calendar", "import", str(notice), lang=lang)
        assert (result.exit_code, result.stdout) == (2, "")
        assert told in result.stderr
    assert town.snapshot() == before


def test_an_absence_ends_on_postgresql_too(postgresql_url: str, pack: Pack) -> None:
    handed_out(postgresql_url, pack).close()
    for args in (("delegate", "beiwan_leader"), ("delegate", "beiwan_leader", "--end")):
        result = duban(*args, "--database", postgresql_url)
        assert result.exit_code == 0, result.stderr


# --- drawing ----------------------------------------------------------------------------------------


def test_a_definition_is_drawn_to_the_screen_and_into_a_file(tmp_path: Path) -> None:
    chart = duban("draw", "demonstration_site", "dispatch").stdout
    assert chart.startswith("flowchart TB\n")
    assert "accTitle: Work dispatch" in chart
    chinese = duban("draw", "demonstration_site", "dispatch", "--language", "both").stdout
    assert "accTitle: 工作调度 / Work dispatch" in chinese
    file = tmp_path / "dispatch.svg"
    assert f"Drawn into {file}" in duban("draw", "demonstration_site", "dispatch", "--out", str(file)).stdout
    assert file.read_text(encoding="utf-8").startswith("<?xml")
    shown = duban("draw", str(PACK), "dispatch", "--format", "svg", "--lang", "zh").stdout
    assert "<title" in shown
    assert "工作调度" in shown


def test_a_task_is_drawn_where_it_stands(town: Town) -> None:
    chart = town.does("draw", "--task", str(town.check))
    assert "Now: Checking, green" in chart
    assert "Path: Issued → Checking" in chart
    assert 'state_issued ==>|"Sign for<br/>once so far' in chart
    assert 'state_working("Checking<br/>it is here now' in chart
    before = town.snapshot()
    town.does(
        "draw", "--task", str(town.check), "--format", "svg", "--out", str(town.folder.parent / "x.svg")
    )
    assert town.snapshot() == before


@pytest.mark.parametrize(
    ("args", "en"),
    [
        (("draw",), "Name a pack and a kind of task"),
        (("draw", "demonstration_site"), "Choose activity, agenda_item"),
        (("draw", "demonstration_site", "dispach"), "has no kind of task dispach"),
        (("draw", "demonstration_site", "dispatch", "--task", "1"), "nothing but --task"),
        (("draw", "demonstration_site", "dispatch", "--format", "png"), "Choose mermaid, svg"),
        (("draw", "demonstration_site", "dispatch", "--language", "fr"), "Choose zh, en, both"),
        (("draw", "demonstration_site", "dispatch", "--out", "x.png"), "must end with .svg"),
        (("draw", "demonstration_site", "dispatch", "--out", "/nowhere/x.svg"), "can't be written"),
        (("draw", "nowhere", "dispatch"), "There is no pack"),
    ],
)
def test_what_cannot_be_drawn_is_explained(args: tuple[str, ...], en: str) -> None:
    result = duban(*args)
    assert result.exit_code == 2
    assert en in result.stderr


def test_the_schema_is_printed_or_written_for_each_sort_of_file(tmp_path: Path) -> None:
    assert json.loads(duban("schema").stdout)["$schema"].endswith("2020-12/schema")
    folder = tmp_path / "schemas"
    told = duban("schema", "--out", str(folder)).stdout
    assert {one.name for one in folder.iterdir()} == {
        "campaign.schema.json",
        "indicators.schema.json",
        "people.schema.json",
        "task.schema.json",
    }
    assert f"# yaml-language-server: $schema={folder / 'task.schema.json'}" in told
    assert "light" in (folder / "task.schema.json").read_text(encoding="utf-8")
    refused = duban("schema", "--out", str(folder / "task.schema.json"))
    assert refused.exit_code == 2
    assert "can't be written" in refused.stderr
