"""Working days: make-up Saturdays, holiday Fridays, and a notice that comes when clocks already run."""

from __future__ import annotations

from datetime import date

from tests.stories.customs import submits
from tests.stories.teller import Story, local
from workflow.calendar import CalendarYear
from workflow.text import Text


def handed_in(story: Story, unit: str, when: str) -> int:
    """A self-check that waits for the supervisors from then on, three workdays."""
    check = story.the("self_check", unit)
    story.does(f"handler of {unit}", "sign_for", check) if story.task(check).state == "issued" else None
    story.at(when)
    submits(story, unit, check)
    return check


def slow_review(story: Story, check: int) -> str:
    """When the supervisors' time was up."""
    return local(story.expect_episode(check, "slow_review").opened_at)


def test_a_holiday_friday_doesnt_count_and_a_make_up_saturday_does(checks: Story) -> None:
    story = checks
    before_labour_day = handed_in(story, "chenguang", "2026-04-30 10:00")  # Thursday
    after_it = handed_in(story, "wanghe", "2026-05-07 10:00")  # Thursday too
    story.at("2026-05-20 10:00")
    # Friday 1 to Tuesday 5 May are off: Wednesday 6, Thursday 7, Friday 8.
    assert slow_review(story, before_labour_day) == "2026-05-09 00:00"
    # Saturday 9 May is worked for it: Friday 8, Saturday 9, Monday 11.
    assert slow_review(story, after_it) == "2026-05-12 00:00"


def with_days_off(story: Story, *days: str) -> CalendarYear:
    """The year 2026 as it is in force, with more days off."""
    year = story.calendar.years[2026]
    extra = {date.fromisoformat(day): Text("抗洪放假", "flood days") for day in days}
    return CalendarYear(
        year=2026,
        status="published",
        source="示政办发〔2026〕9号",
        holidays={**year.holidays, **extra},
        makeup=year.makeup,
    )


def letter_of(story: Story, unit: str) -> int:
    """A special supervision that was signed on 1 April and runs out after 15 of the unit's workdays."""
    check = handed_in(story, unit, "2026-03-24 10:00")
    story.does("supervisor_one", "review", check, verified_score=60, rows={"problems": []})
    letter = story.the("special_supervision", unit)
    story.at("2026-04-01 10:00")
    story.does("supervisor_two", "sign", letter, requirements="限期整改", exit_conditions="80 分以上")
    return letter


def test_a_notice_moves_open_deadlines_before_anything_fires(checks: Story) -> None:
    story = checks
    letter = letter_of(story, "chenguang")
    old = story.task(letter).due_at
    assert old is not None
    story.at("2026-04-20 10:00")
    story.imports_calendar(with_days_off(story, "2026-04-13", "2026-04-14"))
    story.run()
    (moved,) = story.happened(letter, "deadline_recomputed")
    assert moved.header["new"] - moved.header["old"] == 2 * 86_400_000, "both values stay on record"
    new = story.task(letter).due_at
    assert new is not None
    assert new > old
    story.at(local(old + 60_001)).expect_no_episode(letter, "dragging")
    story.at(local(new + 1)).expect_episode(letter, "dragging", opened_at=local(new + 1))


def test_a_person_who_acts_right_after_the_notice_doesnt_hide_it(checks: Story) -> None:
    story = checks
    letter = letter_of(story, "chenguang")
    story.at("2026-04-20 10:00")
    story.imports_calendar(with_days_off(story, "2026-04-13", "2026-04-14"))
    story.does("leader of chenguang", "answer", letter, measures="已整改", evidence=1)
    kinds = [one.kind for one in story.history(letter)]
    assert kinds.index("deadline_recomputed") < len(kinds) - 1 - kinds[::-1].index("act")
    assert len(story.happened(letter, "deadline_recomputed")) == 1


def test_a_deadline_that_has_passed_stays_where_it_was(checks: Story) -> None:
    """Also when the daemon slept through it: it was late under the calendar of that day."""
    story = checks
    letter = letter_of(story, "chenguang")
    due = story.task(letter).due_at
    assert due is not None
    story.at("2026-04-20 10:00")
    story.doze_until(local(due + 60_001))
    story.imports_calendar(with_days_off(story, "2026-04-13", "2026-04-14"))
    story.run()
    assert story.task(letter).due_at == due
    story.expect_episode(letter, "dragging", opened_at=local(due + 1))


def test_a_step_that_ran_out_is_not_given_back_by_a_notice(checks: Story) -> None:
    story = checks
    check = handed_in(story, "chenguang", "2026-04-30 10:00")
    story.at("2026-05-09 09:00").expect_episode(check, "slow_review", opened_at="2026-05-09 00:00")
    story.imports_calendar(with_days_off(story, "2026-05-07", "2026-05-08"))
    story.run()
    story.expect_episode(check, "slow_review", opened_at="2026-05-09 00:00")
    story.fast_forward_to("2026-05-20 00:00")
    assert len(story.episodes(check, "slow_review")) == 1


def test_a_silence_that_was_told_is_not_taken_back_by_a_notice(checks: Story) -> None:
    """Ten workdays without a word were over; a notice that makes them nine un-fires nothing."""
    story = checks
    check = story.the("self_check", "chenguang")
    story.at("2026-03-16 23:00").does("handler of chenguang", "sign_for", check)
    story.at("2026-03-31 09:00").expect_episode(check, "silent", opened_at="2026-03-31 00:00")
    story.imports_calendar(with_days_off(story, "2026-03-26"))
    story.run()
    story.expect_episode(check, "silent", opened_at="2026-03-31 00:00")
    story.at("2026-03-31 10:00").does("handler of chenguang", "report", check, progress=50)
    assert not story.episodes(check, "silent")[-1].open


def test_a_notice_moves_a_deadline_that_stands_still(checks: Story) -> None:
    """In the supervisors' hands its days pass by, and it isn't over."""
    story = checks
    letter = letter_of(story, "chenguang")
    story.at("2026-04-02 10:00")
    story.does("leader of chenguang", "answer", letter, measures="已整改", evidence=1)
    story.at("2026-05-20 10:00")
    story.imports_calendar(with_days_off(story, "2026-04-13", "2026-04-14"))
    story.run()
    assert len(story.happened(letter, "deadline_recomputed")) == 1
