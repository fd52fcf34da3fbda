"""What people look at: the ledger, one task, its history, the outbox, people and units."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.stories.teller import Story, instant
from tests.storing import Counting, opened, raw
from workflow import reading
from workflow.definition import Pack, load_pack
from workflow.engine import Engine, Frame
from workflow.errors import Undecidable, Unknown, UsageError
from workflow.reading import Wanted, ledger, plain, screens
from workflow.text import Text

PACK = Path(__file__).resolve().parent / "definitions" / "spring"
CHECK = "self_check"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


def handed_out(url: str, pack: Pack) -> Story:
    """The campaign on its first morning, when everything has been handed out."""
    return Story(url, pack, at="2026-03-02 08:00").at("2026-03-02 09:00")


def prepared(empty: Path, folder: Path, pack: Pack) -> Path:
    """A folder with a SQLite database in which everything has been handed out, to make copies of."""
    shutil.copytree(empty, folder)
    handed_out(f"sqlite:///{folder / 'duban.db'}", pack).close()
    return folder


def copied(template: Path, folder: Path, pack: Pack) -> tuple[str, Story]:
    """A copy of its own of a prepared database, on the campaign's first morning: its URL, its story."""
    shutil.copytree(template, folder)
    url = f"sqlite:///{folder / 'duban.db'}"
    return url, Story(url, pack, at="2026-03-02 09:00")


@pytest.fixture
def story(database_url: str, pack: Pack) -> Iterator[Story]:
    story = handed_out(database_url, pack)
    yield story
    story.close()


@contextmanager
def looking(story: Story) -> Iterator[Frame]:
    """A frame at the story's now."""
    with story.port.read() as tx:
        yield story.engine.library.frame(tx, story.now)


def _numbers(story: Story, wanted: Wanted) -> list[str]:
    with looking(story) as frame:
        return [one.number for one in ledger(frame, wanted).lines]


def _late(story: Story) -> Story:
    """A week after the self-checks were due; Beiwan has signed, nobody else has done anything."""
    check = story.the(CHECK, "beiwan")
    story.at("2026-03-03 10:00").does("handler of beiwan", "sign_for", check)
    return story.at("2026-05-12 10:00")


# --- the ledger -------------------------------------------------------------------------------------


def test_the_ledger_lists_what_is_open_with_who_is_waited_for(story: Story) -> None:
    with looking(story) as frame:
        found = ledger(frame, Wanted(kind=CHECK, unit="beiwan"))
    (line,) = found.lines
    assert (found.total, line.number) == (1, f"SFD-{line.id}")
    assert (line.unit, line.state_label) == (Text("北湾区", "Beiwan District"), Text("已交办", "Issued"))
    assert (line.waits_for, line.waits_people) == ("handler", (Text("李某舟", "Li Mou-zhou"),))
    assert line.due_at == instant("2026-05-01 00:00") - 1


def test_the_gravest_come_first_and_a_limit_says_how_many_there_are(story: Story) -> None:
    with looking(_late(story)) as frame:
        found = ledger(frame, Wanted(limit=15))
    order = ["red", "yellow", "blue", "green"]
    lights = [order.index(one.light) for one in found.lines]
    assert lights == sorted(lights)
    assert found.lines[0].light == "red"
    assert len(found.lines) == 15 < found.total


def test_filters_narrow_the_ledger(story: Story) -> None:
    check = story.the(CHECK, "beiwan")
    story.at("2026-03-03 10:00").does("handler of beiwan", "sign_for", check)
    story.does("supervisor of bureau", "withdraw", check, reason="重复")
    story.does("leader of bureau", "confirm:withdraw", check)
    assert f"SFD-{check}" not in _numbers(story, Wanted())
    assert _numbers(story, Wanted(open=False)) == [f"SFD-{check}"]
    assert len(_numbers(story, Wanted(open=None))) == 42
    assert _numbers(story, Wanted(state="withdrawn", open=None)) == [f"SFD-{check}"]
    assert len(_numbers(story, Wanted(kind=CHECK))) == 9
    assert _numbers(story, Wanted(light="red")) == []
    assert len(_numbers(story, Wanted(waits_for="handler"))) == 41


def test_a_person_finds_what_waits_for_them_also_for_those_they_stand_in_for(story: Story) -> None:
    mine = _numbers(story, Wanted(waits_for="beiwan_handler"))
    assert len(mine) == 4
    assert _numbers(story, Wanted(waits_for="beiwan_leader")) == []
    story.goes_on_leave("beiwan_handler", "2026-04-01 00:00", delegate="wanghe_handler")
    assert _numbers(story, Wanted(waits_for="beiwan_handler")) == []
    assert set(mine) < set(_numbers(story, Wanted(waits_for="wanghe_handler")))
    story.leaves_post("xinhe_handler", "handler", "xinhe")
    assert len(_numbers(story, Wanted(waits_for="xinhe_leader"))) == 4


