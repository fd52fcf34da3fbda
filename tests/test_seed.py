"""docs/seed.md keeps its word: every mechanism of the speech, and the command that shows it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

import main
from workflow.definition import load_pack
from workflow.simulation import simulate

ROOT = Path(main.__file__).resolve().parent
PACK = ROOT / "definitions" / "demonstration_site"
_ROW = re.compile(r"\| (\d+) \| ([^|]+) \| ([^|]+) \| `duban ([^`]+)` \| ([^|]*) \|")
ROWS = [
    match.groups()
    for match in map(_ROW.fullmatch, (ROOT / "docs/seed.md").read_text("utf-8").split("\n"))
    if match
]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The campaign as `make run` leaves it: 120 days of it."""
    url = f"sqlite:///{tmp_path_factory.mktemp('seed') / 'demo.db'}"
    simulate(load_pack(PACK), days=120, seed=1, url=url)
    return url


def test_every_mechanism_has_its_row() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, 34))


@pytest.mark.parametrize(("number", "speech", "place", "command", "shows"), ROWS)
def test_the_command_shows_it(
    played: str,
    number: str,
    speech: str,
    place: str,
    command: str,
    shows: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main.app, ["--lang", "zh", "--database", played, *command.split()])
    assert result.exit_code == 0, result.output
    assert shows.strip(), "what is to be seen?"
    assert shows.strip() in result.stdout


@pytest.mark.parametrize(("number", "place"), [(row[0], row[2]) for row in ROWS])
def test_what_it_names_is_in_the_pack(number: str, place: str) -> None:
    """Every file that a row names is there, and holds every word that the row quotes after it."""
    files = {file.name: file.read_text("utf-8") for file in PACK.glob("*.yaml")}
    quoted = re.findall(r"`([^`]+)`", place)
    assert quoted
    everything = "\n".join(files.values())
    for word in quoted:
        if word.endswith(".yaml"):
            assert word in files
        elif not word.startswith(("duban ", "docs/")):
            assert word in everything, word


def test_a_history_calls_indicators_by_their_names(played: str) -> None:
    def duban(*args: str) -> str:
        return CliRunner().invoke(main.app, ["--lang", "zh", "--database", played, *args]).stdout

    lines = json.loads(duban("tasks", "--kind", "self_check", "--state", "closed", "--all", "--json"))[
        "lines"
    ]
    told = duban("history", lines[0]["number"])
    assert "对标自评：用工信息库建成并每月更新，" in told
    assert "employment_base" not in told


@pytest.mark.parametrize("command", ["show", "explain", "forecast", "history"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_open_task_can_be_looked_at(played: str, command: str, language: str) -> None:
    listed = CliRunner().invoke(main.app, ["--database", played, "tasks", "--json"])
    numbers = [line["number"] for line in json.loads(listed.stdout)["lines"]]
    assert len(numbers) > 10
    for number in numbers:
        result = CliRunner().invoke(main.app, ["--lang", language, "--database", played, command, number])
        assert result.exit_code == 0, (number, result.output)
