"""Rounds: each moment happens once, whoever sees it and whatever comes in between."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import update

from tests.packs import CAMPAIGN, PEOPLE, changed, write_pack
from tests.stories.salts import counted_salts
from tests.stories.teller import Story, instant, local, told
from workflow import rounds
from workflow.calendar import default_calendar
from workflow.decision import Decision, NewTask, Surroundings, begin
from workflow.definition import Pack, load_pack
from workflow.engine import Engine, Ran
from workflow.engine.sweeping import TRIES, retry_after
from workflow.errors import StoreError
from workflow.store import open_port, tasks
from workflow.store.ports import Moment
from workflow.store.sql import Statement

Tell = Callable[..., Story]
_HAND_OUT = "hand_out: {at: start, opens: {errand: {each: region}}}"


@pytest.fixture
def tell(database_url: str) -> Iterator[Tell]:
    with ExitStack() as stack:
        yield lambda pack, at="2026-03-01 12:00", batch=250: stack.enter_context(
            told(database_url, pack, at=at, batch=batch)
        )


def pack_with(folder: Path, *rounds_: str, regions: int = 2, people: str = PEOPLE) -> Pack:
    """The small pack with these rounds, and so many regions beside east and west."""
    more = "".join(
        f"      r{number}: {{zh: 第{number}区, en: Region {number}}}\n" for number in range(regions - 2)
    )
    campaign = changed(CAMPAIGN, "west: {zh: 西区, en: West}\n", "west: {zh: 西区, en: West}\n" + more)
    return load_pack(
        write_pack(
            folder,
            campaign=changed(campaign, _HAND_OUT, "\n  ".join(rounds_)),
            people=people,
            errand=(write_pack(folder / "plain") / "errand.yaml").read_text(),
        )
    )


def recurring(folder: Path, at: str, **policy: str) -> Pack:
    """The small pack with one round that recurs."""
    own = "".join(f", {name}: {value}" for name, value in policy.items())
    return pack_with(folder, f"again: {{at: {at}, opens: {{errand: {{each: region}}}}{own}}}")


def moments(story: Story) -> list[tuple[str, str, str]]:
    """(nominal, status, note) of every moment on record."""
    return [(one["nominal"], one["status"], one["note"]) for one in story.moments()]


# --- pure -------------------------------------------------------------------------------------------


def test_a_moment_of_a_milestone_comes_once(tmp_path: Path) -> None:
    campaign = pack_with(tmp_path, "hand_out: {at: start 09:00, opens: {errand: {each: region}}}").campaign
    calendar, round_ = default_calendar("Asia/Shanghai"), campaign.rounds["hand_out"]
    assert rounds.next_moment(round_, campaign, calendar, None) == instant("2026-03-02 09:00")
    assert rounds.next_moment(round_, campaign, calendar, "2026-03-02 09:00") is None


def test_a_round_ends_with_its_campaign(tmp_path: Path) -> None:
    pack = pack_with(tmp_path, "again: {at: mon 09:00, opens: {errand: {each: region}}}")
    campaign = load_pack(tmp_path / "pack").campaign
    assert "end" not in pack.campaign.milestones
    text = (tmp_path / "pack" / "campaign.yaml").read_text()
    ended = changed(text, "completion: 2026-05-31", "completion: 2026-05-31, end: 2026-03-16")
    (tmp_path / "pack" / "campaign.yaml").write_text(ended)
    ending = load_pack(tmp_path / "pack").campaign
    calendar = default_calendar("Asia/Shanghai")
    for own, expected in ((campaign, 5), (ending, 3)):  # 2, 9, 16 March are Mondays
        due = rounds.due_moments(own, calendar, {}, instant("2026-03-31 12:00"))
        assert len(due) == expected


@pytest.mark.parametrize(
    ("missed", "expected"),
    [
        ("run once", [False, False, False, True]),
        ("run each", [True, True, True, True]),
        ("skip", [False, False, False, False]),
    ],
)
def test_what_becomes_of_missed_moments(tmp_path: Path, missed: str, expected: list[bool]) -> None:
    campaign = recurring(tmp_path, "mon 09:00", missed=missed).campaign
    due = rounds.due_moments(campaign, default_calendar("Asia/Shanghai"), {}, instant("2026-03-25 12:00"))
    assert [one.nominal[:10] for one in due] == ["2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23"]
    assert [one.runs for one in due] == expected


@pytest.mark.parametrize("missed", ["run once", "run each", "skip"])
def test_a_moment_seen_in_time_runs_whatever_the_policy_says(tmp_path: Path, missed: str) -> None:
    campaign = recurring(tmp_path, "mon 09:00", missed=missed).campaign
    calendar = default_calendar("Asia/Shanghai")
    (due,) = rounds.due_moments(campaign, calendar, {}, instant("2026-03-02 09:15"))
    assert (due.runs, due.note) == (True, "")
    (late,) = rounds.due_moments(campaign, calendar, {}, instant("2026-03-02 09:15:00.001"))
    assert late.note in ("caught up", "skipped: missed")


@pytest.mark.parametrize(
    ("on_holiday", "expected"),
    [  # Monday 6 April 2026 is off, Friday 3 April is worked
        ("next workday", "2026-04-07 09:00"),
        ("previous workday", "2026-04-03 09:00"),
        ("run anyway", "2026-04-06 09:00"),
        ("skip", "2026-04-13 09:00"),
    ],
)
def test_holidays_move_moments(tmp_path: Path, on_holiday: str, expected: str) -> None:
    campaign = recurring(tmp_path, "mon 09:00", on_holiday=on_holiday).campaign
    calendar = default_calendar("Asia/Shanghai")
    found = rounds.next_moment(campaign.rounds["again"], campaign, calendar, "2026-03-30 09:00")
    assert local(found) == expected


def test_two_moments_that_a_holiday_moves_together_are_still_two(tmp_path: Path) -> None:
    """Monday 6 April moves to Tuesday the 7th, which has a moment of its own."""
    campaign = recurring(tmp_path, "mon tue 09:00", missed="run each").campaign
    calendar = default_calendar("Asia/Shanghai")
    due = rounds.due_moments(campaign, calendar, {"again": "2026-03-31 09:00"}, instant("2026-04-07 09:00"))
    assert [(one.nominal, local(one.at)) for one in due] == [
        ("2026-04-06 09:00", "2026-04-07 09:00"),
        ("2026-04-07 09:00", "2026-04-07 09:00"),
    ]


# --- on a database ----------------------------------------------------------------------------------


def test_the_hand_out_opens_each_task_exactly_once(tell: Tell, tmp_path: Path) -> None:
    story = tell(pack_with(tmp_path, _HAND_OUT))
    story.at("2026-03-01 23:59")
    assert story.all_tasks() == []
    story.at("2026-03-02 00:00")
    assert len(story.find("errand")) == 2
    story.run()
    story.engine.load(story.pack, story.now)
    story.fast_forward("10 workdays")
    assert len(story.find("errand")) == 2
    assert moments(story) == [("2026-03-02 00:00", "done", "")]


@pytest.mark.parametrize(
    ("missed", "expected", "opened"),
    [
        ("run once", [("skipped", "skipped: missed")] * 3 + [("done", "caught up")], 2),
        ("run each", [("done", "caught up")] * 4, 8),
        ("skip", [("skipped", "skipped: missed")] * 4, 0),
    ],
)
def test_what_was_missed_is_on_record(
    tell: Tell, tmp_path: Path, missed: str, expected: list[tuple[str, str]], opened: int
) -> None:
    story = tell(recurring(tmp_path, "mon 09:00", missed=missed))
    ran = story.sleep_through(until="2026-03-25 12:00")
    assert [(status, note) for _, status, note in moments(story)] == expected
    assert len(story.find("errand")) == opened
    assert ran.moments == 4
    story.at("2026-03-30 09:00")
    assert moments(story)[-1] == ("2026-03-30 09:00", "done", "")
    assert len(story.find("errand")) == opened + 2


def test_a_moment_that_a_holiday_moved_says_so(tell: Tell, tmp_path: Path) -> None:
    story = tell(recurring(tmp_path, "mon 09:00"), at="2026-04-01 09:00")
    story.at("2026-04-07 08:59").everybody_has_read()
    before = len(moments(story))
    story.at("2026-04-07 09:00")
    assert moments(story)[before:] == [("2026-04-06 09:00", "done", "moved from 2026-04-06")]


_POLICIES = [
    ("run once", ["skipped: missed", "skipped: missed", "caught up"]),
    ("run each", ["caught up"] * 3),
    ("skip", ["skipped: missed"] * 3),
]
_RECURRING = [  # three moments each, of which holidays move the second or third
    (
        "quarter start 09:00",
        ["2026-04-01", "2026-07-01", "2026-10-01"],
        "2026-10-08 09:00",
        "2026-10-20 12:00",
    ),
    ("day 1 09:00", ["2026-04-01", "2026-05-01", "2026-06-01"], "2026-06-01 09:00", "2026-06-15 12:00"),
    ("month end 17:00", ["2026-03-31", "2026-04-30", "2026-05-31"], "2026-06-01 17:00", "2026-06-15 12:00"),
]


@pytest.mark.parametrize(("missed", "notes"), _POLICIES)
@pytest.mark.parametrize(("at", "days", "last", "now"), _RECURRING)
def test_months_and_quarters_that_were_missed(
    tmp_path: Path, at: str, days: list[str], last: str, now: str, missed: str, notes: list[str]
) -> None:
    campaign = recurring(tmp_path, at, missed=missed).campaign
    due = rounds.due_moments(campaign, default_calendar("Asia/Shanghai"), {}, instant(now))
    assert [one.nominal[:10] for one in due] == days
    assert local(due[-1].at) == last
    assert [one.note for one in due] == notes
    assert [one.runs for one in due] == [note == "caught up" for note in notes]


@pytest.mark.parametrize(("missed", "notes"), _POLICIES)
@pytest.mark.parametrize(("at", "days", "last", "now"), _RECURRING)
def test_months_and_quarters_that_were_slept_through(
    tell: Tell, tmp_path: Path, at: str, days: list[str], last: str, now: str, missed: str, notes: list[str]
) -> None:
    """The daemon was down for all three: each is on record, and the policy says which open anything."""
    story = tell(recurring(tmp_path, at, missed=missed))
    story.sleep_through(until=now)
    assert [(nominal[:10], note) for nominal, _, note in moments(story)] == list(
        zip(days, notes, strict=True)
    )
    assert len(story.find("errand")) == 2 * notes.count("caught up")


@pytest.mark.parametrize(("at", "days", "last", "now"), _RECURRING)
def test_months_and_quarters_that_are_seen_in_time(
    tell: Tell, tmp_path: Path, at: str, days: list[str], last: str, now: str
) -> None:
    story = tell(recurring(tmp_path, at, missed="skip")).at(last)
    assert [(nominal[:10], status) for nominal, status, _ in moments(story)] == [
        (day, "done") for day in days
    ]
    assert len(story.find("errand")) == 6


# --- crashes ----------------------------------------------------------------------------------------


class Crash(BaseException):
    """The process dies: nothing catches this."""


class Deaths:
    """A probe that lets the process die at a commit, before or after it."""

    def __init__(self, at: int, moment: Moment) -> None:
        self.left, self.moment = at, moment

    def __call__(self, moment: Moment, text: str) -> None:
        if text == "COMMIT" and moment == self.moment:
            self.left -= 1
            if self.left == 0:
                raise Crash


def dies(url: str, now: int, at: int, moment: Moment) -> bool:
    """A daemon that dies at its at-th commit; whether it lived long enough to."""
    engine = Engine(open_port(url, probe=Deaths(at, moment)), salts=counted_salts(), batch=4)
    try:
        engine.run_once(now)
    except Crash:
        return True
    finally:
        engine.port.close()
    return False


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", [3, 5])
def test_a_crash_between_batches_goes_on_where_it_was(
    database_url: str, tmp_path: Path, moment: Moment, step: int
) -> None:
    pack = pack_with(tmp_path, _HAND_OUT, regions=23)
    with told(database_url, pack, at="2026-03-01 12:00", batch=4) as story:
        story.doze_until("2026-03-02 00:00")
        deaths = 0
        while dies(database_url, story.now, step * (deaths + 1), moment):
            deaths += 1
        assert deaths > 2
        opened = Counter((one.unit_id, one.kind, one.track) for one in story.all_tasks())
        assert len(opened) == 23
        assert set(opened.values()) == {1}
        assert moments(story) == [("2026-03-02 00:00", "done", "")]


def test_what_a_crash_left_open_is_due_at_once(tell: Tell, tmp_path: Path, database_url: str) -> None:
    story = tell(pack_with(tmp_path, _HAND_OUT, regions=9), batch=4)
    assert dies(database_url, instant("2026-03-02 00:00"), 12, "after")
    assert moments(story) == [("2026-03-02 00:00", "open", "")]
    story.doze_until("2026-03-02 00:01")
    due = story.engine.next_due(story.now)
    assert due is not None
    assert due <= story.now
    story.run()
    assert len(story.find("errand")) == 9


# --- several daemons --------------------------------------------------------------------------------


def test_two_engines_that_fire_the_same_moment_fire_it_once(postgresql_url: str, tmp_path: Path) -> None:
    pack = pack_with(tmp_path, _HAND_OUT, regions=40)
    with told(postgresql_url, pack, at="2026-03-01 12:00") as story:
        engines = [Engine(open_port(postgresql_url), salts=counted_salts(), batch=7) for _ in range(3)]
        story.doze_until("2026-03-02 00:00")
        for _ in range(3):  # who loses a race leaves the rest to the winner, or to its own next ring
            outcomes = story.together(*[lambda one=one: one.run_once(story.now) for one in engines])
            assert [one for one in outcomes if not isinstance(one, Ran)] == []
        for engine in engines:
            engine.port.close()
        assert set(Counter(one.unit_id for one in story.all_tasks()).values()) == {1}
        assert len(story.find("errand")) == 40
        assert moments(story) == [("2026-03-02 00:00", "done", "")]


def test_a_round_waits_until_nothing_is_due_before_its_moment(postgresql_url: str, tmp_path: Path) -> None:
    """Another daemon still has a task of the night before: the morning's round may need what it finds."""
    pack = pack_with(tmp_path, _HAND_OUT, "again: {at: day 1 09:00, opens: {errand: {each: region}}}")
    with told(postgresql_url, pack, at="2026-03-02 09:00") as story:
        story.at("2026-05-31 12:00")
        held = story.find("errand", "east")[0]
        story.doze_until("2026-06-01 09:00")
        with psycopg.connect(postgresql_url.replace("+psycopg", "")) as other:
            other.execute("SELECT id FROM task WHERE id = %s FOR UPDATE", (held,))
            story.run()
            assert "2026-06-01 09:00" not in [nominal for nominal, _, _ in moments(story)]
        story.run()
        story.expect_episode(held, "late", opened_at="2026-06-01 00:00")
        assert ("2026-06-01 09:00", "done", "") in moments(story)


