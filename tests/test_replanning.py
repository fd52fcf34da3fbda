"""Moving milestones: the difference first, which date is in force, and rounds that wait for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.packs import CAMPAIGN, ERRAND, PEOPLE, changed, write_pack
from tests.stories.teller import Story, local, told
from workflow.definition import Pack, load_pack
from workflow.engine.replanning import Replan, Replanned
from workflow.errors import BadValue, DubanError, NotNow, PackError, Unknown
from workflow.explaining import deadline, subject_of
from workflow.rounds import NOT_IN_FORCE

Tell = Callable[..., Story]
_HAND_OUT = "hand_out: {at: start, opens: {errand: {each: region}}}"
_SAID = "milestones: {start: 2026-03-02, completion: 2026-05-31}"


@pytest.fixture
def tell(database_url: str) -> Iterator[Tell]:
    with ExitStack() as stack:
        yield lambda pack, at="2026-03-01 12:00", batch=250: stack.enter_context(
            told(database_url, pack, at=at, batch=batch)
        )


def pack_with(folder: Path, *rounds: str, said: str = _SAID, errand: str = ERRAND) -> Pack:
    """The small pack with these rounds and milestones."""
    campaign = changed(changed(CAMPAIGN, _HAND_OUT, "\n  ".join(rounds or (_HAND_OUT,))), _SAID, said)
    return load_pack(write_pack(folder, campaign=campaign, errand=errand, people=PEOPLE))


def wanted(story: Story, basis: str = "试发〔2026〕7号", **dates: str) -> Replan:
    """What the supervisor decides."""
    days = {name: date.fromisoformat(day) for name, day in dates.items()}
    return Replan(campaign="trial", dates=days, person_id=story.person("li"), basis=basis)


def moved(story: Story, **dates: str) -> Replanned:
    """The supervisor moves milestones, and the daemon does what follows."""
    found = story.engine.replan(wanted(story, **dates), story.now, apply=True)
    story.run()
    return found


def due(story: Story) -> list[str]:
    """The days on which errands are due."""
    return [local(story.task(one).due_at)[:10] for one in story.find("errand")]


# --- the difference ---------------------------------------------------------------------------------


def test_the_difference_comes_first_and_changes_nothing(tell: Tell, tmp_path: Path) -> None:
    story = tell(pack_with(tmp_path)).at("2026-06-02 09:00")
    before = story.everything()
    found = story.engine.replan(wanted(story, completion="2026-06-30"), story.now)
    assert story.everything() == before
    assert not found.applied
    assert [(one.name, str(one.old), str(one.new)) for one in found.milestones] == [
        ("completion", "2026-05-31", "2026-06-30")
    ]
    assert [one.task_id for one in found.tasks] == story.find("errand")
    for one in found.tasks:
        assert [local(at)[:10] for at in one.due] == ["2026-05-31", "2026-06-30"]
        assert (one.lights, one.ended) == (("yellow", "green"), (("late", "cleared"),))
    done = moved(story, completion="2026-06-30")
    assert (done.applied, done.tasks) == (True, found.tasks)
    assert due(story) == ["2026-06-30", "2026-06-30"]


def test_the_same_again_changes_nothing(tell: Tell, tmp_path: Path) -> None:
    story = tell(pack_with(tmp_path)).at("2026-03-03 09:00")
    moved(story, completion="2026-06-30")
    before = story.everything()
    again = moved(story, completion="2026-06-30")
    assert (again.milestones, again.applied) == ((), False)
    assert story.everything() == before


def test_a_closed_task_keeps_the_deadline_that_it_had(tell: Tell, tmp_path: Path) -> None:
    story = tell(pack_with(tmp_path)).at("2026-03-03 09:00")
    east = story.the("errand", "east")
    story.does("handler of east", "close", east)
    moved(story, completion="2026-06-30")
    assert due(story) == ["2026-05-31", "2026-06-30"]
    assert story.happened(east, "deadline_recomputed") == []


def test_moved_twice_and_back_every_value_is_kept(tell: Tell, tmp_path: Path) -> None:
    story = tell(pack_with(tmp_path)).at("2026-03-03 09:00")
    for day in ("2026-06-30", "2026-06-15", "2026-05-31"):
        moved(story, completion=day)
    lines = story.happened(story.the("errand", "east"), "deadline_recomputed")
    assert [local(one.header["new"])[:10] for one in lines] == ["2026-06-30", "2026-06-15", "2026-05-31"]
    assert len({one.header["replan"] for one in lines}) == 3, "each names the decision that it follows"


def test_an_explanation_says_by_whom_and_on_what_basis(tell: Tell, tmp_path: Path) -> None:
    story = tell(pack_with(tmp_path)).at("2026-03-03 09:00")
    moved(story, completion="2026-06-30")
    east = story.the("errand", "east")
    with story.port.read() as tx:
        lines = deadline(subject_of(story.engine.library.frame(tx, story.now), east))
    (line,) = [one.en for one in lines if "moved it" in one.en]
    assert line.strip() == (
        "Li moved it from 2026-05-31 to 2026-06-30 on 2026-03-03 09:00, because of: 试发〔2026〕7号"
    )


# --- rounds -----------------------------------------------------------------------------------------


def test_a_moment_that_came_does_not_come_again(tell: Tell, tmp_path: Path) -> None:
    story = tell(pack_with(tmp_path)).at("2026-03-03 09:00")
    found = moved(story, start="2026-03-10")
    assert [(one.round, one.has_come) for one in found.rounds] == [("hand_out", True)]
    story.at("2026-03-12 09:00")
    assert len(story.find("errand")) == 2
    moved(story, start="2026-03-20")
    story.at("2026-03-22 09:00")
    assert len(story.find("errand")) == 2


def test_one_that_has_not_come_comes_at_its_new_date(tell: Tell, tmp_path: Path) -> None:
    story = tell(pack_with(tmp_path)).at("2026-03-01 13:00")
    (change,) = moved(story, start="2026-03-10").rounds
    assert (local(change.old), local(change.new)) == ("2026-03-02 00:00", "2026-03-10 00:00")
    assert story.at("2026-03-09 23:00").find("errand") == []
    assert len(story.at("2026-03-10 00:00").find("errand")) == 2
    assert len(story.moments()) == 1


def test_a_campaign_that_was_over_makes_up_for_nothing(tell: Tell, tmp_path: Path) -> None:
    """Its end moved into the future: its rounds go on from now."""
    said = "milestones: {start: 2026-03-02, completion: 2026-05-31, end: 2026-03-16}"
    rounds = "again: {at: mon 09:00, opens: {errand: {each: region}}, missed: run each}"
    errand = changed(ERRAND, "deadline: campaign completion", "deadline: 90 days after opened")
    story = tell(pack_with(tmp_path, rounds, said=said, errand=errand)).at("2026-04-01 09:00")
    assert len(story.find("errand")) == 6
    moved(story, end="2026-04-30")
    assert [one["note"] for one in story.moments()].count(NOT_IN_FORCE) == 2  # 23 and 30 March
    assert len(story.find("errand")) == 6
    assert len(story.at("2026-04-07 12:00").find("errand")) == 8


def test_what_is_opened_after_a_replan_has_the_new_date(tell: Tell, tmp_path: Path) -> None:
    story = tell(pack_with(tmp_path)).at("2026-03-01 13:00")
    moved(story, completion="2026-06-30")
    story.at("2026-03-02 09:00")
    assert due(story) == ["2026-06-30", "2026-06-30"]


# --- which date is in force ---------------------------------------------------------------------------


def test_a_newer_pack_that_says_the_same_date_leaves_the_move_in_force(tell: Tell, tmp_path: Path) -> None:
    story = tell(pack_with(tmp_path)).at("2026-03-03 09:00")
    moved(story, completion="2026-06-30")
    errand = changed(ERRAND, "{zh: 任务, en: Errand}", "{zh: 事项, en: Errand}")
    loading = story.engine.load(pack_with(tmp_path, errand=errand), story.now)
    story.run()
    assert (loading.version_is_new, loading.said_anew) == (True, ())
    assert due(story) == ["2026-06-30", "2026-06-30"]
    assert moved(story, completion="2026-06-30").milestones == ()


def test_a_newer_pack_that_says_another_date_counts_for_what_follows_it(tell: Tell, tmp_path: Path) -> None:
    """It was written since. What is under way stays on its own version, and where people have moved it."""
    story = tell(pack_with(tmp_path)).at("2026-03-03 09:00")
    moved(story, completion="2026-06-30")
    said = "milestones: {start: 2026-03-02, completion: 2026-07-15}"
    loading = story.engine.load(pack_with(tmp_path, said=said), story.now)
    story.run()
    assert loading.said_anew == ("completion",)
    assert due(story) == ["2026-06-30", "2026-06-30"]
    found = moved(story, completion="2026-07-20")
    assert [str(one.old) for one in found.milestones] == ["2026-07-15"]
    assert due(story) == ["2026-07-20", "2026-07-20"], "a re-plan moves it for every version at work"


# --- what can't be ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dates", "error", "says"),
    [
        ({"finish": "2026-06-30"}, Unknown, "It has: start, completion"),
        ({"completion": "2026-03-02"}, BadValue, "choose today"),
        ({"completion": "9999-01-01"}, BadValue, "or before"),
        ({"start": "2026-06-30"}, PackError, "a date not before start"),
    ],
)
def test_a_date_that_cant_be_is_refused(
    tell: Tell, tmp_path: Path, dates: Mapping[str, Any], error: type[DubanError], says: str
) -> None:
    story = tell(pack_with(tmp_path)).at("2026-03-03 09:00")
    before = story.everything()
    with pytest.raises(error, match=says):
        moved(story, **dates)
    assert story.everything() == before


def test_without_basis_or_campaign_nothing_moves(tell: Tell, tmp_path: Path) -> None:
    story = tell(pack_with(tmp_path)).at("2026-03-03 09:00")
    with pytest.raises(BadValue, match="on what it rests"):
        story.engine.replan(wanted(story, basis=" ", completion="2026-06-30"), story.now, apply=True)
    other = Replan(campaign="other", dates={}, person_id=1, basis="x")
    with pytest.raises(Unknown, match="no campaign 'other'"):
        story.engine.replan(other, story.now)


def test_while_everything_is_held_nothing_moves(tell: Tell, tmp_path: Path) -> None:
    story = tell(pack_with(tmp_path)).at("2026-03-03 09:00")
    story.puts_on_hold()
    with pytest.raises(NotNow):
        moved(story, completion="2026-06-30")
    assert due(story) == ["2026-05-31", "2026-05-31"]
