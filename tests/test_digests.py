"""Digests in sets: statements do not grow with readers, faults serve nobody twice; golden files of each."""

from __future__ import annotations

import io
import os
import threading
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import delete

from notifier.digests.picture import draw
from notifier.digests.view import Trend
from notifier.store.deliveries import DELIVERY
from notifier.store.digests import DIGEST, RUN
from tests.digesting import everybody_has_an_address, office, runs, sheets, with_digests
from tests.stories.conftest import SPRING, Tell, first_morning, tell
from tests.stories.customs import reviews, submits
from tests.stories.teller import Story, instant
from tests.storing import Counting, opened
from workflow.definition import Pack, load_pack
from workflow.store import Port, organisation
from workflow.store.organisation import PERSON, POST
from workflow.store.sql import Statement

GOLDEN = Path(__file__).parent / "golden" / "digests"


@pytest.fixture(scope="module")
def pack() -> Pack:
    """The small campaign with digests of each sort."""
    every = {
        "everything": {
            "label": {"zh": "全部栏目", "en": "Every section"},
            "for": ["leader at bureau", "handler at region"],
            "at": "mon 08:00",
            "shows": ["waiting", "due", "late", "lights", "moved", "overview", "worst", "next", "dispatch"],
        }
    }
    return with_digests(load_pack(SPRING), **every)


def crowd(port: Port, many: int, unit: str = "chenguang") -> None:
    """So many more handlers at a unit, each with an address."""
    with port.write("people") as tx:
        before = organisation.stamp(tx)
        (at,) = organisation.unit_ids(tx, [unit]).values()
        ids = range(10_001, 10_001 + many)
        tx.insert(
            PERSON, [(one, f"p{one}", f"某{one}", f"P {one}", "en" if one % 2 else "zh") for one in ids]
        )
        tx.insert(POST, [held(one, "handler", at) for one in ids])
        organisation.move_organisation(tx, before)
    everybody_has_an_address(port)


__all__ = ["tell"]  # a fixture

# --- in sets ------------------------------------------------------------------------------------------


def statements(url: str, day: str) -> tuple[Counter[str], int]:
    """What one round runs, rows that are written left out; and how many digests it made."""
    counting = Counting()
    with opened(url, counting) as port:
        counting.clear()
        made = office(port).run_once(instant(day)).made
    texts = {text: many for text, many in counting.texts.items() if not text.startswith(("INSERT", "COPY"))}
    return Counter(texts), made


def test_a_page_takes_as_many_statements_for_500_readers_as_for_ten(
    tell: Tell, database_url: str, pack: Pack
) -> None:
    story = first_morning(tell(pack))
    everybody_has_an_address(story.port)
    statements(database_url, "2026-03-09 08:00")
    few, made = statements(database_url, "2026-03-16 08:00")
    assert made < 15
    crowd(story.port, 480)
    many, made = statements(database_url, "2026-03-23 08:00")
    assert made > 480
    assert many == few
    assert few.total() < 60


# --- faults -------------------------------------------------------------------------------------------


class Fault(Exception):
    """The machine stops."""


