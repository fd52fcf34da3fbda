"""The everyday acts of a bureau: urging, commenting, copying, correcting, transferring, merging."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import (
    BUREAU_LEADER,
    DEPUTY_SUPERVISOR,
    EAST,
    HANDLER,
    LEADER,
    STAFF,
    SUPERVISOR,
    WEST,
    Life,
    around,
    at,
    away,
    directory,
    errand,
    holding,
)
from workflow import decision as decide
from workflow.decision import Act
from workflow.decision.beyond import Beyond, Other
from workflow.decision.everyday import COMMENT, COPY, CORRECT, MERGE, TRANSFER, URGE, VERBS
from workflow.errors import BadValue, NotAllowed, NotNow, Refused, Unknown

DAY = "2026-03-10 10:00"
WEST_HANDLER, STRANGER = 201, 999
WESTERN = (*STAFF, holding(WEST_HANDLER, "handler", WEST))
BEYOND = Beyond(
    persons=frozenset({LEADER, STRANGER}),
    kinds={WEST: "region", 30: "garrison", EAST: "region"},
    tasks={
        8: Other(id=8, campaign_id=1, kind="errand"),
        9: Other(id=9, campaign_id=1, kind="dispatch"),
        10: Other(id=10, campaign_id=2, kind="errand"),
        7: Other(id=7, campaign_id=1, kind="errand"),
    },
)
POOR = "poor: {when: score < 80, light: red, tells: leader}"
SILENT = "silent: {when: nothing reported for 10 workdays, light: yellow, tells: leader}"


def begun(*rules: str, **others: Any) -> Life:
    about = {"beyond": BEYOND, "directory": directory(staff=WESTERN), **others}
    return Life.begin(errand(*rules), others=about)


def last(life: Life) -> Any:
    return life.events[-1]


# --- who may, and what it takes ---------------------------------------------------------------------

GIVEN: dict[str, dict[str, Any]] = {
    URGE: {"reason": "请抓紧"},
    COMMENT: {"text": "已电话了解"},
    COPY: {"persons": [LEADER]},
    CORRECT: {"fact": "score", "value": "90", "reason": "录入有误"},
    TRANSFER: {"unit": WEST, "reason": "职责调整"},
    MERGE: {"into": 8, "reason": "同一问题"},
}


@pytest.mark.parametrize("name", VERBS)
def test_a_stranger_may_none_of_them(name: str) -> None:
    life = begun()
    life.act(DAY, "report", score=60)
    with pytest.raises(NotAllowed):
        life.act(DAY, name, STRANGER, **GIVEN[name])


@pytest.mark.parametrize("name", VERBS)
def test_none_of_them_is_entered_for_somebody_else(name: str) -> None:
    life = begun()
    life.act(DAY, "report", score=60)
    wanted = Act(name=name, person_id=SUPERVISOR, facts=GIVEN[name], entered_for=HANDLER)
    with pytest.raises(NotAllowed):
        decide.act(life.loaded, around(at(DAY), life.kinds, **life.around), wanted)


@pytest.mark.parametrize("name", [URGE, TRANSFER, MERGE])
def test_the_supervisor_and_whoever_steps_in_may_urge_transfer_and_merge(name: str) -> None:
    with pytest.raises(NotAllowed):
        begun().act(DAY, name, HANDLER, **GIVEN[name])
    begun().act(DAY, name, SUPERVISOR, **GIVEN[name])
    absent = directory(away(SUPERVISOR), away(DEPUTY_SUPERVISOR), staff=WESTERN)
    begun(directory=absent).act(DAY, name, BUREAU_LEADER, **GIVEN[name])


@pytest.mark.parametrize("name", VERBS)
def test_what_it_does_not_take_is_refused_not_dropped(name: str) -> None:
    life = begun()
    life.act(DAY, "report", score=60)
    more: dict[str, Any]
    for more in ({"progress": 5}, {"evidence": ["a" * 64]}, {"rows": {"problems": []}}):
        with pytest.raises(BadValue):
            life.act(DAY, name, SUPERVISOR, **GIVEN[name], **more)


@pytest.mark.parametrize(
    ("name", "left_out"),
    [
        (COMMENT, "text"),
        (COPY, "persons"),
        (CORRECT, "fact"),
        (CORRECT, "value"),
        (CORRECT, "reason"),
        (TRANSFER, "unit"),
        (TRANSFER, "reason"),
        (MERGE, "into"),
        (MERGE, "reason"),
    ],
)
def test_what_it_needs_is_asked_for(name: str, left_out: str) -> None:
    life = begun()
    life.act(DAY, "report", score=60)
    given = {key: value for key, value in GIVEN[name].items() if key != left_out}
    with pytest.raises(BadValue) as refusal:
        life.act(DAY, name, SUPERVISOR, **given)
    assert left_out in refusal.value.text.en


def test_a_form_grows_stale_by_what_changes_the_task_alone() -> None:
    moved = {}
    for name in VERBS:
        life = begun()
        life.act(DAY, "report", score=60)
        before = life.task.revision
        life.act(DAY, name, SUPERVISOR, **GIVEN[name])
        moved[name] = life.task.revision - before
    assert moved == {URGE: 0, COMMENT: 0, COPY: 0, CORRECT: 1, TRANSFER: 1, MERGE: 1}


def test_on_a_task_that_has_ended_only_words_are_added() -> None:
    for name in VERBS:
        life = begun()
        life.act(DAY, "report", score=60)
        life.act(DAY, "submit")
        life.act(DAY, "approve", SUPERVISOR)
        if name in (COMMENT, COPY):
            life.act(DAY, name, SUPERVISOR, **GIVEN[name])
        else:
            with pytest.raises(NotNow):
                life.act(DAY, name, SUPERVISOR, **GIVEN[name])


def test_whoever_commented_or_urged_has_not_acted_where_others_must() -> None:
    life = begun()
    life.act(DAY, COMMENT, SUPERVISOR, text="已电话了解")
    life.act(DAY, URGE, SUPERVISOR)
    assert life.task.actors == {}


# --- urge, comment, copy ----------------------------------------------------------------------------


def test_an_urge_tells_whoever_is_waited_for_and_is_no_report() -> None:
    life = begun(SILENT)
    life.act("2026-03-13 10:00", URGE, SUPERVISOR, reason="请抓紧")
    assert life.messages("urged") == [HANDLER]
    assert (last(life).kind, last(life).values) == ("urged", {"reason": "请抓紧"})
    assert "reason" not in last(life).header
    life.live_until("2026-03-17 10:00")
    assert life.light == "yellow"


def test_nobody_is_urged_where_nobody_is_waited_for() -> None:
    life = begun()
    life.act(DAY, "submit", rows={"problems": [{"what": "台账缺项", "due": "2026-04-10"}]})
    life.act(DAY, "correct", SUPERVISOR)
    with pytest.raises(NotNow):
        life.act(DAY, URGE, SUPERVISOR)


def test_a_comment_tells_nobody_and_its_text_can_be_erased() -> None:
    life = begun()
    life.act(DAY, COMMENT, HANDLER, text="对方已答应")
    assert last(life).values == {"text": "对方已答应"}
    assert last(life).messages == []


def test_copies_go_to_the_named_people_once_and_to_nobody_who_is_not_there() -> None:
    life = begun()
    life.act(DAY, COPY, HANDLER, persons=[LEADER, str(STRANGER), LEADER], reason="请知悉")
    assert life.messages("copied") == [LEADER, STRANGER]
    with pytest.raises(Unknown):
        life.act(DAY, COPY, HANDLER, persons=[LEADER, 12345])
    with pytest.raises(BadValue):
        life.act(DAY, COPY, HANDLER, persons=["somebody"])


# --- correct ----------------------------------------------------------------------------------------


def test_a_correction_keeps_both_values_and_looks_at_the_rules_again() -> None:
    life = begun(POOR)
    life.act("2026-03-09 10:00", "report", score=69)
    assert life.light == "red"
    life.act(DAY, CORRECT, HANDLER, fact="score", value="96", reason="数字颠倒")
    assert life.light == "green"
    assert life.task.facts["score"] == 96
    (corrected,) = [one for one in life.events if one.kind == "corrected"]
    assert corrected.values == {"old": 69, "new": 96, "reason": "数字颠倒"}
    assert corrected.header["fact"] == "score"
    assert life.record() == [("poor", at("2026-03-09 10:00"), at(DAY), "cleared")]

    life.act("2026-03-20 10:00", CORRECT, HANDLER, fact="score", value=70, reason="核对后")
    assert life.light == "red"


def test_a_correction_is_no_report() -> None:
    life = begun(SILENT)
    life.act("2026-03-03 10:00", "report", score=60)
    times = dict(life.task.fact_times), life.task.reported_at
    life.act("2026-03-16 10:00", CORRECT, HANDLER, fact="score", value=61, reason="录入有误")
    assert (life.task.fact_times, life.task.reported_at) == times
    life.live_until("2026-03-18 10:00")
    assert life.light == "yellow"


def test_who_may_report_it_now_may_correct_it_later_the_supervisor_alone() -> None:
    life = begun()
    life.act(DAY, "report", progress=30)
    life.act(DAY, CORRECT, HANDLER, fact="progress", value=20, reason="录入有误")
    life.act(DAY, "submit")
    with pytest.raises(NotAllowed):
        life.act(DAY, CORRECT, HANDLER, fact="progress", value=10, reason="录入有误")
    life.act(DAY, CORRECT, SUPERVISOR, fact="progress", value=10, reason="经核实")
    assert life.task.facts["progress"] == 10


def test_who_is_kept_out_of_reporting_it_is_kept_out_of_correcting_it() -> None:
    kinds = errand(
        note="{label: {zh: 核分, en: Note}, from: review, by: supervisor, optional: level, not_by: renew}",
        renew="{label: {zh: 代报, en: For}, from: working, by: supervisor, optional: progress}",
    )
    life = Life.begin(kinds, others={"directory": directory(staff=WESTERN)}, facts={"level": "low"})
    life.act(DAY, "renew", SUPERVISOR, progress=10)
    life.act(DAY, "submit")
    given = {"fact": "level", "value": "high", "reason": "录入有误"}
    with pytest.raises(NotAllowed):
        life.act(DAY, CORRECT, SUPERVISOR, **given)
    life.act(DAY, CORRECT, DEPUTY_SUPERVISOR, **given)


def test_whoever_corrected_has_acted_where_anyone_is_excluded() -> None:
    life = begun()
    life.act(DAY, "report", score=60)
    life.act(DAY, CORRECT, SUPERVISOR, fact="score", value=90, reason="录入有误")
    assert life.task.actors[CORRECT] == [SUPERVISOR]


@pytest.mark.parametrize(
    ("fact", "value", "error"),
    [
        ("score", "sixty", BadValue),
        ("score", 60, BadValue),  # it is that already
        ("other", 60, NotNow),  # nobody has reported it
        ("nonsense", 60, Unknown),
        ("until", "2026-05-01", Unknown),
    ],
)
def test_what_can_not_be_corrected_is_explained(fact: str, value: Any, error: type[Refused]) -> None:
    life = begun()
    life.act(DAY, "report", score=60)
    with pytest.raises(error):
        life.act(DAY, CORRECT, HANDLER, fact=fact, value=value, reason="录入有误")
    assert life.task.facts["score"] == 60


def test_a_value_of_a_row_is_corrected_by_its_number() -> None:
    life = begun()
    life.act(DAY, "report", rows={"problems": [{"what": "台账缺页", "due": "2026-04-10"}]})
    (row,) = life.loaded.rows
    given = {"fact": "what", "value": "台账缺项", "reason": "错别字"}
    life.act(DAY, CORRECT, HANDLER, row=str(row.id), **given)
    assert life.loaded.rows[0].values == {"what": "台账缺项", "due": "2026-04-10"}
    assert last(life).header | {"row": row.id, "list": "problems", "fact": "what"} == last(life).header
    assert (last(life).values["old"], last(life).values["new"]) == ("台账缺页", "台账缺项")
    for wrong in ({"row": 5}, {"row": row.id, "fact": "where"}):
        with pytest.raises(Unknown):
            life.act(DAY, CORRECT, HANDLER, **{**given, **wrong})


# --- transfer ---------------------------------------------------------------------------------------


def test_a_transfer_moves_the_task_to_the_unit_and_tells_both_sides() -> None:
    life = begun()
    deadline = life.task.deadline
    life.act(DAY, TRANSFER, SUPERVISOR, unit=WEST, reason="职责调整")
    assert (life.task.unit_id, life.task.parties) == (WEST, {"unit": WEST})
    assert life.task.waits_unit == WEST
    assert life.messages("transferred") == [WEST_HANDLER, HANDLER]
    assert last(life).header["parties"] == {"unit": [EAST, WEST]}
    assert last(life).values == {"reason": "职责调整"}
    assert life.task.deadline == deadline
    life.act(DAY, "report", WEST_HANDLER, progress=10)
    with pytest.raises(NotAllowed):
        life.act(DAY, "report", HANDLER, progress=10)


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"unit": 30}, BadValue),  # a garrison is no region
        ({"unit": 77}, Unknown),
        ({"unit": EAST}, BadValue),  # it is there already
        ({"unit": WEST, "party": "checker"}, Unknown),
    ],
)
def test_a_transfer_to_what_does_not_fit_is_refused(given: dict[str, Any], error: type[Refused]) -> None:
    with pytest.raises(error):
        begun().act(DAY, TRANSFER, SUPERVISOR, reason="职责调整", **given)


def test_a_shared_draft_stays_where_it_is() -> None:
    life = Life.begin(errand(), kind="dispatch", others={"beyond": BEYOND}, shared=True, deadline=None)
    with pytest.raises(NotNow):
        life.act(DAY, TRANSFER, SUPERVISOR, unit=WEST, reason="职责调整")


def test_what_a_round_handed_out_is_no_longer_the_rounds_at_the_other_unit() -> None:
    """Each unit has one task of a moment: at the other unit there may be one already."""
    life = Life.begin(
        errand(), others={"beyond": BEYOND, "directory": directory(staff=WESTERN)}, moment_id=55
    )
    life.act(DAY, TRANSFER, SUPERVISOR, unit=WEST, reason="职责调整")
    assert life.task.moment_id is None
    assert last(life).header["moment"] == 55


# --- merge ------------------------------------------------------------------------------------------


def test_merged_it_ends_abandoned_names_the_other_and_lets_it_know() -> None:
    life = begun()
    life.act(DAY, "report", progress=40)
    life.act(DAY, MERGE, SUPERVISOR, into="8", reason="同一问题")
    assert (life.task.state, life.task.outcome) == ("withdrawn", "abandoned")
    assert life.task.facts["progress"] == 40
    (merged,) = [one for one in life.events if one.kind == "merged"]
    assert merged.header["into"] == 8
    assert life.messages("merged") == [HANDLER]
    assert (8, "merged") in life.nudged


def test_the_other_one_hears_of_it_once() -> None:
    life = begun()
    life.nudge("merged", 5, at(DAY))
    life.nudge("merged", 6, at(DAY))
    life.wake(DAY)
    assert life.told("merged_in") == [(at(DAY), {"about": [5, 6]})]
    assert life.messages("merged") == [HANDLER, SUPERVISOR]
    life.wake("2026-03-11 10:00")
    assert len(life.told("merged_in")) == 1


@pytest.mark.parametrize(
    ("into", "error"), [(9, BadValue), (10, BadValue), (11, Unknown), (7, Unknown), ("x", BadValue)]
)
def test_it_merges_into_another_open_one_of_its_kind_alone(into: Any, error: type[Refused]) -> None:
    with pytest.raises(error):
        begun().act(DAY, MERGE, SUPERVISOR, into=into, reason="同一问题")


def test_without_an_abandoned_state_there_is_nowhere_to_end() -> None:
    kinds = errand(
        withdrawn="{label: {zh: 办结, en: Done}, final: accepted}",
    )
    life = Life.begin(kinds, others={"beyond": BEYOND})
    with pytest.raises(NotNow):
        life.act(DAY, MERGE, SUPERVISOR, into=8, reason="同一问题")


# --- units that merge, years that end ---------------------------------------------------------------


def test_a_unit_that_merged_takes_its_tasks_along() -> None:
    life = begun()
    moved = life._decide(lambda one, about: decide.move_units(one, about, {EAST: WEST}, SUPERVISOR), DAY)
    assert (life.task.unit_id, life.task.waits_unit) == (WEST, WEST)
    assert [one.kind for one in moved.events] == ["transferred"]
    again = life._decide(lambda one, about: decide.move_units(one, about, {EAST: WEST}, SUPERVISOR), DAY)
    assert again.events == []


def test_carried_over_the_task_belongs_to_the_year_and_keeps_its_deadline() -> None:
    life, new_year = begun(), "2027-01-04 09:00"
    life.live_until(new_year)
    deadline = life.task.deadline
    for _ in range(2):
        life._decide(lambda one, about: decide.carry_over(one, about, 2027), new_year)
    assert (life.task.plan_year, life.task.deadline) == (2027, deadline)
    assert [(one["old"], one["new"]) for _, one in life.told("rolled_over")] == [(2026, 2027)]


def test_a_task_of_the_year_itself_and_one_that_has_ended_are_not_carried_over() -> None:
    life = begun()
    assert decide.carry_over(life.loaded, around(at(DAY), life.kinds), 2026).events == []
    life.act(DAY, "submit")
    life.act(DAY, "approve", SUPERVISOR)
    assert decide.carry_over(life.loaded, around(at(DAY), life.kinds), 2027).events == []
