"""decide(): what the clock owes a task. Facts and an instant in, a whole decision out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.builders import (
    BUREAU_LEADER,
    DAY,
    HANDLER,
    HOUR,
    LEADER,
    OPENED,
    STAFF,
    SUPERVISOR,
    Life,
    around,
    at,
    directory,
    end_of,
    errand,
    task,
)
from workflow import decision as decide
from workflow.calendar import CalendarYear, default_calendar, published_year
from workflow.errors import BadValue, Undecidable
from workflow.task import Backing, Concern, Episode, Loaded, Nudge, Related
from workflow.text import Text

LATE = end_of("2026-04-30") + 1
VERY_LATE = end_of("2026-05-08") + 1  # 3 workdays later: Labour Day is in between


# --- opening --------------------------------------------------------------------------------------


def test_a_task_begins_with_its_first_event_its_first_look_and_whoever_it_waits_for_told() -> None:
    life = Life.begin(errand("late: {when: overdue, light: red}"), origin={"round": "hand_out"})
    ((instant, header),) = life.told("opened")
    assert instant == at(OPENED)
    assert header["round"] == "hand_out"
    assert life.messages("assigned") == [HANDLER]
    assert (life.task.wake_at, life.light, life.task.waits_for) == (LATE, "green", "handler")


def test_a_task_may_be_born_late() -> None:
    life = Life.begin(errand("late: {when: overdue, light: red}"), deadline="2026-02-27")
    assert life.record() == [("late", at(OPENED), None, None)]
    assert life.light == "red"


def test_a_deadline_that_is_passed_on_counts_whatever_the_kind_says_else() -> None:
    life = Life.begin(errand(deadline="15 workdays after opened"), deadline="2026-03-10")
    assert life.task.deadline == end_of("2026-03-10")
    with pytest.raises(BadValue, match="deadline"):
        Life.begin(errand(), deadline=None)


def test_a_child_knows_its_parent_from_the_beginning() -> None:
    kinds = errand("alone: {when: parent open, light: blue}")
    assert Life.begin(kinds, parent=Related(id=3, kind="errand")).task.light == "blue"
    ended = Related(id=3, kind="errand", ended_at=at(OPENED), outcome="accepted")
    assert Life.begin(kinds, parent=ended).task.light == "green"


def test_only_a_deadline_counted_in_workdays_of_a_projected_year_is_provisional() -> None:
    counted = errand(deadline="300 workdays after opened")
    assert Life.begin(counted, deadline=None).task.provisional == 1
    assert Life.begin(errand(deadline="10 workdays after opened"), deadline=None).task.provisional == 0
    assert Life.begin(errand(), deadline="2027-06-30").task.provisional == 0, "a date rests on nothing"


# --- rules and episodes ---------------------------------------------------------------------------


def test_an_episode_opens_when_the_condition_comes_true_and_ends_when_it_no_longer_holds() -> None:
    life = Life.begin(errand("near: {when: due in 3 workdays, light: blue, tells: handler}"))
    life.live_until("2026-06-01")
    assert life.record() == [("near", at("2026-04-27"), LATE, "cleared")]
    assert life.light == "green"
    assert life.task.wake_at is None


def test_what_was_slept_through_bears_its_own_instant_and_does_nothing_more() -> None:
    life = Life.begin(errand("near: {when: due in 3 workdays, light: blue, tells: handler, opens: referral}"))
    life.wake("2026-06-01 12:00")
    assert life.record() == [("near", at("2026-04-27"), LATE, "cleared")]
    assert life.opened == []
    assert life.messages("escalation") == []


def test_lag_recover_and_lag_again_are_two_episodes() -> None:
    life = Life.begin(errand("slow: {when: progress behind plan by 20, light: yellow, again: after 1 day}"))
    life.live_until("2026-03-16")
    life.act("2026-03-16 10:00", "report", progress=30)
    assert life.light == "green"
    life.live_until("2026-04-20")
    assert [(rule, why) for rule, _, _, why in life.record()] == [("slow", "cleared"), ("slow", None)]


def test_of_one_ladder_the_gravest_acts_and_the_others_are_on_record() -> None:
    kinds = errand(
        "late: {when: overdue, light: yellow, ladder: lateness, tells: handler, proposes: dispatch}",
        "very_late: {when: overdue by 3 workdays, light: red, ladder: lateness, opens: special_supervision}",
    )
    life = Life.begin(kinds)
    life.wake("2026-05-12 09:00")
    assert life.record() == [("late", LATE, None, None), ("very_late", VERY_LATE, None, None)]
    assert [new.kind for new in life.opened] == ["special_supervision"]
    assert life.of("late")[0].superseded
    assert life.told("episode_opened")[0][1]["superseded_by"] == "very_late"
    assert life.light == "red"


def test_in_time_each_rung_acts_in_its_turn() -> None:
    kinds = errand(
        "late: {when: overdue, light: yellow, ladder: lateness, proposes: dispatch}",
        "very_late: {when: overdue by 3 workdays, light: red, ladder: lateness, opens: special_supervision}",
    )
    life = Life.begin(kinds)
    life.live_until("2026-05-12 09:00")
    assert [new.kind for new in life.opened] == ["dispatch", "special_supervision"]
    assert not life.of("late")[0].superseded


def test_a_superseded_rung_does_not_repeat() -> None:
    kinds = errand(
        "late: {when: overdue, light: yellow, ladder: l, tells: handler, again: every 1 day}",
        "grave: {when: overdue by 1 day, light: red, ladder: l, tells: leader}",
    )
    life = Life.begin(kinds)
    life.wake("2026-05-04 09:00")
    life.live_until("2026-05-20")
    assert life.told("episode_repeated") == []


def test_after_a_cool_down_it_opens_at_its_end_if_it_still_holds() -> None:
    kinds = errand("low: {when: score < 60, light: red, again: after 2 workdays}")
    life = Life.begin(kinds)
    life.act("2026-03-03 10:00", "report", score=50)
    life.act("2026-03-03 11:00", "report", score=70)
    life.act("2026-03-04 10:00", "report", score=40)
    assert life.light == "green"
    end = end_of("2026-03-05") + 1
    assert life.task.wake_at == end
    life.live_until("2026-03-10")
    first = at("2026-03-03 10:00")
    assert life.record() == [("low", first, at("2026-03-03 11:00"), "cleared"), ("low", end, None, None)]


def test_within_one_catching_up_the_cool_down_counts_too() -> None:
    kinds = errand(
        "near: {when: {any: [due in 1 day, promised due in 1 day]}, light: blue, again: after 4 days}"
    )
    slept = Life.begin(kinds, deadline="2026-03-09")
    slept.act("2026-03-02 10:00", "report", promised="2026-03-12")
    awake = Life.begin(kinds, deadline="2026-03-09")
    awake.act("2026-03-02 10:00", "report", promised="2026-03-12")
    slept.wake("2026-03-20")
    awake.live_until("2026-03-20")
    assert slept.record() == awake.record()
    assert slept.record() == [
        ("near", at("2026-03-08"), at("2026-03-10"), "cleared"),
        ("near", at("2026-03-12"), at("2026-03-13"), "cleared"),
    ]


def test_never_means_once_per_task() -> None:
    life = Life.begin(errand("low: {when: score < 60, light: red, again: never}"))
    for day, score in ((3, 50), (4, 70), (5, 50)):
        life.act(f"2026-03-0{day} 10:00", "report", score=score)
    assert [why for *_, why in life.record()] == ["cleared"]


def test_every_tells_again_and_opens_nothing() -> None:
    kinds = errand("late: {when: overdue, light: red, tells: handler, opens: referral, again: every 2 days}")
    life = Life.begin(kinds)
    life.live_until("2026-05-10")
    repeats = [instant for instant, _ in life.told("episode_repeated")]
    assert repeats == [at(day) for day in ("2026-05-03", "2026-05-05", "2026-05-07", "2026-05-09")]
    assert life.messages("repeat") == [HANDLER]
    assert len(life.opened) == 1
    assert len(life.of("late")) == 1


def test_one_telling_makes_up_for_all_that_were_missed() -> None:
    life = Life.begin(errand("late: {when: overdue, light: red, tells: handler, again: every 2 days}"))
    life.live_until("2026-05-01")
    life.wake("2026-05-20 09:00")
    assert [instant for instant, _ in life.told("episode_repeated")] == [at("2026-05-03")]
    assert life.task.wake_at == end_of("2026-05-22") + 1


def test_a_rule_in_some_states_holds_nowhere_else() -> None:
    life = Life.begin(errand("late: {when: overdue, in: working, light: red}"))
    life.live_until("2026-05-02")
    life.act("2026-05-02 10:00", "submit")
    assert life.record() == [("late", LATE, at("2026-05-02 10:00"), "cleared")]


def test_episodes_end_with_their_task() -> None:
    life = Life.begin(errand("late: {when: overdue, light: red}"))
    life.live_until("2026-05-02")
    life.act("2026-05-02 10:00", "submit")
    life.act("2026-05-02 11:00", "approve", SUPERVISOR)
    assert life.record() == [("late", LATE, at("2026-05-02 11:00"), "ended")]
    assert (life.light, life.task.wake_at, life.task.outcome) == ("green", None, "accepted")


def test_a_vacancy_is_recorded_once_and_nobody_waits_in_silence() -> None:
    nobody = {"directory": directory(staff=[one for one in STAFF if one.person_id > LEADER])}
    life = Life.begin(errand("late: {when: overdue, light: red, tells: [handler, leader]}"), others=nobody)
    life.live_until("2026-05-01")
    ((_, header),) = life.told("episode_opened")
    assert header["vacant"] == ["handler", "leader"]
    assert life.messages("escalation") == [SUPERVISOR]


# --- until ----------------------------------------------------------------------------------------

POOR = "poor: {when: score < 80, light: red, opens: special_supervision, until: special_supervision ended}"


def poor_life() -> tuple[Life, int]:
    """A poor score, and the special supervision that it opened."""
    life = Life.begin(errand(POOR))
    life.act("2026-03-03 10:00", "report", score=60)
    (opened,) = life.opened
    return life, opened.id


def test_until_replaces_the_condition() -> None:
    life, special = poor_life()
    life.act("2026-03-04 10:00", "report", score=90)
    assert life.light == "red", "a letter once sent is answered"
    life.other_ends(special, "2026-03-20 15:00")
    life.wake("2026-03-20 15:00")
    assert life.record() == [("poor", at("2026-03-03 10:00"), at("2026-03-20 15:00"), "until")]
    assert life.light == "green"


def test_ended_by_until_while_the_condition_holds_it_goes_on_inert_and_nothing_reopens() -> None:
    life, special = poor_life()
    life.other_ends(special, "2026-03-20 15:00")
    life.wake("2026-03-20 15:00")
    (episode,) = life.episodes
    assert (episode.inert_by, episode.ended_at, life.light) == ("until", None, "green")
    life.act("2026-04-20 10:00", "report", score=70)
    assert len(life.episodes) == 1
    life.act("2026-04-20 11:00", "report", score=90)
    assert episode.inert_at == at("2026-03-20 15:00")
    assert life.record()[0][3] == "cleared"
    life.act("2026-04-20 12:00", "report", score=70)
    assert len(life.opened) == 2


def test_a_closed_task_keeps_its_light_until_what_it_opened_has_ended() -> None:
    life, special = poor_life()
    life.act("2026-03-04 10:00", "submit")
    life.act("2026-03-04 11:00", "approve", SUPERVISOR)
    assert (life.task.ended_at, life.light) == (at("2026-03-04 11:00"), "red")
    life.other_ends(special, "2026-03-20 15:00")
    life.wake("2026-03-20 15:00")
    assert life.record() == [("poor", at("2026-03-03 10:00"), at("2026-03-20 15:00"), "until")]
    assert life.light == "green"


def test_until_ends_at_the_instant_at_which_the_other_ended_though_the_clock_slept_before() -> None:
    life = Life.begin(errand(POOR, "near: {when: due in 3 workdays, light: blue}"))
    life.act("2026-03-03 10:00", "report", score=60)
    life.act("2026-03-03 11:00", "report", score=90)
    life.other_ends(life.opened[0].id, "2026-04-28 15:00")
    life.wake("2026-04-29 09:00")  # `near` was due on the 27th
    assert ("poor", at("2026-03-03 10:00"), at("2026-04-28 15:00"), "until") in life.record()


def test_an_episode_that_joined_what_was_open_waits_for_it_too() -> None:
    kinds = errand(POOR, POOR.replace("poor:", "poorer:").replace("score < 80", "other < 80"))
    life = Life.begin(kinds)
    life.act("2026-03-03 10:00", "report", score=60)
    life.act("2026-03-04 10:00", "report", score=60, other=60)
    assert len(life.opened) == 1
    assert life.told("episode_opened")[1][1].get("superseded_by") is None
    life.act("2026-03-05 10:00", "report", other=90)
    assert life.light == "red"
    assert len(life.task.last_opened) == 2
    assert all(one.ended_at is None for one in life.episodes)


def test_until_of_a_kind_that_it_never_opened_leaves_the_condition_in_charge() -> None:
    kinds = errand(
        "poor: {when: score < 80, light: red, proposes: dispatch, until: special_supervision ended}"
    )
    life = Life.begin(kinds)
    life.act("2026-03-03 10:00", "report", score=60)
    life.act("2026-03-04 10:00", "report", score=90)
    assert life.light == "green"


# --- proposing and opening ------------------------------------------------------------------------


def test_a_rule_that_proposes_asks_for_the_units_draft_and_a_rule_that_opens_makes_a_child() -> None:
    life = Life.begin(errand("slow: {when: score < 60, proposes: dispatch, opens: special_supervision}"))
    life.act("2026-03-03 10:00", "report", score=10)
    special, dispatch = life.opened
    assert (special.kind, special.parent_id, special.shared) == ("special_supervision", 7, False)
    assert (dispatch.kind, dispatch.parent_id, dispatch.shared) == ("dispatch", None, True)
    assert {one.kind for one in life.loaded.concerning} == {"special_supervision", "dispatch"}


def test_while_one_is_open_further_episodes_join_it_and_open_nothing() -> None:
    kinds = errand(
        "low: {when: score < 60, proposes: dispatch, light: yellow}",
        "lower: {when: other < 60, proposes: dispatch, light: yellow}",
    )
    life = Life.begin(kinds)
    life.act("2026-03-03 10:00", "report", score=10)
    life.act("2026-03-04 10:00", "report", other=10)
    assert len(life.opened) == 1
    assert len(life.loaded.concerning) == 2
    life.other_ends(life.opened[0].id, "2026-03-05 10:00")
    life.act("2026-03-05 11:00", "report", score=70)
    life.act("2026-03-20 10:00", "report", score=10)
    assert len(life.opened) == 2, "what has ended is no longer joined"


def test_a_task_taken_off_a_draft_does_not_join_what_became_of_it() -> None:
    kinds = errand("low: {when: score < 60, proposes: dispatch, light: yellow, again: after 1 day}")
    life = Life.begin(kinds)
    life.act("2026-03-03 10:00", "report", score=10)
    life.act("2026-03-03 11:00", "report", score=70)
    off = tuple(replace(one, removed=True, draft=False) for one in life.loaded.concerning)
    life.loaded = replace(life.loaded, concerning=off)
    life.act("2026-03-10 10:00", "report", score=10)
    assert len(life.opened) == 2


def test_two_rules_of_one_decision_share_what_they_open() -> None:
    kinds = errand(
        "low: {when: score < 60, opens: special_supervision}",
        "lower: {when: score < 50, opens: special_supervision}",
    )
    life = Life.begin(kinds)
    life.act("2026-03-03 10:00", "report", score=10)
    assert len(life.opened) == 1
    assert len(life.loaded.concerning) == 2


def test_what_a_rule_opens_counts_at_once_for_the_other_rules() -> None:
    kinds = errand(
        "low: {when: score < 60, opens: special_supervision}",
        "watched: {when: any special_supervision open, light: blue}",
    )
    life = Life.begin(kinds)
    life.act("2026-03-03 10:00", "report", score=10)
    assert [rule for rule, *_ in life.record()] == ["low", "watched"]


def test_a_rule_that_what_it_opens_makes_false_opens_and_ends_at_once() -> None:
    kinds = errand("one: {when: {not: any referral open}, opens: referral, again: every 1 day}")
    life = Life.begin(kinds)
    assert [new.kind for new in life.opened] == ["referral"]
    assert life.record() == [("one", at(OPENED), at(OPENED), "cleared")]


# --- drafts ---------------------------------------------------------------------------------------


def draft(*backing: Backing, nudged: int | None = None, wake: int | None = None, **given: object) -> Loaded:
    """A dispatch that is still a draft, with what stands behind it."""
    kinds = errand()
    own = task(kinds["dispatch"].definition, state="drafted", deadline=None, shared=1, wake_at=wake)
    nudges = (Nudge(id=1, cause="concerned", other_id=1, at=nudged),) if nudged is not None else ()
    return Loaded(task=own, backing=backing, nudges=nudges, **given)  # type: ignore[arg-type]


def backed_by(about: int, *, stands: bool = True, removed: bool = False) -> Backing:
    return Backing(about_id=about, episode_id=about * 10, stands=stands, removed=removed)


def test_a_draft_ends_abandoned_when_the_last_episode_behind_it_has_ended() -> None:
    now = at("2026-03-10 10:00")
    found = decide.wake(draft(backed_by(1, stands=False), nudged=now), around(now, errand()))
    assert (found.task.state, found.task.outcome, found.task.shared) == ("withdrawn", "abandoned", 0)
    assert found.removed_concerns == [1]
    assert [event.kind for event in found.events] == ["left", "abandoned"]


def test_a_task_whose_episodes_have_ended_is_taken_off_a_shared_draft() -> None:
    now = at("2026-03-10 10:00")
    loaded = draft(backed_by(1, stands=False), backed_by(2), nudged=now)
    found = decide.wake(loaded, around(now, errand()))
    assert (found.task.state, found.removed_concerns) == ("drafted", [1])


def test_one_episode_that_stands_keeps_its_task_on_the_draft() -> None:
    now = at("2026-03-10 10:00")
    loaded = draft(backed_by(1, stands=False), backed_by(1), nudged=now)
    assert decide.wake(loaded, around(now, errand())).removed_concerns == []


def test_a_draft_ends_when_its_backing_ended_not_when_it_had_itself_to_wake_before() -> None:
    kinds = errand()
    slept, ended, now = at("2026-03-08"), at("2026-03-10 10:00"), at("2026-03-12")
    loaded = draft(backed_by(1, stands=False), nudged=ended, wake=slept)
    found = decide.wake(loaded, around(now, kinds))
    assert [(event.kind, event.at) for event in found.events] == [("left", ended), ("abandoned", ended)]
    assert found.task.ended_at == ended


def test_what_left_the_draft_is_no_longer_what_it_concerns() -> None:
    kinds = errand("about: {when: any concerned errand ended, light: blue}")
    ended = Related(id=1, kind="errand", ended_at=at(OPENED), outcome="accepted")
    now = at("2026-03-10 10:00")
    own = task(kinds["errand"].definition)
    on = Loaded(task=own, concerned=(ended,), backing=(backed_by(1),))
    off = Loaded(task=own, concerned=(ended,), backing=(backed_by(1, removed=True),))
    assert decide.wake(on, around(now, kinds)).task.light == "blue"
    assert decide.wake(off, around(now, kinds)).task.light == "green"


def test_an_episode_that_ends_nudges_its_drafts_and_leaves_what_was_signed_alone() -> None:
    kinds = errand("low: {when: score < 60, light: red, proposes: dispatch}")
    life = Life.begin(kinds)
    life.act("2026-03-03 10:00", "report", score=10)
    ident = life.opened[0].id
    life.act("2026-03-04 10:00", "report", score=70)
    assert life.nudged == [(ident, "concerned")]
    signed = Life.begin(kinds)
    signed.act("2026-03-03 10:00", "report", score=10)
    (link,) = signed.loaded.concerning
    signed.loaded = replace(signed.loaded, concerning=(replace(link, draft=False),))
    signed.act("2026-03-04 10:00", "report", score=70)
    assert signed.nudged == []


def test_a_draft_whose_reason_went_in_the_same_decision_looks_again_at_once() -> None:
    """A report five seconds after the rule came true and before the tick: the draft has no id to nudge."""
    kinds = errand("slow: {when: progress behind plan by 20, light: yellow, proposes: dispatch}")
    life = Life.begin(kinds)
    due = life.task.wake_at
    assert due is not None
    life.act(due + 5_000, "report", progress=50)
    assert life.record() == [("slow", due, due + 5_000, "cleared")]
    (new,) = life.opened
    assert new.look_again
    new.id = 8
    begun = decide.begin(new, around(due + 5_000, kinds))
    assert begun.task.wake_at == due + 5_001


def test_the_end_of_a_task_reaches_everybody_who_cares() -> None:
    kinds = errand("low: {when: score < 60, light: red, opens: special_supervision, proposes: dispatch}")
    life = Life.begin(kinds)
    life.act("2026-03-03 10:00", "report", score=10)
    special, dispatch = (one.id for one in life.opened)
    life.loaded = replace(
        life.loaded, task=replace(life.task, parent_id=3), concerned=(Related(id=4, kind="errand"),)
    )
    life.act("2026-03-04 10:00", "submit")
    life.act("2026-03-04 11:00", "approve", SUPERVISOR)
    assert set(life.nudged) == {
        (3, "child"),
        (4, "concerning"),
        (special, "parent"),
        (special, "concerned"),
        (dispatch, "concerned"),
    }


# --- stops ----------------------------------------------------------------------------------------


def test_a_state_that_stops_freezes_every_clock_but_its_own_within() -> None:
    kinds = errand(
        "late: {when: overdue, light: red}",
        "slow: {when: step overdue, in: review, tells: [supervisor, bureau_leader]}",
    )
    life = Life.begin(kinds)
    life.act("2026-04-28 10:00", "submit")
    life.live_until("2026-05-20")
    assert [rule for rule, *_ in life.record()] == ["slow"], "nobody grows late through another's slowness"
    assert life.messages("escalation") == [SUPERVISOR, BUREAU_LEADER]
    life.act("2026-05-20 10:00", "pause", SUPERVISOR)
    shift = at("2026-05-20 10:00") - at("2026-04-28 10:00")
    assert life.task.due_at == end_of("2026-04-30") + shift
    assert life.task.wake_at == LATE + shift


def test_what_is_late_stays_late_and_grows_no_later_in_other_hands() -> None:
    kinds = errand(
        "late: {when: overdue, light: yellow, tells: handler, again: every 1 day}",
        "grave: {when: overdue by 3 workdays, light: red}",
    )
    life = Life.begin(kinds)
    life.live_until("2026-05-01 10:00")
    life.act("2026-05-01 10:00", "submit")
    life.live_until("2026-07-01")
    assert life.record() == [("late", LATE, None, None)]
    assert life.light == "yellow"
    assert life.told("episode_repeated") == [], "nor is the handler told again what he can't change"


def test_the_repeats_of_a_rule_about_the_step_are_not_stopped_either() -> None:
    kinds = errand("slow: {when: step overdue, in: review, tells: supervisor, again: every 1 day}")
    life = Life.begin(kinds)
    life.act("2026-03-03 10:00", "submit")
    life.live_until("2026-03-09 12:00")
    assert life.record() == [("slow", at("2026-03-06"), None, None)]
    repeats = [instant for instant, _ in life.told("episode_repeated")]
    assert repeats == [at(day) for day in ("2026-03-07", "2026-03-08", "2026-03-09")]


def test_a_confirmation_that_lapses_while_the_daemon_sleeps_ends_its_stop_with_the_decision() -> None:
    life = Life.begin(errand("late: {when: overdue, light: red}"))
    asked, now = at("2026-04-29 10:00"), at("2026-05-14 09:00")
    life.act(asked, "extend", until="2026-05-30")
    lapses = end_of("2026-05-07") + 1
    assert life.task.wake_at == lapses
    life.wake(now)
    assert life.told("lapsed")[0][0] == lapses
    assert life.stops == [(asked, now)]
    assert life.task.wake_at == LATE + now - asked


def test_stops_never_overlap_whatever_a_catching_up_ends_and_begins() -> None:
    """The confirmation lapses, then the machine moves on into a state that stops, all of it slept through."""
    kinds = errand(
        "late: {when: overdue, light: red}",
        corrected="{from: working, to: review, after: in state for 30 days}",
    )
    life = Life.begin(kinds)
    life.loaded = replace(life.loaded, task=replace(life.task, state_since=at("2026-03-02")))
    asked = at("2026-03-26 10:00")
    life.act(asked, "extend", until="2026-05-30")
    now = at("2026-06-20 09:00")
    life.wake(now)
    edges = [edge for stop in life.stops for edge in stop if edge is not None]
    assert edges == sorted(edges)
    assert life.stops[0] == (asked, now)


def test_a_deadline_set_while_a_stop_runs_counts_the_rest_of_that_stop() -> None:
    kinds = errand(
        "late: {when: overdue, light: red}",
        note="{label: {zh: 备注, en: Note}, from: review, by: supervisor, sets: {deadline: 5 workdays}}",
    )
    life = Life.begin(kinds)
    life.act("2026-03-03 10:00", "submit")
    set_at = at("2026-03-10 10:00")
    life.act(set_at, "note", SUPERVISOR)
    resumed = at("2026-03-12 10:00")
    life.act(resumed, "pause", SUPERVISOR)
    assert life.task.due_at == end_of("2026-03-17") + resumed - set_at


# --- machine-made transitions ---------------------------------------------------------------------


def test_at_one_instant_the_machine_moves_first_and_then_the_rules_look() -> None:
    kinds = errand(
        "late: {when: overdue, in: working, light: red}",
        corrected="{from: working, to: paused, after: overdue}",
    )
    life = Life.begin(kinds)
    life.live_until("2026-05-02")
    assert life.told("machine")[0][0] == LATE
    assert life.record() == []


def test_a_move_that_was_slept_through_bears_its_instant_and_what_it_begins_counts_from_now() -> None:
    kinds = errand(corrected="{from: working, to: paused, after: overdue}")
    life = Life.begin(kinds)
    now = at("2026-05-20 10:00")
    life.wake(now)
    ((instant, header),) = life.told("machine")
    assert (instant, header["from"], header["to"]) == (LATE, "working", "paused")
    assert life.task.state_since == life.task.reported_at == now
    assert life.messages("assigned") == [HANDLER]


def test_the_end_of_a_task_is_recorded_when_it_was_true() -> None:
    kinds = errand(
        "late: {when: overdue, light: red}",
        corrected="{from: working, to: withdrawn, after: overdue by 10 days}",
    )
    awake, slept = Life.begin(kinds), Life.begin(kinds)
    awake.live_until("2026-05-20")
    slept.wake("2026-05-20")
    assert slept.record() == awake.record()
    assert slept.task.ended_at == awake.task.ended_at == end_of("2026-05-10") + 1


def test_a_child_that_ended_moves_its_parent_at_the_instant_at_which_that_was_known() -> None:
    kinds = errand(corrected="{from: correcting, to: review, after: all rectification ended}")
    life = Life.begin(kinds)
    life.act("2026-03-03 10:00", "submit", rows={"problems": [{"what": "漏", "due": "2026-03-20"}]})
    life.act("2026-03-03 11:00", "correct", SUPERVISOR)
    (child,) = life.opened
    life.other_ends(child.id, "2026-03-10 15:00")
    life.wake("2026-03-12 09:00")  # the daemon was down
    assert life.told("row_closed")[0][0] == at("2026-03-10 15:00")
    assert life.told("machine")[0][0] == at("2026-03-10 15:00")
    assert life.task.state == "review"
    assert life.loaded.rows[0].closed_by == child.id


def test_machine_made_moves_in_a_circle_are_set_aside_not_run() -> None:
    kinds = errand(
        corrected="{from: working, to: paused, after: progress == 0}",
        resume="{from: paused, to: working, after: progress == 0}",
    )
    with pytest.raises(Undecidable):
        Life.begin(kinds)


# --- time that doesn't go forward -----------------------------------------------------------------


def test_a_decision_never_goes_back_behind_what_the_task_already_bears() -> None:
    """A click waited for the write lock while the sweep, with a later now, found the task late."""
    life = Life.begin(errand("late: {when: overdue, light: red}"))
    life.wake(LATE)
    life.act(LATE - 2, "report", progress=50)
    assert life.record() == [("late", LATE, None, None)]
    assert life.task.fact_times["progress"] == LATE


def test_a_nudge_from_before_the_last_decision_does_not_turn_the_clock_back() -> None:
    life = Life.begin(errand("late: {when: overdue, light: red}"))
    life.wake(LATE)
    life.nudge("child", 99, LATE - 5)
    life.wake(LATE + 5)
    assert life.record() == [("late", LATE, None, None)]


def test_waking_for_nothing_changes_nothing() -> None:
    life = Life.begin(
        errand("late: {when: overdue, light: red}", "near: {when: due in 3 workdays, light: blue}")
    )
    for day in range(3, 29):
        found = life.wake(f"2026-03-{day:02} 12:34")
        assert found.events == []
    assert life.task.wake_at == at("2026-04-27")


# --- another calendar -----------------------------------------------------------------------------


def _with_holiday(*days: str) -> dict[str, object]:
    """The calendar of 2026 with more days off."""
    from datetime import date

    year = published_year(2026)
    extra = {date.fromisoformat(day): Text("抗洪", "flood") for day in days}
    changed = CalendarYear(
        year=2026,
        status="published",
        source="test",
        holidays={**year.holidays, **extra},
        makeup=year.makeup,
    )
    return {"calendar": default_calendar("Asia/Shanghai", imported={2026: changed}, version=2), "epoch": 2}


def test_a_new_calendar_moves_what_rests_on_workdays_and_keeps_both_values() -> None:
    life = Life.begin(errand(deadline="10 workdays after opened"), deadline=None)
    before = life.task.deadline
    life.around.update(_with_holiday("2026-03-09"))
    life.replan("2026-03-03 12:00")
    assert before == end_of("2026-03-16")
    assert life.task.deadline == end_of("2026-03-17")
    ((_, header),) = life.told("deadline_recomputed")
    assert (header["old"], header["new"]) == (before, life.task.deadline)
    assert life.task.planned_under == 2


def test_what_has_passed_stays_passed() -> None:
    kinds = errand("late: {when: overdue, light: red}", deadline="5 workdays after opened")
    life = Life.begin(kinds, deadline=None)
    life.live_until("2026-03-10 10:00")
    life.around.update(_with_holiday("2026-03-06"))
    life.replan("2026-03-10 10:00")
    assert life.light == "red"
    assert life.told("deadline_recomputed") == []


def test_a_deadline_that_a_stop_keeps_from_passing_still_moves() -> None:
    life = Life.begin(errand(deadline="5 workdays after opened"), deadline=None)
    life.act("2026-03-04 10:00", "submit")
    life.around.update(_with_holiday("2026-03-06"))
    life.replan("2026-03-25 10:00")
    assert life.task.deadline == end_of("2026-03-10")


def test_a_deadline_that_rests_on_a_date_stays() -> None:
    life = Life.begin(errand())
    life.around.update(_with_holiday("2026-03-06"))
    life.replan("2026-03-03 12:00")
    assert life.task.deadline == end_of("2026-04-30")


# --- what the store hands in ----------------------------------------------------------------------


def test_the_projection_is_what_the_task_is_found_by() -> None:
    life = Life.begin(errand("late: {when: overdue, light: red}"))
    own = life.task
    assert (own.waits_for, own.waits_post, own.waits_unit) == ("handler", "handler", 10)
    life.act("2026-03-03 10:00", "submit")
    own = life.task
    assert (own.waits_for, own.waits_post, own.waits_unit) == ("supervisor", "supervisor", 1)


def test_the_gravest_light_among_those_that_shine_is_the_tasks() -> None:
    kinds = errand("a: {when: score < 60, light: blue}", "b: {when: score < 50, light: red}")
    own = task(kinds["errand"].definition, facts={"score": 10})
    shining = Episode(id=1, rule="a", light="blue", opened_at=0, told_at=0)
    inert = Episode(id=2, rule="b", light="red", opened_at=0, told_at=0, inert_at=1, inert_by="lifted")
    found = decide.wake(Loaded(task=own, episodes=(shining, inert)), around(at(OPENED) + HOUR, kinds))
    assert found.task.light == "blue"


def test_nudges_are_consumed_and_joining_is_recorded() -> None:
    now = at("2026-03-10 10:00")
    nudges = (
        Nudge(id=5, cause="joined", other_id=9, at=now - HOUR),
        Nudge(id=6, cause="joined", other_id=8, at=now - DAY),
    )
    loaded = replace(draft(backed_by(8), backed_by(9)), nudges=nudges)
    found = decide.wake(loaded, around(now, errand()))
    assert found.consumed == [5, 6]
    assert [(event.kind, event.at, event.header["about"]) for event in found.events] == [
        ("joined", now - HOUR, [8, 9])
    ]


def test_a_link_without_an_episode_is_not_joined() -> None:
    kinds = errand("low: {when: score < 60, opens: special_supervision}")
    life = Life.begin(kinds)
    by_hand = Concern(
        task_id=50,
        about_id=7,
        episode_id=None,
        kind="special_supervision",
        draft=True,
        ended_at=None,
        outcome=None,
    )
    life.loaded = replace(life.loaded, concerning=(by_hand,))
    life.act("2026-03-03 10:00", "report", score=10)
    assert len(life.opened) == 1