class Failing:
    """A probe that stops the machine at the n-th point."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.met = 0

    def __call__(self, _moment: str, _text: str) -> None:
        self.met += 1
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Fault


def test_whatever_stops_in_the_middle_nobody_is_served_twice_and_nobody_skipped(
    tell: Tell, database_url: str, pack: Pack
) -> None:
    story = first_morning(tell(pack))
    crowd(story.port, 7)
    probe, now = Failing(), instant("2026-03-09 08:00")
    with opened(database_url, probe) as port:
        office(port, page=3).run_once(now)
        points, undisturbed = probe.met, served(port)
        assert len(undisturbed) >= 15
        for point in range(0, points, 1 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 9):
            forget(port)
            probe.left = point
            with suppress(Fault):
                office(port, page=3).run_once(now)
            probe.left = None
            office(port, page=3).run_once(now)
            assert served(port) == undisturbed, f"point {point}"
            (run,) = runs(port)
            assert (run["status"], run["served"]) == ("done", len(undisturbed))


def test_two_daemons_serve_nobody_twice(tell: Tell, database_url: str, pack: Pack) -> None:
    story = first_morning(tell(pack))
    crowd(story.port, 60)
    now = instant("2026-03-09 08:00")
    with opened(database_url) as one, opened(database_url) as other:
        threads = [
            threading.Thread(target=office(port, page=5).run_once, args=(now,)) for port in (one, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        office(one, page=5).run_once(now)
        found = served(one)
    assert len(found) >= 70
    assert set(found.values()) == {1}


def served(port: Port) -> Counter[tuple[int, int]]:
    """(person, number) of every digest."""
    return Counter((one.person_id, one.number) for one in sheets(port))


def forget(port: Port) -> None:
    """As if there had been no digest yet."""
    with port.write("people") as tx:
        for table in (DELIVERY, DIGEST, RUN):
            tx.run(Statement(delete(table)))


# --- golden files -------------------------------------------------------------------------------------


SECTIONS_SHOWN = (
    "waiting",
    "due",
    "late",
    "lights",
    "moved",
    "overview",
    "worst",
    "next",
    "special_supervision",
)


def test_every_section_in_both_languages_is_as_it_was(tell: Tell, sqlite_url: str) -> None:
    each = {
        f"shows_{one}": {
            "label": {"zh": "督办周报", "en": "Weekly supervision"},
            "for": ["leader at bureau", "handler at chenguang"],
            "at": "mon 08:00",
            "shows": one,
        }
        for one in SECTIONS_SHOWN
    }
    story = Story(sqlite_url, with_digests(load_pack(SPRING), **each), at="2026-03-02 08:00")
    first_morning(story)
    _english(story.port, "leader", "bureau", 9_001)
    _english(story.port, "handler", "chenguang", 9_002)
    everybody_has_an_address(story.port)
    digests = office(story.port)
    digests.run_once(story.at("2026-03-09 08:00").now)
    lag(story)
    digests.run_once(story.at("2026-04-27 08:00").now)
    readers = {
        "leader.zh": story.person("leader of bureau"),
        "leader.en": 9_001,
        "handler.zh": story.person("handler of chenguang"),
        "handler.en": 9_002,
    }
    try:
        for digest in each:
            for name, person in readers.items():
                of_person = [
                    one for one in sheets(story.port) if (one.person_id, one.digest) == (person, digest)
                ]
                if of_person and (name.startswith("handler") == (digest in ("shows_waiting", "shows_due"))):
                    last = of_person[-1]
                    stem = f"{digest.removeprefix('shows_')}.{name[-2:]}"
                    _compare(f"{stem}.txt", f"{last.subject}\n\n{last.text}")
                    _compare(f"{stem}.html", last.html)
                    _compare(f"{stem}.sms", "\n".join(last.phrases) + "\n")
    finally:
        story.close()
    assert len(list(GOLDEN.iterdir())) == len(SECTIONS_SHOWN) * 2 * 3


def lag(story: Story) -> None:
    """One unit is late, another one's work is poor: lights burn, letters are drafted."""
    check = story.the("self_check", "chenguang")
    story.at("2026-03-10 10:00").does("handler of chenguang", "sign_for", check)
    story.at("2026-03-24 10:00")
    submits(story, "chenguang", check)
    reviews(story, "supervisor_one", check, 60)


def _english(port: Port, post: str, unit: str, ident: int) -> None:
    """Somebody who reads English holds the same post."""
    with port.write("people") as tx:
        before = organisation.stamp(tx)
        at = organisation.unit_ids(tx, [unit])[unit]
        tx.insert(PERSON, [(ident, f"reader_{ident}", "某英", "An English Reader", "en")])
        tx.insert(POST, [held(ident, post, at)])
        organisation.move_organisation(tx, before)


def held(person: int, post: str, unit: int) -> tuple[object, ...]:
    """A row of a post."""
    values = {
        "id": person,
        "person_id": person,
        "name": post,
        "unit_id": unit,
        "deputy": 0,
        "valid_from": 0,
        "valid_to": None,
        "recorded_at": 0,
    }
    return tuple(values[column.name] for column in POST.columns)


def _compare(name: str, text: str) -> None:
    path = GOLDEN / name
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    assert path.read_text("utf-8") == text, f"{path} differs; GOLDEN=write makes it anew"


# --- the picture --------------------------------------------------------------------------------------


def test_the_picture_of_a_trend_is_small_and_always_the_same() -> None:
    trend = Trend(points=tuple((f"03-{day:02}", (40 - day, day % 5, day, day // 3)) for day in range(1, 13)))
    data = draw(trend)
    assert data == draw(trend)
    assert len(data) < 20_000
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.size) == ("PNG", (1072, 440))


def test_a_picture_of_nothing_can_be_drawn() -> None:
    assert draw(Trend(points=(("03-02", (0, 0, 0, 0)), ("03-09", (0, 0, 0, 0)))))
