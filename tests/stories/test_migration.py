"""Families move onto a newer version together or not at all; what has happened stays as it was told."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import update

from tests.stories.conftest import Tell
from tests.stories.teller import Story, local
from tests.stories.test_replan import PowerCut, cut_at, restored
from tests.stories.variants import varied
from workflow.definition import Pack
from workflow.doctor import Patient, examine
from workflow.engine.migrating import Migrate, Migrated
from workflow.errors import BadValue, Unknown, UsageError
from workflow.explaining import deadline, subject_of
from workflow.reading import history, standing
from workflow.store import tasks
from workflow.store.sql import Statement

CHECK = "self_check"
PROBLEMS = [
    {"what": "政策落实不到位", "due": "2026-04-10"},
    {"what": "台账不全", "due": "2026-04-20"},
]


def newer(pack: Pack, change: Callable[[dict[str, Any]], None]) -> Pack:
    """The pack with its self-check changed."""
    return varied(pack, lambda source: change(source["self_check.yaml"]))


def without(rule: str) -> Callable[[dict[str, Any]], None]:
    """A rule is gone."""
    return lambda definition: definition["escalations"].pop(rule)


def relabelled(definition: dict[str, Any]) -> None:
    """Another name for an act: another version, and nothing that anybody would see."""
    definition["transitions"]["sign_for"]["label"] = {"zh": "收悉", "en": "Receive"}


def moved(story: Story, *, apply: bool = True, **wanted: Any) -> Migrated:
    """A supervisor moves the open tasks of the campaign onto the version in force."""
    call = Migrate(
        campaign=story.pack.campaign.name,
        person_id=story.person("supervisor of bureau"),
        basis="示退领发〔2026〕12号",
        **wanted,
    )
    found = story.engine.migrate(call, story.now, apply=apply)
    if apply:
        story.run()
    return found


def renamed(content: Any, old: str, new: str) -> Any:
    """A part of a pack with one name in place of another."""
    if isinstance(content, dict):
        return {new if name == old else name: renamed(value, old, new) for name, value in content.items()}
    if isinstance(content, list):
        return [renamed(value, old, new) for value in content]
    return new if content == old else content


def loaded(story: Story, pack: Pack) -> int:
    """A newer version is in force; its id."""
    story.engine.load(pack, story.now)
    story.run()
    with story.port.read() as tx:
        frame = story.engine.library.frame(tx, story.now)
        return next(one.version_id for one in frame.campaigns.values() if one.name == pack.campaign.name)


def versions(story: Story, *of: int) -> set[int]:
    """The versions that these tasks follow."""
    return {story.task(one).version_id for one in of}


def corrected(story: Story, unit: str = "chenguang") -> tuple[int, list[int]]:
    """A self-check that was sent into correction, with the tasks of its two problems."""
    check = story.the(CHECK, unit)
    story.at("2026-03-03 10:00").does(f"handler of {unit}", "sign_for", check)
    story.at("2026-03-20 10:00")
    rows = {"problems": PROBLEMS}
    story.does(f"handler of {unit}", "submit", check, own_score=90, rows=rows, evidence=1)
    story.does("supervisor_one", "review", check, verified_score=90, rows={"problems": []})
    story.does("supervisor_one", "rectify", check)
    return check, story.find("rectification", unit)


@contextmanager
def _everything_unchanged(story: Story) -> Any:
    before = story.everything()
    yield
    assert story.everything() == before


def test_a_report_changes_nothing_and_then_the_whole_family_moves(checks: Story) -> None:
    story = checks
    check, children = corrected(story)
    version = loaded(story, newer(story.pack, relabelled))
    with _everything_unchanged(story):
        report = moved(story, apply=False)
    done = moved(story)
    assert [one.changes for one in report.families] == [one.changes for one in done.families]
    family = next(one for one in done.moved if one.root == check)
    assert {one.task_id for one in family.changes} == {check, *children}
    assert not any(one.is_visible for one in family.changes)
    assert versions(story, *(one.id for one in story.all_tasks() if one.ended_at is None)) == {version}
    assert moved(story).families == (), "a second time there is nothing to move"


def test_what_was_done_before_is_told_in_the_words_of_that_time(checks: Story) -> None:
    """And every reader still works: history, explanation, the task's page, the doctor."""
    story = checks
    check, _ = corrected(story)

    def change(definition: dict[str, Any]) -> None:
        relabelled(definition)
        sign = definition["transitions"].pop("sign_for")
        definition["transitions"]["receive"] = sign
        definition["escalations"].pop("unsigned")

    loaded(story, newer(story.pack, change))
    other = story.the(CHECK, "beiwan")
    moved(story)
    task = story.task(check)
    with story.port.read() as tx:
        frame = story.engine.library.frame(tx, story.now)
        told = [entry.text.zh for entry in history(frame, task)]
        assert any("签收" in line for line in told)
        assert any("迁到版本" in line for line in told)
        assert deadline(subject_of(frame, other))
        assert standing(frame, check).line.state == "rectifying"
    found = examine(Patient(port=story.port, library=story.engine.library, now=story.now))
    assert [one.text.en for one in found if one.level == "wrong"] == []
    story.at("2026-03-23 10:00").does("handler of beiwan", "receive", other)


