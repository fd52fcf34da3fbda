"""A milestone is moved while the clock is at work: what fired stays on record, the rest waits for the new."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from tests.packs import CAMPAIGN, ERRAND, PEOPLE, changed, write_pack
from tests.stories.conftest import Tell
from tests.stories.teller import Story, local
from workflow.definition import Pack, load_pack
from workflow.engine.replanning import Replan
from workflow.store.ports import Moment

DUE = "2026-06-01 00:00"  # the first millisecond after the old milestone
MOVED = date(2026, 6, 30)


def errands(folder: Path, regions: int = 6) -> Pack:
    """The small pack with an errand for each of so many regions, all due at the milestone `completion`."""
    more = "".join(
        f"      r{number}: {{zh: 第{number}区, en: Region {number}}}\n" for number in range(regions - 2)
    )
    campaign = changed(CAMPAIGN, "west: {zh: 西区, en: West}\n", "west: {zh: 西区, en: West}\n" + more)
    return load_pack(write_pack(folder, campaign=campaign, errand=ERRAND, people=PEOPLE))


def replanned(story: Story, day: date = MOVED, name: str = "completion") -> None:
    """The supervisor moves a milestone, on the basis of a document."""
    wanted = Replan(
        campaign=story.pack.campaign.name,
        dates={name: day},
        person_id=story.person("supervisor of bureau"),
        basis="试发〔2026〕7号",
    )
    assert story.engine.replan(wanted, story.now, apply=True).applied


def late(story: Story) -> set[int]:
    """The tasks on which the rule `late` has ever opened."""
    return {one.task_id for one in story.history() if one.kind == "episode_opened"}


class PowerCut(BaseException):
    """The machine goes down."""


def cut_at(story: Story, wanted: str) -> None:
    """The next statement with these words is the last."""

    def probe(moment: Moment, text: str) -> None:
        if moment == "before" and wanted in text:
            raise PowerCut

    story.port._probe = probe  # type: ignore[attr-defined]


def restored(story: Story) -> None:
    """Power is back."""
    story.port._probe = lambda _moment, _text: None  # type: ignore[attr-defined]


def test_in_the_middle_of_a_sweep(tell: Tell, tmp_path: Path) -> None:
    story = tell(errands(tmp_path), at="2026-03-02 00:00", batch=2)
    story.at("2026-05-31 23:00").doze_until(DUE)
    story.engine.wake(story.now)
    early = late(story)
    assert len(early) == 2, "half of the sweep is still to come"
    replanned(story)
    cut_at(story, "episode")
    with pytest.raises(PowerCut):
        story.engine.wake(story.now)
    restored(story)
    story.run()
    assert late(story) == early, "nobody fires by the old date after the re-plan"
    for task in story.find("errand"):
        (moved,) = story.happened(task, "deadline_recomputed")
        assert (local(moved.header["old"]), local(moved.header["new"])) == (
            "2026-05-31 23:59:59.999",
            "2026-06-30 23:59:59.999",
        ), "both values are kept, once"
        story.expect_light(task, "green")
    for task in early:
        story.expect_episode(task, "late", open=False, ended_by="cleared")
    story.at("2026-07-01 00:00")
    assert late(story) == set(story.find("errand"))
    assert all(len(story.episodes(task)) == 1 + (task in early) for task in story.find("errand"))


def test_whoever_acts_between_the_replan_and_the_sweep_is_judged_by_the_new_date(
    tell: Tell, tmp_path: Path
) -> None:
    story = tell(errands(tmp_path, 2), at="2026-03-02 00:00")
    task = story.at("2026-03-02 09:00").the("errand", "east")
    story.at("2026-05-31 23:00").doze_until(DUE)
    replanned(story)
    story.does("handler of east", "report", task, progress=50)
    assert late(story) == set()
    assert len(story.happened(task, "deadline_recomputed")) == 1


def test_what_was_late_is_late_no_more_and_its_dispatch_goes(tell: Tell, self_checks: Pack) -> None:
    """People have decided: the deadline of an overdue task moves too, and what it led to ends with it."""
    story = tell(self_checks)
    story.at("2026-05-01 08:00")
    check = story.the("self_check", "chenguang")
    story.expect_episode(check, "late")
    (draft,) = [one for one in story.find("dispatch", "chenguang") if story.task(one).ended_at is None]
    replanned(story, date(2026, 5, 20), "self_check")
    story.run()
    story.expect_episode(check, "late", open=False, ended_by="cleared")
    still = [one.rule for one in story.episodes(check) if one.open]
    assert (story.task(draft).ended_at is None) == bool(still), "a draft stands on what is left"
    story.at("2026-05-21 00:00").expect_due(check, "2026-05-20 23:59")


def test_a_deadline_that_people_set_rests_on_no_milestone(tell: Tell, self_checks: Pack) -> None:
    story = tell(self_checks)
    check = story.at("2026-03-03 10:00").the("self_check", "chenguang")
    story.does("handler of chenguang", "sign_for", check)
    story.does("handler of chenguang", "extend", check, until="2026-05-10", reason="抗洪")
    story.does("supervisor_one", "confirm:extend", check)
    replanned(story, date(2026, 5, 8), "self_check")
    story.run()
    story.expect_due(check, "2026-05-10 23:59")
    story.expect_due(story.the("self_check", "wanghe"), "2026-05-08 23:59")
