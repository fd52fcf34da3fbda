"""decide(): what people do. First what the clock owed, then the act, then what follows from it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.builders import (
    BUREAU_LEADER,
    DAY,
    DEPUTY_HANDLER,
    DEPUTY_SUPERVISOR,
    HANDLER,
    LEADER,
    STAFF,
    SUPERVISOR,
    Life,
    around,
    at,
    away,
    directory,
    end_of,
    errand,
    row,
)
from workflow import decision as decide
from workflow.decision import Act
from workflow.errors import BadValue, NotAllowed, NotNow, Undecidable, Unknown

LATE = end_of("2026-04-30") + 1
OTHER = 110


def begun(*rules: str, **changes: str) -> Life:
    return Life.begin(errand(*rules, **changes))


# --- settle before act ----------------------------------------------------------------------------


def test_a_report_a_second_late_does_not_erase_an_episode_that_was_due() -> None:
    life = begun("silent: {when: nothing reported for 10 workdays, light: yellow, tells: [handler, leader]}")
    due = end_of("2026-03-16") + 1
    assert life.task.wake_at == due
    life.act(due + 5_000, "report", progress=20)
    assert life.record() == [("silent", due, due + 5_000, "cleared")]
    assert life.messages("escalation") == [HANDLER, LEADER]
    assert [event.kind for event in life.events] == ["opened", "episode_opened", "act", "episode_ended"]


def test_an_act_after_a_tick_and_an_act_instead_of_it_leave_the_same_history() -> None:
    rules = (
        "slow: {when: progress behind plan by 20, light: yellow, proposes: dispatch, tells: handler}",
        "silent: {when: nothing reported for 5 workdays, light: yellow, tells: leader}",
    )
    ticked, raced = begun(*rules), begun(*rules)
    now = at("2026-03-17 10:00")
    ticked.live_until(now)
    for life in (ticked, raced):
        life.act(now, "report", progress=5)
    assert raced.record() == ticked.record()
    assert [new.kind for new in raced.opened] == [new.kind for new in ticked.opened]


def test_a_guard_is_judged_now_not_at_the_last_instant_that_was_caught_up_on() -> None:
    """The rule slept through a day that the guard, which no rule shares, did not."""
    life = begun(
        "near: {when: due in 3 workdays, light: blue}",
        note="{label: {zh: 备注, en: Note}, from: working, by: handler, when: in state for 58 days}",
    )
    with pytest.raises(NotNow):
        life.act("2026-04-26 10:00", "note")
    life.act("2026-04-30 12:00", "note")


def test_it_is_too_late_to_ask_once_the_deadline_has_passed_though_no_tick_has_said_so() -> None:
    life = begun("near: {when: due in 3 workdays, in: working, light: blue}")
    with pytest.raises(NotNow, match="condition"):
        life.act(LATE, "extend", until="2026-06-01")
    life.act(LATE - 1, "extend", until="2026-06-01")


# --- who may --------------------------------------------------------------------------------------


def test_only_the_role_may_or_whoever_stands_in_for_it() -> None:
    life = begun()
    with pytest.raises(NotAllowed, match="Handler"):
        life.act("2026-03-03 10:00", "report", SUPERVISOR, progress=10)
    with pytest.raises(NotAllowed):
        life.act("2026-03-03 10:00", "report", DEPUTY_HANDLER, progress=10)
    life.around["directory"] = directory(away(HANDLER))
    life.act("2026-03-03 10:00", "report", DEPUTY_HANDLER, progress=10)
    life.around["directory"] = directory(away(HANDLER, OTHER))
    life.act("2026-03-03 11:00", "report", OTHER, progress=20)
    (_, first), (_, second) = life.told("act")
    assert (first["actor"], first.get("on_behalf")) == (DEPUTY_HANDLER, None)
    assert (second["actor"], second["on_behalf"]) == (OTHER, HANDLER)
    assert life.task.actors["report"] == [DEPUTY_HANDLER, OTHER, HANDLER]


def test_an_approver_on_leave_whose_deputy_approves_but_not_the_one_who_submitted() -> None:
    """The handler's post is vacant; the supervisor, to whom it falls, submits and may not approve."""
    staff = [one for one in STAFF if one.person_id not in (HANDLER, DEPUTY_HANDLER, LEADER)]
    life = Life.begin(errand(), others={"directory": directory(staff=staff)})
    life.act("2026-03-03 10:00", "submit", SUPERVISOR)
    assert life.messages("assigned") == [SUPERVISOR, DEPUTY_SUPERVISOR], "who steps in is told as well"
    with pytest.raises(NotAllowed, match="submit"):
        life.act("2026-03-03 11:00", "approve", SUPERVISOR)
    life.act("2026-03-03 11:00", "approve", DEPUTY_SUPERVISOR)
    assert life.task.outcome == "accepted"