@pytest.mark.parametrize(
    ("wanted", "near"),
    [
        (Wanted(unit="beiwn"), "beiwan"),
        (Wanted(kind="selfcheck"), "self_check"),
        (Wanted(state="isued"), "issued"),
        (Wanted(light="purple"), "green"),
        (Wanted(waits_for="beiwan_handlr"), "beiwan_handler"),
    ],
)
def test_a_word_nobody_knows_is_refused_with_the_nearest(story: Story, wanted: Wanted, near: str) -> None:
    with looking(story) as frame, pytest.raises(Unknown) as refusal:
        ledger(frame, wanted)
    assert near in refusal.value.text.zh
    assert near in refusal.value.text.en


def test_a_task_that_cannot_be_read_is_listed_all_the_same(story: Story, database_url: str) -> None:
    with raw(database_url) as connection:
        connection.execute(
            "UPDATE task SET body = '{', set_aside_at = 1, set_aside_why = 'broken' WHERE id = 5"
        )
    with looking(story) as frame:
        broken = next(one for one in ledger(frame, Wanted()).lines if one.id == 5)
        assert (broken.set_aside, broken.waits_people) == ("broken", ())
        with pytest.raises(Undecidable):
            reading.standing(frame, 5)


def test_the_number_of_statements_does_not_grow_with_what_is_shown(database_url: str, pack: Pack) -> None:
    _late(handed_out(database_url, pack)).close()
    counting = Counting()
    with opened(database_url, counting) as port:
        library = Engine(port, salts=bytes).library
        counts: dict[int, int] = {}
        for limit in (1, 1, 60):
            counting.clear()
            with port.read() as tx:
                ledger(library.frame(tx, instant("2026-05-12 10:00")), Wanted(limit=limit))
            counts[limit] = counting.total
        for view in (lambda frame: reading.outbox(frame, limit=500), reading.people, reading.units):
            counting.clear()
            with port.read() as tx:
                view(library.frame(tx, instant("2026-05-12 10:00")))
            assert counting.total <= 9
    assert counts[60] <= counts[1] + 3  # posts of units that were not met before


# --- numbers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["SFD-7", "sfd-7", "7", " 7 "])
def test_a_task_is_found_by_its_number(story: Story, typed: str) -> None:
    with looking(story) as frame:
        assert reading.read_number(frame, typed) == 7


@pytest.mark.parametrize(
    ("typed", "error"),
    [("SFD", UsageError), ("", UsageError), ("7-SFD", UsageError), ("XYZ-7", Unknown), ("99999", Unknown)],
)
def test_what_is_no_number_of_a_task_is_refused(story: Story, typed: str, error: type[Exception]) -> None:
    with looking(story) as frame, pytest.raises(error):
        reading.read_number(frame, typed)


# --- one task ---------------------------------------------------------------------------------------


def test_a_task_shows_all_that_belongs_to_it(story: Story) -> None:
    check = story.the(CHECK, "beiwan")
    _late(story)
    with looking(story) as frame:
        found = reading.standing(frame, check)
        printed = list(screens.standing(frame, found))
    assert (found.line.light, found.line.state) == ("red", "working")
    assert {one.rule for one in found.episodes if one.shines} >= {"late", "very_late"}
    assert {one.kind for one in found.children} == {"special_supervision"}
    assert {one.kind for one in found.concerned_by} == {"dispatch", "special_supervision"}
    assert found.deadline_basis == Text(
        "专项行动节点“地区自查”", "the campaign's milestone Regional self-check"
    )
    assert [one.people for one in found.roles if one.name == "leader"] == [(Text("许某湾", "Xu Mou-wan"),)]
    assert printed[0].title is not None
    assert printed[0].title.zh.startswith(f"SFD-{check} 地区自查 · 北湾区 · 红灯")
    assert plain(found)["line"]["unit"] == {"zh": "北湾区", "en": "Beiwan District"}


