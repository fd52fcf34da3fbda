"""The parts of digests that need no database: the words of a campaign, hours, lights in the tree of units."""

from __future__ import annotations

from pathlib import Path

import pytest

from notifier.digests.hours import leaves_at
from notifier.digests.tree import Lights, Tree, overview, rolled_up, written
from notifier.office_settings import OfficeSettings
from notifier.store.addresses import Manner
from tests.packs import CAMPAIGN, ERRAND, PEOPLE, changed, problems_of, write_pack
from tests.stories.teller import instant, local
from workflow.calendar import default_calendar
from workflow.definition import load_pack, pack_from_source
from workflow.definition.model import Digest, Readers
from workflow.text import Text

WORDS = """notices: {at_any_hour: red}
digests:
  daily: {label: {zh: 日报, en: Daily}, for: [handler, supervisor at bureau, handler at region], at: workdays 08:00, shows: [late, errand]}
milestones:"""  # noqa: E501 - as a campaign has it
CALENDAR = default_calendar("Asia/Shanghai")
SETTINGS = OfficeSettings(quiet_from=21 * 60, quiet_to=7 * 60 + 30)


def with_words(folder: Path, words: str = WORDS) -> Path:
    """The small pack of tests with a digest."""
    campaign = changed(CAMPAIGN, "milestones:", words)
    return write_pack(folder, campaign=campaign, errand=ERRAND, people=PEOPLE)


def test_a_campaign_says_which_digests_it_sends(tmp_path: Path) -> None:
    path = with_words(tmp_path)
    pack = load_pack(path)
    assert pack.campaign.at_any_hour == "red"
    assert pack.campaign.digests == {
        "daily": Digest(
            name="daily",
            label=Text("日报", "Daily"),
            readers=(
                Readers(post="handler"),
                Readers(post="supervisor", unit="bureau"),
                Readers(post="handler", unit_kind="region"),
            ),
            at="workdays 08:00",
            shows=("late", "errand"),
            on_holiday="next workday",
        )
    }
    assert pack_from_source(pack.source).campaign.digests == pack.campaign.digests
    assert problems_of(path) == ()


def test_a_campaign_without_these_words_sends_none(tmp_path: Path) -> None:
    campaign = load_pack(write_pack(tmp_path, campaign=CAMPAIGN, errand=ERRAND, people=PEOPLE)).campaign
    assert campaign.digests == {}
    assert campaign.at_any_hour is None


@pytest.mark.parametrize(
    ("old", "new", "key", "expected"),
    [
        ("for: [handler,", "for: [handlers,", "digests.daily.for", "post"),
        ("supervisor at bureau", "handler at bureau", "digests.daily.for", "people.yaml"),
        ("supervisor at bureau", "supervisor at office", "digests.daily.for.2", "declared unit"),
        ("errand]", "errands]", "digests.daily.shows.2", "section"),
        ("errand]", "late]", "digests.daily.shows", "twice"),
        ("workdays 08:00", "daily", "digests.daily.at", "moment"),
        ("at_any_hour: red", "at_any_hour: green", "notices.at_any_hour", "blue, yellow, red"),
    ],
)
def test_what_is_wrong_with_a_digest_is_said_where_it_stands(
    tmp_path: Path, old: str, new: str, key: str, expected: str
) -> None:
    (problem,) = problems_of(with_words(tmp_path, changed(WORDS, old, new)))
    assert (problem.file, problem.key) == ("campaign.yaml", key)
    assert expected in problem.expected.en
    assert problem.line > 0


@pytest.mark.parametrize(
    ("at", "now", "manner", "expected"),
    [
        ("2026-03-03 08:00", "2026-03-03 08:00", Manner(), "2026-03-03 08:00"),
        ("2026-03-03 08:00", "2026-03-03 11:20", Manner(), "2026-03-03 11:20"),
        ("2026-03-03 08:00", "2026-03-03 22:00", Manner(), "2026-03-04 08:00"),
        ("2026-03-03 06:00", "2026-03-03 06:00", Manner(), "2026-03-03 07:30"),
        ("2026-03-03 08:00", "2026-03-03 08:00", Manner(digest_at=1020), "2026-03-03 17:00"),
        ("2026-03-03 08:00", "2026-03-03 08:00", Manner(digest_at=420), "2026-03-03 08:00"),
        ("2026-03-07 09:00", "2026-03-07 09:00", Manner(workdays_only=True), "2026-03-09 09:00"),
        ("2026-03-07 09:00", "2026-03-07 09:00", Manner(), "2026-03-07 09:00"),
    ],
)
def test_a_digest_leaves_when_its_reader_wishes(at: str, now: str, manner: Manner, expected: str) -> None:
    assert local(leaves_at(instant(at), instant(now), manner, SETTINGS, CALENDAR)) == expected


# --- lights -------------------------------------------------------------------------------------------

TREE = Tree(
    names={},
    above={1: None, 2: 1, 3: 1, 4: 2, 5: 1},
    below={1: [2, 3, 5], 2: [4]},
    stands_for={5: 1},
)
ROWS = [(4, "a", "red", 2), (2, "a", "green", 1), (3, "b", "yellow", 1), (1, "b", "green", 7)]


def test_lights_count_for_every_unit_above() -> None:
    found = rolled_up(written(ROWS), TREE)
    assert found.of([1]) == (8, 0, 1, 2)
    assert found.of([2]) == (1, 0, 0, 2)
    assert found.of([2, 3]) == (1, 0, 1, 2)
    assert found.by_track[2, "a"] == (1, 0, 0, 2)


def test_an_overview_has_the_gravest_first_and_adds_up_to_the_whole() -> None:
    now = rolled_up(written(ROWS), TREE)
    found = overview([1], TREE, now, None)
    assert [(row.unit, row.track) for row in found] == [(2, "a"), (3, "b"), (1, "b")]
    assert tuple(map(sum, zip(*(row.now for row in found), strict=True))) == now.of([1])
    assert {row.before for row in found} == {None}
    cleared = overview([1], TREE, Lights(), now)
    assert {row.now for row in cleared} == {(0, 0, 0, 0)}, "what is gone is shown as gone"


def test_nobody_sees_a_unit_twice_because_it_is_inside_another() -> None:
    assert TREE.scope_of([4, 2, 3]) == (2, 3)
    assert TREE.scope_of([5, 4]) == (1,), "a group stands for the unit that it belongs to"
