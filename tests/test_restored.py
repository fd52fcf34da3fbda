"""P12: a database from a backup sends nothing by itself; a crash is no restore."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from notifier import restored
from tests.offices import MINUTE, SECOND, Death, House
from tests.storing import opened, raw
from workflow.store.organisation import remembered


class Place:
    """A SQLite database in its folder, which can be closed, replaced and opened again."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.folder = Path(url.removeprefix("sqlite:///")).parent
        self._open = ExitStack()
        self.house = self._begin()

    def _begin(self) -> House:
        return House(port=self._open.enter_context(opened(self.url)))

    def close(self) -> None:
        self.house.dies()
        self._open.close()

    def again(self) -> House:
        """Another process, on whatever lies there now; the same peers."""
        before = self.house
        self.close()
        self.house = self._begin()
        self.house.mail, self.house.clock = before.mail, before.clock
        return self.house

    def copy(self, to: Path, *names: str) -> None:
        to.mkdir(exist_ok=True)
        for name in names:
            shutil.copy2(self.folder / name, to / name)

    def bring_back(self, origin: Path) -> None:
        for one in origin.iterdir():
            shutil.copy2(one, self.folder / one.name)


@pytest.fixture
def place(sqlite_url: str) -> Iterator[Place]:
    found = Place(sqlite_url)
    yield found
    found.close()


def _sends_one(house: House) -> None:
    with house.port.read() as tx:
        first = not remembered(tx, restored.MARK)
    if first:
        house.person("wang")
    house.clock.advance(10 * MINUTE)
    house.leaves(1)
    assert house.ring().sent == 1


def _backup(place: Place, to: Path, *names: str) -> None:
    """The daemon is stopped, the files are copied, it goes on."""
    place.house.dies()
    place._open.close()
    place.copy(to, *names)
    place.again()


def test_an_old_file_that_is_copied_back_is_held_until_a_person_releases_it(
    place: Place, tmp_path: Path
) -> None:
    _sends_one(place.house)
    _backup(place, tmp_path / "backup", "duban.db")
    _sends_one(place.house)
    place.close()
    place.bring_back(tmp_path / "backup")
    house = place.again()
    house.leaves(1)
    ran = house.ring(10 * MINUTE)
    assert ran.held
    assert len(house.mail.accepted) == 2, "nothing was sent"
    assert [one["status"] for one in house.deliveries()] == ["accepted", "waiting"]
    with house.port.read() as tx:
        held = restored.outbox_hold(tx)
    assert held is not None
    assert "backup" in held.why.en
    assert place.again().ring(MINUTE).held, "a new process is no person"
    assert restored.release(place.house.port, "operator", place.house.clock.now())
    assert place.house.ring(MINUTE).sent == 1
    assert not place.again().ring(MINUTE).held


def test_database_and_record_copied_together_are_held(place: Place, tmp_path: Path) -> None:
    _sends_one(place.house)
    _backup(place, tmp_path / "backup", "duban.db", "duban.db.outbox")
    _sends_one(place.house)
    place.close()
    record = tmp_path / "backup" / "duban.db.outbox"
    found = json.loads(record.read_text())
    # A copy holds the time of the file that it was made of: ten seconds ago, without waiting for them.
    record.write_text(json.dumps({**found, "made_at": found["made_at"] - 10_000_000_000}))
    place.bring_back(tmp_path / "backup")
    assert place.again().ring(MINUTE).held


def test_a_database_on_another_machine_is_held(place: Place) -> None:
    _sends_one(place.house)
    place.close()
    (place.folder / "duban.db.outbox").unlink()
    assert place.again().ring(MINUTE).held


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"mark": "x"}'])
def test_a_record_that_cannot_be_read_counts_as_missing(place: Place, content: bytes) -> None:
    _sends_one(place.house)
    (place.folder / "duban.db.outbox").write_bytes(content)
    assert place.again().ring(MINUTE).held


def test_a_new_database_is_not_held(place: Place) -> None:
    assert not place.house.ring().held
    assert not place.again().ring().held


def test_a_crash_is_no_restore(sqlite_url: str) -> None:
    """At every statement of a round that sends: after each, another process goes on sending."""
    state = {"left": -1}

    def probe(_moment: str, _text: str) -> None:
        state["left"] -= 1
        if state["left"] == 0:
            raise Death

    with opened(sqlite_url, probe=probe) as port:
        house = House(port=port)
        house.with_settings(quiet_from=0, quiet_to=0, window=0)
        wang, at, done = house.person("wang"), 0, False
        while not done:
            at += 1
            house.leaves(wang)
            state["left"] = at
            try:
                assert not house.ring(10 * MINUTE).held
                done = True
            except Death:
                house.dies()
            state["left"] = -1
            assert not house.ring(SECOND).held
        house.dies()
    assert at > 40, "a round has many statements"


def test_a_dump_that_was_read_in_is_held(postgresql_url: str) -> None:
    """A dump makes its tables anew: they are others, though they hold the same."""
    with opened(postgresql_url) as port:
        house = House(port=port)
        house.leaves(house.person("wang"))
        assert house.ring().sent == 1
        with raw(postgresql_url) as connection:
            connection.execute("DROP VIEW IF EXISTS delivery_view")
            connection.execute("CREATE TABLE again (LIKE delivery INCLUDING ALL)")
            connection.execute("INSERT INTO again SELECT * FROM delivery")
            connection.execute("ALTER TABLE delivery RENAME TO gone")
            connection.execute("ALTER TABLE again RENAME TO delivery")
        house.dies()
        house.leaves(house.person("zhao"))
        assert house.ring(10 * MINUTE).held
        assert len(house.mail.accepted) == 1
        assert restored.release(port, "operator", house.clock.now())
        assert not restored.release(port, "operator", house.clock.now()), "it was not held any more"
        assert house.ring(MINUTE).sent == 1
        house.dies()
