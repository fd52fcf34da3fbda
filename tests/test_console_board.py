"""The board: what it counts, whom it shows what, and how old its figures may be."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.stories.teller import Story, told
from workflow.definition import load_pack

from .test_reading import PACK


@pytest.fixture(scope="module")
def story(sqlite_database: str) -> Iterator[Story]:
    """A week after the self-checks were due: Beiwan's is struck off, the others are late."""
    with told(sqlite_database, load_pack(PACK), at="2026-03-02 08:00") as found:
        found.at("2026-03-02 09:00")
        yield found.at("2026-05-12 10:00")


def words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
