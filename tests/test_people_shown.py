"""What is shown of teams, joint signatures, interests and entries, and the commands about them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import main
from tests.hearing import HEARING
from tests.packs import write_pack
from tests.stories.teller import instant
from workflow.clock import VirtualClock


class Office:
    """The command line over a database with the small pack about people."""

    def __init__(self, url: str, clock: VirtualClock) -> None:
        self.url, self.clock = url, clock

    def tries(self, *args: str) -> tuple[int, str]:
        """A command, and how it ended."""
        found = CliRunner(env={"DUBAN_LANG": "en"}).invoke(main.app, [*args, "--database", self.url])
        return found.exit_code, found.stdout + found.stderr

    def does(self, *args: str) -> str:
        """A command that must succeed."""
        code, told = self.tries(*args)
        assert code == 0, told
        return told


@pytest.fixture
def office(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    clock = VirtualClock(instant("2026-03-02 09:00"))
    monkeypatch.setattr(main, "CLOCK", clock)
    found = Office(sqlite_url, clock)
    found.does("load", str(write_pack(tmp_path / "pack", **HEARING)))
    return found


OPEN = (
    "open",
    "cross_check",
    "--party",
    "checked=east",
    "--party",
    "checker=west",
    "--deadline",
    "2026-06-30",
)


def test_a_task_is_opened_staffed_and_signed_jointly(office: Office) -> None:
    assert "CK-1 is To be staffed" in office.does(*OPEN, "--as", "pan", "--fact", "scope=台账")
    assert "by Pan (Planner)" in office.does("history", "1")
    assert "Inspectors (inspector)" in office.does("act", "1", "--as", "west_head")
    office.does("act", "1", "staff", "--as", "west_head", "--fact", "inspector=an,bei")
    shown = office.does("show", "1")
    assert "An, Bei (until 2026-05-01)" in shown
    assert "Inspectors: An, Bei" in office.does("history", "1")
    told = office.does("act", "1", "conclude", "--as", "an", "--fact", "score=80")
    assert "once the others have signed" in told
    assert "signed: An; waits for: Bei" in office.does("show", "1")
    assert "signed by An; waits for Bei" in office.does("explain", "1", "state")
    office.does("interest", "declare", "bei", "east_station", "--reason", "spouse")
    explained = office.does("explain", "1", "state")
    assert "Bei must not act: has an interest" in explained
    assert "1 more needed and nobody is there" in explained
    code, refused = office.tries("act", "1", "confirm:conclude", "--as", "bei")
    assert code == 1
    assert "interest in checked" in refused
    assert "bei" in office.does("interest", "list")
    office.does("interest", "end", "bei", "east_station")
    office.does("act", "1", "confirm:conclude", "--as", "bei")
    assert "signed by An, Bei" in office.does("history", "1")
    assert office.tries("interest", "end", "bei", "east_station")[0] == 1


def test_a_refusal_names_whoever_may_not_be_chosen(office: Office) -> None:
    office.does(*OPEN, "--as", "pan")
    code, told = office.tries("act", "1", "staff", "--as", "west_head", "--fact", "inspector=an,cai")
    assert (code, "Cai has an interest in checked" in told) == (1, True)


def test_what_cannot_be_opened_says_why(office: Office) -> None:
    code, told = office.tries("open", "objection", "--party", "unit=east", "--as", "pan")
    assert (code, "opened_by" in told) == (1, True)
    assert office.tries("open", "errand", "--party", "east", "--as", "pan")[0] == 2
    assert office.tries("open", "errand", "--party", "unit=nowhere", "--as", "pan")[0] == 1
    found = json.loads(office.does("open", "errand", "--party", "unit=east", "--as", "pan", "--json"))
    assert found["act"] == "open:errand"


def test_an_act_is_entered_from_a_paper(office: Office, tmp_path: Path) -> None:
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"signed and stamped")
    office.does("open", "errand", "--party", "unit=east", "--as", "pan")
    report = ("act", "1", "report", "--as", "su", "--fact", "progress=60", "--entered-for", "east_clerk")
    code, told = office.tries(*report, "--paper", str(paper), "--effective", "2026-03-03")
    assert (code, "after today" in told) == (1, True)
    told = office.does(*report, "--paper", str(paper), "--effective", "2026-02-27")
    assert "takes effect once confirmed, by 2026-03-05" in told
    assert "entered from a paper of 2026-02-27" in office.does("show", "1")
    assert "waits for a co-signature until 2026-03-05" in office.does("explain", "1", "state")
    office.does("act", "1", "confirm:report", "--as", "tao")
    told = office.does("history", "1")
    assert "Su (Supervisor) entered Report for Dai" in told
    assert "entered by Su from a paper of 2026-02-27" in told
    assert "co-signed by Tao" in told
    office.does("verify")
