"""Bulletins: counted in a fixed number of statements, frozen with their figures, compared with the last."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import pytest

import main
from notifier.documents import (
    bulletin_named,
    every_bulletin,
    keep_bulletin,
    make_bulletin,
)
from notifier.documents.bulletin import Bulletin, Count, Ended, Place, Ranked, Worst, figures
from notifier.documents.bulletin_page import bulletin_bytes
from notifier.store.documents import Document
from tests.stories.customs import reviews, submits
from tests.stories.teller import Story
from tests.storing import Counting, opened, raw
from tests.test_main import Town
from tests.test_reading import PACK, copied, handed_out, looking, prepared
from workflow.calendar import default_calendar
from workflow.clock import VirtualClock
from workflow.definition import Pack, load_pack
from workflow.engine import Library
from workflow.errors import BadValue, HistoryBroken, Unknown
from workflow.store.organisation import CampaignInForce
from workflow.text import Language, Text

CHECK, TASK = "self_check", "creation_task"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(database_url: str, pack: Pack) -> Iterator[Story]:
    """The first morning; everything has been handed out."""
    story = handed_out(database_url, pack)
    yield story
    story.close()


def of(frame: Any) -> CampaignInForce:
    (campaign,) = frame.campaigns.values()
    assert isinstance(campaign, CampaignInForce)
    return campaign


def issued(story: Story, name: str, **more: Any) -> Document:
    """A bulletin that is drawn up and kept now."""
    with looking(story) as frame:
        drawn = make_bulletin(frame, of(frame), name, **more)
    with story.port.write("people") as tx:
        keep_bulletin(tx, drawn)
    return drawn


def told(document: Document) -> dict[str, Any]:
    return dict(json.loads(document.figures))


def line(found: dict[str, Any], where: str, key: str) -> dict[str, Any]:
    return next(dict(one) for one in found[where] if one["key"] == key)


def poor(story: Story, unit: str) -> int:
    """The unit's self-check is verified at 60: red, and a special supervision."""
    check = story.the(CHECK, unit)
    story.does(f"handler of {unit}", "sign_for", check)
    submits(story, unit, check)
    reviews(story, "supervisor_one", check, 60)
    return check


def test_it_counts_by_unit_and_track_and_says_who_stands_worst_and_why(story: Story) -> None:
    story.at("2026-03-03 10:00")
    poor(story, "beiwan")
    found = told(issued(story, "week_1"))
    own, other = line(found, "units", "beiwan"), line(found, "units", "wanghe")
    assert own["lights"]["red"] == 1
    assert own["escalated"] == 0, "a draft is not counted yet"
    assert other["lights"]["red"] == 0
    assert own["open"] == other["open"] == own["lights"]["red"] + own["lights"]["green"]
    assert found["whole"]["open"] == sum(one["open"] for one in found["units"])
    assert found["whole"]["open"] == sum(one["open"] for one in found["tracks"])
    (worst,) = found["worst"]
    assert worst["label"]["zh"] == "北湾区"
    assert worst["why"][0][0]["zh"] == "质量标准不高"
    assert found["number"] == 1
    assert found["previous"] is None


def test_the_next_one_says_what_has_changed_and_what_was_struck_off(story: Story) -> None:
    story.at("2026-03-03 10:00")
    first = issued(story, "week_1")
    story.at("2026-03-03 11:00")
    check = poor(story, "beiwan")
    good = story.the(CHECK, "wanghe")
    story.does("handler of wanghe", "sign_for", good)
    submits(story, "wanghe", good)
    reviews(story, "supervisor_one", good, 95)
    story.does("supervisor_one", "approve", good)
    story.at("2026-03-04 10:00")
    second = told(issued(story, "week_2"))
    assert (second["number"], second["previous"], second["since"]) == (2, "week_1", first.made_at)
    assert line(second, "units", "beiwan")["change"] == {"open": 0, "yellow": 0, "red": 1, "overdue": 0}
    assert line(second, "units", "wanghe")["change"]["open"] == -1
    assert line(second, "units", "wanghe")["struck_off"] == 1
    (ended,) = second["struck_off"]
    assert ended["number"] == f"SFD-{good}"
    assert story.task(check).light == "red"
    story.fast_forward("1 day")
    assert told(issued(story, "week_3"))["struck_off"] == [], "each is told of once"


