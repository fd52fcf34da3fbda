"""Problems found, corrected and struck off; the parent moves when the last of them has ended."""

from __future__ import annotations

from tests.stories.customs import reviews, submits
from tests.stories.salts import counted_salts
from tests.stories.teller import Story
from workflow.decision import Act
from workflow.engine import Engine
from workflow.store import open_port

PROBLEMS = ("台账缺项", "窗口无标识", "回访不及时")


def correcting(story: Story, unit: str = "chenguang") -> tuple[int, list[int]]:
    """A self-check with three problems, each of them handed out."""
    check = story.the("self_check", unit)
    story.at("2026-03-02 10:00").does(f"handler of {unit}", "sign_for", check)
    story.at("2026-03-05 10:00")
    submits(story, unit, check, *PROBLEMS, due="2026-03-31")
    reviews(story, "supervisor_one", check, 88)
    story.does("supervisor_one", "rectify", check)
    return check, story.find("rectification", unit)


def corrects(story: Story, unit: str, *rectifications: int) -> None:
    """The unit has corrected them and says so."""
    for one in rectifications:
        story.does(f"handler of {unit}", "sign_for", one)
        story.does(f"handler of {unit}", "submit", one, result="已整改", evidence=1)


def test_rectified_then_struck_off_with_its_problems_on_record(checks: Story) -> None:
    story = checks
    check, rectifications = correcting(story)
    assert [story.task(one).facts["what"] for one in rectifications] == list(PROBLEMS)
    begun = [story.happened(one, "opened")[0].header for one in rectifications]
    assert {(one["state"], one["from_state"]) for one in begun} == {("issued", "rectifying")}
    story.at("2026-03-20 10:00")
    corrects(story, "chenguang", *rectifications)
    for one in rectifications[:2]:
        story.does("supervisor_two", "approve", one)
        story.expect_state(check, "rectifying")
    story.does("supervisor_two", "approve", rectifications[2])

    story.expect_state(check, "submitted")
    story.does("supervisor_one", "approve", check)
    story.expect_state(check, "closed")
    rows = story.rows(check, "problems")
    assert [(row["what"], row["due"], row["closed"]) for row in rows] == [
        (what, "2026-03-31", True) for what in PROBLEMS
    ]
    assert len(story.happened(check, "row_closed")) == 3
    story.expect_light(check, "green")


def test_a_correction_that_was_withdrawn_leaves_its_problem_open(checks: Story) -> None:
    story = checks
    check, (first, second, third) = correcting(story)
    story.at("2026-03-20 10:00")
    corrects(story, "chenguang", first, second)
    for one in (first, second):
        story.does("supervisor_two", "approve", one)
    story.does("supervisor_one", "withdraw", third, reason="交办有误")
    story.does("leader of bureau", "confirm:withdraw", third)

    story.expect_state(check, "submitted")
    assert [row["closed"] for row in story.rows(check, "problems")] == [True, True, False]
    story.does("supervisor_one", "rectify", check)
    again = story.find("rectification", "chenguang")[3:]
    assert [story.task(one).facts["what"] for one in again] == [PROBLEMS[2]]


def test_two_corrections_end_at_once_and_the_parent_moves_exactly_once(
    checks: Story, database_url: str
) -> None:
    story = checks
    check, (first, second, third) = correcting(story)
    story.at("2026-03-20 10:00")
    corrects(story, "chenguang", first, second, third)
    story.does("supervisor_two", "approve", first)

    def approve(who: str, task: int) -> object:
        return story.engine.act(task, Act(name="approve", person_id=story.person(who)), story.now)

    outcomes = story.together(
        lambda: approve("supervisor_one", second), lambda: approve("supervisor_two", third)
    )
    assert not [one for one in outcomes if isinstance(one, Exception)]
    other = Engine(open_port(database_url), salts=counted_salts())
    story.together(
        lambda: story.engine.run_once(story.now),
        lambda: other.run_once(story.now),
        lambda: story.engine.run_once(story.now),
    )
    other.port.close()
    story.run()

    story.expect_state(check, "submitted")
    assert len(story.happened(check, "machine", transition="rectified")) == 1
    assert [row["closed"] for row in story.rows(check, "problems")] == [True, True, True]


def test_a_problem_that_is_added_with_the_order_is_corrected_too(checks: Story) -> None:
    """Its row is written by the same decision that opens its correction."""
    story, check = checks, checks.the("self_check", "chenguang")
    story.at("2026-03-02 10:00").does("handler of chenguang", "sign_for", check)
    story.at("2026-03-05 10:00")
    submits(story, "chenguang", check, PROBLEMS[0], due="2026-03-31")
    added = [{"what": PROBLEMS[1], "due": "2026-03-31"}]
    story.does("supervisor_one", "rectify", check, rows={"problems": added})
    first, second = story.find("rectification", "chenguang")
    corrects(story, "chenguang", first, second)
    story.does("supervisor_two", "approve", first)
    story.does("supervisor_two", "approve", second)
    story.expect_state(check, "submitted")
    assert [row["closed"] for row in story.rows(check, "problems")] == [True, True]
