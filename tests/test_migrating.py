"""Onto another version of the pack: what stays, what changes, what has no place there. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import DAY, HANDLER, SUPERVISOR, Life, at, books, end_of, errand, row
from tests.packs import SUPERVISION, changed
from tests.test_decision_lives import OPEN, Step, live, marks, rules, share, steps
from workflow import decision as decide
from workflow.calendar import parse_duration
from workflow.decision import Book, Decision, Move
from workflow.definition.model import Deadline
from workflow.errors import NoCounterpart, Refused
from workflow.task import Pending, Task

LATE = "late: {when: overdue, light: yellow, tells: handler}"


def migrated(life: Life, now: str | int, kinds: Mapping[str, Book], **states: str) -> Decision:
    """The task of a life goes on under these books, as version 2 or back as 1."""
    version = 3 - life.task.version_id
    given = {name.replace("__", "."): other for name, other in states.items()}
    move = Move(version_id=version, hash="ab" * 32, person_id=SUPERVISOR, basis="试发2号", states=given)

    def how(loaded: Any, around: Any) -> Decision:
        return decide.migrate(loaded, around, replace(around, books=kinds), move)

    found = life._decide(how, now)
    life.kinds = kinds
    return found


def reasons(life: Life, kinds: Mapping[str, Book], now: str = "2026-03-05 10:00") -> str:
    """Why a task can't move."""
    with pytest.raises(NoCounterpart) as refusal:
        migrated(life, now, kinds)
    assert len(refusal.value.reasons) == 1
    return refusal.value.reasons[0].en


def plainly(task: Task) -> dict[str, Any]:
    """All of a task but its version and where its history ends."""
    return {
        name: getattr(task, name)
        for name in Task.__dataclass_fields__
        if name not in ("version_id", "seq", "head")
    }


# --- nothing changes ------------------------------------------------------------------------------


@settings(max_examples=share(3))
@given(rules(), st.lists(steps, max_size=6), st.integers(0, 6), st.booleans())
def test_an_identical_version_changes_nothing_but_the_version(
    written: list[str], life_of: list[Step], after: int, there_and_back: bool
) -> None:
    """Wherever a life stands: what follows is what would have followed, there and back too."""
    kinds = errand(*written)
    stayed, moved = (live(kinds, life_of[:after], "2026-03-20", awake=True, extra=[]) for _ in range(2))
    now = OPEN + sum(step.gap for step in life_of[:after]) + 40 * DAY
    before = plainly(moved.task)
    found = migrated(moved, now, kinds)
    if stayed.task.ended_at is None:
        assert [event.kind for event in found.events] == ["migrated"]
        assert moved.task.version_id == 2
        if there_and_back:
            migrated(moved, now, kinds)
            assert moved.task.version_id == 1
    assert plainly(moved.task) == before
    for step in life_of[after:]:
        now += step.gap
        outcomes = [_tried(life, now, step) for life in (stayed, moved)]
        assert outcomes[0] == outcomes[1]
    assert marks(stayed) == marks(moved)
    assert plainly(stayed.task) == plainly(moved.task)


def _tried(life: Life, now: int, step: Step) -> object:
    life.live_until(now)
    try:
        life.act(now, step.name, step.person, **step.facts)
    except Refused as refusal:
        return type(refusal), str(refusal)
    return life.task.state


def test_what_the_clock_owed_under_the_old_version_comes_first() -> None:
    life = Life.begin(errand(LATE), deadline="2026-03-10")
    kinds = errand("other: {when: score < 1, light: red}")
    found = migrated(life, "2026-03-20 10:00", kinds)
    assert [event.kind for event in found.events] == ["episode_opened", "migrated", "episode_ended"]
    assert life.record() == [("late", end_of("2026-03-10") + 1, at("2026-03-20 10:00"), "migrated")]


def test_a_task_that_ends_with_what_the_clock_owed_stays_where_it_ended() -> None:
    kinds = errand(LATE, corrected="{from: working, to: closed, after: overdue}")
    life = Life.begin(kinds, deadline="2026-03-10")
    migrated(life, "2026-03-20 10:00", errand(LATE))
    assert (life.task.state, life.task.version_id) == ("closed", 1)