def test_a_task_shows_facts_rows_and_what_waits_to_be_confirmed(story: Story) -> None:
    check, due = story.the(CHECK, "beiwan"), "2026-04-10"
    story.at("2026-03-03 10:00").does("handler of beiwan", "sign_for", check)
    story.does("handler of beiwan", "extend", check, until="2026-05-20", reason="汛情")
    with looking(story) as frame:
        (pending,) = reading.standing(frame, check).pending
    assert (pending.asked_by.zh, pending.confirmer.en) == ("李某舟", "Supervisor")
    story.does("supervisor of bureau", "refuse:extend", check, reason="照原期限")
    rows = {"problems": [{"what": "屋顶漏水", "due": due}]}
    story.does("handler of beiwan", "submit", check, own_score=88, rows=rows, evidence=1)
    with looking(story) as frame:
        found = reading.standing(frame, check)
    assert {one.name: one.text.zh for one in found.facts} == {"progress": "100%", "own_score": "88"}
    (row,) = found.lists[0].rows
    assert (row.text.zh, row.closed_at) == (f"屋顶漏水，{due}", None)
    assert found.stops  # the clocks stand still while it is reviewed
    assert found.step_end is not None


def test_a_role_that_nobody_holds_is_shown_as_vacant(story: Story) -> None:
    story.leaves_post("beiwan_handler", "handler", "beiwan")
    check = story.the(CHECK, "beiwan")
    with looking(story) as frame:
        roles = {one.name: one for one in reading.standing(frame, check).roles}
    assert roles["handler"].vacant == (Text("承办人", "Handler"),)
    assert roles["handler"].people == (Text("许某湾", "Xu Mou-wan"),)


# --- history ----------------------------------------------------------------------------------------


def _told(story: Story, task: int) -> list[reading.Entry]:
    with looking(story) as frame:
        loaded, _ = reading.load_one(frame, task)
        return list(reading.history(frame, loaded.task))


def test_what_a_rule_of_another_task_opened_says_what_that_rule_is_called(story: Story) -> None:
    _late(story)
    for kind, rule in (
        ("special_supervision", "的预警“严重逾期”）"),
        ("dispatch", "的预警“工作推动缓慢”）"),
    ):
        first = _told(story, story.find(kind, "beiwan")[0])[0].text.zh
        assert rule in first, first


def test_history_reads_in_both_languages(story: Story) -> None:
    check = story.the(CHECK, "beiwan")
    story.goes_on_leave("beiwan_handler", "2026-03-05 00:00", delegate="wanghe_handler")
    story.at("2026-03-03 10:00").does("wanghe_handler", "sign_for", check)
    story.at("2026-03-10 10:00").does("handler of beiwan", "extend", check, until="2026-05-20", reason="汛情")
    story.does("supervisor of bureau", "confirm:extend", check)
    story.at("2026-04-20 10:00").does("supervisor of bureau", "lift:silent", check, reason="汛情")
    zh = [one.text.zh for one in _told(story, check)]
    en = [one.text.en for one in _told(story, check)]
    assert zh[0] == "交办“地区自查”给北湾区，期限 2026-04-30（轮次 hand_out_checks）"
    assert en[0] == "Regional self-check opened for Beiwan District, due 2026-04-30 (round hand_out_checks)"
    for sentence in (
        "钱某川（代李某舟，承办人）“签收”：已交办 → 自查中",
        "李某舟（承办人）提出“申请延期”，待确认，2026-03-13 失效",
        "郑某明（督办员）同意李某舟提出的“申请延期”",
        "期限由 2026-04-30 改为 2026-05-20（延至）",
        "郑某明（督办员）免除预警“久无反馈”",
    ):
        assert sentence in zh
    for sentence in (
        "Qian Mou-chuan (for Li Mou-zhou, Handler): Sign for (Issued → Checking)",
        "deadline 2026-04-30 → 2026-05-20 (Until)",
        "Zheng Mou-ming (Supervisor) lifted nothing heard",
    ):
        assert sentence in en
    assert any(one.startswith("预警“工作推动缓慢”，黄灯；交办或并入 SFD-") for one in zh)


def test_history_tells_what_was_reported_and_who_was_told(story: Story) -> None:
    check = story.the(CHECK, "beiwan")
    story.at("2026-03-03 10:00").does("handler of beiwan", "sign_for", check)
    rows = {"problems": [{"what": "屋顶漏水", "due": "2026-04-10"}]}
    story.does("handler of beiwan", "submit", check, own_score=88, rows=rows, evidence=1)
    entry = _told(story, check)[2]
    told = [one.zh for one in entry.values]
    assert told == [
        "自评得分：88",
        "问题清单：屋顶漏水，2026-04-10",
        "自查进度：100%",
    ]  # the last was set by it
    assert [one.en for one in entry.told] == ["Zheng Mou-ming", "Wang Mou-qing"]
    assert entry.text.zh.endswith("附佐证 1 份")


