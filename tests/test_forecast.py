"""Looking ahead: what a forecast says, and what it says it can't know."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

import main
from tests.builders import DAY
from tests.stories.teller import Story, instant, local
from tests.storing import Counting, opened
from workflow import forecast as ahead
from workflow.clock import VirtualClock
from workflow.definition import Pack, load_pack
from workflow.engine import Engine
from workflow.forecast import INVENTED, Forecast, World
from workflow.reading import world_of
from workflow.task import Task

from .test_reading import CHECK, PACK, copied, handed_out, prepared


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture(scope="module")
def template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Path:
    return prepared(sqlite_template, tmp_path_factory.mktemp("prepared") / "ledger", pack)


@pytest.fixture
def desk(template: Path, tmp_path: Path, pack: Pack) -> Iterator[tuple[str, Story]]:
    url, story = copied(template, tmp_path / "ledger", pack)
    yield url, story
    story.close()


@pytest.fixture
def story(desk: tuple[str, Story]) -> Story:
    return desk[1]


def world(story: Story, task: int, days: int = 366) -> World:
    with story.port.read() as tx:
        return world_of(story.engine.library.frame(tx, story.now), task, story.now + days * DAY)


def seen(found: Forecast, kind: str) -> list[tuple[str, str | None]]:
    """When, and by which rule or act, something of that kind comes for any of the tasks."""
    return [(local(one.recorded_at), one.rule or one.transition) for one in found.steps if one.kind == kind]


# --- what happens if nobody acts --------------------------------------------------------------------


def test_a_neglected_task_is_foretold_up_the_ladder(story: Story) -> None:
    check = story.the(CHECK, "beiwan")
    found = ahead.forecast(world(story, check))
    own = [(local(one.recorded_at), one.rule) for one in found.steps if one.task == check]
    assert own[0] == ("2026-03-05 00:00", "unsigned")
    assert ("2026-05-01 00:00", "late") in own
    (grave,) = [one for one in found.steps if one.rule == "very_late" and one.task == check]
    assert local(grave.at) == "2026-05-09 00:00"
    assert (grave.light, [one.kind for one in grave.opened]) == ("red", ["special_supervision"])
    (special,) = grave.opened
    assert special.task >= INVENTED
    assert (special.state, special.waits_for) == ("drafted", "supervisor")
    assert {story.person("supervisor of bureau")} <= set(special.people)
    assert story.person("leader of beiwan") in {one.person_id for one in grave.told}


def test_drafts_go_to_be_signed_at_the_moment_of_their_round_and_not_at_one_that_passed(story: Story) -> None:
    """Moments at which there was no draft are gone when the draft comes."""
    found = ahead.forecast(world(story, story.the(CHECK, "beiwan")))
    proposed = next(one for one in found.steps if one.opened)
    completed = [when for when, what in seen(found, "act") if what == "completed"]
    assert local(proposed.recorded_at) < completed[0]
    assert all(instant(when) % DAY == instant("2026-03-02 09:00") % DAY for when in completed)


def test_next_steps_are_the_tasks_own(story: Story) -> None:
    check = story.the(CHECK, "beiwan")
    found = ahead.forecast(world(story, check))
    assert [one.task for one in found.next_steps(3)] == [check] * 3
    assert found.next_steps(3) == tuple(one for one in found.steps if one.task == check)[:3]
    assert {one.rule for one in found.first()} == {"unsigned"}


def test_it_ends_after_so_many_steps_or_at_the_horizon_and_says_that_it_goes_on(story: Story) -> None:
    here = world(story, story.the(CHECK, "beiwan"))
    whole = ahead.forecast(here)
    short = ahead.forecast(here, steps=3)
    assert short.steps == whole.steps[:3]
    assert short.more
    near = ahead.forecast(here, until=instant("2026-03-20 00:00"))
    assert near.steps == tuple(one for one in whole.steps if one.recorded_at <= near.until)
    assert near.more


def test_nothing_comes_of_a_task_that_has_ended(story: Story) -> None:
    check = story.the(CHECK, "beiwan")
    story.does("supervisor of bureau", "withdraw", check, reason="重复")
    story.does("leader of bureau", "confirm:withdraw", check)
    here = world(story, check)
    found = ahead.forecast(here)
    assert (found.steps, found.more, found.notes) == ((), False, ())
    assert ahead.branches(here, until=found.until) == ()


def test_what_neighbours_do_later_is_not_said_of_a_task_that_has_ended(story: Story) -> None:
    ended, neighbour = story.the(CHECK, "beiwan"), story.the(CHECK, "wanghe")
    story.does("supervisor of bureau", "withdraw", ended, reason="重复")
    story.does("leader of bureau", "confirm:withdraw", ended)
    here, beside = world(story, ended), world(story, neighbour)
    both = replace(here, tasks={**beside.tasks, **here.tasks})
    assert ahead.forecast(both, until=story.now + 1).more is False


def test_a_task_that_is_set_aside_is_left_to_people(story: Story) -> None:
    check = story.the(CHECK, "beiwan")
    here = world(story, check)
    assert ahead.forecast(replace(here, aside=frozenset({check}))).steps == ()


def test_looking_ahead_changes_nothing(story: Story) -> None:
    before = story.everything()
    here = world(story, story.the(CHECK, "beiwan"))
    assert ahead.forecast(here) == ahead.forecast(here)
    ahead.branches(here, until=story.now + 90 * DAY)
    assert story.everything() == before


# --- what it can't know -----------------------------------------------------------------------------


def test_dates_in_a_year_without_a_notice_are_called_provisional(story: Story) -> None:
    here = world(story, story.the(CHECK, "beiwan"))
    this_year = ahead.forecast(here, until=instant("2026-12-31 00:00"))
    assert not any("2027" in note.en for note in this_year.notes)
    assert any("2027" in note.en and "provisional" in note.en for note in ahead.forecast(here).notes)


def test_others_of_the_unit_may_join_the_draft(story: Story) -> None:
    here = world(story, story.the(CHECK, "beiwan"))
    assert any("列入" in note.zh for note in ahead.forecast(here).notes)
    assert ahead.forecast(here, until=instant("2026-03-06 00:00")).notes == ()


def test_a_task_that_cant_be_decided_stops_only_its_own_line(story: Story) -> None:
    check = story.the(CHECK, "beiwan")
    here = world(story, check)
    loaded = here.tasks[check]
    broken: Task = loaded.task.copied()
    broken.state = "nowhere"
    poisoned = replace(here, tasks={check: replace(loaded, task=broken)})
    found = ahead.forecast(poisoned)
    assert (found.steps, found.undecided) == ((), True)
    assert ["nowhere" in note.en for note in found.notes] == [True]


# --- where each act leads ---------------------------------------------------------------------------


def test_each_open_act_says_where_it_leads_and_what_comes_then(story: Story) -> None:
    check = story.the(CHECK, "beiwan")
    ways = {one.act: one for one in ahead.branches(world(story, check), until=story.now + 90 * DAY)}
    assert set(ways) == {"sign_for", "withdraw"}
    signed = ways["sign_for"]
    assert (signed.leads_to.state, signed.leads_to.waits_for) == ("working", "handler")
    assert local(signed.leads_to.until) == "2026-04-30 23:59:59.999"
    assert signed.people == (story.person("handler of beiwan"),)
    assert signed.steps[0].rule == "slow"
    gone = ways["withdraw"]
    assert gone.leads_to.ended
    assert gone.confirmed_by is not None
    assert gone.asks == ("reason",)


def test_an_act_whose_condition_cant_hold_is_no_way(story: Story) -> None:
    """Nothing that is reported with `extend` makes an overdue task not overdue."""
    check = story.the(CHECK, "beiwan")
    story.does("handler of beiwan", "sign_for", check)
    assert "extend" in {one.act for one in ahead.branches(world(story, check), until=story.now)}
    story.at("2026-05-02 09:00")
    assert "extend" not in {one.act for one in ahead.branches(world(story, check), until=story.now)}


# --- reading the world ------------------------------------------------------------------------------


def test_the_world_is_read_alike_on_both_databases(database_url: str, pack: Pack) -> None:
    """Without a lock: a transaction that only reads may take none."""
    story = handed_out(database_url, pack)
    check = story.the(CHECK, "beiwan")
    story.at("2026-05-20 09:00")
    here = world(story, check)
    kinds = sorted(one.task.kind for one in here.tasks.values())
    assert {"self_check", "dispatch", "special_supervision"} <= set(kinds)
    found = ahead.forecast(here, until=instant("2026-07-01 00:00"))
    seq = story.task(check).seq
    story.at("2026-07-01 00:00")
    happened = [(one.at, one.kind, one.header.get("rule")) for one in story.history(check)[seq:]]
    assert [(one.at, one.kind, one.rule) for one in found.steps if one.task == check] == happened
    story.close()


def test_a_task_that_nobody_shares_a_draft_with_is_played_without_the_others_of_its_unit(
    sqlite_url: str, tmp_path: Path
) -> None:
    shutil.copytree(PACK, tmp_path / "pack")
    for file in (tmp_path / "pack").glob("*.yaml"):
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace(", proposes: dispatch", ""), encoding="utf-8")
    story = handed_out(sqlite_url, load_pack(tmp_path / "pack"))
    check = story.the(CHECK, "beiwan")
    assert set(world(story, check).tasks) == {check}
    story.close()


def test_a_task_is_played_with_those_of_its_unit_that_may_join_its_drafts(story: Story) -> None:
    check = story.the(CHECK, "beiwan")
    assert {one.task.kind for one in world(story, check).tasks.values()} == {CHECK, "creation_task"}


def test_the_number_of_statements_doesnt_grow_with_the_world(desk: tuple[str, Story]) -> None:
    url, story = desk
    check = story.the(CHECK, "beiwan")
    story.at("2026-05-20 09:00")
    counting = Counting()
    with opened(url, counting) as port:
        engine = Engine(port, salts=lambda: bytes(16))
        with port.read() as tx:
            frame = engine.library.frame(tx, story.now)
            world_of(frame, check, story.now + DAY)
            counting.clear()
            world_of(frame, check, story.now + DAY)
    assert counting.total <= 60


# --- the command ------------------------------------------------------------------------------------


def run(monkeypatch: pytest.MonkeyPatch, url: str, *arguments: str) -> str:
    monkeypatch.setattr(main, "CLOCK", VirtualClock(instant("2026-04-16 08:00")))
    result = CliRunner().invoke(main.app, ["--database", url, *arguments])
    assert result.exit_code == 0, result.output
    return str(result.output)


def test_the_command_tells_it_in_both_languages(
    desk: tuple[str, Story], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, story = desk
    check = str(story.the(CHECK, "beiwan"))
    zh = run(monkeypatch, url, "--lang", "zh", "forecast", check)
    assert "若无人办理" in zh
    assert "2026-05-09 00:00" in zh
    assert "→ 专题督办" in zh
    assert "若“签收”（sign_for" in zh
    en = run(monkeypatch, url, "--lang", "en", "forecast", check, "--until", "2026-05-10", "--steps", "20")
    assert "If nobody acts (until 2026-05-10)" in en
    assert "waits for the Supervisor" in en
    assert "If Sign for (sign_for" in en


def test_the_command_gives_json(desk: tuple[str, Story], monkeypatch: pytest.MonkeyPatch) -> None:
    url, story = desk
    check = story.the(CHECK, "beiwan")
    told = orjson.loads(run(monkeypatch, url, "forecast", str(check), "--steps", "2", "--json"))
    assert told["forecast"]["task"] == check
    assert len(told["forecast"]["steps"]) == 2
    assert [way["act"] for way in told["branches"]] == ["sign_for", "withdraw"]


def test_a_day_that_has_passed_is_refused(desk: tuple[str, Story], monkeypatch: pytest.MonkeyPatch) -> None:
    url, story = desk
    monkeypatch.setattr(main, "CLOCK", VirtualClock(instant("2026-04-16 08:00")))
    arguments = ["--database", url, "forecast", str(story.the(CHECK, "beiwan")), "--until", "2026-04-15"]
    result = CliRunner().invoke(main.app, arguments)
    assert result.exit_code != 0
    assert "2026-04-15" in result.output