def test_nobody_acts_without_a_name_but_a_round_that_completes_a_draft() -> None:
    life = begun()
    with pytest.raises(NotAllowed, match="nobody was named"):
        life.act("2026-03-03 10:00", "report", round="weekly", progress=5)
    nameless = Act(name="submit", person_id=None)
    with pytest.raises(NotAllowed):
        decide.act(life.loaded, around(at("2026-03-03 10:00"), life.kinds), nameless)
    draft = Life.begin(errand(), kind="dispatch", deadline=None)
    draft.act("2026-03-09 09:00", "completed", round="weekly_dispatch")
    assert draft.task.state == "to_sign"
    assert draft.told("act")[0][1]["round"] == "weekly_dispatch"
    assert draft.task.revision == 1, "the clock makes no form stale"


def test_an_act_that_there_is_not_or_not_now_says_what_there_is() -> None:
    life = begun()
    with pytest.raises(Unknown, match="report"):
        life.act("2026-03-03 10:00", "reprot")
    with pytest.raises(Unknown):
        life.act("2026-03-03 10:00", "corrected")  # the machine's
    with pytest.raises(NotNow, match="Working"):
        life.act("2026-03-03 10:00", "approve", SUPERVISOR)


# --- what is reported -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "facts",
    [
        {"score": "viel"},
        {"progress": 101},
        {"progress": -1},
        {"level": "extreme"},
        {"promised": "2026-02-30"},
        {"promised": "20260330"},
        {"promised": "9999-12-31"},
        {"promised": "2150-01-01"},
        {"unknown": 1},
    ],
)
def test_a_value_that_does_not_fit_is_refused_and_nothing_happens(facts: dict[str, Any]) -> None:
    life = begun("soon: {when: promised overdue by 3 workdays, light: red}")
    before = life.task
    with pytest.raises(BadValue):
        life.act("2026-03-03 10:00", "report", **facts)
    assert life.task is before


def test_numbers_are_kept_as_they_were_written() -> None:
    life = begun()
    life.act("2026-03-03 10:00", "report", score="79.999999", progress="50%")
    assert life.task.facts == {"score": 79.999999, "progress": 50}


def test_rows_are_added_and_open_ones_changed_never_removed() -> None:
    life = begun()
    life.act("2026-03-03 10:00", "report", rows={"problems": [{"what": "一", "due": "2026-04-01"}]})
    (first,) = life.loaded.rows
    life.act(
        "2026-03-04 10:00",
        "report",
        rows={"problems": [{"id": first.id, "what": "改", "due": "2026-04-02"}]},
    )
    assert [one.values["what"] for one in life.loaded.rows] == ["改"]
    life.act("2026-03-05 10:00", "report", rows={"problems": []})
    assert len(life.loaded.rows) == 1
    with pytest.raises(BadValue):
        life.act(
            "2026-03-05 11:00", "report", rows={"problems": [{"id": 999, "what": "x", "due": "2026-04-02"}]}
        )
    with pytest.raises(BadValue, match="due"):
        life.act("2026-03-05 11:00", "report", rows={"problems": [{"what": "x"}]})


# --- rows and their tasks -------------------------------------------------------------------------


def test_each_open_row_has_a_task_of_its_own_and_is_struck_off_with_it() -> None:
    life = begun()
    listed = [{"what": "一", "due": "2026-03-20"}, {"what": "二", "due": "2026-03-25"}]
    life.act("2026-03-03 10:00", "submit", rows={"problems": listed})
    life.act("2026-03-03 11:00", "correct", SUPERVISOR)
    one, two = life.opened
    assert [new.deadline for new in life.opened] == [end_of("2026-03-20"), end_of("2026-03-25")]
    assert [new.facts["what"] for new in life.opened] == ["一", "二"]
    life.other_ends(one.id, "2026-03-10 10:00")
    life.wake("2026-03-10 10:00")
    assert [bool(each.closed_at) for each in life.loaded.rows] == [True, False]
    assert life.task.state == "correcting"
    life.other_ends(two.id, "2026-03-11 10:00", "abandoned")
    life.wake("2026-03-11 10:00")
    assert life.task.state == "review"
    assert [bool(each.closed_at) for each in life.loaded.rows] == [True, False], "abandoned, it stays open"
    life.act("2026-03-12 10:00", "correct", SUPERVISOR)
    assert len(life.opened) == 3, "only the row that has no open task"


