"""检查减负: a unit has two checks a month and no more, and none of the same scope twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.four_checks import FOUR_CHECKS
from tests.packs import changed, problems_of, small_pack, write_pack
from tests.stories.conftest import Tell
from tests.stories.teller import Story
from workflow.doctor import Patient, examine
from workflow.errors import OverBudget

CAMPAIGN = changed(
    FOUR_CHECKS["campaign"],
    "rounds:\n",
    "burden: {counts: [cross_check, inspection], per unit per month: 2}\nrounds:\n",
)
# Inspections are begun by hand, with a scope.
INSPECTION = changed(
    changed(
        FOUR_CHECKS["inspection"],
        'by: supervisor,\n    number: "督查通',
        'by: supervisor, optional: scope,\n    number: "督查通',
    ),
    "facts:\n",
    "facts:\n  scope: {type: text, label: {zh: 内容, en: Scope}}\n",
)
_ROUND = "  {name}: {{at: day {day} 09:00, opens: {{cross_check: {{each: region}}}}}}\n"
BY_HAND = changed(CAMPAIGN, "  inspections: {at: mon 09:00, completes: inspection}\n", "")
INSPECTION = changed(INSPECTION, "draft: yes}", "draft: yes, waits_for: supervisor}")
CROSS_CHECK = changed(FOUR_CHECKS["cross_check"], "campaign completion", "30 days after opened")
_SCOPE = "per unit per month: 2, scope: scope"
FILES = {**FOUR_CHECKS, "campaign": BY_HAND, "inspection": INSPECTION, "cross_check": CROSS_CHECK}


def begun(tell: Tell, tmp_path: Path, **files: str) -> Story:
    return tell(small_pack(tmp_path, **{**FILES, **files}), at="2026-03-02 08:00").at("2026-03-02 09:30")


def drafted(story: Story, *scores: str) -> int:
    """The veterans disagree with the cross-check: an inspection is drafted."""
    for kind, value in zip(("cross_check", "review"), scores, strict=True):
        task = story.find(kind, "east")[0]
        facts = {"satisfaction": value} if kind == "review" else {"score": value}
        story.engine.act(task, story.acting("wang", "report", facts), story.now)
        story.run()
    return story.find("inspection", "east")[-1]


def test_a_third_check_in_a_month_is_refused_with_the_month_and_the_two(tell: Tell, tmp_path: Path) -> None:
    story = begun(tell, tmp_path, campaign=BY_HAND + _ROUND.format(name="again", day=20))
    story.at("2026-03-20 10:00")
    assert len(story.find("cross_check", "east")) == 2
    inspection = drafted(story, "60", "80")
    error = story.expect_refused(OverBudget, "li", "completed", inspection)
    first, second = story.find("cross_check", "east")
    assert f"in 2026-03 (tasks {first}, {second})" in error.text.en
    story.at("2026-04-01 00:00")
    story.does("li", "completed", inspection)  # another month


def test_a_round_leaves_out_what_is_too_much_and_says_so(tell: Tell, tmp_path: Path) -> None:
    twice = _ROUND.format(name="again", day=10) + _ROUND.format(name="third", day=20)
    story = begun(tell, tmp_path, campaign=BY_HAND + twice)
    story.at("2026-03-20 10:00")
    assert len(story.find("cross_check", "east")) == 2
    (third,) = [one for one in story.moments("third") if one["nominal"].startswith("2026-03")]
    assert (third["status"], third["cursor"]) == ("done", 3)
    assert third["note"].count("left out: cross_check") == 3
    found = examine(Patient(port=story.port, library=story.engine.library, now=story.now))
    assert [one.level for one in found if one.about == "round"] == ["note"]
    story.at("2026-04-21 10:00")
    assert len(story.find("cross_check", "east")) == 4


def test_the_same_scope_is_not_checked_twice(tell: Tell, tmp_path: Path) -> None:
    story = begun(tell, tmp_path)
    story.at("2026-04-01 09:00")
    inspection = drafted(story, "60", "80")
    story.does("li", "completed", inspection, scope="就业、创业 (2026)")
    story.does("li", "conclude", inspection, score="70", rows={"findings": []})
    story.does("wang", "accept", inspection)
    story.does("li", "close", inspection)
    drafted(story, "80", "80")
    story.at("2026-05-12 09:00")
    another = drafted(story, "20", "80")
    assert another != inspection
    error = story.expect_refused(OverBudget, "li", "completed", another, scope="就业创业（2026）")
    assert str(inspection) in error.text.en
    story.does("li", "completed", another, scope="服务保障")


def test_two_who_begin_checks_of_one_unit_at_once(tell: Tell, tmp_path: Path) -> None:
    """With one check left in the month, one of two drafts begins."""
    other = INSPECTION.replace("task: inspection", "task: visit").replace("督查通", "走访通")
    campaign = BY_HAND.replace(
        "counts: [cross_check, inspection]", "counts: [cross_check, inspection, visit]"
    )
    campaign = campaign.replace("proposes: inspection,", "proposes: inspection, opens: visit,")
    story = begun(tell, tmp_path, campaign=campaign, visit=other)
    inspection = drafted(story, "60", "80")
    visit = story.the("visit", "east")
    results = story.together(
        lambda: story.does("li", "completed", inspection), lambda: story.does("li", "completed", visit)
    )
    assert sorted(type(one).__name__ for one in results) == ["Answer", "OverBudget"]


@pytest.mark.parametrize(
    ("old", "new", "key", "expected"),
    [
        ("cross_check, inspection]", "cross_chek, inspection]", "burden.counts.1", "a declared kind of task"),
        ("per unit per month: 2", "per unit per month: 0", "burden.per unit per month", "at least 1"),
        ("per unit per month: 2", "per month: 2", "burden.per month", "one of: counts"),
        (
            "per unit per month: 2",
            "per unit per month: 2, scope: scope",
            "burden.scope",
            "a declared text fact",
        ),
    ],
)
def test_slips(old: str, new: str, key: str, expected: str, tmp_path: Path) -> None:
    problems = problems_of(write_pack(tmp_path, **{**FILES, "campaign": changed(BY_HAND, old, new)}))
    assert [one for one in problems if one.key == key and one.expected.en.startswith(expected)], problems
