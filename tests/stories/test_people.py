"""Who may act: leave and deputies, separation of duties, and people who are faster than others."""

from __future__ import annotations

from tests.stories.teller import Story
from workflow.engine import Answer
from workflow.errors import BadValue, NotAllowed, NotNow, Stale


def submitted_by(story: Story, who: str, task: int) -> int:
    """A creation task that somebody of Fangcao signed for and handed in."""
    story.does(who, "sign_for", task, goal="三项成果")
    story.does(who, "submit", task, progress=100, result="成果汇编", evidence=1)
    return task


def accepts(story: Story, who: str, task: int) -> None:
    """Verified and struck off by one person."""
    story.does(who, "review", task, verified_score=90, effective="yes")
    story.does(who, "approve", task)
    story.expect_state(task, "closed")


def test_while_the_approvers_are_on_leave_their_deputy_approves_but_not_what_she_submitted(
    story: Story,
) -> None:
    story.at("2026-03-10 10:00")
    hers = submitted_by(story, "seconded", story.the("creation_task", "fangcao", track="service"))
    others = submitted_by(story, "fangcao_handler", story.the("creation_task", "fangcao", track="employment"))
    # Supervisors at their desks: the deputy is none.
    story.expect_refused(NotAllowed, "seconded", "review", others, verified_score=90, effective="yes")

    for supervisor in ("supervisor_one", "supervisor_two"):
        story.goes_on_leave(supervisor, "2026-03-20 00:00")
    accepts(story, "seconded", others)

    story.expect_refused(NotAllowed, "seconded", "review", hers, verified_score=90, effective="yes")
    story.expect_refused(NotAllowed, "bureau_deputy", "approve", hers)  # the head is there
    accepts(story, "bureau_head", hers)
    (approved,) = story.happened(hers, "act", transition="approve")
    assert approved.header["actor"] == story.person("bureau_head")
    assert approved.header["role"] == "bureau_leader"


def test_a_delegate_acts_on_behalf_and_both_names_stay(story: Story) -> None:
    story.at("2026-03-10 10:00")
    task = submitted_by(story, "fangcao_handler", story.the("creation_task", "fangcao", track="service"))
    story.goes_on_leave("supervisor_one", "2026-03-20 00:00", delegate="city_group_head")
    accepts(story, "city_group_head", task)
    (approved,) = story.happened(task, "act", transition="approve")
    assert approved.header["actor"] == story.person("city_group_head")
    assert approved.header["on_behalf"] == story.person("supervisor_one")


def test_after_the_leave_everything_is_as_before(story: Story) -> None:
    story.at("2026-03-10 10:00")
    task = submitted_by(story, "fangcao_handler", story.the("creation_task", "fangcao", track="service"))
    for supervisor in ("supervisor_one", "supervisor_two"):
        story.goes_on_leave(supervisor, "2026-03-20 00:00")
    story.at("2026-03-20 09:00")
    story.expect_refused(NotAllowed, "seconded", "review", task, verified_score=90, effective="yes")
    accepts(story, "supervisor_two", task)


def test_an_assignee_who_left_is_followed_by_whoever_stands_behind_them(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    story.leaves_post("chenguang_handler", "handler", "chenguang")
    story.expect_refused(NotAllowed, "chenguang_handler", "sign_for", check)
    story.fast_forward_to("2026-03-05 00:00")
    told = story.expect_told("leader of chenguang", check, "unsigned")
    assert told.role == "leader"
    (opened,) = story.happened(check, "episode_opened", rule="unsigned")
    assert opened.header["vacant"] == ["handler"]
    story.does("leader of chenguang", "sign_for", check)


def test_an_act_repeated_after_a_lost_answer_happens_once(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    story.at("2026-03-02 10:00").does("handler of chenguang", "sign_for", check)
    first = story.does("handler of chenguang", "report", check, progress=10, request_id="r-1")
    story.at("2026-03-02 10:05")
    again = story.does("handler of chenguang", "report", check, progress=10, request_id="r-1")
    assert (again.seq, again.revision, again.state, again.at) == (
        first.seq,
        first.revision,
        first.state,
        first.at,
    )
    assert again.repeated
    assert len(story.happened(check, "act", transition="report")) == 1
    story.expect_refused(BadValue, "leader of chenguang", "report", check, progress=10, request_id="r-1")


def test_ten_repeats_at_once_happen_once(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    story.at("2026-03-02 10:00").does("handler of chenguang", "sign_for", check)

    def report() -> Answer:
        return story.does("handler of chenguang", "report", check, progress=10, request_id="r-1", revision=2)

    answers = story.together(*[report] * 10)
    assert [one for one in answers if isinstance(one, Exception)] == []
    assert sorted(one.repeated for one in answers) == [False] + [True] * 9
    assert len({(one.seq, one.revision) for one in answers}) == 1
    assert len(story.happened(check, "act", transition="report")) == 1


def test_a_stale_form_is_told_who_was_faster(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    story.at("2026-03-02 10:00")
    shown = story.task(check).revision
    story.does("handler of chenguang", "sign_for", check, revision=shown)
    refusal = story.expect_refused(Stale, "leader of chenguang", "sign_for", check, revision=shown)
    assert "Zhao Mou-he" in refusal.text.en
    assert "Sign for" in refusal.text.en
    assert "赵某禾" in refusal.text.zh
    assert "签收" in refusal.text.zh
    assert "2026-03-02 10:00" in refusal.text.zh


def test_of_two_decisions_on_the_same_form_one_wins(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    story.at("2026-03-05 10:00").does("handler of chenguang", "sign_for", check)
    story.does("handler of chenguang", "submit", check, own_score=90, rows={"problems": []}, evidence=1)
    story.does("supervisor_one", "review", check, verified_score=90, rows={"problems": []})
    shown = story.task(check).revision
    outcomes = story.together(
        lambda: story.does("supervisor_one", "approve", check, revision=shown),
        lambda: story.does("supervisor_two", "return", check, reason="再核", revision=shown),
    )
    lost = [one for one in outcomes if isinstance(one, Exception)]
    assert [type(one) for one in lost] == [Stale]
    taken = [one.header["transition"] for one in story.happened(check, "act")]
    assert len({"approve", "return"} & set(taken)) == 1


def test_the_clock_makes_no_form_stale(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    story.at("2026-03-02 10:00").does("handler of chenguang", "sign_for", check)
    shown, seq = story.task(check).revision, story.task(check).seq
    story.at("2026-03-20 10:00").expect_light(check, "yellow")
    assert story.task(check).seq > seq
    assert story.task(check).revision == shown
    story.does("handler of chenguang", "report", check, progress=50, revision=shown)


def test_what_was_refused_left_nothing_behind(checks: Story) -> None:
    story, check = checks, checks.the("self_check", "chenguang")
    story.doze_until("2026-03-20 10:00")  # the clock owes the task much: that isn't written either
    story.expect_refused(NotNow, "handler of chenguang", "report", check, progress=10)
    story.expect_refused(BadValue, "handler of chenguang", "sign_for", check, progress=10)
    story.expect_refused(NotAllowed, "handler of wanghe", "sign_for", check)