def test_a_row_added_by_the_very_act_that_opens_tasks_gets_one_too() -> None:
    life = begun()
    life.act("2026-03-03 10:00", "submit", rows={"problems": [{"what": "一", "due": "2026-03-20"}]})
    added = [{"what": "二", "due": "2026-03-25"}]
    life.act("2026-03-03 11:00", "correct", SUPERVISOR, rows={"problems": added})
    assert [new.facts["what"] for new in life.opened] == ["一", "二"]
    first, second = life.opened
    assert (first.row, second.row_id) == (None, None)
    assert second.row is not None
    assert second.row.id == life.loaded.rows[1].id
    now = around(at("2026-03-03 11:00"), life.kinds)
    assert decide.begin(second, now).task.row_id == second.row.id
    second.row.id = 0
    with pytest.raises(Undecidable, match="no id"):
        decide.begin(second, now)


def test_a_deadline_that_has_passed_meanwhile_is_taken_as_it_is() -> None:
    life = begun()
    life.act("2026-03-03 10:00", "submit", rows={"problems": [{"what": "一", "due": "2026-03-05"}]})
    life.act("2026-03-20 11:00", "correct", SUPERVISOR)
    assert life.opened[0].deadline == end_of("2026-03-05")
    with pytest.raises(BadValue, match="later date"):
        begun().act("2026-03-20 10:00", "submit", rows={"problems": [{"what": "一", "due": "2026-03-05"}]})


# --- moving ---------------------------------------------------------------------------------------


def test_without_a_target_it_is_the_same_visit_with_one_a_new_one() -> None:
    life = begun()
    life.act("2026-03-03 10:00", "report", progress=10)
    assert (life.task.visit, life.task.state_since) == (1, at("2026-03-02 09:00"))
    life.act("2026-03-04 10:00", "pause", SUPERVISOR)
    life.act("2026-03-05 10:00", "renew", SUPERVISOR)
    assert (life.task.state, life.task.visit, life.task.state_since) == ("paused", 3, at("2026-03-05 10:00"))


def test_back_leads_out_even_after_the_state_was_entered_anew_from_itself() -> None:
    life = begun()
    life.act("2026-03-03 10:00", "submit")
    life.act("2026-03-04 10:00", "pause", SUPERVISOR)
    life.act("2026-03-05 10:00", "renew", SUPERVISOR)
    life.act("2026-03-06 10:00", "resume", SUPERVISOR)
    assert (life.task.state, life.task.came_from) == ("review", "paused")


def test_at_least_is_the_later_of_the_deadline_and_so_long_from_now() -> None:
    early, late = begun(), begun()
    for life, day in ((early, "2026-03-10"), (late, "2026-04-29")):
        life.act(f"{day} 10:00", "submit")
        life.act(f"{day} 11:00", "return", SUPERVISOR)
    assert early.task.deadline == end_of("2026-04-30")
    assert early.told("deadline_set") == []
    assert late.task.deadline == end_of("2026-05-09"), "five workdays, one of them a make-up Saturday"


def test_the_time_in_other_hands_counts_before_at_least_does() -> None:
    life = begun()
    life.act("2026-04-28 10:00", "submit")
    life.act("2026-05-20 10:00", "return", SUPERVISOR)
    shift = at("2026-05-20 10:00") - at("2026-04-28 10:00")
    assert life.task.due_at == max(end_of("2026-04-30") + shift, end_of("2026-05-27"))


def test_nothing_reported_restarts_with_an_act_by_whom_the_state_waits_for_only() -> None:
    life = begun(
        note="{label: {zh: 备注, en: Note}, from: working, by: [supervisor, leader], optional: score}"
    )
    start = life.task.reported_at
    life.act("2026-03-03 10:00", "note", SUPERVISOR, score=1)
    assert life.task.reported_at == start
    life.act("2026-03-04 10:00", "report", progress=1)
    assert life.task.reported_at == at("2026-03-04 10:00")
    life.around["directory"] = directory(staff=STAFF[2:])  # the leader, now that nobody is handler
    life.act("2026-03-05 10:00", "note", LEADER, score=2)
    assert life.task.reported_at == at("2026-03-05 10:00")


