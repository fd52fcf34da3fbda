"""When a person may be told: never in quiet hours unless it is urgent, never too early, never twice."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.budgets import Asking, grant
from notifier.channel import Outcome
from notifier.content import Class, Part
from notifier.manners import Habits, due, next_allowed
from notifier.office_settings import Budget, Pace, Retries
from notifier.rates import Bucket
from notifier.recipients import Lane, Reader, Route, reached, routes
from notifier.retrying import Sent, pause, settle
from notifier.taking import Gathering, Known, Left, Plan, plan
from workflow.calendar import Calendar, default_calendar
from workflow.text import Text

SHANGHAI = default_calendar("Asia/Shanghai", imported={}, version=1)
BERLIN = default_calendar("Europe/Berlin", imported={}, version=1)  # clocks are set twice a year
WINDOW = 5 * 60_000
YEAR_2026 = SHANGHAI.start_of(date(2026, 1, 1))

instants = st.integers(min_value=YEAR_2026, max_value=YEAR_2026 + 365 * 86_400_000)
minutes = st.integers(min_value=0, max_value=24 * 60 - 1)
habits = st.builds(Habits, quiet_from=minutes, quiet_to=minutes, workdays_only=st.booleans())
calendars = st.sampled_from([SHANGHAI, BERLIN])


def _quiet(at: int, own: Habits, calendar: Calendar) -> bool:
    local = calendar.local(at)
    return own.is_quiet(local.hour * 60 + local.minute)


@given(instants, habits, calendars)
def test_never_quiet_nor_on_a_day_off_nor_too_early(at: int, own: Habits, calendar: Calendar) -> None:
    allowed = next_allowed(at, own, calendar)
    assert allowed >= at
    assert not _quiet(allowed, own, calendar)
    assert not own.workdays_only or calendar.is_workday(calendar.day_of(allowed))


@given(instants, habits, calendars)
def test_no_earlier_minute_would_have_been_allowed(at: int, own: Habits, calendar: Calendar) -> None:
    allowed = next_allowed(at, own, calendar)
    if allowed > at:
        before = allowed - 1
        off = own.workdays_only and not calendar.is_workday(calendar.day_of(before))
        assert off or _quiet(before, own, calendar)


@given(instants, st.none() | st.integers(min_value=-(10**7), max_value=10**6), habits)
def test_what_is_urgent_breaks_quiet_hours_and_not_the_window(now: int, ago: int | None, own: Habits) -> None:
    last = None if ago is None else now + ago
    at = due(now, last, WINDOW, own, SHANGHAI, urgent=True)
    assert at == (now if last is None else max(now, last + WINDOW))


@pytest.mark.parametrize(
    ("at", "allowed"),
    [((2026, 3, 2, 21, 0), (2026, 3, 3, 7, 30)), ((2026, 3, 3, 7, 29), (2026, 3, 3, 7, 30))],
)
def test_quiet_hours_cross_midnight(at: tuple[int, ...], allowed: tuple[int, ...]) -> None:
    own = Habits(quiet_from=21 * 60, quiet_to=7 * 60 + 30, workdays_only=False)
    assert next_allowed(_at(*at), own, SHANGHAI) == _at(*allowed)


def test_days_off_wait_for_the_next_working_day_and_make_up_days_are_worked() -> None:
    own = Habits(quiet_from=0, quiet_to=8 * 60, workdays_only=True)
    holiday = _at(2026, 10, 1, 9, 0)
    assert next_allowed(holiday, own, SHANGHAI) == _at(2026, 10, 8, 8, 0)
    makeup = _at(2026, 10, 10, 9, 0)
    assert next_allowed(makeup, own, SHANGHAI) == makeup


def test_a_year_without_a_calendar_keeps_nobody_from_being_told() -> None:
    bare = Calendar(zone="Asia/Shanghai", years={}, version=1)
    own = Habits(quiet_from=0, quiet_to=0, workdays_only=True)
    saturday = _at(2026, 3, 7, 9, 0)
    assert next_allowed(saturday, own, bare) == bare.start_of(date(2026, 3, 9))


def _at(year: int, month: int, day: int, hour: int, minute: int) -> int:
    return SHANGHAI.instant(date(year, month, day), hour, minute)


# --- gathering --------------------------------------------------------------------------------------

ALWAYS = Habits(quiet_from=0, quiet_to=0, workdays_only=False)
rows = st.lists(
    st.tuples(
        st.none() | st.integers(min_value=1, max_value=4),  # person
        st.sampled_from(["formal", "information"]),
        st.booleans(),  # urgent
        st.integers(min_value=1, max_value=3),  # task
    ),
    max_size=30,
)
NIGHT = Habits(quiet_from=21 * 60, quiet_to=7 * 60, workdays_only=False)
READERS = {
    1: Reader(id=1, language="zh", habits=NIGHT, routes=(Route(channel="mail", kind="mail", address="a"),)),
    2: Reader(
        id=2,
        language="en",
        habits=NIGHT,
        routes=(
            Route(channel="sms", kind="sms", address="b"),
            Route(channel="mail", kind="mail", address="b"),
        ),
        off=frozenset({"notices"}),
    ),
    3: Reader(id=3, language="zh", habits=ALWAYS, routes=()),
}


def _left(ident: int, person: int | None, class_: Class, urgent: bool, task: int) -> Left:
    part = Part(
        outgoing_id=ident, task_id=task, seq=1, role="handler", reason="assigned", rule=None, created_at=0
    )
    return Left(
        part=part,
        persons=() if person is None else (person,),
        class_=class_,
        urgent=urgent,
        zone="Asia/Shanghai",
        unit_id=None,
    )


def _known(gathering: dict[tuple[int, str, Class], Gathering], last: dict[tuple[int, str], int]) -> Known:
    return Known(
        readers=READERS, gathering=gathering, last=last, window=WINDOW, calendar=lambda _zone: SHANGHAI
    )


@given(rows, instants)
def test_every_row_ends_in_one_message_or_with_its_reason(
    given_rows: list[tuple[int | None, Class, bool, int]], now: int
) -> None:
    left = [_left(n, *row) for n, row in enumerate(given_rows)]
    made = plan(left, _known({}, {}), now)
    told = [part.outgoing_id for box in made.boxes.values() for part in box.parts]
    assert len(told) == len(set(told)), "nothing is told twice"
    for one in left:
        status = made.statuses[one.part.outgoing_id]
        assert (status == "taken") == (one.part.outgoing_id in told)
        if one.persons in ((), (3,), (4,)):
            assert status == "nobody"
        if one.class_ == "formal" and one.persons in ((1,), (2,)):
            assert status == "taken", "formal notices can't be switched off"


@given(rows, instants)
def test_messages_keep_to_quiet_hours_unless_something_in_them_is_urgent(
    given_rows: list[tuple[int | None, Class, bool, int]], now: int
) -> None:
    made = plan([_left(n, *row) for n, row in enumerate(given_rows)], _known({}, {}), now)
    for box in made.boxes.values():
        assert box.due_at >= now
        assert box.urgent or not _quiet(box.due_at, box.reader.habits, SHANGHAI)
        assert box.thread_id is None or {part.task_id for part in box.parts} == {box.thread_id}


@given(st.lists(st.integers(min_value=0, max_value=WINDOW - 1), min_size=1, max_size=10), instants)
def test_ten_within_five_minutes_leave_as_two_at_most(moments: list[int], begin: int) -> None:
    """Told as the office would: what is due leaves, the rest gathers."""
    reader = Reader(id=1, language="zh", habits=ALWAYS, routes=READERS[1].routes)
    gathering: dict[tuple[int, str, Class], Gathering] = {}
    last: dict[tuple[int, str], int] = {}
    sent: list[int] = []
    for n, moment in enumerate(sorted(moments)):
        now = begin + moment
        known = Known(
            readers={1: reader},
            gathering=gathering,
            last=last,
            window=WINDOW,
            calendar=lambda _zone: SHANGHAI,
        )
        _leave(plan([_left(n, 1, "formal", False, 1)], known, now), now, gathering, last, sent)
    sent += [one.due_at for one in gathering.values()]
    assert len(sent) <= 2
    assert sent[0] == begin + min(moments), "the first leaves at once"
    assert all(later - earlier >= WINDOW for earlier, later in itertools.pairwise(sent))


def _leave(
    made: Plan,
    now: int,
    gathering: dict[tuple[int, str, Class], Gathering],
    last: dict[tuple[int, str], int],
    sent: list[int],
) -> None:
    for (person, channel, class_), box in made.boxes.items():
        if box.due_at <= now:
            last[person, channel] = now
            sent.append(now)
        else:
            gathering[person, channel, class_] = Gathering(
                id=1, due_at=box.due_at, urgent=False, thread_id=1, address=box.route.address
            )


# --- ways, rates, budgets, retries ------------------------------------------------------------------


def test_ways_stand_in_order_of_rank_and_closed_channels_last() -> None:
    lanes = [
        Lane(name="sms", kind="sms", open=False),
        Lane(name="mail", kind="mail", open=True),
        Lane(name="relay", kind="mail", open=True),
    ]
    found = routes([("sms", "1"), ("mail", "2"), ("chat", "3")], lanes)
    assert [(one.channel, one.address) for one in found] == [("mail", "2"), ("relay", "2"), ("sms", "1")]


def test_who_stands_in_is_reached_when_every_way_was_tried() -> None:
    found = reached([1, 2], READERS, READERS[1].routes)
    assert found is not None
    assert found[0].id == 2
    assert reached([1], READERS, READERS[1].routes) is None


@given(st.lists(st.integers(min_value=0, max_value=3_000), max_size=50))
def test_a_channel_never_goes_faster_than_its_rate_and_its_burst(steps: list[int]) -> None:
    pace, now, sent = Pace(rate=10.0, burst=5), 0, 0
    bucket = Bucket.full(pace, 0)
    for step in steps:
        now += step
        bucket = bucket.filled(pace, now)
        sent += int(bucket.tokens)
        bucket = bucket.without(int(bucket.tokens))
        assert sent <= 5 + now * 10 / 1000
    assert bucket.filled(pace, 0).tokens <= bucket.tokens, "a clock that was set back brings nothing"


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([None, 1, 2])), max_size=30),
    st.builds(
        Budget,
        number=st.none() | st.integers(0, 5),
        template=st.none() | st.integers(0, 9),
        unit=st.none() | st.integers(0, 5),
        day=st.none() | st.integers(0, 12),
    ),
)
def test_no_budget_is_ever_exceeded_and_nobody_is_refused_for_nothing(
    asked: list[tuple[str, int | None]], budget: Budget
) -> None:
    asking = [Asking(id=n, address=to, template="notice", unit_id=unit) for n, (to, unit) in enumerate(asked)]
    granted = grant(asking, budget, "sms", {})
    assert {*granted.within, *granted.over} == {one.id for one in asking}
    for (scope, _), count in granted.counts.items():
        most = getattr(budget, scope)
        assert most is None or count <= most
    if budget == Budget():
        assert not granted.over


SENT = Sent(id=7, channel="mail", written_at=0, tries=0, unknowns=0)
WHY = Text("稍后", "later")


@given(st.integers(min_value=1, max_value=200), st.integers(min_value=1, max_value=10**9))
def test_pauses_grow_up_to_the_longest_and_are_drawn_from_the_message(failures: int, seed: int) -> None:
    retries = Retries()
    assert retries.first <= pause(failures, seed, retries) <= retries.longest * 1.25
    assert pause(failures, seed, retries) == pause(failures, seed, retries)


def test_a_message_is_given_up_after_its_tries_or_its_life() -> None:
    retries = Retries(tries=3, life=1_000_000)
    assert settle(SENT, Outcome.later(WHY), 0, retries).status == "waiting"
    last = Sent(id=7, channel="mail", written_at=0, tries=2, unknowns=0)
    assert settle(last, Outcome.later(WHY), 0, retries).status == "given_up"
    assert settle(SENT, Outcome.unknown(WHY), 1_000_000, retries).status == "given_up"
    assert settle(last, Outcome.unreachable(WHY), 0, retries).tries == 2, "not its own fault"


def test_a_day_is_as_long_as_the_zone_says() -> None:
    """The night on which clocks are set back comes once, though an hour of it comes twice."""
    own = Habits(quiet_from=2 * 60, quiet_to=2 * 60 + 30, workdays_only=False)
    night = BERLIN.start_of(date(2026, 10, 25))
    at = night
    while at < night + 4 * 3_600_000:
        allowed = next_allowed(at, own, BERLIN)
        assert allowed >= at
        assert not _quiet(allowed, own, BERLIN)
        at += 60_000
    assert BERLIN.day_of(at) < date(2026, 10, 25) + timedelta(days=1)