# --- clocks ---------------------------------------------------------------------------------------


def checks(deadline: str) -> Mapping[str, Book]:
    """The books with another deadline of the self-check."""
    text = SUPERVISION["self_check"]
    return books(self_check=changed(text, "deadline: campaign self_check", f"deadline: {deadline}"))


def check(opened: str = "2026-03-02 09:00") -> Life:
    """A self-check, which is due at the milestone of that name."""
    return Life.begin(books(), opened, kind="self_check", deadline=None)


def test_a_deadline_that_rests_on_the_definition_follows_the_new_one_and_both_values_are_kept() -> None:
    life = check()
    migrated(life, "2026-03-05 10:00", checks("20 workdays after opened"))
    ((_, header),) = life.told("deadline_recomputed")
    assert (header["old"], header["new"]) == (end_of("2026-04-30"), end_of("2026-03-30"))
    assert (life.task.deadline, life.task.deadline_basis) == (end_of("2026-03-30"), "20 workdays")


@pytest.mark.parametrize(
    "source",
    [
        Deadline(how="span", span=parse_duration("2 workdays")),
        Deadline(how="none"),
        Deadline(how="given"),
    ],
)
def test_nothing_is_late_from_the_beginning_and_no_deadline_is_lost(source: Deadline) -> None:
    life, own = check(), books()["self_check"].definition
    kinds = {**books(), "self_check": Book(definition=replace(own, deadline=source))}
    migrated(life, "2026-03-05 10:00", kinds)
    assert (life.task.deadline, life.told("deadline_recomputed")) == (end_of("2026-04-30"), [])


def test_a_deadline_that_has_passed_stays_passed() -> None:
    life = check()
    life.live_until("2026-05-04 10:00")
    migrated(life, "2026-05-04 10:00", checks("2026-06-15"))
    assert life.task.deadline == end_of("2026-04-30")
    assert [one.rule for one in life.episodes if one.rule == "late" and one.ended_at is None] == ["late"]


def test_a_deadline_that_was_given_was_a_decision_of_its_own() -> None:
    life = Life.begin(errand(LATE), deadline="2026-04-30")
    migrated(life, "2026-03-05 10:00", errand(LATE, deadline="2 workdays after opened"))
    assert life.task.deadline == end_of("2026-04-30")


@pytest.mark.parametrize(
    ("within", "now", "expected"),
    [
        ("5 workdays", "2026-03-03 10:00", end_of("2026-03-09")),  # from the entry, on Monday 2 March
        ("1 workday", "2026-03-05 10:00", end_of("2026-03-05")),  # would have run out: it stays
        ("9 workdays", "2026-03-09 10:00", end_of("2026-03-05")),  # has run out, and stays so
    ],
)
def test_the_limit_of_a_step_follows_the_new_version_and_what_has_run_out_stays(
    within: str, now: str, expected: int
) -> None:
    life = Life.begin(errand(LATE), deadline="2026-04-30")
    line = f"{{label: {{zh: 办理中, en: Working}}, waits_for: handler, within: {within}}}"
    migrated(life, now, errand(LATE, working=line))
    assert life.task.step_end == expected


def test_a_state_that_stops_the_deadline_from_now_on_stops_it() -> None:
    life = Life.begin(errand(LATE), deadline="2026-04-30")
    line = "{label: {zh: 办理中, en: Working}, waits_for: handler, within: 3 workdays, deadline: stopped}"
    migrated(life, "2026-03-05 10:00", errand(LATE, working=line))
    assert life.stops == [(at("2026-03-05 10:00"), None)]


# --- episodes -------------------------------------------------------------------------------------


def test_an_episode_goes_on_under_its_rule_ends_with_it_or_opens_with_a_new_one() -> None:
    low = "low: {when: score < 60, light: red}"
    life = Life.begin(errand(LATE, low, "gone: {when: score < 70, light: blue}"), deadline="2026-03-10")
    life.act("2026-03-12 10:00", "report", score=50)
    assert life.light == "red"
    found = migrated(
        life,
        "2026-03-16 10:00",
        errand(LATE, "low: {when: score < 40, light: red}", "new: {when: score < 55, light: yellow}"),
    )
    assert found.task.light == "yellow"
    assert [(one.rule, one.ended_by) for one in life.episodes] == [
        ("late", None),
        ("low", "cleared"),
        ("gone", "migrated"),
        ("new", None),
    ]