def test_what_was_drawn_up_stays_as_it_is(story: Story, database_url: str) -> None:
    first = issued(story, "week_1")
    with pytest.raises(BadValue, match="taken"):
        issued(story, "week_1")
    story.at("2026-03-03 10:00")
    poor(story, "beiwan")
    with looking(story) as frame:
        kept = bulletin_named(frame, of(frame), "week_1")
        assert (kept.body, kept.figures, kept.sha256) == (first.body, first.figures, first.sha256)
        assert [one.name for one in every_bulletin(frame)] == ["week_1"]
        with pytest.raises(Unknown, match="week_2"):
            bulletin_named(frame, of(frame), "week_2")
    with raw(database_url) as connection:
        connection.execute("UPDATE document SET sha256 = 'ab'")
    with looking(story) as frame, pytest.raises(HistoryBroken):
        bulletin_named(frame, of(frame), "week_1")


def test_the_same_figures_give_the_same_bytes_in_either_language(story: Story) -> None:
    with looking(story) as frame:
        for language in ("zh", "en"):
            drawn = [make_bulletin(frame, of(frame), "week_1", language=language) for _ in (1, 2)]
            assert drawn[0] == drawn[1]


def test_it_reads_well(story: Story) -> None:
    story.at("2026-03-03 10:00")
    poor(story, "beiwan")
    document = docx.Document(io.BytesIO(issued(story, "week_1").body))
    text = "\n".join(one.text for one in document.paragraphs)
    for wanted in ("督 办 通 报", "第 1 期", "一、总体情况", "■红灯 1 件", "北湾区：■红灯 1 件"):
        assert wanted in text, wanted
    (units, *_) = document.tables
    assert [cell.text for cell in units.rows[0].cells][:3] == ["单位", "在办", "●绿灯"]
    assert units.rows[-1].cells[0].text == "合计"


@pytest.mark.parametrize("name", ["Week", "week-1", "", "SFD-1-3", "一"])
def test_a_name_that_could_be_taken_for_a_letter_is_refused(story: Story, name: str) -> None:
    with looking(story) as frame, pytest.raises(BadValue):
        make_bulletin(frame, of(frame), name)


def test_changes_cannot_be_counted_from_tomorrow_on(story: Story) -> None:
    with looking(story) as frame, pytest.raises(BadValue):
        make_bulletin(frame, of(frame), "week_1", since=story.now + 1)


def test_it_takes_as_many_statements_however_much_there_is(story: Story, database_url: str) -> None:
    def statements() -> int:
        probe = Counting()
        with opened(database_url, probe) as port, port.read() as tx:
            frame = Library().frame(tx, story.now)
            figures(frame, of(frame), "week_1", None)
        return probe.total

    story.at("2026-03-03 10:00")
    poor(story, "beiwan")
    few = statements()
    for unit in ("chenguang", "wanghe", "xinhe"):
        poor(story, unit)
    assert statements() == few


