"""The commands replan and migrate: the difference first, then --apply; what can't be, with its sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import main
from tests.packs import CAMPAIGN, ERRAND, PEOPLE, changed, write_pack
from tests.stories.teller import Story, instant
from workflow.clock import VirtualClock
from workflow.definition import load_pack

BASIS = ("--as", "li", "--basis", "试发〔2026〕7号")


class Office:
    """A database with the small pack, on its second day, and the command line over it."""

    def __init__(self, url: str, folder: Path, clock: VirtualClock) -> None:
        self.url, self.folder, self.clock = url, folder, clock

    def call(self, *args: str, lang: str = "en") -> Result:
        """Run a command on this database."""
        return CliRunner().invoke(main.app, [*args, "--database", self.url, "--lang", lang])

    def does(self, *args: str, lang: str = "en") -> str:
        """A call that must succeed; what it printed."""
        result = self.call(*args, lang=lang)
        assert result.exit_code == 0, result.stderr
        return result.stdout

    def loads(self, errand: str = ERRAND, campaign: str = CAMPAIGN) -> None:
        """Bring a pack into force, and plan again."""
        path = write_pack(self.folder, campaign=campaign, errand=errand, people=PEOPLE)
        self.does("load", str(path))
        self.does("calendar", "recompute")

    def json(self, *args: str) -> Any:
        """A call that must succeed; the JSON that it printed."""
        return json.loads(self.does(*args, "--json"))


@pytest.fixture
def office(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    clock = VirtualClock(instant("2026-03-03 10:00"))
    monkeypatch.setattr(main, "CLOCK", clock)
    pack = load_pack(write_pack(tmp_path, campaign=CAMPAIGN, errand=ERRAND, people=PEOPLE))
    story = Story(database_url, pack, at="2026-03-02 00:00")
    story.at("2026-03-03 10:00").close()
    return Office(database_url, tmp_path, clock)


def test_replan_shows_the_difference_and_moves_with_apply(office: Office) -> None:
    shown = office.does("replan", "trial", "completion=2030-06-28", *BASIS)
    assert "completion  2026-05-31 → 2030-06-28" in shown
    assert "deadline 2026-05-31 → 2030-06-28" in shown
    assert "nothing was changed" in shown
    assert "2026-05-31" in office.does("tasks")
    done = office.json("replan", "trial", "completion=2030-06-28", *BASIS, "--apply")
    assert (done["applied"], len(done["tasks"])) == (True, 2)
    assert "2030-06-28" in office.does("tasks")
    history = office.does("history", "1", lang="zh")
    assert "节点改期，期限由 2026-05-31 改为 2030-06-28" in history
    why = office.does("explain", "1", "deadline")
    assert "because of: 试发〔2026〕7号" in why
    assert "nothing changes" in office.does("replan", "trial", "completion=2030-06-28", *BASIS)
    office.does("verify")


@pytest.mark.parametrize(
    ("args", "code", "says"),
    [
        (("completion",), 2, "MILESTONE=DATE"),
        (("completion=soon",), 2, "is no date"),
        (("completion=2030-06-30", "completion=2030-07-30"), 2, "twice"),
        (("finish=2030-06-30",), 1, "no milestone"),
        (("completion=2020-01-01",), 1, "choose today"),
    ],
)
def test_replan_says_what_is_wrong(office: Office, args: tuple[str, ...], code: int, says: str) -> None:
    result = office.call("replan", "trial", *args, *BASIS, "--apply")
    assert (result.exit_code, says in result.stderr) == (code, True), result.stderr


def test_nobody_unknown_decides(office: Office) -> None:
    for command in (("replan", "trial", "completion=2030-06-30"), ("migrate", "trial")):
        result = office.call(*command, "--as", "nobody", "--basis", "x", "--apply")
        assert (result.exit_code, "nobody" in result.stderr) == (1, True)


@pytest.mark.parametrize("command", [("replan", "trial", "completion=2030-06-30"), ("migrate", "trial")])
def test_only_a_supervisor_moves_what_runs(office: Office, command: tuple[str, ...]) -> None:
    """What would change anybody may see."""
    asked = (*command, "--as", "wang", "--basis", "x")
    assert office.call(*asked).exit_code == 0
    refused = office.call(*asked, "--apply")
    assert (refused.exit_code, "for the role supervisor" in refused.stderr) == (1, True)


@pytest.mark.parametrize("command", [("replan", "trial", "completion=2030-06-30"), ("migrate", "trial")])
def test_who_supervises_another_campaign_decides_for_that_one(
    office: Office, command: tuple[str, ...], tmp_path: Path
) -> None:
    other = CAMPAIGN.replace("campaign: trial", "campaign: other").replace("prefix: TR", "prefix: OT")
    chief = ERRAND.replace("supervisor at bureau", "chief at bureau")
    people = PEOPLE.replace("wang:", "zhou:").replace("handler at east", "chief at bureau")
    office.does("load", str(write_pack(tmp_path / "other", campaign=other, errand=chief, people=people)))
    refused = office.call(*command, "--as", "zhou", "--basis", "x", "--apply")
    assert (refused.exit_code, "for the role supervisor" in refused.stderr) == (1, True)
    office.does(command[0], "other", *command[2:], "--as", "zhou", "--basis", "x", "--apply")


@pytest.mark.parametrize("command", [("replan", "trial", "completion=2030-06-30"), ("migrate", "trial")])
def test_where_nobody_supervises_no_post_is_asked_for(office: Office, command: tuple[str, ...]) -> None:
    office.loads(errand=ERRAND.replace("supervisor", "head"))
    office.does(*command, "--as", "wang", "--basis", "x")


RENAMED = changed(ERRAND, "  open: {", "  doing: {").replace("from: open", "from: doing")


def test_migrate_reports_refuses_and_moves(office: Office) -> None:
    assert "Nothing is to be moved" in office.does("migrate", "trial", *BASIS)
    office.loads(RENAMED)
    refused = office.call("migrate", "trial", *BASIS)
    assert refused.exit_code == 1
    assert "--map errand.open=STATE" in refused.stdout
    assert "2 families can't" in refused.stdout
    report = office.does("migrate", "trial", *BASIS, "--map", "open=doing")
    assert "Add --apply" in report
    one = office.does("migrate", "trial", *BASIS, "--map", "errand.open=doing", "--family", "1", "--apply")
    assert "1 families with 1 tasks" in one
    rest = office.json("migrate", "trial", *BASIS, "--map", "open=doing", "--apply")
    assert [family["root"] for family in rest["families"]] == [2]
    assert "李某迁到版本" in office.does("history", "1", lang="zh")
    office.does("verify")
    office.does("show", "1")
    office.does("explain", "1")
    assert "Nothing is to be moved" in office.does("migrate", "trial", *BASIS)


def test_migrate_says_what_is_wrong(office: Office) -> None:
    for args, code, says in (
        (("--to", "abc"), 2, "too short"),
        (("--to", "0123456789"), 1, "No version begins with"),
        (("--map", "open"), 2, "STATE=STATE"),
        (("--family", "99"), 1, "99"),
    ):
        result = office.call("migrate", "trial", *BASIS, *args)
        assert (result.exit_code, says in result.stderr) == (code, True), result.stderr
