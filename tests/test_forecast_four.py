"""What is forecast is what then happens, where several sources are compared and several people act together.

The random lives of `test_forecast_lives` in a campaign of four checks: sources that differ, teams whose term
ends, acts that wait for signatures and confirmations, and a round that hands out more checks later on.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import DAY
from tests.foretelling import Campaign, Deed, compare, folder_of, handed_out, joined_by, take
from tests.four_checks import FOUR_CHECKS
from tests.packs import changed, write_pack
from tests.stories.teller import Story, instant, local
from tests.test_decision_lives import share, spans
from tests.test_forecast_lives import horizons, lates, take_a_branch
from workflow.decision import Act
from workflow.definition import load_pack
from workflow.engine import Ran
from workflow.forecast import Branch, branches
from workflow.reading import world_of
from workflow.task import Task

_CHECKLIST = """lists:
  standards: {label: {zh: 自查标准, en: Standards}, scores: indicators, into: own_score}
"""
_STAFF = """\
  sun: {name: {zh: 孙某, en: Sun}, posts: supervisor at bureau}
  he: {name: {zh: 何某, en: He}, posts: clerk at east}
  lv: {name: {zh: 吕某, en: Lv}, posts: [clerk at east, clerk at west]}
"""
_TEAM = "  checkers: {{label: {{zh: 检查组, en: Checkers}}, is: team at unit, min: 2{term}, else: handler}}\n"
_STAFFING = "  staff: {label: {zh: 组队, en: Staff}, from: working, by: supervisor, asks: checkers}\n"


@st.composite
def checks(draw: st.DrawFn) -> dict[str, str]:
    """The four checks, with what random people wrote into them."""
    files = {**FOUR_CHECKS, "people": FOUR_CHECKS["people"] + _STAFF}
    del files["indicators"]
    files["self_check"] = _without_checklist(files["self_check"])
    for other in ("west", "north"):  # one region: more happens to each task
        lines = (line for line in files["campaign"].splitlines(keepends=True) if f"  {other}: " not in line)
        files["campaign"] = "".join(lines)
        files["people"] = changed(files["people"], f"handler at {other}", "clerk at east")
    files["people"] = changed(files["people"], "[clerk at east, clerk at west]", "clerk at east")
    files["campaign"] = _campaign(draw, files["campaign"])
    for kind in ("self_check", "cross_check", "review"):
        files[kind] = _expiring(draw, files[kind])
    files["cross_check"] = _staffed(draw, files["cross_check"])
    files["inspection"] = _inspection(draw, files["inspection"])
    return files


def _without_checklist(written: str) -> str:
    lines = written.splitlines(keepends=True)
    start = next(n for n, line in enumerate(lines) if line.startswith("lists:"))
    return "".join([*lines[:start], *lines[start + 2 :]]).replace("asks: standards", "asks: own_score")


def _campaign(draw: st.DrawFn, written: str) -> str:
    until = draw(st.sampled_from(["", ", until: inspection ended"]))
    again = draw(st.sampled_from(["never", "after 3 workdays", "every 7 workdays"]))
    apart = draw(st.integers(1, 40))
    written = changed(
        written,
        "when: sources differ by 15, light: yellow, tells: supervisor,\n    proposes: inspection",
        f"when: sources differ by {apart}, light: yellow, tells: supervisor, again: {again},\n"
        f"    proposes: inspection{until}",
    )
    late = "late: {when: overdue, light: yellow, tells: supervisor"
    joins = ", proposes: inspection, because: {zh: 逾期, en: late}"
    written = changed(written, late, late + draw(st.sampled_from(["", joins])))
    more = draw(st.sampled_from(["", "  more: {at: completion 09:00, opens: {creation: {each: region}}}\n"]))
    return written + more + draw(st.sampled_from(["", _LATE_CHECKS]))


_LATE_CHECKS = "  later: {at: day 20 09:00, opens: {cross_check: {each: region}}}\n"


def _transition(written: str, line: str) -> str:
    return changed(written, "\ntransitions:\n", f"\ntransitions:\n{line}")


def _expiring(draw: st.DrawFn, written: str) -> str:
    after = draw(
        st.one_of(
            st.just(""),
            spans.map(lambda span: f"overdue by {span}"),
            spans.map(lambda span: f"in state for {span}"),
        )
    )
    target = draw(st.sampled_from(["withdrawn", "closed"]))
    return (
        _transition(written, f"  expired: {{from: working, to: {target}, after: {after}}}\n")
        if after
        else written
    )


def _staffed(draw: st.DrawFn, written: str) -> str:
    term = draw(st.sampled_from(["", ", term: 5 days", ", term: 12 workdays"]))
    quorum = draw(st.sampled_from(["", ", quorum: 2", ", quorum: all"]))
    written = changed(written, "\nroles:\n", "\nroles:\n" + _TEAM.format(term=term))
    written = _transition(written, _STAFFING)
    written = changed(written, "by: handler, asks: score}", f"by: checkers, asks: score{quorum}}}")
    stops = draw(st.sampled_from(["", ", deadline: stopped"]))
    waits = draw(
        st.sampled_from(["", f", confirmed_by: {{role: handler, within: 3 workdays, else: lapse{stops}}}"])
    )
    return changed(written, "to: withdrawn, by: supervisor", f"to: withdrawn, by: supervisor{waits}")


def _inspection(draw: st.DrawFn, written: str) -> str:
    quorum = draw(st.sampled_from(["", ", quorum: 2"]))
    written = changed(written, "asks: [score, findings]", f"asks: [score, findings]{quorum}")
    line = draw(
        st.sampled_from(
            [
                "",
                "  silent: {from: fed_back, to: closed, after: in state for 10 workdays}\n",
                "  stale: {from: on_site, to: closed, after: overdue}\n",
                "  moot: {from: drafted, to: dropped, after: in state for 20 days}\n",
            ]
        )
    )
    return _transition(written, line) if line else written


class Checks(Campaign):
    """People who report scores and choose teams."""

    def given(self, _task: Task, number: int) -> dict[str, Any]:
        team = self.story.people(*(["wang", "he"], ["he", "lv", "wang"], ["lv", "zhao"])[number % 3])
        return {
            "score": number,
            "own_score": number,
            "satisfaction": number,
            "checkers": team,
            "reason": "情况说明",
        }

    def rows(self, number: int) -> dict[str, list[dict[str, Any]]]:
        levels = ([], ["minor"], ["major", "minor"])[number % 3]
        return {"findings": [{"what": f"发现{n}", "level": level} for n, level in enumerate(levels)]}


def _life(template: Path, files: Mapping[str, str], life: list[Deed], horizon: int, late: int) -> None:
    with folder_of(template) as folder:
        campaign = Checks(folder, load_pack(write_pack(folder, **files)))
        try:
            for deed in life:
                campaign.do(deed)
            campaign.story.now += late
            compare(campaign, campaign.story.now + horizon)
        finally:
            campaign.story.close()


many = st.lists(
    st.builds(
        Deed,
        gap=st.one_of(st.just(0), st.integers(0, 4 * DAY), st.integers(0, 200_000)),
        task=st.integers(0, 30),
        act=st.integers(0, 7),
        number=st.integers(0, 100),
    ),
    min_size=6,
    max_size=40,
)


@settings(max_examples=share(10), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(checks(), many, horizons, lates)
def test_what_is_foretold_of_four_checks_happens(
    sqlite_template: Path, files: dict[str, str], life: list[Deed], horizon: int, late: int
) -> None:
    _life(sqlite_template, files, life, horizon, late)


@pytest.mark.long
@settings(max_examples=share(10), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(checks(), many, horizons, lates)
def test_so_it_does_in_many_lives(
    sqlite_template: Path, files: dict[str, str], life: list[Deed], horizon: int, late: int
) -> None:
    _life(sqlite_template, files, life, horizon, late)


@settings(max_examples=share(5), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(checks(), many, st.integers(0, 20))
def test_an_act_among_four_checks_leads_where_its_branch_says(
    sqlite_template: Path, files: dict[str, str], life: list[Deed], pick: int
) -> None:
    with folder_of(sqlite_template) as folder:
        campaign = Checks(folder, load_pack(write_pack(folder, **files)))
        try:
            for deed in life:
                campaign.do(deed)
            take_a_branch(campaign, pick)
        finally:
            campaign.story.close()


# --- what once went wrong, by itself ----------------------------------------------------------------

_EXPIRES = "  expired: {from: working, to: withdrawn, after: overdue by 2 days}\n"


def _four(folder: Path, more: str = "", **changes: tuple[str, str]) -> Checks:
    """The four checks with some lines changed, and `more` rounds."""
    files = {**FOUR_CHECKS, "people": FOUR_CHECKS["people"] + _STAFF}
    del files["indicators"]
    files["self_check"] = _without_checklist(files["self_check"])
    for kind, (old, new) in changes.items():
        files[kind] = changed(files[kind], old, new)
    files["campaign"] += more
    return Checks(folder, load_pack(write_pack(folder, **files)))


def test_a_source_that_will_be_withdrawn_ends_what_it_set_off(sqlite_template: Path) -> None:
    """The task that compares looks again, though nobody and no clock of its own makes it."""
    with folder_of(sqlite_template) as folder:
        campaign = _four(folder, cross_check=("\ntransitions:\n", f"\ntransitions:\n{_EXPIRES}"))
        story = campaign.story
        creation = story.the("creation", "east")
        _differ(story)
        story.run()
        story.expect_light(creation, "yellow")
        until = instant("2026-06-05 00:00")
        (ended,) = [
            one
            for one in campaign.foretold(creation, until).steps
            if one.task == creation and one.kind == "episode_ended" and one.rule == "they_differ"
        ]
        assert local(ended.recorded_at) == "2026-06-03 00:00"
        compare(campaign, until)
        story.close()


def test_a_task_of_the_unit_that_is_not_linked_yet_will_join_the_draft(sqlite_template: Path) -> None:
    late = """late: {of: [creation, review], when: overdue, light: yellow, tells: supervisor,
    proposes: inspection, because: {zh: 逾期, en: late}"""
    with folder_of(sqlite_template) as folder:
        campaign = _four(folder, campaign=("late: {when: overdue, light: yellow, tells: supervisor", late))
        story = campaign.story
        creation, review = story.the("creation", "east"), story.the("review", "east")
        found = campaign.foretold(creation, instant("2026-06-20 00:00"))
        joined = {one for step in found.steps if step.kind == "joined" for one in step.header["about"]}
        assert joined in ({review}, {creation})
        compare(campaign, instant("2026-06-20 00:00"))
        story.close()


def test_a_task_that_a_later_round_hands_out_may_join_the_draft_and_the_forecast_says_so(
    sqlite_template: Path,
) -> None:
    late = """late: {of: [creation, review], when: overdue, light: yellow, tells: supervisor,
    proposes: inspection, because: {zh: 逾期, en: late}"""
    with folder_of(sqlite_template) as folder:
        files = {"campaign": ("late: {when: overdue, light: yellow, tells: supervisor", late)}
        campaign = _four(
            folder, **files, more="  again: {at: day 20 09:00, opens: {review: {each: region}}}\n"
        )
        story, until = campaign.story, instant("2026-06-20 00:00")
        creation = story.the("creation", "east")
        mark, found = campaign.mark(), campaign.foretold(creation, until)
        assert any("列入" in note.zh for note in found.notes)
        compare(campaign, until)
        events = campaign.happened(mark)
        assert joined_by(handed_out(events), creation, events) == instant("2026-06-01 00:00")
        story.close()


def test_a_moment_that_is_on_record_but_not_worked_off_is_still_to_come(sqlite_template: Path) -> None:
    with folder_of(sqlite_template) as folder:
        campaign = _four(folder)
        story = campaign.story
        _differ(story)
        story.run()
        inspection = story.the("inspection", "east")
        story.now = instant("2026-03-09 09:00")
        while story.engine.wake(story.now):
            pass
        assert story.engine._firing._record_next(story.now, Ran()), "as if the daemon had ended here"
        first = campaign.foretold(inspection, story.now).steps[0]
        assert (first.transition, local(first.recorded_at)) == ("completed", "2026-03-09 09:00")
        compare(campaign, story.now + 30 * DAY)
        story.close()


def test_where_a_round_begins_what_is_counted_it_says_that_the_count_may_change(
    sqlite_template: Path,
) -> None:
    budget = "burden: {counts: [inspection], per unit per month: 1}\nrounds:"
    with folder_of(sqlite_template) as folder:
        campaign = _four(folder, campaign=("rounds:", budget))
        story = campaign.story
        _differ(story)
        story.run()
        until = story.now + 30 * DAY
        assert any(
            "限额" in note.zh for note in campaign.foretold(story.the("inspection", "east"), until).notes
        )
        assert not any(
            "限额" in note.zh for note in campaign.foretold(story.the("review", "east"), until).notes
        )
        story.close()


# --- where answers lead -----------------------------------------------------------------------------

_JOINT = "asks: [score, findings], quorum: 2"


def _differ(story: Story) -> None:
    """Two checks of the east say very different things."""
    story.does("handler of east", "report", story.the("self_check", "east"), own_score=90)
    story.does("handler of east", "report", story.the("cross_check", "east"), score=50)


def _concluding(folder: Path) -> tuple[Checks, int]:
    """An inspection on site, which two supervisors conclude together."""
    campaign = _four(folder, inspection=("asks: [score, findings]", _JOINT))
    story = campaign.story
    _differ(story)
    story.at("2026-03-10 09:00")
    return campaign, story.the("inspection", "east")


def _ways(campaign: Checks, task: int, until: int) -> dict[str, Branch]:
    with campaign.story.port.read() as tx:
        world = world_of(campaign.story.engine.library.frame(tx, campaign.story.now), task, until)
    return {one.act: one for one in branches(world, until=until, steps=1_000)}


@pytest.mark.parametrize("answer", ["confirm:conclude", "refuse:conclude"])
def test_a_joint_act_says_how_many_sign_and_where_each_answer_leads(
    sqlite_template: Path, answer: str
) -> None:
    with folder_of(sqlite_template) as folder:
        campaign, inspection = _concluding(folder)
        story, until = campaign.story, campaign.story.now + 60 * DAY
        way = _ways(campaign, inspection, until)["conclude"]
        assert (way.quorum, way.leads_to.state) == (2, "fed_back")
        li, sun = story.people("li", "sun")
        rows = {"findings": [{"what": "一", "level": "minor"}]}
        story.engine.act(
            inspection, Act(name="conclude", person_id=li, facts={"score": 70}, rows=rows), story.now
        )
        ways = _ways(campaign, inspection, until)
        assert "conclude" not in ways, "it waits already"
        assert ways["confirm:conclude"].people == (sun,)
        assert ways["confirm:conclude"].leads_to.state == "fed_back"
        assert ways["refuse:conclude"].leads_to.state == "on_site"
        task = next(one for one in campaign.tasks() if one.id == inspection)
        take(campaign, task, ways[answer], until)
        story.close()
