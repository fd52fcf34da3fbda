"""A review from its opening to its facts: who may vote, once, and what can be told afterwards."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.reviews import casting, conducting, counting, paper, secrets
from console.store import reviews
from console.store.reviews import Ballot
from tests.four_checks import BALLOT, FOUR_CHECKS
from tests.packs import small_pack
from tests.stories.teller import Story, told
from tests.storing import Counting, raw
from workflow.definition import Pack, load_pack
from workflow.definition.model import Fact
from workflow.errors import BadValue, NotAllowed, NotNow, Unknown
from workflow.evidence import Folder, all_recorded
from workflow.text import Text

MICRO = 1_000_000
SHIPPED = Path(__file__).resolve().parents[1] / "definitions" / "demonstration_site"
_numbers = itertools.count(1)


def chance(size: int) -> bytes:
    """Other bytes each time, and the same in every run."""
    return sha256(str(next(_numbers)).encode()).digest()[:size].ljust(size, b"\x5a")


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return small_pack(tmp_path_factory.mktemp("pack"), **{**FOUR_CHECKS, "review": BALLOT})


@pytest.fixture
def story(database_url: str, pack: Pack) -> Iterator[Story]:
    with told(database_url, pack, at="2026-03-02 08:00") as found:
        yield found.at("2026-03-02 09:00")


@pytest.fixture
def one(sqlite_url: str, pack: Pack) -> Iterator[Story]:
    """The same on SQLite alone, for what touches no statement of its own."""
    with told(sqlite_url, pack, at="2026-03-02 08:00") as found:
        yield found.at("2026-03-02 09:00")


def opened(story: Story, unit: str = "east", count: int = 20, *, kind: str = "review") -> tuple[str, ...]:
    """A review of that unit; what was given out."""
    task = story.the(kind, unit)
    with story.port.read() as tx:
        begun = conducting.begin(story.engine.library.frame(tx, story.now), task, "codes", count, chance)
    conducting.commit(story.port, task, begun, story.now)
    return begun.secrets


def invited(story: Story, secret: str) -> casting.Invitation:
    with story.port.read() as tx:
        found = casting.invitation(story.engine.library.frame(tx, story.now), secret)
    assert found is not None
    return found


def result(story: Story, task: int) -> conducting.Result:
    with story.port.read() as tx:
        return conducting.result(story.engine.library.frame(tx, story.now), task)


def votes(story: Story, secret: str, mark: int = 75, said: str | None = None) -> reviews.Vote:
    ballot = Ballot(marks={"satisfaction": mark * MICRO}, said=said)
    return casting.vote(story.port, invited(story, secret), secret, ballot, chance)


def closed(story: Story, folder: Path, unit: str = "east") -> conducting.Counted:
    task, person = story.the("review", unit), story.person(f"handler of {unit}")
    return conducting.close(story.engine, Folder(folder), task, person, story.now)


def rows(url: str, table: str, columns: str = "*") -> list[tuple[object, ...]]:
    with raw(url) as connection:
        return [tuple(row) for row in connection.execute(f"SELECT {columns} FROM {table}").fetchall()]


# --- voting -----------------------------------------------------------------------------------------


def test_fifty_at_once_with_one_link_are_one_ballot(story: Story, database_url: str) -> None:
    secret = opened(story)[0]
    found = invited(story, secret)
    with ThreadPoolExecutor(10) as pool:
        became = list(
            pool.map(
                lambda n: casting.vote(
                    story.port, found, secret, Ballot(marks={"satisfaction": n}, said=None), chance
                ),
                range(50),
            )
        )
    assert sorted(became) == ["taken"] + ["used"] * 49
    assert len(rows(database_url, "ballot")) == 1
    assert sum(int(str(voted)) for (voted,) in rows(database_url, "roll", "voted")) == 1


def test_everybody_at_once_loses_no_ballot(story: Story, database_url: str) -> None:
    given_out = opened(story, count=40)
    with ThreadPoolExecutor(8) as pool:
        became = list(pool.map(lambda one: votes(story, one), given_out))
    assert became == ["taken"] * 40
    assert len(rows(database_url, "ballot")) == 40


def test_nothing_is_kept_between_roll_and_ballot(story: Story, database_url: str) -> None:
    """Neither names nor times, no column in common but the review, and no order of coming."""
    given_out = opened(story, count=30)
    for number, secret in enumerate(given_out):
        assert votes(story, secret, number) == "taken"
    roll, ballots = rows(database_url, "roll"), rows(database_url, "ballot")
    assert {len(one) for one in roll} == {3}
    assert {one[2] for one in roll} == {1}
    assert not {one[0] for one in roll} & {one[1] for one in ballots}
    came = [str(one[2]) for one in sorted(ballots, key=lambda one: str(one[1]))]
    assert came != sorted(came, key=lambda one: int("".join(filter(str.isdigit, one))))
    for secret in given_out:
        assert secret not in str(roll) + str(ballots)


def test_what_the_database_notes_of_a_transaction_is_shared_by_a_crowd(
    postgresql_url: str, pack: Pack
) -> None:
    """On PostgreSQL each row says which transaction wrote it, its place in it, and where it lies."""
    with told(postgresql_url, pack, at="2026-03-02 08:00") as story:
        for secret in opened(story.at("2026-03-02 09:00"), count=30):
            votes(story, secret)
        used = rows(postgresql_url, "roll WHERE voted = 1", "xmin::text, cmin::text")
        ballots = rows(postgresql_url, "ballot", "xmin::text, cmin::text")
        assert len(used) == len(ballots) == 30
        assert len(set(used)) == len(set(ballots)) == 1
        lying = [str(row[0]) for row in rows(postgresql_url, "ballot ORDER BY ctid", "key")]
        assert lying == sorted(lying)


def test_on_sqlite_no_row_id_says_who_came_first(one: Story, sqlite_url: str) -> None:
    opened(one)
    for table in ("roll", "ballot"):
        with raw(sqlite_url) as connection, pytest.raises(Exception, match="rowid"):
            connection.execute(f"SELECT rowid FROM {table}")


def test_a_vote_takes_as_many_statements_with_many_ballots_as_with_few(
    one: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_out, counting_them = opened(one, count=150), Counting()
    monkeypatch.setattr(one.port, "_probe", counting_them)
    counts = []
    for secret in given_out:
        found, ballot = invited(one, secret), Ballot(marks={"satisfaction": 0}, said=None)
        counting_them.clear()
        casting.vote(one.port, found, secret, ballot, chance)
        counts.append(counting_them.total)
    assert set(counts[1:]) == {6}  # BEGIN and COMMIT included


def test_only_inside_the_window_and_only_while_the_task_is_open(one: Story) -> None:
    secret = opened(one)[0]
    assert invited(one, secret).stage == "open"
    one.doze_until("2026-02-27 09:00")
    assert invited(one, secret).stage == "early"
    assert votes(one, secret) == "closed"
    one.doze_until("2026-05-31 23:59")
    assert invited(one, secret).stage == "open"
    one.doze_until("2026-06-01 00:00")
    assert invited(one, secret).stage == "over"
    assert votes(one, secret) == "closed"
    one.doze_until("2026-03-02 09:00").does("li", "withdraw", one.the("review", "east"))
    assert invited(one, secret).stage == "over"


def test_a_secret_that_was_never_given_out_leads_nowhere(one: Story) -> None:
    opened(one)
    with one.port.read() as tx:
        frame = one.engine.library.frame(tx, one.now)
        assert casting.invitation(frame, secrets.make("codes", chance)) is None


# --- opening ----------------------------------------------------------------------------------------


def test_a_review_is_opened_once_and_not_for_too_few_or_too_many(story: Story) -> None:
    for count, error in ((9, BadValue), (201, BadValue)):
        with pytest.raises(error, match="Not opened"):
            opened(story, count=count)
    opened(story, count=10)
    with pytest.raises(NotNow, match="voted on already"):
        opened(story, count=10)


def test_what_nobody_votes_on_is_not_opened(one: Story) -> None:
    with pytest.raises(NotNow, match="Nobody votes"):
        opened(one, kind="self_check")
    one.doze_until("2026-06-02 09:00")
    with pytest.raises(NotNow, match="ended on 2026-05-31"):
        opened(one)


def test_whom_to_invite_is_drawn_by_lot() -> None:
    people = [f"person {number}" for number in range(500)]
    drawn = conducting.draw(people, 200, b"salt")
    assert len(drawn) == 200
    assert drawn == [one for one in people if one in drawn] != people[:200]
    assert conducting.draw(people, 200, b"another") != drawn
    assert conducting.draw(people[:30], 200, b"salt") == people[:30]
    assert conducting.draw(people, 0, b"salt") == people


# --- closing ----------------------------------------------------------------------------------------


def test_totals_become_facts_and_the_roll_is_erased(story: Story, database_url: str, tmp_path: Path) -> None:
    given_out, task = opened(story), story.the("review", "east")
    for number, secret in enumerate(given_out[:12]):
        votes(story, secret, 100 if number % 2 else 75, "地面太滑" if number == 3 else None)
    with pytest.raises(NotNow, match="runs until 2026-05-31"):
        closed(story, tmp_path)
    counted = closed(story.at("2026-06-01 09:00"), tmp_path)
    assert (counted.returned, counted.means) == (12, {"satisfaction": "87.50"})
    assert story.task(task).facts == {"returned": 12, "satisfaction": 87.5}
    assert rows(database_url, "roll") == []
    assert len(rows(database_url, "ballot")) == 12
    found = result(story, task)
    assert (found.returned, found.means, found.said) == (12, {"satisfaction": "87.50"}, ("地面太滑",))


def test_of_too_few_only_the_number_is_told_and_the_ballots_are_erased(
    story: Story, database_url: str, tmp_path: Path
) -> None:
    for secret in opened(story)[:9]:
        votes(story, secret, said="看不到的话")
    counted = closed(story.at("2026-06-01 09:00"), tmp_path)
    task = story.the("review", "east")
    assert (counted.returned, counted.means) == (9, {})
    assert story.task(task).facts == {"returned": 9}
    assert rows(database_url, "roll") == rows(database_url, "ballot") == []
    found = result(story, task)
    assert (found.means, found.said) == ({}, ())


def test_whoever_may_not_report_loses_no_total(one: Story, tmp_path: Path) -> None:
    """The count is kept; whoever may then closes again, and nothing is counted twice."""
    for secret in opened(one)[:10]:
        votes(one, secret)
    one.at("2026-06-01 09:00")
    task = one.the("review", "east")
    with pytest.raises(NotAllowed):
        conducting.close(one.engine, Folder(tmp_path), task, one.person("handler of west"), one.now)
    assert one.task(task).facts == {}
    assert closed(one, tmp_path).means == {"satisfaction": "75.00"}
    assert one.task(task).facts == {"returned": 10, "satisfaction": 75}
    assert closed(one, tmp_path).returned == 10
    assert one.task(task).acts["report"] == 1


def test_of_a_task_that_ended_otherwise_nothing_is_kept(one: Story, sqlite_url: str, tmp_path: Path) -> None:
    for secret in opened(one)[:15]:
        votes(one, secret)
    one.does("li", "withdraw", one.the("review", "east"))
    counted = closed(one, tmp_path)
    assert (counted.returned, counted.means, counted.answer) == (15, {}, None)
    assert rows(sqlite_url, "roll") == rows(sqlite_url, "ballot") == []


def test_erased_is_erased_from_the_file_too(one: Story, sqlite_url: str, tmp_path: Path) -> None:
    """SQLite leaves what is deleted where it was, unless it is told to write over it."""
    for secret in opened(one)[:9]:
        votes(one, secret, said="只有九份里的一句话")
    closed(one.at("2026-06-01 09:00"), tmp_path)
    with raw(sqlite_url) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for file in Path(sqlite_url.removeprefix("sqlite:///")).parent.glob("duban.db*"):
        assert "只有九份里的一句话".encode() not in file.read_bytes()


def test_where_the_count_asks_for_evidence_its_record_is_attached(sqlite_url: str, tmp_path: Path) -> None:
    with told(sqlite_url, load_pack(SHIPPED), at="2026-06-01 08:00") as story:
        task = story.at("2026-06-01 09:00").the("veteran_review", "chenguang")
        for number, secret in enumerate(opened(story, "chenguang", kind="veteran_review")):
            votes(story, secret, 100 if number else 0)
        story.at("2026-06-13 09:00")
        who, folder = story.person("supervisor_one"), Folder(tmp_path)
        counted = conducting.close(story.engine, folder, task, who, story.now)
        assert counted.means == {"satisfaction": "95.00"}
        assert story.task(task).state == "counted"
        with story.port.read() as tx:
            (kept,) = [one for one in all_recorded(tx) if folder.lies(one)]
        record = docx.Document(str(folder.path_of(kept.sha256)))
        cells = [cell.text for row in record.tables[0].rows for cell in row.cells]
        assert {"20", "95.00"} <= set(cells)
        story.does("bureau_head", "recount", task, reason="重新核对")
        again = conducting.close(story.engine, folder, task, who, story.now)
        assert again.means == counted.means
        assert story.task(task).acts["count"] == 2


def test_nobody_votes_after_the_count(one: Story, tmp_path: Path) -> None:
    given_out = opened(one)
    late = invited(one, given_out[-1])
    for secret in given_out[:10]:
        votes(one, secret)
    closed(one.at("2026-06-01 09:00"), tmp_path)
    ballot = Ballot(marks={"satisfaction": 0}, said=None)
    assert casting.vote(one.port, late, given_out[-1], ballot, chance) == "closed"


def test_results_of_many_leave_out_the_small_ones(one: Story, tmp_path: Path) -> None:
    for unit, count, mark in (("east", 10, 100), ("west", 12, 50), ("north", 5, 0)):
        for secret in opened(one, unit)[:count]:
            votes(one, secret, mark)
    task = one.the("review", "east")
    with pytest.raises(NotNow, match="isn't counted"):
        result(one, task)
    other = one.the("self_check", "east")
    with pytest.raises(Unknown):
        result(one, other)
    one.at("2026-06-01 09:00")
    for unit in ("east", "west", "north"):
        closed(one, tmp_path, unit)
    with one.port.read() as tx:
        (found,) = conducting.together(one.engine.library.frame(tx, one.now))
    assert found.means == {
        task: {"satisfaction": "100.00"},
        one.the("review", "west"): {"satisfaction": "50.00"},
    }
    assert found.published.hidden == {one.the("review", "north")}
    assert found.total == {"satisfaction": "72.73"}  # (10 * 100 + 12 * 50) / 22: without the five


# --- what may be told -------------------------------------------------------------------------------

GROUPS = st.dictionaries(
    st.integers(1, 6),
    st.lists(st.integers(0, 100), max_size=25).map(
        lambda marks: counting.Sum(returned=len(marks), sums={"a": sum(marks)})
    ),
    max_size=6,
)


@given(GROUPS)
def test_nothing_that_is_told_contains_a_small_group(groups: dict[int, counting.Sum]) -> None:
    """So that no sum of what is told, minus others of it, leaves a small group over."""
    found = counting.publish(groups, 10)
    assert set(found.shown) | found.hidden == set(groups)
    assert all(one.returned >= 10 for one in found.shown.values())
    assert all(groups[one].returned < 10 for one in found.hidden)
    if found.total is not None:
        assert found.total.returned == sum(one.returned for one in found.shown.values())
        assert len(found.shown) > 1


@given(st.lists(st.integers(0, 100), min_size=1, max_size=40))
def test_a_mean_is_rounded_half_up(marks: list[int]) -> None:
    fact = Fact(name="a", type="number", label=Text("", ""))
    ballots = [Ballot(marks={"a": one * MICRO}, said=None) for one in marks]
    exact = sum(marks) * 10_000 // len(marks)  # hundredths of hundredths
    assert counting.mean(counting.add_up(ballots, ["a"]), fact) == f"{(exact + 50) // 100 / 100:.2f}"


# --- the paper, and its secrets ---------------------------------------------------------------------


def asked(least: int | None = 0, greatest: int | None = 100) -> tuple[paper.Question, ...]:
    bounds = [None if one is None else one * MICRO for one in (least, greatest)]
    fact = Fact(name="a", type="number", label=Text("服务", "Service"), min=bounds[0], max=bounds[1])
    return (paper._question(fact),)


def test_marks_are_spread_over_the_scale_of_the_fact() -> None:
    assert [one.shown for one in asked()[0].marks] == ["100", "75", "50", "25", "0"]
    assert [one.shown for one in asked(1, 5)[0].marks] == ["5", "4", "3", "2", "1"]
    for bounds in ((None, 5), (0, None), (3, 3)):
        with pytest.raises(BadValue, match="no least or greatest"):
            asked(*bounds)


@pytest.mark.parametrize("mark", ["", "5", "-1", "4 ", "４", "100", "4\x00"])
def test_a_mark_that_is_none_of_those_is_not_taken(mark: str) -> None:
    with pytest.raises(BadValue, match="choose a mark for “Service”"):
        paper.read(asked(), {"mark.a": mark})


def test_words_are_kept_as_far_as_they_can_be_seen() -> None:
    typed = "  好\r\n很好\x00\x07\u202e\u2028再见 👨\u200d👩\ud800\ufeff "
    assert paper.read(asked(), {"mark.a": "4", "said": typed}).said == "好\n很好\n再见 👨\u200d👩"
    assert paper.read(asked(), {"mark.a": "4", "said": " \x00\n"}).said is None
    assert paper.read(asked(), {"mark.a": "4", "said": "字" * 500}).said == "字" * 500
    with pytest.raises(BadValue, match="10000 characters"):
        paper.read(asked(), {"mark.a": "4", "said": "字" * 10_000})


@given(st.text(max_size=80))
def test_what_is_kept_can_always_be_stored(typed: str) -> None:
    kept = paper.readable(typed)
    kept.encode()
    assert "\x00" not in kept
    assert paper.readable(kept) == kept


@given(st.text(max_size=80))
def test_a_secret_that_is_read_can_only_be_one(typed: str) -> None:
    found = secrets.read(typed)
    assert found is None or (len(found) in (12, 26) and secrets.read(found) == found)


def test_secrets_are_read_as_people_write_them() -> None:
    made = {way: secrets.make(way, chance) for way in ("codes", "links")}
    assert {way: len(one) for way, one in made.items()} == {"codes": 12, "links": 26}
    for one in made.values():
        assert secrets.read(one) == one
        assert secrets.read(f" {secrets.in_groups(one).lower()} ") == one
    assert secrets.read("OILoil000111") == "011011000111"
    assert secrets.read("") is None
    assert secrets.read("U" * 12) is None
    assert secrets.read("0" * 10_000) is None