# --- confirmations --------------------------------------------------------------------------------


def asked(life: Life | None = None, day: str = "2026-04-29") -> Life:
    found = life or begun("late: {when: overdue, light: red}")
    found.act(f"{day} 10:00", "extend", until="2026-05-30")
    return found


def test_asked_for_in_time_the_light_holds_until_it_is_decided() -> None:
    life = asked()
    assert life.messages("to confirm") == [SUPERVISOR]
    life.live_until("2026-05-04 10:00")
    assert life.light == "green"
    life.act("2026-05-04 10:00", "confirm:extend", SUPERVISOR)
    assert life.task.deadline == end_of("2026-05-30")
    assert life.task.due_at == end_of("2026-05-30")
    assert life.messages("answered") == [HANDLER]
    assert life.task.actors["extend"] == [HANDLER]


def test_refused_the_clock_goes_on_from_where_it_stood() -> None:
    life = asked()
    with pytest.raises(BadValue, match="reason"):
        life.act("2026-05-04 10:00", "refuse:extend", SUPERVISOR)
    life.act("2026-05-04 10:00", "refuse:extend", SUPERVISOR, reason="理由不足")
    stopped = at("2026-05-04 10:00") - at("2026-04-29 10:00")
    assert life.task.wake_at == LATE + stopped
    assert life.task.facts == {}
    assert life.messages("answered") == [HANDLER]


def test_a_deadline_is_stopped_by_a_confirmation_once_until_it_is_set_anew() -> None:
    life = asked(day="2026-03-10")
    life.act("2026-03-11 10:00", "refuse:extend", SUPERVISOR, reason="不急")
    asked(life, "2026-03-12")
    assert not life.task.pending[0].stops
    assert life.stops == [(at("2026-03-10 10:00"), at("2026-03-11 10:00"))]
    life.act("2026-03-13 10:00", "confirm:extend", SUPERVISOR)
    asked(life, "2026-03-16")
    assert life.task.pending[0].stops


def test_it_lapses_after_its_last_millisecond_and_the_asker_hears() -> None:
    life = asked(day="2026-03-10")
    lapses = end_of("2026-03-13") + 1
    assert life.task.wake_at == lapses
    with_answer = replace(life.loaded)
    decide.act(with_answer, around(lapses - 1, life.kinds), Act(name="confirm:extend", person_id=SUPERVISOR))
    with pytest.raises(NotNow, match="lapsed"):
        life.act(lapses, "confirm:extend", SUPERVISOR)
    life.wake(lapses)
    assert life.messages("lapsed") == [HANDLER]
    assert life.told("lapsed")[0][1]["why"] == "unanswered"


def test_it_blocks_no_other_act_and_lapses_once_the_task_has_left_and_so_does_its_stop() -> None:
    life = asked(day="2026-03-10")
    life.act("2026-03-11 10:00", "report", progress=10)
    assert life.task.pending
    assert life.stops == [(at("2026-03-10 10:00"), None)]
    life.act("2026-03-12 10:00", "pause", SUPERVISOR)
    assert life.task.pending == ()
    assert life.told("lapsed") == [
        (
            at("2026-03-12 10:00"),
            {"transition": "extend", "asked_at": at("2026-03-10 10:00"), "why": "left"},
        )
    ]
    assert life.stops == [(at("2026-03-10 10:00"), at("2026-03-12 10:00"))]


def test_one_stop_goes_on_when_the_state_takes_over_from_the_confirmation() -> None:
    life = asked(day="2026-03-10")
    life.act("2026-03-12 10:00", "submit")
    assert life.stops == [(at("2026-03-10 10:00"), None)]


def test_the_same_is_not_asked_twice_at_once() -> None:
    with pytest.raises(NotNow, match="already"):
        asked(asked(day="2026-03-10"), "2026-03-11")


def test_nobody_confirms_their_own_act_and_the_deputy_steps_in() -> None:
    life = begun()
    life.act("2026-03-10 10:00", "withdraw", SUPERVISOR)
    assert life.messages("to confirm") == [DEPUTY_SUPERVISOR], "the supervisor asked, and counts as absent"
    with pytest.raises(NotAllowed, match="own act"):
        life.act("2026-03-10 11:00", "confirm:withdraw", SUPERVISOR)
    life.act("2026-03-10 11:00", "confirm:withdraw", DEPUTY_SUPERVISOR)
    assert life.task.state == "withdrawn"
    assert life.told("act")[0][1]["actor"] == SUPERVISOR