def test_the_event_says_by_whom_onto_what_and_on_what_basis() -> None:
    life = Life.begin(errand(LATE), deadline="2026-04-30")
    found = migrated(life, "2026-03-05 10:00", errand(LATE))
    (event,) = found.events
    assert event.header == {
        "from_version": 1,
        "to_version": 2,
        "version": "ab" * 32,
        "actor": SUPERVISOR,
        "from": "working",
        "to": "working",
    }
    assert event.values == {"basis": "试发2号"}
    assert found.task.revision == life.task.revision == 1, "no form is made stale"


# --- what has no counterpart ------------------------------------------------------------------------

RENAMED = {
    "issued: {label": "given_out: {label",
    "from: issued, to: working": "from: given_out, to: working",
}


def renamed() -> Mapping[str, Book]:
    """The self-check whose first state has another name."""
    text = SUPERVISION["self_check"]
    for old, new in RENAMED.items():
        text = changed(text, old, new)
    return books(self_check=text)


def test_a_state_that_is_gone_is_refused_with_what_to_write_and_mapped_when_it_is_written() -> None:
    life = check()
    assert "--map self_check.issued=STATE" in reasons(life, renamed())
    assert life.task.version_id == 1
    migrated(life, "2026-03-05 10:00", renamed(), self_check__issued="given_out")
    assert (life.task.state, life.task.visit, life.task.state_since) == ("given_out", 1, OPEN)
    life.act("2026-03-05 11:00", "sign_for")
    assert life.task.state == "working"


def test_an_open_task_is_not_moved_to_an_end() -> None:
    life = check()
    with pytest.raises(NoCounterpart, match="final"):
        migrated(life, "2026-03-05 10:00", books(), issued="closed")


def test_a_kind_that_is_gone_is_refused() -> None:
    life = check()
    assert "no kind self_check" in reasons(life, {"dispatch": books()["dispatch"]})


def test_a_party_that_is_gone_or_narrower_is_refused() -> None:
    text = SUPERVISION["self_check"]
    other = books(self_check=changed(text, "parties: {unit: region}", "parties: {unit: bureau}"))
    assert "keep the kinds of unit" in reasons(check(), other)


def test_a_confirmation_that_the_version_does_not_know_is_answered_first() -> None:
    life = Life.begin(errand(LATE), deadline="2026-04-30")
    life.act("2026-03-05 09:00", "extend", until="2026-05-20")
    own = errand(LATE)["errand"].definition
    left = {name: one for name, one in own.transitions.items() if name != "extend"}
    kinds = {**errand(LATE), "errand": Book(definition=replace(own, transitions=left))}
    with pytest.raises(NoCounterpart, match="answer it first"):
        migrated(life, "2026-03-05 10:00", kinds)


def test_a_value_that_does_not_fit_is_corrected_first() -> None:
    life = Life.begin(errand(LATE), deadline="2026-04-30")
    life.act("2026-03-05 09:00", "report", score=80)
    kinds = errand(LATE, score="{type: choice, choices: [good, bad], label: {zh: 得分, en: Score}}")
    assert "does not fit" in reasons(life, kinds)


def test_rows_keep_their_list() -> None:
    life = Life.begin(books(), kind="self_check", deadline=None)
    life.loaded = replace(life.loaded, rows=(row(1),))
    kinds = {**books(), "self_check": errand(LATE)["errand"]}
    definition = replace(books()["self_check"].definition, lists={})
    kinds["self_check"] = Book(definition=definition)
    assert "rows of the list problems" in reasons(life, kinds)


def test_a_pending_act_goes_along() -> None:
    life = Life.begin(errand(LATE), deadline="2026-04-30")
    life.act("2026-03-05 09:00", "extend", until="2026-05-20")
    migrated(life, "2026-03-05 10:00", errand(LATE))
    assert [type(one) for one in life.task.pending] == [Pending]
    life.act("2026-03-05 11:00", "confirm:extend", SUPERVISOR)
    assert life.task.deadline == end_of("2026-05-20")
    assert HANDLER in life.task.actors["extend"]
