"""The campaign of the speech, loaded and handed out, for every story; verified when it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.hearing import HEARING
from tests.stories.teller import Story, told
from tests.stories.variants import only_rounds
from workflow.definition import Pack, load_pack
from workflow.proof import check_pack

DEFINITIONS = Path(__file__).resolve().parents[2] / "definitions"
SPRING = Path(__file__).resolve().parents[1] / "definitions" / "spring"
START = "2026-03-02 08:00"

Tell = Callable[..., Story]
"""(pack, at="2026-03-02 08:00", batch=250) -> a story on this test's database."""
Shipped = Callable[..., Story]
"""(name, at="2026-03-02 08:00") -> a story with a pack that ships."""

Begun = Callable[..., Story]
"""(at="2026-03-02 09:00") -> a story of the campaign that ships, on that morning; everything is read."""


@pytest.fixture(scope="session")
def spring() -> Pack:
    """A small campaign with one check and the ladder."""
    return load_pack(SPRING)


@pytest.fixture(scope="session")
def self_checks(spring: Pack) -> Pack:
    """The same, but that nothing is handed out but the self-checks."""
    return only_rounds(spring, "hand_out_checks", "weekly_dispatch", "special_review")


@pytest.fixture
def tell(database_url: str) -> Iterator[Tell]:
    """Begin a story with a pack of one's own."""
    with ExitStack() as stack:
        yield lambda pack, at=START, batch=250: stack.enter_context(
            told(database_url, pack, at=at, batch=batch)
        )


@pytest.fixture(scope="session")
def hearing(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    """A small pack about people: who inspects whom, and who hears an objection."""
    folder = tmp_path_factory.mktemp("hearing")
    for name, text in HEARING.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    return check_pack(folder)


@pytest.fixture
def checking(tell: Tell, hearing: Pack) -> Story:
    """A Monday morning on which nothing has been opened yet."""
    return tell(hearing, at="2026-03-02 09:00")


@pytest.fixture
def shipped(tell: Tell) -> Shipped:
    """Begin a story with another pack that ships: (name, at=…)."""
    return lambda name, at=START: tell(load_pack(DEFINITIONS / name), at=at)


@pytest.fixture
def campaign(shipped: Shipped) -> Begun:
    """Begin a story of the campaign that ships, on any morning of it: (at="2026-03-02 09:00")."""
    return lambda at="2026-03-02 09:00": _read(shipped("demonstration_site", at=f"{at[:10]} 08:00").at(at))


@pytest.fixture
def story(tell: Tell, spring: Pack) -> Story:
    """The campaign on its first morning: at nine everything was handed out, and read."""
    return first_morning(tell(spring))


@pytest.fixture
def checks(tell: Tell, self_checks: Pack) -> Story:
    """The first morning of a campaign that hands out self-checks alone."""
    return first_morning(tell(self_checks))


def first_morning(story: Story) -> Story:
    """Everything is handed out, and everybody has read of it."""
    return _read(story.at("2026-03-02 09:00"))


def _read(story: Story) -> Story:
    story.everybody_has_read()
    return story