def test_nor_does_the_delegate_of_who_asked() -> None:
    life = Life.begin(errand(), others={"directory": directory(away(SUPERVISOR, OTHER))})
    life.act("2026-03-10 10:00", "withdraw", SUPERVISOR)  # on leave, and still entitled
    with pytest.raises(NotAllowed, match="own act"):
        life.act("2026-03-10 11:00", "confirm:withdraw", OTHER)


def test_whoever_confirmed_has_acted_where_anyone_is_excluded() -> None:
    life = begun(note="{label: {zh: 复核, en: Note}, from: working, by: supervisor, not_by: anyone}")
    asked(life, "2026-03-10")
    life.act("2026-03-11 10:00", "confirm:extend", SUPERVISOR)
    with pytest.raises(NotAllowed):
        life.act("2026-03-12 10:00", "note", SUPERVISOR)
    life.act("2026-03-12 10:00", "note", DEPUTY_SUPERVISOR)


def test_a_date_that_passed_while_it_waited_is_not_confirmed() -> None:
    life = begun()
    life.act("2026-03-10 10:00", "extend", until="2026-03-11")
    with pytest.raises(BadValue, match="later date"):
        life.act("2026-03-12 10:00", "confirm:extend", SUPERVISOR)
    life.act("2026-03-12 10:00", "refuse:extend", SUPERVISOR, reason="请重新申请")


def test_when_is_judged_as_it_is_asked_for_with_what_is_reported_then() -> None:
    kinds = errand(
        note="{label: {zh: 上报, en: Note}, from: working, by: handler, asks: problems, "
        "when: open problems > 0, confirmed_by: {role: supervisor, within: 2 workdays, else: lapse}}"
    )
    life = Life.begin(kinds)
    with pytest.raises(NotNow):
        life.act("2026-03-03 10:00", "note", rows={"problems": []})
    life.act("2026-03-03 10:00", "note", rows={"problems": [{"what": "一", "due": "2026-03-20"}]})
    assert not life.loaded.rows
    life.act("2026-03-04 10:00", "confirm:note", SUPERVISOR)
    assert [one.values["what"] for one in life.loaded.rows] == ["一"]


def test_a_row_struck_off_while_its_change_waited_stays_as_it_was() -> None:
    kinds = errand(
        note="{label: {zh: 更正, en: Note}, from: working, by: handler, asks: problems, "
        "confirmed_by: {role: supervisor, within: 2 workdays, else: lapse}}"
    )
    life = Life.begin(kinds)
    life.loaded = replace(life.loaded, rows=(row(5),))
    life.act("2026-03-03 10:00", "note", rows={"problems": [{"id": 5, "what": "改", "due": "2026-03-20"}]})
    life.loaded = replace(life.loaded, rows=(row(5, closed_at=at("2026-03-03 12:00")),))
    life.act("2026-03-04 10:00", "confirm:note", SUPERVISOR)
    assert life.loaded.rows[0].values["what"] == "一处问题"


def test_an_answer_takes_a_reason_and_nothing_else() -> None:
    life = asked(day="2026-03-10")
    with pytest.raises(BadValue, match="only a reason"):
        life.act("2026-03-11 10:00", "confirm:extend", SUPERVISOR, progress=5)
    with pytest.raises(BadValue, match="only a reason"):
        life.act("2026-03-11 10:00", "confirm:extend", SUPERVISOR, rows={"problems": []})


# --- lifting --------------------------------------------------------------------------------------


def test_lifted_while_still_true_it_does_not_reopen_until_it_was_false() -> None:
    life = begun("low: {when: score < 60, light: red, again: after 1 day}")
    life.act("2026-03-03 10:00", "report", score=50)
    with pytest.raises(NotAllowed):
        life.act("2026-03-04 10:00", "lift:low", HANDLER, reason="洪灾")
    with pytest.raises(BadValue, match="reason"):
        life.act("2026-03-04 10:00", "lift:low", SUPERVISOR)
    life.act("2026-03-04 10:00", "lift:low", SUPERVISOR, reason="洪灾")
    assert life.light == "green"
    life.act("2026-03-20 10:00", "report", score=40)
    assert len(life.episodes) == 1
    with pytest.raises(NotNow):
        life.act("2026-03-20 11:00", "lift:low", SUPERVISOR, reason="再免")
    life.act("2026-03-21 10:00", "report", score=70)
    life.act("2026-03-22 10:00", "report", score=50)
    assert life.light == "red"
    assert [one.inert_by for one in life.episodes] == ["lifted", None]


