"""`duban scores` and `duban indicators`: what the command line shows of figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from main import app
from tests.four_checks import FOUR_CHECKS
from tests.packs import write_pack

DONE = ("0.2 self", "0.2 cross", "0.4 bureau", "0.2 veterans")


@pytest.fixture
def database(tmp_path: Path) -> str:
    """A campaign that was loaded, and nothing handed out yet."""
    url = f"sqlite:///{tmp_path / 'duban.db'}"
    run(url, "init")
    run(url, "load", str(write_pack(tmp_path, **FOUR_CHECKS)))
    return url


def run(url: str, *args: str, lang: str = "en") -> str:
    result = CliRunner().invoke(app, [*args, "--database", url, "--lang", lang])
    assert result.exit_code == 0, result.output
    return result.stdout


def read(url: str, *args: str) -> Any:
    return json.loads(run(url, *args, "--json"))


def test_units_without_figures_are_listed_with_what_is_missing(database: str) -> None:
    shown = run(database, "scores", "--kind", "region")
    assert all(part in shown for part in DONE)
    assert shown.count("Self-check, Cross-check, Inspection, Veterans' review missing") == 3
    (ranking,) = read(database, "scores")
    assert {one["rank"] for one in ranking["units"]} == {None}


def test_a_kind_without_formula_is_told_which_there_are(database: str) -> None:
    result = CliRunner().invoke(app, ["scores", "--kind", "reigon", "--database", database, "--lang", "zh"])
    assert result.exit_code == 1
    assert "region" in result.stderr


def test_the_checklist_stands_by_chapter_with_its_weights(database: str) -> None:
    shown = run(database, "indicators", lang="zh")
    lines = shown.splitlines()
    assert lines.index("服务保障（权重合计 4）") < lines.index("就业创业（权重合计 2）")
    (found,) = read(database, "indicators")
    assert [one["id"] for one in found["items"]] == ["1.1", "1.2", "2.1"]
    assert found["version"] == "2026-1"