# --- what can't be opened ---------------------------------------------------------------------------


def poison(monkeypatch: pytest.MonkeyPatch, *units: int) -> Callable[[], None]:
    """Beginnings of tasks at these units fail, until the returned function is called."""
    broken = set(units)

    def poisoned(new: NewTask, around: Surroundings) -> Decision:
        if new.unit_id in broken:
            raise ValueError(f"poisoned unit {new.unit_id}")
        return begin(new, around)

    monkeypatch.setattr("workflow.decision.begin", poisoned)
    return broken.clear


def test_one_unit_that_fails_stops_no_other_and_is_tried_again(
    tell: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = tell(pack_with(tmp_path, _HAND_OUT, regions=20), batch=8)
    mend = poison(monkeypatch, 7)
    ran = story.sleep_through(until="2026-03-02 00:00")
    assert ran.failed == 1
    assert len(story.find("errand")) == 19
    assert story.engine.next_due(story.now) == story.now + retry_after(1)
    mend()
    story.fast_forward("1 minute")
    assert len(story.find("errand")) == 20
    assert moments(story) == [("2026-03-02 00:00", "done", "")]


def test_after_five_tries_its_moment_is_set_aside_and_a_person_lets_it_go_on(
    tell: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = tell(pack_with(tmp_path, _HAND_OUT, regions=20), batch=8)
    mend = poison(monkeypatch, 7, 9)
    story.fast_forward_to("2026-03-02 12:00")
    (moment,) = story.moments()
    assert (moment["status"], moment["cursor"], moment["total"]) == ("set aside", 18, 20)
    assert moment["note"].count("poisoned unit") == 2
    assert TRIES == 5
    story.fast_forward("1 day")
    assert len(story.find("errand")) == 18

    mend()
    with story.port.write("people") as tx:
        assert rounds.release(tx, moment["id"])
        assert not rounds.release(tx, moment["id"])
    story.run()
    assert len(story.find("errand")) == 20
    assert story.moments()[0]["status"] == "done"


def test_a_draft_whose_data_is_broken_stops_no_other(tell: Tell, spring: Pack) -> None:
    story = tell(spring, at="2026-03-02 08:00")
    story.at("2026-03-15 09:00")
    drafts = story.find("dispatch")
    assert len(drafts) == 10
    body = replace_body(story, drafts[3], "{")
    story.at("2026-03-16 12:00")
    (moment,) = [one for one in story.moments("weekly_dispatch") if one["nominal"] == "2026-03-16 09:00"]
    assert moment["status"] == "set aside"
    assert f"complete {drafts[3]} failed" in moment["note"]
    replace_body(story, drafts[3], body)
    states = Counter(one.state for one in story.all_tasks() if one.kind == "dispatch")
    assert states == {"to_sign": 9, "drafted": 1}


@pytest.fixture(scope="module")
def spring() -> Pack:
    """The pack that ships with Duban."""
    return load_pack(Path(__file__).resolve().parent / "definitions" / "spring")


def replace_body(story: Story, task: int, body: str) -> str:
    """Write what is stored of a task anew; what was there before."""
    with story.port.write("people") as tx:
        (row,) = tasks.read_these(tx, [task])
        tx.run(Statement(update(tasks.TASK).where(tasks.TASK.c.id == task).values(body=body)))
    return str(row[tasks.COLUMNS.index("body")])


def test_a_database_that_cant_be_used_is_no_fault_of_the_round(
    tell: Tell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = tell(pack_with(tmp_path, _HAND_OUT))

    def full(*_: Any) -> None:
        raise StoreError("磁盘已满", "disk full")

    with monkeypatch.context() as patched:
        patched.setattr("workflow.engine.firing.write", full)
        with pytest.raises(StoreError):
            story.sleep_through(until="2026-03-02 00:00")
    (moment,) = story.moments()
    assert (moment["status"], moment["cursor"], moment["note"]) == ("open", 0, "")
    story.run()
    assert len(story.find("errand")) == 2


def test_nothing_fires_twice_when_many_ring_at_once(tell: Tell, tmp_path: Path) -> None:
    story = tell(recurring(tmp_path, "workdays 09:00"), batch=1)
    story.doze_until("2026-03-02 09:00")
    rung = threading.Barrier(4)

    def ring() -> None:
        rung.wait()
        story.engine.run_once(story.now)

    story.together(*[ring] * 4)
    story.run()
    assert len(story.find("errand")) == 2