def full() -> Bulletin:
    """A bulletin with something in every part of it."""
    count = Count(
        key="beiwan",
        label=Text("北湾区", "Beiwan"),
        open=9,
        lights={"green": 3, "blue": 1, "yellow": 3, "red": 2},
        overdue=4,
        struck_off=31,
        change={"open": -2, "yellow": 0, "red": 1, "overdue": 3},
    )
    place = Place(unit=count.label, rank=1, score=91_255_000)
    ended = Ended(number="SFD-1", matter=Text("自查 <w:p/>", "Check & all"), unit=count.label, at=0)
    return Bulletin(
        name="week_1",
        number=2,
        campaign=Text("示范", "Demonstration"),
        issuer=Text("局", "Bureau"),
        zone="Asia/Shanghai",
        since=0,
        at=86_400_000,
        previous="week_0",
        whole=replace(count, key="whole"),
        units=(count,),
        tracks=(),
        worst=(Worst(label=count.label, red=2, yellow=3, overdue=4, why=((Text("慢", "slow"), 3),)),),
        rankings=(
            Ranked(
                formula=((Text("自查", "Check"), 200_000), (Text("督查", "Inspection"), 800_000)),
                units=(place, replace(place, rank=None, score=None)),
            ),
        ),
        struck_off=(ended,),
    )


def test_every_part_of_it_is_written_in_both_languages() -> None:
    calendar = default_calendar("Asia/Shanghai")
    said: tuple[tuple[Language, tuple[str, ...]], ...] = (
        (
            "zh",
            (
                "红灯增加 1 件",
                "在办减少 2 件",
                "黄灯持平",
                "自查 20% + 督查 80%",
                "另有 30 件",
                "四、重点关注",
            ),
        ),
        (
            "en",
            (
                "red +1",
                "open -2",
                "yellow as before",
                "Check 20% + Inspection 80%",
                "And 30 more",
                "4. Units",
            ),
        ),
    )
    for language, wanted in said:
        document = docx.Document(io.BytesIO(bulletin_bytes(full(), calendar, language)))
        cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
        text = "\n".join([*(one.text for one in document.paragraphs), *cells])
        for one in (*wanted, "91.25", "2 ↑1", "4 ↑3"):
            assert one in text, one
        assert ("自查 <w:p/>" in text) == (language == "zh")


# --- the commands -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Path:
    return prepared(sqlite_template, tmp_path_factory.mktemp("prepared") / "ledger", pack)


@pytest.fixture
def town(template: Path, tmp_path: Path, pack: Pack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    (url, story), clock = copied(template, tmp_path / "ledger", pack), VirtualClock(0)
    monkeypatch.setattr(main, "CLOCK", clock)
    town = Town(url, story, clock)
    story.at("2026-03-03 10:00")
    yield town
    story.close()


def test_the_command_makes_lists_and_shows_bulletins(town: Town, tmp_path: Path) -> None:
    out = tmp_path / "week_1.docx"
    assert "SHA-256" in town.does("bulletin", "make", "week_1", "--as", "supervisor_one", "--out", str(out))
    assert "BULLETIN" in docx.Document(str(out)).paragraphs[0].text
    (listed,) = town.reads("bulletin", "list")
    assert listed["name"] == "week_1"
    (shown,) = town.reads("bulletin", "show", "week_1")
    assert shown["sha256"] == listed["sha256"]
    assert shown["figures"]["number"] == 1
    assert "week_1" in town.does("bulletin", "list")
    before = town.snapshot()
    for args in (
        ("make", "week_1", "--as", "supervisor_one"),
        ("make", "week_2", "--as", "nobody"),
        ("make", "week_2", "--as", "supervisor_one", "--since", "2026-13-01"),
        ("make", "week_2", "--as", "supervisor_one", "--campaign", "other"),
        ("show", "week_2"),
        ("show", "week_1", "--out", str(tmp_path / "x.pdf")),
        ("show", "week_1", "--out", str(tmp_path / "none" / "x.docx")),
    ):
        refused = town.call("bulletin", *args)
        assert refused.exit_code != 0
        assert refused.stderr.strip().endswith((".", "?"))
        assert "Traceback" not in refused.stderr
    assert town.snapshot() == before


def test_a_kind_without_a_letter_says_so(town: Town) -> None:
    for args in ((), ("--draft",)):
        refused = town.call("letter", str(town.check), *args)
        assert refused.exit_code != 0
        assert "has no letter" in refused.stderr
