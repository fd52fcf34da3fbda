"""A clock in doubt: nothing fires and nobody acts until a person has looked. And races with the clock."""

from __future__ import annotations

from tests.stories.customs import keeps_to_the_plan, reviews, submits
from tests.stories.teller import Story
from workflow.errors import NotNow


def test_a_hold_refuses_acts_and_fires_nothing(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    story.puts_on_hold()
    before = story.everything()
    assert story.sleep_through(until="2026-03-20 09:00").held
    assert story.engine.wake(story.now) == 0
    assert story.engine.next_due(story.now) is None
    assert story.everything() == before
    assert [one["nominal"] for one in story.moments("weekly_dispatch")] == ["2026-03-02 09:00"]
    story.expect_refused(NotNow, "handler of chenguang", "sign_for", check)

    story.releases_hold("system administrator")
    story.run()
    story.expect_episode(check, "unsigned", opened_at="2026-03-05 00:00")
    story.expect_episode(check, "silent", opened_at="2026-03-17 00:00")
    story.does("handler of chenguang", "sign_for", check)


def test_a_repeated_request_gets_its_answer_also_under_a_hold(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    first = story.does("handler of chenguang", "sign_for", check, request_id="r-1")
    story.puts_on_hold()
    again = story.does("handler of chenguang", "sign_for", check, request_id="r-1")
    assert (again.seq, again.repeated) == (first.seq, True)


def test_an_approval_that_races_the_deadline(checks: Story) -> None:
    """Whoever comes first, the history tells the same: it was late, and then struck off."""
    story = checks
    for unit in ("chenguang", "wanghe", "xinhe"):
        check = story.the("self_check", unit)
        story.does(f"handler of {unit}", "sign_for", check)
    story.at("2026-04-22 10:00")
    units = ("chenguang", "wanghe", "xinhe")
    for unit in units:
        story.does(f"handler of {unit}", "report", story.the("self_check", unit), progress=100)
    story.at("2026-04-30 23:00").everybody_has_read()
    story.doze_until("2026-05-01 00:00").store_evidence(1)
    outcomes = story.together(
        lambda: story.engine.run_once(story.now),
        *[lambda unit=unit: submits(story, unit, story.the("self_check", unit)) for unit in units],
    )
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    story.run()
    for unit in units:
        check = story.the("self_check", unit)
        story.expect_state(check, "submitted")
        story.expect_episode(check, "late", opened_at="2026-05-01 00:00")
        assert len(story.episodes(check, "late")) == 1
        kinds = [one.kind for one in story.history(check) if one.at >= story.now]
        assert kinds.index("episode_opened") < kinds.index("act")
        story.expect_told(f"handler of {unit}", check, "late")


def test_struck_off_in_the_last_millisecond_it_was_never_late(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    keeps_to_the_plan(story, "chenguang", check, until="2026-04-30 23:00")
    story.doze_until("2026-04-30 23:59:59.999")
    submits(story, "chenguang", check)
    story.at("2026-05-06 10:00")
    reviews(story, "supervisor_one", check, 95)
    story.does("supervisor_one", "approve", check)
    story.expect_no_episode(check, "late")
