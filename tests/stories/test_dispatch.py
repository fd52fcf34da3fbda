"""Work dispatch: one at a time for a unit, whatever lags, however often."""

from __future__ import annotations

from tests.stories.conftest import Tell, first_morning
from tests.stories.customs import reviews, submits
from tests.stories.teller import Story, local
from tests.stories.variants import with_tracks
from workflow.definition import Pack


def signed_dispatch(story: Story, unit: str) -> int:
    """The dispatch that the last Monday brought to be signed, signed."""
    dispatch = story.find("dispatch", unit)[-1]
    story.expect_state(dispatch, "to_sign")
    story.does("supervisor_one", "sign", dispatch, agenda="逐项说明落后原因")
    return dispatch


def test_lag_recover_and_lag_again(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    story.at("2026-03-02 10:00").does("handler of chenguang", "sign_for", check)
    story.at("2026-03-13 09:00")
    first = story.expect_episode(check, "slow")
    story.expect_light(check, "yellow")
    story.at("2026-03-16 10:00")
    dispatch = signed_dispatch(story, "chenguang")
    assert story.concerns(dispatch) == [check]

    story.does("leader of chenguang", "answer", dispatch, actions="增派两人", promised="2026-04-20")
    story.does("handler of chenguang", "report", check, progress=60)
    story.expect_episode(check, "slow", open=False, ended_by="cleared")
    story.expect_light(check, "green")
    story.expect_state(dispatch, "answered")  # once signed, it is answered and checked all the same

    story.at("2026-03-27 10:00").does("handler of chenguang", "report", check, progress=60)
    story.at("2026-04-08 10:00").does("handler of chenguang", "report", check, progress=60)
    story.at("2026-04-16 10:00")
    second = story.expect_episode(check, "slow")
    assert second.opened_at > first.opened_at
    assert len(story.episodes(check, "slow")) == 2
    assert story.find("dispatch", "chenguang") == [dispatch], "the second lag joins the dispatch that is open"
    assert story.happened(dispatch, "joined", about=[check])

    story.does("supervisor_one", "close", dispatch, result="已到位")
    story.at("2026-04-17 10:00").does("handler of chenguang", "report", check, progress=85)
    story.at("2026-05-01 00:00").expect_episode(check, "late")
    assert len(story.find("dispatch", "chenguang")) == 2


def test_a_lag_that_is_made_up_before_monday_takes_its_draft_along(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    story.at("2026-03-02 10:00").does("handler of chenguang", "sign_for", check)
    story.at("2026-03-13 09:00")
    draft = story.the("dispatch", "chenguang")
    story.expect_state(draft, "drafted")
    story.does("handler of chenguang", "report", check, progress=40)
    story.expect_state(draft, "withdrawn")
    assert story.task(draft).outcome == "abandoned"
    assert story.happened(draft, "left", about=[check])


def test_ten_lagging_tasks_of_a_unit_make_one_dispatch(tell: Tell, spring: Pack) -> None:
    story = first_morning(tell(with_tracks(spring, 10)))
    tasks = story.find("creation_task", "chenguang")
    assert len(tasks) == 10
    story.at("2026-03-20 10:00")
    for task in tasks[:3]:
        story.does("handler of chenguang", "sign_for", task, goal="三项成果")
        story.does("handler of chenguang", "report", task, progress=1)  # lags a day later
    story.at("2026-03-23 08:59")
    assert story.concerns(story.the("dispatch", "chenguang")) == tasks
    assert len(story.find("dispatch")) == 10, "one for each of the ten regions"

    story.at("2026-03-23 09:00").everybody_has_read()
    dispatch = signed_dispatch(story, "chenguang")
    story.expect_told("leader of chenguang", dispatch, "assigned")
    story.expect_no_more_messages(dispatch)


def test_returned_twice_a_dispatch_is_proposed(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    story.at("2026-03-02 10:00").does("handler of chenguang", "sign_for", check)
    for day in ("2026-03-04", "2026-03-06"):
        assert story.find("dispatch") == []
        story.at(f"{day} 10:00")
        submits(story, "chenguang", check)
        story.does("supervisor_one", "return", check, reason="材料不全")
    story.expect_episode(check, "sent_back", opened_at="2026-03-06 10:00")
    story.expect_light(check, "yellow")
    story.expect_told("leader of chenguang", check, "sent_back")
    assert story.concerns(story.the("dispatch", "chenguang")) == [check]


def test_lifted_while_still_true_it_stays_away_until_it_was_false(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    story.at("2026-03-02 10:00").does("handler of chenguang", "sign_for", check)
    story.at("2026-03-13 09:00").expect_light(check, "yellow")
    draft = story.the("dispatch", "chenguang")
    story.does("supervisor_one", "lift:slow", check, reason="凌汛封路")
    story.expect_light(check, "green")
    story.expect_state(draft, "withdrawn")
    (lifted,) = story.happened(check, "lifted", rule="slow")
    assert lifted.values == {"reason": "凌汛封路"}
    assert lifted.header["actor"] == story.person("supervisor_one")

    story.at("2026-03-15 10:00").does("handler of chenguang", "report", check, progress=1)
    story.at("2026-03-27 10:00")  # further behind every day, and well past the cool-down
    assert len(story.episodes(check, "slow")) == 1
    story.expect_light(check, "green")

    story.does("handler of chenguang", "report", check, progress=60)
    story.expect_episode(check, "slow", open=False, ended_by="cleared")
    story.at("2026-04-03 10:00").does("handler of chenguang", "report", check, progress=60)
    story.at("2026-04-16 10:00")
    assert len(story.episodes(check, "slow")) == 2
    story.expect_light(check, "yellow")


def test_a_correction_that_is_late_at_birth_shares_the_draft_of_the_same_moment(checks: Story) -> None:
    """Two generations of one decision ask for the same draft: there is one."""
    story, check = checks, checks.the("self_check", "chenguang")
    story.at("2026-03-02 10:00").does("handler of chenguang", "sign_for", check)
    for day in ("2026-03-04", "2026-03-05"):
        story.at(f"{day} 10:00")
        submits(story, "chenguang", check, f"台账缺项 {day}", due="2026-03-06")
        if day == "2026-03-04":
            story.does("supervisor_one", "return", check, reason="材料不全")
    reviews(story, "supervisor_one", check, 90)
    story.at("2026-03-09 10:00").does("supervisor_one", "rectify", check)
    late = story.find("rectification", "chenguang")
    assert [local(story.expect_episode(one, "late").opened_at) for one in late] == ["2026-03-09 10:00"] * 2
    assert story.concerns(story.the("dispatch", "chenguang")) == late