def test_half_of_a_family_that_cant_move_keeps_the_whole_where_it_is(checks: Story) -> None:
    story = checks
    check, children = corrected(story)

    first = story.task(children[0]).state

    def change(source: dict[str, Any]) -> None:
        source["rectification.yaml"] = renamed(source["rectification.yaml"], first, "handed_over")

    version = loaded(story, varied(story.pack, change))
    done = moved(story)
    (family,) = done.refused
    assert (family.root, set(family.refused)) == (check, set(children))
    assert "--map rectification." in family.refused[children[0]][0].en
    assert versions(story, check, *children) == {story.task(check).version_id}
    assert version not in versions(story, check, *children)
    assert versions(story, story.the(CHECK, "beiwan")) == {version}
    again = moved(story, states={f"rectification.{first}": "handed_over"})
    assert not again.refused
    assert versions(story, check, *children) == {version}
    assert {story.task(one).state for one in children} == {"handed_over"}


def test_a_crash_in_between_leaves_whole_families_and_the_same_call_goes_on(
    checks: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = checks
    monkeypatch.setattr("workflow.engine.migrating.BATCH", 3)
    check, children = corrected(story)
    version = loaded(story, newer(story.pack, relabelled))
    cut_at(story, "UPDATE task" if story.port.dialect == "sqlite" else 'UPDATE "task"')
    with pytest.raises(PowerCut):
        moved(story)
    restored(story)
    assert version not in versions(story, check, *children)
    first = moved(story, task_id=children[1])
    assert [one.root for one in first.moved] == [check], "the family of one of its tasks"
    assert versions(story, check, *children) == {version}
    rest = moved(story)
    assert check not in {one.root for one in rest.families}
    assert versions(story, *story.find(CHECK)) == {version}
    assert all(len(story.happened(task, "migrated")) == 1 for task in (check, *children))


def test_two_who_migrate_at_once_and_somebody_who_acts_meanwhile(checks: Story) -> None:
    story = checks
    check, children = corrected(story)
    other = story.the(CHECK, "beiwan")
    version = loaded(story, newer(story.pack, relabelled))
    found = story.together(
        lambda: moved(story, apply=True),
        lambda: moved(story, apply=True),
        lambda: story.does("handler of beiwan", "sign_for", other),
    )
    assert not [one for one in found if isinstance(one, Exception)], found
    moved(story)
    assert versions(story, *story.find(CHECK), *children) == {version}
    assert all(len(story.happened(task, "migrated")) == 1 for task in (check, other, *children))
    story.expect_state(other, "working")


def test_an_episode_whose_rule_is_gone_ends_and_its_draft_with_it(checks: Story) -> None:
    story = checks
    check = story.at("2026-03-03 10:00").the(CHECK, "chenguang")
    story.does("handler of chenguang", "sign_for", check)
    story.at("2026-03-31 18:00")
    slow = [one for one in story.episodes(check) if one.rule == "slow" and one.open]
    assert slow, "behind its plan"
    (draft,) = story.find("dispatch", "chenguang")

    def change(source: dict[str, Any]) -> None:
        source["self_check.yaml"]["escalations"].pop("slow")

    version = loaded(story, varied(story.pack, change))
    report = moved(story, apply=False)
    (own,) = [one for family in report.families for one in family.changes if one.task_id == check]
    assert ("slow", "migrated") in own.ended
    moved(story)
    story.expect_episode(check, "slow", open=False, ended_by="migrated")
    assert version in versions(story, check)
    others = [one.rule for one in story.episodes(check) if one.open]
    assert (story.task(draft).state == "drafted") == any(rule in ("late", "sent_back") for rule in others)


def test_there_and_back(checks: Story) -> None:
    story = checks
    check, children = corrected(story)
    before = {task: (story.task(task).state, story.task(task).due_at) for task in (check, *children)}
    first = story.pack.version
    loaded(story, newer(story.pack, relabelled))
    moved(story)
    back = moved(story, to=first[:12])
    assert back.version == first
    assert {task: (story.task(task).state, story.task(task).due_at) for task in before} == before
    assert [one.header["to_version"] for one in story.happened(check, "migrated")] == [2, 1]


def test_a_task_that_is_set_aside_keeps_its_family(checks: Story) -> None:
    story = checks
    check, children = corrected(story)
    loaded(story, newer(story.pack, relabelled))
    with story.port.write("people") as tx:
        aside = update(tasks.TASK).where(tasks.TASK.c.id == children[0])
        tx.run(Statement(aside.values(set_aside_at=story.now, set_aside_why="test")))
    (family,) = moved(story).refused
    assert (family.root, set(family.refused)) == (check, {children[0]})
    with story.port.write("people") as tx:
        assert tasks.release(tx, children[0], story.now)
    story.run()
    assert [one.root for one in moved(story).moved] == [check]


def test_a_deadline_that_the_new_version_moves_is_on_record_with_both_values(checks: Story) -> None:
    story = checks
    check = story.the(CHECK, "beiwan")

    def change(definition: dict[str, Any]) -> None:
        definition["deadline"] = "2026-05-15"

    loaded(story, newer(story.pack, change))
    report = moved(story, apply=False)
    (own,) = [one for family in report.families for one in family.changes if one.task_id == check]
    assert [local(at) for at in own.due] == ["2026-04-30 23:59:59.999", "2026-05-15 23:59:59.999"]
    moved(story)
    story.expect_due(check, "2026-05-15 23:59")
    (event,) = story.happened(check, "deadline_recomputed")
    assert [local(event.header[key])[:10] for key in ("old", "new")] == ["2026-04-30", "2026-05-15"]


def test_what_cant_be_asked_for(checks: Story) -> None:
    story = checks
    with pytest.raises(UsageError, match="too short"):
        moved(story, to="abc")
    with pytest.raises(Unknown, match="No version begins with"):
        moved(story, to="0123456789")
    for basis in ("", "  ", "x" * 5_000):
        with pytest.raises(BadValue, match="on what it rests"):
            story.engine.migrate(
                Migrate(campaign=story.pack.campaign.name, person_id=1, basis=basis), story.now
            )
    with pytest.raises(Unknown, match="no campaign 'other'"):
        story.engine.migrate(Migrate(campaign="other", person_id=1, basis="x"), story.now)


def test_every_open_task_of_a_whole_campaign_moves(tell: Tell, spring: Pack) -> None:
    """Dispatches and special supervisions under way included; no light changes."""
    story = tell(spring)
    story.at("2026-05-20 10:00")
    kinds = {one.kind for one in story.all_tasks() if one.ended_at is None}
    assert {"dispatch", "special_supervision", CHECK, "creation_task"} <= kinds
    version = loaded(story, newer(story.pack, relabelled))
    lights = {one.id: one.light for one in story.all_tasks()}
    done = moved(story)
    assert not done.refused
    assert versions(story, *(one.id for one in story.all_tasks() if one.ended_at is None)) == {version}
    assert {one.id: one.light for one in story.all_tasks()} == lights