def test_every_kind_of_event_that_a_ladder_leaves_has_words(story: Story) -> None:
    """No line of a campaign that went wrong shows a bare word of the program."""
    _late(story).at("2026-06-20 10:00")
    for task in story.all_tasks():
        for entry in _told(story, task.id):
            assert entry.text.zh != entry.kind
            assert entry.text.en != entry.kind


def test_what_is_recorded_late_says_so(story: Story) -> None:
    check = story.the(CHECK, "beiwan")
    story.sleep_through(until="2026-05-20 10:00")
    late = next(one for one in _told(story, check) if one.kind == "episode_opened")
    assert "迟 " in late.text.zh
    assert late.text.en.endswith("late")


# --- the outbox, people, units ----------------------------------------------------------------------


def test_a_message_that_reaches_nobody_stands_first(story: Story) -> None:
    for person, post in (("bureau_head", "leader"), ("bureau_deputy", "leader")):
        story.leaves_post(person, post, "bureau")
    for person in ("supervisor_one", "supervisor_two", "seconded"):
        story.leaves_post(person, "supervisor", "bureau")
    _late(story)
    with looking(story) as frame:
        found = reading.outbox(frame, limit=1_000)
        own = reading.outbox(frame, person="beiwan_handler")
        printed = list(screens.outbox(frame, found))
    assert found.unaddressed > 0
    assert found.messages[0].person is None
    assert printed[0].rows[0][0].en == "!! NOBODY"
    assert found.total == len(found.messages)
    assert {one.person for one in own.messages} == {Text("李某舟", "Li Mou-zhou")}
    assert own.unaddressed == 0


def test_people_are_listed_with_posts_and_absences(story: Story) -> None:
    story.goes_on_leave("beiwan_leader", "2026-04-01 00:00", delegate="beiwan_handler")
    with looking(story) as frame:
        handler, leader = reading.people(frame, "beiwan")
        everybody = reading.people(frame)
        with pytest.raises(Unknown):
            reading.people(frame, "nowhere")
    assert [(one.name, one.unit) for one in handler.posts] == [("handler", "beiwan")]
    assert leader.away[0].delegate == handler.name
    assert len(everybody) > 40


def test_the_tree_of_units_has_each_below_the_one_it_is_in(story: Story) -> None:
    with looking(story) as frame:
        tree = reading.units(frame)
        regions = reading.units(frame, "region")
        with pytest.raises(Unknown):
            reading.units(frame, "village")
    depth = {one.code: one.depth for one in tree}
    assert (depth["city"], depth["beiwan"]) == (0, 1)
    assert len(regions) == 10
    assert next(one for one in regions if one.code == "beiwan").posts == 2


# --- where a task stands, to be drawn ---------------------------------------------------------------


def test_a_task_has_its_place_in_its_definition_with_path_and_counts(story: Story) -> None:
    check = story.the(CHECK, "beiwan")
    story.at("2026-03-03 10:00").does("handler of beiwan", "sign_for", check)
    for progress in (10, 20):
        story.does("handler of beiwan", "report", check, progress=progress)
    story.does("handler of beiwan", "submit", check, own_score=90, rows={"problems": []}, evidence=1)
    story.does("supervisor_one", "return", check, reason="缺附件")
    story.does("handler of beiwan", "extend", check, until="2026-05-20", reason="汛期")
    story.at("2026-03-30 10:00")
    with looking(story) as frame:
        found = reading.placed(frame, check)
    place = found.place
    assert (place.number, place.state, place.light) == (f"SFD-{check}", "working", "yellow")
    assert place.path == ("issued", "working", "submitted", "working")
    assert (place.acts["report"], place.acts["submit"], place.acts["return"]) == (2, 1, 1)
    assert place.episodes == {"silent": 1}
    assert list(place.open_rules) == ["silent"]
    assert found.definition.kind == CHECK
    assert found.kinds["dispatch"] == Text("工作调度", "Work dispatch")


def test_what_is_asked_for_and_waits_is_pending_in_its_place(story: Story) -> None:
    check = story.the(CHECK, "beiwan")
    story.at("2026-03-03 10:00").does("handler of beiwan", "sign_for", check)
    story.does("handler of beiwan", "extend", check, until="2026-05-20", reason="汛期")
    with looking(story) as frame:
        assert list(reading.placed(frame, check).place.pending) == ["extend"]
        with pytest.raises(Unknown):
            reading.placed(frame, 999_999)
