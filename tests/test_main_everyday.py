"""The command line of everyday acts, of an organisation that changes, and of the frozen ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import main
from tests.storing import raw
from workflow.clock import VirtualClock
from workflow.definition import Pack, load_pack

from .test_main import Town
from .test_reading import PACK, copied, prepared

BOTH = pytest.mark.parametrize("lang", ["zh", "en"])


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


def number(town: Town, task: int | None = None) -> str:
    return f"SFD-{town.check if task is None else task}"


# --- everyday acts ----------------------------------------------------------------------------------


def test_every_everyday_act_is_done_and_told_in_the_history(town: Town) -> None:
    check, other = number(town), number(town, town.story.the("self_check", "wanghe"))
    town.does("act", check, "report", "--as", "beiwan_handler", "--fact", "progress=30")
    town.does("urge", check, "--as", "supervisor_one", "--reason", "请抓紧")
    town.does("comment", check, "已电话了解", "--as", "beiwan_leader")
    town.does("copy", check, "bureau_head", "city_group_head", "--as", "supervisor_one")
    town.does("correct", check, "progress", "20%", "--as", "beiwan_handler", "--reason", "填错")
    town.does("transfer", check, "xinhe", "--as", "supervisor_one", "--reason", "职责调整")
    town.does("merge", check, other, "--as", "supervisor_one", "--reason", "同一问题")

    english = town.does("history", check)
    for told in (
        "Zheng Mou-ming (Supervisor) urged whoever is waited for",
        "Xu Mou-wan (Unit leader) commented",
        "Zheng Mou-ming (Supervisor) sent copies",
        "Li Mou-zhou (Handler) corrected Progress",
        "Before: 30%",
        "Now: 20%",
        "transferred the task: Beiwan District → Xinhe District",
        f"merged the task into {other}",
    ):
        assert told in english
    chinese = town.call("history", check, lang="zh").stdout
    for told in ("催办", "批注", "抄送", "更正“自查进度”", "原值：30%", "北湾区 → 新禾区", f"并入 {other}"):
        assert told in chinese
    town.story.run()
    assert f"{check} 并入本事项" in town.call("history", other, lang="zh").stdout
    assert "催办" in town.call("outbox", "--limit", "500", lang="zh").stdout


def test_what_may_be_done_names_the_everyday_acts_too(town: Town) -> None:
    def offered(who: str) -> set[str]:
        return {one["name"] for one in town.reads("act", number(town), "--as", who) if one["may"]}

    assert {"comment:", "copy:", "correct:"} <= offered("beiwan_handler")
    assert {"urge:", "transfer:", "merge:", "comment:"} <= offered("supervisor_one")
    assert not {"urge:", "transfer:", "merge:"} & offered("beiwan_handler")
    assert not any(name.endswith(":") for name in offered("wanghe_handler"))


@BOTH
def test_an_answer_says_what_was_done_and_where_the_task_stands(town: Town, lang: str) -> None:
    said = town.call("urge", number(town), "--as", "supervisor_one", lang=lang).stdout
    assert ("北湾区" if lang == "zh" else "Beiwan District") in said
    answer = town.reads("comment", number(town), "好", "--as", "beiwan_handler")
    assert (answer["act"], answer["repeated"]) == ("comment:", False)


def test_an_episode_that_was_lifted_says_why_it_gives_no_light(town: Town) -> None:
    town.story.sleep_through(until="2026-03-28 09:00")
    town.does("act", number(town), "lift:silent", "--as", "supervisor_one", "--fact", "reason=汛情")
    assert "it was lifted" in town.does("show", number(town))
    assert "起不再亮灯：已免除" in town.call("show", number(town), lang="zh").stdout


def test_a_repeated_request_acts_once(town: Town) -> None:
    for repeated in (False, True):
        answer = town.reads("urge", number(town), "--as", "supervisor_one", "--request-id", "r1")
        assert answer["repeated"] is repeated
    assert len(town.story.happened(town.check, "urged")) == 1


def test_a_row_is_corrected_by_the_number_that_show_gives(town: Town) -> None:
    rows = {"problems": [{"what": "台账缺页", "due": "2026-04-10"}]}
    town.story.does("handler of beiwan", "submit", town.check, own_score=90, rows=rows, evidence=1)
    (row,) = town.story.rows(town.check, "problems")
    town.does(
        *("correct", number(town), "what", "台账缺项", "--row", str(row["id"])),
        *("--as", "supervisor_one", "--reason", "错字"),
    )
    assert "台账缺项" in town.does("show", number(town))


@pytest.mark.parametrize(
    "args",
    [
        ("urge", "SFD-999", "--as", "supervisor_one"),
        ("urge", "CHECK", "--as", "beiwan_handler"),
        ("comment", "CHECK", " ", "--as", "beiwan_handler"),
        ("copy", "CHECK", "nobody", "--as", "beiwan_handler"),
        ("correct", "CHECK", "progress", "50", "--as", "beiwan_handler", "--reason", "填错"),
        ("correct", "CHECK", "nothing", "50", "--as", "beiwan_handler", "--reason", "填错"),
        ("correct", "CHECK", "what", "x", "--row", "77", "--as", "beiwan_handler", "--reason", "填错"),
        ("transfer", "CHECK", "subdistrict", "--as", "supervisor_one", "--reason", "调整"),
        ("transfer", "CHECK", "xinhe", "--party", "other", "--as", "supervisor_one", "--reason", "调整"),
        ("merge", "CHECK", "CHECK", "--as", "supervisor_one", "--reason", "合并"),
        ("unit", "rename", "beiwan", "--zh", "", "--en", "B", "--as", "supervisor_one"),
        ("unit", "rename", "beiwan", "--zh", "北", "--en", "B", "--as", "beiwan_handler"),
        ("unit", "merge", "beiwan", "beiwan", "--as", "supervisor_one"),
        ("unit", "merge", "beiwan", "xinhe", "--as", "supervisor_one", "--on", "2026-03-04"),
        ("hand-over", "beiwan_handler", "beiwan_handler", "--as", "supervisor_one"),
        ("hand-over", "beiwan_handler", "beiwan_leader", "--as", "supervisor_one", "--on", "2026-03-02"),
        ("roll-over", "--to", "2030", "--as", "supervisor_one"),
        (
            *("replan", "demonstration_site", "completion=2026-06-30", "--basis", "通知", "--apply"),
            *("--as", "beiwan_handler"),
        ),
        ("migrate", "demonstration_site", "--basis", "通知", "--apply", "--as", "beiwan_handler"),
        ("pairing", "draw", "cross_checks", "--seed", "通知", "--as", "beiwan_handler"),
        ("unit", "rename", "beiwan", "--zh", "望河区", "--en", "North", "--as", "supervisor_one"),
        ("unit", "rename", "beiwan", "--zh", "北", "--en", "Wanghe District", "--as", "supervisor_one"),
        ("ledger", "export", "/no such folder/ledger.xlsx"),
        ("ledger", "freeze", "Q1", "--as", "supervisor_one"),
        ("ledger", "frozen", "nothing"),
        ("tasks", "--where", "key"),
        ("tasks", "--where", "keys=yes"),
        ("tasks", "--where", "key=perhaps"),
    ],
)
def test_what_is_refused_says_why_in_both_languages_and_leaves_everything(
    town: Town, args: tuple[str, ...]
) -> None:
    called = [number(town) if one == "CHECK" else one for one in args]
    before = town.snapshot()
    for lang in ("zh", "en"):
        result = town.call(*called, lang=lang)
        assert result.exit_code in (1, 2)
        assert result.stderr.strip()
        assert result.stdout == ""
        assert any("\u4e00" <= char <= "\u9fff" for char in result.stderr) or lang == "en"
    assert town.snapshot() == before


# --- the organisation -------------------------------------------------------------------------------


def test_a_unit_is_renamed_and_its_history_keeps_the_name(town: Town) -> None:
    said = town.does(
        "unit", "rename", "beiwan", "--zh", "北湾市", "--en", "Beiwan City", "--as", "bureau_head"
    )
    assert "'Beiwan District'" in said
    assert "Beiwan City" in town.does("units")
    with raw(town.url) as connection:
        rows = connection.execute("SELECT kind, zh, en FROM unit_change").fetchall()
    assert rows == [("renamed", "北湾区", "Beiwan District")]


def test_units_merge_and_those_that_are_closed_say_so(town: Town) -> None:
    said = town.does("unit", "merge", "beiwan", "xinhe", "--as", "bureau_head", "--on", "2026-03-01")
    assert "4 open tasks moved" in said
    units = town.reads("units")
    closed = {one["code"]: one["merged_into"] for one in units if one["merged_into"]}
    assert closed == {"beiwan": "xinhe", "leading_group.beiwan": "leading_group.xinhe"}
    assert "并入 xinhe" in town.call("units", lang="zh").stdout
    assert len(town.reads("tasks", "--unit", "xinhe")["lines"]) == 8
    again = town.call("unit", "merge", "beiwan", "xinhe", "--as", "bureau_head")
    assert "0 open tasks moved" in again.stdout
    assert "units merged, the task moved" in town.does("history", number(town))


def test_a_hand_over_is_shown_first_and_done_then(town: Town) -> None:
    args = ("hand-over", "beiwan_handler", "beiwan_leader", "--as", "bureau_head")
    before = town.snapshot()
    shown = town.does(*args, "--dry-run")
    assert "1 posts, 4 open tasks" in shown
    assert number(town) in shown
    assert town.snapshot() == before
    done = json.loads(town.does(*args, "--on", "2026-03-03", "--json"))
    assert len(done["tasks"]) == 4
    assert "handler" in town.does("people", "--unit", "beiwan")
    assert "posts of Li Mou-zhou passed to Xu Mou-wan" in town.does("history", f"SFD-{done['tasks'][0]}")


def test_a_year_is_rolled_over_and_its_ledger_can_be_asked_for(town: Town) -> None:
    town.story.sleep_through(until="2027-01-04 09:00")
    args = ("roll-over", "--to", "2027", "--as", "bureau_head")
    wanted = town.reads(*args, "--dry-run")["tasks"]
    assert town.check in wanted
    assert f"{len(wanted)} tasks" in town.does(*args, "--limit", "3")
    assert town.reads(*args)["tasks"] == []
    assert number(town) in town.does("tasks", "--year", "2027", "--limit", "1000")
    assert "由 2026 年计划结转至 2027 年" in town.call("history", number(town), lang="zh").stdout


# --- the ledger -------------------------------------------------------------------------------------


def test_the_register_of_key_items_and_a_frozen_ledger(town: Town) -> None:
    task, *_ = town.story.find("creation_task", "beiwan")
    town.does("act", number(town, task), "list_as_key", "--as", "supervisor_one", "--fact", "key=yes")
    assert [one["id"] for one in town.reads("tasks", "--where", "key=yes")["lines"]] == [task]
    frozen = town.does("ledger", "freeze", "y2026", "--where", "key=yes", "--as", "supervisor_one")
    town.does("correct", number(town, task), "key", "no", "--as", "supervisor_one", "--reason", "误列")
    listed = town.reads("ledger", "frozen")
    assert listed[0]["sha256"] in frozen
    shown = town.does("ledger", "frozen", "y2026")
    assert number(town, task) in shown
    assert "The hash fits" in shown
    assert "散列相符" in town.call("ledger", "frozen", "y2026", lang="zh").stdout
    assert town.reads("ledger", "frozen", "y2026")["lines"][0]["id"] == task
