"""P1: daemons and people killed at random during a storm: nothing lost, nothing doubled."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
DATABASES = ("sqlite", "postgresql")


def _storm(database: str, kills: int, tasks: int, seed: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.kills", "--database", database]
    command += ["--kills", str(kills), "--tasks", str(tasks), "--seed", str(seed)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1_500)
    assert done.stdout.strip(), done.stderr[-2_000:]
    figures: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    print(figures)
    return figures


def _nothing_lost(figures: dict[str, Any], kills: int) -> None:
    assert figures["kills"] >= kills
    assert figures["acknowledged"] > 0
    wrong = [name for name in figures if name.startswith(("lost", "doubled", "broken")) and figures[name]]
    assert not wrong, figures


@pytest.mark.parametrize("database", DATABASES)
def test_twenty_kills_in_a_storm_lose_and_double_nothing(database: str) -> None:
    _nothing_lost(_storm(database, kills=20, tasks=2_000, seed=20), kills=20)


@pytest.mark.long
@pytest.mark.parametrize("database", DATABASES)
def test_two_hundred_kills_in_a_storm_of_ten_thousand(database: str) -> None:
    seed = int.from_bytes(os.urandom(4), "big")  # fresh each time; the figures name it
    _nothing_lost(_storm(database, kills=200, tasks=10_000, seed=seed), kills=200)
