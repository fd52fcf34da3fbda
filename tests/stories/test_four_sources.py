"""四方评价不一: where four sources differ the supervisor hears of it, and an inspection is proposed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.four_checks import ENQUIRY, FOUR_CHECKS, OBJECTION
from tests.packs import small_pack
from tests.stories.conftest import Tell
from tests.stories.teller import Story
from workflow import explaining
from workflow.decision import Act
from workflow.errors import BadValue, NotNow, Unknown
from workflow.reading.figures import rankings
from workflow.store.numbering import draw_numbers

MARKS = [{"indicator": "1.1", "points": "90"}, {"indicator": "1.2", "points": "100"}]
FULL_MARKS = [{"indicator": ident, "points": "100"} for ident in ("1.1", "1.2", "2.1")]


@pytest.fixture
def four(tell: Tell, tmp_path: Path) -> Story:
    """Everything was handed out on a Monday morning, and read."""
    told = tell(small_pack(tmp_path, **FOUR_CHECKS), at="2026-03-02 08:00")
    told.at("2026-03-02 09:30").everybody_has_read()
    return told


def report(four: Story, who: str, kind: str, unit: str, value: str) -> None:
    if kind == "review":
        four.does(who, "report", four.the(kind, unit), satisfaction=value)
    else:
        four.does(who, "report", four.the(kind, unit), score=value)


def test_four_sources_that_differ(four: Story) -> None:
    creation, own = four.the("creation", "east"), four.the("self_check", "east")
    four.does("wang", "report", own, rows={"standards": MARKS})
    assert four.task(own).facts == {}, "one indicator has no points yet"
    report(four, "wang", "cross_check", "east", "80")
    four.expect_no_episode(creation, "they_differ")

    four.does("wang", "report", own, rows={"standards": [{"indicator": "2.1", "points": "95"}]})
    assert four.task(own).facts == {"own_score": 93.33}  # (3·90 + 1·100 + 2·95) / 6
    four.expect_no_episode(creation, "they_differ")  # 93.33 and 80: 13.33 apart

    report(four, "wang", "review", "east", "78.33")
    four.expect_episode(creation, "they_differ")  # 15 apart: the supervisor hears of it at once
    four.expect_light(creation, "yellow")
    four.expect_told("li", creation, "they_differ")
    inspection = four.the("inspection", "east")
    four.expect_state(inspection, "drafted")
    assert four.concerns(inspection) == [creation]
    assert four.find("inspection", "west") == []

    report(four, "wang", "review", "east", "80")  # corrected: they agree again, and the draft goes
    four.expect_episode(creation, "they_differ", open=False, ended_by="cleared")
    four.expect_state(inspection, "dropped")


def test_an_inspection_has_a_number_and_an_objection_changes_its_score(four: Story) -> None:
    report(four, "wang", "cross_check", "east", "60")
    report(four, "wang", "review", "east", "80")
    inspection = four.the("inspection", "east")
    four.at("2026-03-09 09:00")  # Monday: the round sends what was drafted
    assert four.task(inspection).numbers == {"completed": "督查通〔2026〕1号"}
    (line,) = four.happened(inspection, "act", transition="completed")
    assert line.header["number"] == "督查通〔2026〕1号"

    four.does(
        "li",
        "conclude",
        inspection,
        score="62",
        rows={"findings": [{"what": "甲", "level": "major"}, {"what": "乙", "level": "minor"}]},
    )
    assert four.task(inspection).facts == {"score": 62, "first_score": 62}
    four.does("wang", "object", inspection)
    objection = four.the("objection", "east")
    four.does("wang", "report", objection, score="75.5")
    four.does("li", "close", objection)
    four.expect_state(inspection, "correcting")
    assert four.task(inspection).facts == {"score": 75.5, "first_score": 62}
    (changed,) = four.happened(inspection, "machine", transition="changed")
    assert (changed.header["number"], changed.values) == ("督查改1号", {"score": 75.5})

    fix = four.the("fix", "east")  # of the graver finding alone, by the end of the campaign
    assert four.task(fix).facts == {"what": "甲"}
    four.expect_due(fix, "2026-06-30 23:59")
    assert len(four.task(fix).parties) == 2


def test_a_source_that_is_withdrawn_says_nothing(four: Story) -> None:
    creation = four.the("creation", "west")
    report(four, "zhao", "cross_check", "west", "60")
    report(four, "zhao", "review", "west", "80")
    four.expect_episode(creation, "they_differ")
    four.does("li", "withdraw", four.the("review", "west"))
    four.expect_episode(creation, "they_differ", open=False, ended_by="cleared")


def test_what_the_checklist_does_not_know_is_refused(four: Story) -> None:
    own = four.the("self_check", "east")
    for rows in (
        [{"indicator": "1.3", "points": "90"}],
        [{"indicator": "1.1", "points": "101"}],
        [{"indicator": "1.1"}],
        [{"indicator": "1.1", "points": "90", "grade": "A"}],
        [MARKS[0], MARKS[0]],
    ):
        four.expect_refused(BadValue, "wang", "report", own, rows={"standards": rows})


def test_a_mark_that_is_given_again_changes_its_row_and_the_mean(four: Story) -> None:
    own = four.the("self_check", "east")
    all_three = [*MARKS, {"indicator": "2.1", "points": "80", "remark": "缺一季"}]
    four.does("wang", "report", own, rows={"standards": all_three})
    assert four.task(own).facts == {"own_score": 88.33}
    four.does("wang", "report", own, rows={"standards": [{"indicator": "2.1", "points": "100"}]})
    assert four.task(own).facts == {"own_score": 95}
    assert [row["points"] for row in four.rows(own, "standards")] == [90, 100, 100]
    assert four.history(own)[-1].values["own_score"] == 95


# --- numbers, openings, figures ---------------------------------------------------------------------


def test_numbers_have_no_gaps_and_no_twins(four: Story) -> None:
    for who, unit in (("wang", "east"), ("zhao", "west"), ("qian", "north")):
        report(four, who, "cross_check", unit, "60")
        report(four, who, "review", unit, "80")
    drafts = four.find("inspection")
    calls = [lambda draft=draft: four.does("li", "completed", draft) for draft in drafts]
    assert not [one for one in four.together(*calls) if isinstance(one, Exception)]
    given = sorted(four.task(draft).numbers["completed"] for draft in drafts)
    assert given == ["督查通〔2026〕1号", "督查通〔2026〕2号", "督查通〔2026〕3号"]
    four.expect_refused(NotNow, "li", "completed", drafts[0])
    with four.port.write("people") as tx:
        assert list(draw_numbers(tx, 1, "督查通〔{year}〕{n}号", 2026, 2)) == [4, 5]
        assert list(draw_numbers(tx, 1, "督查通〔{year}〕{n}号", 2027, 1)) == [1]


def test_an_act_that_is_rolled_back_leaves_no_hole(four: Story) -> None:
    def drawn_in_vain() -> None:
        with four.port.write("people") as tx:
            assert list(draw_numbers(tx, 1, "甲{n}", 0, 1)) == [1]
            raise RuntimeError

    with pytest.raises(RuntimeError):
        drawn_in_vain()
    with four.port.write("people") as tx:
        assert list(draw_numbers(tx, 1, "甲{n}", 0, 1)) == [1]


def test_one_for_each_unit_of_a_kind_once(tell: Tell, tmp_path: Path) -> None:
    """A task of the bureau asks every region; asked again, only those who have answered."""
    ask = OBJECTION.replace("task: objection", "task: ask").replace("异议", "征询")
    campaign = FOUR_CHECKS["campaign"].replace(
        "  inspections:", "  ask: {at: start 10:00, opens: {enquiry: {each: bureau}}}\n  inspections:"
    )
    files = {**FOUR_CHECKS, "campaign": campaign, "enquiry": ENQUIRY, "ask": ask}
    story = tell(small_pack(tmp_path, **files), at="2026-03-02 08:00").at("2026-03-02 10:00")
    enquiry = story.the("enquiry")
    story.does("li", "send", enquiry)
    asked = story.find("ask")
    assert len(asked) == 3
    assert [story.find("ask", unit) for unit in ("east", "west", "north")] == [[one] for one in asked]
    story.does("wang", "report", asked[0], score="1")
    story.does("li", "close", asked[0])
    story.does("li", "send", enquiry)
    assert len(story.find("ask", "east")) == 2
    assert len(story.find("ask")) == 4


def test_scores_are_ranked_with_every_part(four: Story) -> None:
    report(four, "zhao", "cross_check", "west", "80")
    report(four, "zhao", "review", "west", "80")
    four.does("zhao", "report", four.the("self_check", "west"), rows={"standards": FULL_MARKS})
    with four.port.read() as tx:
        frame = four.engine.library.frame(tx, four.now)
        (found,) = rankings(frame, "region")
        with pytest.raises(Unknown):
            rankings(frame, "reigon")
    assert [one.rank for one in found.units] == [None, None, None]
    assert [one.missing for one in found.units if one.unit.en == "West"] == [("bureau",)]
    told = [part.value for one in found.units if one.unit.en == "West" for part in one.parts]
    assert told == [100_000_000, 80_000_000, None, 80_000_000]


def test_a_change_nudges_the_open_tasks_of_the_unit_that_compare(four: Story) -> None:
    check, creation = four.the("cross_check", "east"), four.the("creation", "east")
    wanted = Act(name="report", person_id=four.person("wang"), facts={"score": "60"})
    four.engine.act(check, wanted, four.now)
    (nudge,) = four.everything()[-1]
    assert nudge[1:4] == (creation, "source", check)
    four.run()
    four.engine.act(check, wanted, four.now)
    assert four.everything()[-1] == [], "the same figure once more is no change"


def test_an_explanation_names_every_source_with_its_task(four: Story) -> None:
    report(four, "wang", "cross_check", "east", "60")
    report(four, "wang", "review", "east", "80")
    creation, check = four.the("creation", "east"), four.the("cross_check", "east")
    with four.port.read() as tx:
        lines = explaining.episode(
            explaining.subject_of(four.engine.library.frame(tx, four.now), creation), "they_differ"
        )
    assert f"    source cross: 60 (FS-{check})" in [line.en for line in lines]