def test_what_was_lifted_takes_its_draft_along() -> None:
    life = begun("low: {when: score < 60, light: red, proposes: dispatch}")
    life.act("2026-03-03 10:00", "report", score=50)
    life.act("2026-03-04 10:00", "lift:low", SUPERVISOR, reason="洪灾")
    assert life.nudged == [(life.opened[0].id, "concerned")]


def test_on_a_closed_task_lifting_ends_it() -> None:
    life = begun("poor: {when: score < 80, light: red, opens: referral, until: referral ended}")
    life.act("2026-03-03 10:00", "report", score=60)
    life.act("2026-03-03 11:00", "submit")
    life.act("2026-03-03 12:00", "approve", SUPERVISOR)
    assert life.light == "red"
    life.act("2026-03-05 10:00", "lift:poor", SUPERVISOR, reason="另案处理")
    assert life.light == "green"
    assert life.record()[0][3] == "lifted"
    assert life.loaded.episodes == ()


def test_forms_grow_stale_by_peoples_acts_alone() -> None:
    life = begun("late: {when: overdue, light: red}")
    life.act("2026-03-03 10:00", "report", progress=1)
    assert life.task.revision == 2
    life.live_until(LATE + DAY)
    assert life.task.revision == 2
    life.act(LATE + DAY, "lift:late", SUPERVISOR, reason="洪灾")
    assert life.task.revision == 3


def test_what_was_resolved_is_recorded_whoever_holds_the_post_later() -> None:
    life = begun()
    life.act("2026-03-03 10:00", "submit")
    life.around["directory"] = directory(staff=[one for one in STAFF if one.person_id != SUPERVISOR])
    life.act("2026-03-04 10:00", "return", DEPUTY_SUPERVISOR)
    assert life.told("act")[0][1]["actor"] == HANDLER
    assert life.told("act")[1][1]["role"] == "supervisor"


def test_a_confirmer_role_that_is_vacant_falls_on_and_says_so() -> None:
    nobody = [one for one in STAFF if one.person_id not in (SUPERVISOR, DEPUTY_SUPERVISOR)]
    life = Life.begin(errand(), others={"directory": directory(staff=nobody)})
    life.act("2026-03-10 10:00", "extend", until="2026-05-30")
    assert life.messages("to confirm") == [BUREAU_LEADER]
    assert life.told("asked")[0][1]["vacant"] == ["supervisor"]


# --- evidence by how grave it is ------------------------------------------------------------------


def graded() -> Life:
    """A task whose notes need evidence by its level."""
    tiers = "evidence: {level: {low: 0, medium: 1, high: 3}}"
    words = "from: [working, review], by: supervisor, optional: [score, level]"
    return begun(note=f"{{label: {{zh: 备注, en: Note}}, {words}, {tiers}}}")


def note(life: Life, files: int, **reported: Any) -> None:
    """A note with so many files."""
    evidence = [f"{n:064x}" for n in range(files)]
    life.act(at("2026-03-03 10:00"), "note", SUPERVISOR, evidence=evidence, **reported)


@pytest.mark.parametrize(("level", "needed"), [("low", 0), ("medium", 1), ("high", 3)])
def test_the_level_says_how_many_files_as_it_is_reported_with_the_act(level: str, needed: int) -> None:
    life = graded()
    if needed:
        with pytest.raises(BadValue, match=rf"needs {needed} file\(s\) of evidence \(Level: {level}\)"):
            note(life, needed - 1, level=level)
    note(life, needed, level=level)
    assert life.task.facts["level"] == level


def test_while_nobody_has_said_how_grave_it_is_the_most_is_asked_for() -> None:
    life = graded()
    with pytest.raises(BadValue, match="the most counts"):
        note(life, 2, score=10)
    note(life, 3, score=10)


def test_a_level_that_was_reported_before_counts() -> None:
    life = graded()
    note(life, 1, level="medium")
    note(life, 1, score=10)
    note(life, 3, level="high")
    with pytest.raises(BadValue, match="needs 3"):
        note(life, 1, score=20)


def test_the_same_file_twice_is_one() -> None:
    with pytest.raises(BadValue, match="2 given"):
        graded().act(
            at("2026-03-03 10:00"), "note", SUPERVISOR, level="high", evidence=["a" * 64, "a" * 64, "b" * 64]
        )
