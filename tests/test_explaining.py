"""Why: explanations say what the engine does, because they ask it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.stories.teller import Story
from workflow import explaining
from workflow.definition import Pack, load_pack
from workflow.explaining import Possible, Subject, subject_of
from workflow.text import Text

from .test_reading import CHECK, PACK, copied, prepared


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture(scope="module")
def template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Path:
    return prepared(sqlite_template, tmp_path_factory.mktemp("prepared") / "ledger", pack)


@pytest.fixture
def story(template: Path, tmp_path: Path, pack: Pack) -> Iterator[Story]:
    _, story = copied(template, tmp_path / "ledger", pack)
    yield story
    story.close()


@contextmanager
def _subject(story: Story, task: int) -> Iterator[Subject]:
    with story.port.read() as tx:
        yield subject_of(story.engine.library.frame(tx, story.now), task)


def _zh(lines: tuple[Text, ...]) -> str:
    return "\n".join(one.zh for one in lines)


def _en(lines: tuple[Text, ...]) -> str:
    return "\n".join(one.en for one in lines)


def _signed(story: Story) -> int:
    check = story.the(CHECK, "beiwan")
    story.at("2026-03-03 10:00").does("handler of beiwan", "sign_for", check)
    return check


# --- where it stands, its light ---------------------------------------------------------------------


def test_the_state_says_who_is_waited_for_and_who_steps_in(story: Story) -> None:
    check = _signed(story)
    with _subject(story, check) as subject:
        assert "等承办人：李某舟" in _zh(explaining.state(subject))
    story.leaves_post("beiwan_handler", "handler", "beiwan")
    with _subject(story, check) as subject:
        assert "承办人空缺，由分管领导许某湾代行" in _zh(explaining.state(subject))
    story.goes_on_leave("beiwan_leader", "2026-04-01 00:00", delegate="wanghe_leader")
    with _subject(story, check) as subject:
        assert "许某湾" in _zh(explaining.state(subject))
        assert "Qin Mou-jiang (for Xu Mou-wan)" in _en(explaining.state(subject))


def test_a_green_light_says_that_nothing_stands(story: Story) -> None:
    with _subject(story, story.the(CHECK, "beiwan")) as subject:
        assert explaining.light(subject) == (Text("绿灯：没有亮着的预警", "green: no episode stands"),)


def test_a_light_names_the_gravest_rule_and_the_facts(story: Story) -> None:
    check = _signed(story)
    story.at("2026-03-28 10:00")
    with _subject(story, check) as subject:
        told = explaining.light(subject)
    assert told[0].zh.startswith("黄灯：最重的预警是")
    assert "自查进度落后计划20个点以上。现在成立" in _zh(told)
    assert "自查进度：尚未填报" in _zh(told)
    assert "plan: 2026-03-02 09:00 0, 2026-03-31 60, 2026-04-30 100" in _en(told)
    assert "最近一次反馈：2026-03-03 10:00" in _zh(told)


def test_the_plan_says_what_it_asks_for_now_as_the_rule_computes_it(story: Story) -> None:
    check = _signed(story)
    story.at("2026-04-15 12:00")
    with _subject(story, check) as subject:
        told = _en(explaining.episode(subject, "slow"))
    line = next(one for one in told.splitlines() if "by now the plan asks for" in one)
    asked = float(line.rpartition(" ")[2])
    assert 78 < asked < 80.5


# --- deadlines --------------------------------------------------------------------------------------


def test_a_deadline_on_a_milestone_says_which_day_and_zone(story: Story) -> None:
    with _subject(story, story.the(CHECK, "beiwan")) as subject:
        told = _zh(explaining.deadline(subject))
    assert "期限依据：专项行动节点“地区自查”" in told
    assert "该节点为 2026-04-30，止于当天最后一毫秒（Asia/Shanghai）" in told
    assert "本环节“已交办”时限 2个工作日，至 2026-03-04" in told
    assert "第 1–2 个工作日" in told


def test_a_deadline_counts_its_stops_line_by_line(story: Story) -> None:
    check = _signed(story)
    rows = {"problems": [{"what": "漏水", "due": "2026-04-10"}]}
    story.at("2026-03-10 10:00").does(
        "handler of beiwan", "submit", check, own_score=90, rows=rows, evidence=1
    )
    with _subject(story, check) as subject:
        assert "自 2026-03-10 10:00 起计时暂停，尚未恢复" in _zh(explaining.deadline(subject))
    story.at("2026-03-12 10:00").does("supervisor of bureau", "return", check, reason="重报")
    with _subject(story, check) as subject:
        told = explaining.deadline(subject)
    assert "2026-03-10 10:00 至 2026-03-12 10:00 计时暂停 2 天" in _zh(told)
    assert "With the stops: 2026-05-02" in _en(told)


def test_a_deadline_of_workdays_is_derived_day_by_day(story: Story) -> None:
    _signed(story)
    story.at("2026-05-12 10:00")
    special = story.find("special_supervision", "beiwan")[0]
    with _subject(story, special) as subject:
        told = explaining.deadline(subject)
    assert "15个工作日" in _zh(told)
    assert "周末" in _zh(told)


# --- rules ------------------------------------------------------------------------------------------


def test_a_rule_says_what_it_asks_whether_it_holds_and_what_follows(story: Story) -> None:
    check = _signed(story)
    story.at("2026-05-12 10:00")
    with _subject(story, check) as subject:
        late, poor, review = (
            _zh(explaining.episode(subject, name)) for name in ("very_late", "poor", "slow_review")
        )
        every = explaining.rules(subject)
    assert "条件：超过期限3个工作日以上。现在成立" in late
    assert "自 2026-05-09 00:00 亮着" in late
    assert "开启时交办：专题督办" in late
    assert "现在未知" in poor
    assert "其专题督办结束方解除" in poor
    assert "现在不在其中，所以不适用" in review
    assert every["very_late"].zh == "严重逾期：超过期限3个工作日以上 — 亮着"
    assert len(every) == 9


def test_a_lifted_episode_says_that_it_rests(story: Story) -> None:
    check = _signed(story)
    story.at("2026-03-28 10:00").does("supervisor of bureau", "lift:silent", check, reason="汛情")
    with _subject(story, check) as subject:
        assert "条件不再成立之前不重开" in _zh(explaining.episode(subject, "silent"))


# --- the next wake ----------------------------------------------------------------------------------


def test_what_is_foreseen_is_what_happens(story: Story) -> None:
    """The next eight events of a neglected task, each foretold in the words of its history."""
    check = _signed(story)
    for _ in range(8):
        with _subject(story, check) as subject:
            told = explaining.next_wake(subject)
        seq = story.task(check).seq
        while story.task(check).seq == seq:
            due = story.engine.next_due(story.now)
            assert due is not None
            story.now = max(due, story.now)
            story.run()
        for happened in story.history(check)[seq:]:
            words, when = subject.words, subject.words.when(happened.at)
            assert f"若无人办理，{when} 将发生" in _zh(told)
            rule = words.rule(happened.header["rule"])
            assert f"“{rule.zh}”" in _zh(told)
            assert rule.en in _en(told)


def test_a_task_that_only_people_can_change_says_so(story: Story) -> None:
    check = _signed(story)
    story.does("supervisor of bureau", "withdraw", check, reason="重复")
    story.does("leader of bureau", "confirm:withdraw", check)
    with _subject(story, check) as subject:
        assert "时钟不会再看它" in _zh(explaining.next_wake(subject))
        assert "已结束：已撤销" in _zh(explaining.state(subject))


def test_a_wake_that_has_passed_says_that_no_daemon_came_by(story: Story) -> None:
    check = _signed(story)
    story.doze_until("2026-04-15 10:00")
    with _subject(story, check) as subject:
        assert "守护进程尚未处理" in _zh(explaining.next_wake(subject))


# --- what a person may do ---------------------------------------------------------------------------


def _possible(story: Story, who: str, task: int) -> dict[str, Possible]:
    person = story.person(who)
    with _subject(story, task) as subject:
        return {one.name: one for one in explaining.possible(subject, person)}


def test_acts_are_listed_with_what_they_ask_and_why_not(story: Story) -> None:
    check = _signed(story)
    mine, theirs = (_possible(story, who, check) for who in ("handler of beiwan", "supervisor of bureau"))
    assert {name for name, one in mine.items() if one.may} == {"report", "extend", "submit"}
    assert {name for name, one in theirs.items() if one.may} == {"withdraw"}
    assert mine["report"].asks == (Text("自查进度（progress）", "Progress (progress)"),)
    assert (mine["submit"].evidence, mine["extend"].confirmed_by) == (1, Text("督办员", "Supervisor"))
    assert mine["approve"].why_not is not None
    assert "督办员" in mine["approve"].why_not.zh
    assert theirs["approve"].why_not is not None
    assert "自查中" in theirs["approve"].why_not.zh


def test_a_condition_that_no_report_can_change_is_told_beforehand(story: Story) -> None:
    check = _signed(story)
    story.at("2026-05-12 10:00")
    extend = _possible(story, "handler of beiwan", check)["extend"]
    assert extend.why_not == Text(
        "条件未满足，须并非已过期限。", "Its condition doesn't hold. It needs: not (past the deadline)."
    )


def test_confirmations_and_lifts_are_listed_while_there_are_any(story: Story) -> None:
    check = _signed(story)
    story.at("2026-03-28 10:00").does("supervisor of bureau", "withdraw", check, reason="重复")
    leader = _possible(story, "leader of bureau", check)
    assert leader["confirm:withdraw"].may
    assert leader["refuse:withdraw"].asks == (Text("理由（reason）", "Reason (reason)"),)
    assert not leader["lift:silent"].may
    assert _possible(story, "supervisor of bureau", check)["lift:silent"].may


def test_what_is_said_to_be_possible_is_taken_and_the_rest_refused(story: Story) -> None:
    """The list agrees with the engine on every act of every kind of person."""
    check = _signed(story)
    story.at("2026-03-28 10:00")
    reported = {
        "progress": 50,
        "reason": "原因",
        "until": "2026-05-20",
        "own_score": 90,
        "verified_score": 90,
    }
    for who in ("handler of beiwan", "leader of beiwan", "supervisor of bureau", "leader of bureau"):
        person = story.person(who)
        for name, one in _possible(story, who, check).items():
            asked = {
                key: value
                for key, value in reported.items()
                if f"（{key}）" in "".join(a.zh for a in one.asks)
            }
            with _subject(story, check) as subject:
                taken = _taken(subject, name, person, asked, one.evidence)
            assert taken == one.may, (who, name)


def _taken(subject: Subject, name: str, person: int, facts: dict[str, object], evidence: int) -> bool:
    from workflow.decision import Act
    from workflow.errors import Refused

    files = [f"{number:064x}" for number in range(evidence)]
    try:
        explaining.rehearse(subject, Act(name=name, person_id=person, facts=facts, evidence=files))
    except Refused:
        return False
    return True
