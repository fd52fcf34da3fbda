"""The moments of rounds: each nominal local date once, whatever clocks and holidays do (DESIGN §4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.calendar import Calendar, Misread, default_calendar, published_year
from workflow.errors import CalendarError, Unknown
from workflow.moment import (
    ON_HOLIDAY,
    Moment,
    Occurrence,
    OnHoliday,
    between,
    next_after,
    parse_moment,
)
from workflow.text import Text

SHANGHAI = default_calendar()
BERLIN = default_calendar(zone="Europe/Berlin")
NEW_YORK = default_calendar(zone="America/New_York")
MILESTONES: Mapping[str, date] = {"start": date(2026, 3, 2), "self_check": date(2026, 4, 30)}
CENTURY = (date(2000, 1, 1), date(2099, 12, 31))


def moment(text: str) -> Moment:
    return parse_moment(text, MILESTONES)


def within(
    text: str, first: str, last: str, on_holiday: OnHoliday, calendar: Calendar = SHANGHAI
) -> list[Occurrence]:
    """Occurrences from the first millisecond of one day to the last of the other."""
    after = calendar.start_of(date.fromisoformat(first)) - 1
    until = calendar.end_of(date.fromisoformat(last))
    return list(between(moment(text), after, until, calendar, MILESTONES, on_holiday))


def shown(occurrences: list[Occurrence], calendar: Calendar = SHANGHAI) -> list[str]:
    return [f"{calendar.local(occurrence.at):%Y-%m-%d %H:%M}" for occurrence in occurrences]


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize(
    ("words", "canonical", "zh", "en"),
    [
        ("start", "start 00:00", "节点“start”当日 00:00", "on milestone start 00:00"),
        ("start 08:30", "start 08:30", "节点“start”当日 08:30", "on milestone start 08:30"),
        ("mon 09:00", "mon 09:00", "每周一 09:00", "every Mon 09:00"),
        ("thu mon 09:00", "mon thu 09:00", "每周一、周四 09:00", "every Mon, Thu 09:00"),
        ("workdays 09:00", "workdays 09:00", "每个工作日 09:00", "every workday 09:00"),
        ("day 31 09:00", "day 31 09:00", "每月31日 09:00", "every month on day 31 09:00"),
        ("month end 17:00", "month end 17:00", "每月最后一天 17:00", "on every month's last day 17:00"),
        (
            "quarter start 09:00",
            "quarter start 09:00",
            "每季度第一天 09:00",
            "on every quarter's first day 09:00",
        ),
        (
            "quarter end 17:00",
            "quarter end 17:00",
            "每季度最后一天 17:00",
            "on every quarter's last day 17:00",
        ),
        ("year start 09:00", "year start 09:00", "每年1月1日 09:00", "every year on 1 January 09:00"),
    ],
)
def test_moments_read_and_say_themselves(words: str, canonical: str, zh: str, en: str) -> None:
    spec = moment(words)
    assert str(spec) == canonical
    assert moment(canonical) == spec
    assert spec.text == Text(zh, en)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("day 1 mon 09:00", "a day of the month together with a weekday"),
        ("mon day 1 09:00", "a day of the month together with a weekday"),
        ("month end fri 09:00", "a day of the month together with a weekday"),
        ("strat 09:00", "did you mean start?"),
        ("finish", "expected a milestone"),
        ("mon", "mon 09:00"),
        ("mon 9:00", "mon 09:00"),
        ("mon 24:00", "mon 09:00"),
        ("monday 09:00", "did you mean mon?"),
        ("mon mon 09:00", "named twice"),
        ("day 0 09:00", "1 to 31"),
        ("day 32 09:00", "1 to 31"),
        ("day １ 09:00", "1 to 31"),
        ("day last 09:00", "month end"),
        ("month start 09:00", "day 1"),
        ("year end 09:00", "quarter end"),
        ("09:00", "expected a milestone"),
        ("", "expected a milestone"),
    ],
)
def test_anything_else_is_refused_with_a_hint(words: str, hint: str) -> None:
    with pytest.raises(Misread) as refused:
        moment(words)
    assert hint in str(refused.value)
    assert isinstance(refused.value, ValueError)
    assert words in refused.value.text.zh


def test_the_words_of_the_language_come_before_milestones() -> None:
    assert parse_moment("mon 09:00", {"mon": date(2026, 3, 2)}).kind == "weekdays"
    with pytest.raises(Misread):
        parse_moment("mon", {"mon": date(2026, 3, 2)})


# ---------------------------------------------------------------- days off


def test_day_1_is_moved_off_national_day_and_keeps_its_identity() -> None:
    (occurrence,) = within("day 1 09:00", "2026-10-01", "2026-10-31", "next workday")
    assert shown([occurrence]) == ["2026-10-08 09:00"]
    assert occurrence.nominal_day == occurrence.moved_from == date(2026, 10, 1)


@pytest.mark.parametrize(
    ("on_holiday", "expected"),
    [
        ("next workday", ["2026-10-08 09:00"]),
        ("previous workday", ["2026-09-30 09:00"]),
        ("run anyway", ["2026-10-01 09:00"]),
        ("skip", []),
    ],
)
def test_each_policy_does_what_it_says(on_holiday: OnHoliday, expected: list[str]) -> None:
    occurrences = within("day 1 09:00", "2026-09-15", "2026-10-20", on_holiday)
    assert shown(occurrences) == expected


def test_a_make_up_saturday_is_a_workday_and_moves_nothing() -> None:
    (occurrence,) = within("sat 09:00", "2026-02-14", "2026-02-14", "next workday")
    assert occurrence.moved_from is None
    assert within("workdays 09:00", "2026-02-14", "2026-02-14", "skip")


def test_two_moments_moved_onto_one_workday_both_happen() -> None:
    occurrences = within("sat sun 09:00", "2026-03-07", "2026-03-09", "next workday")
    assert shown(occurrences) == ["2026-03-09 09:00"] * 2
    assert [occurrence.nominal_day.day for occurrence in occurrences] == [7, 8]
    first = next_after(moment("sat sun 09:00"), occurrences[0].at - 1, SHANGHAI, {}, "next workday")
    assert first == occurrences[0]
    second = next_after(moment("sat sun 09:00"), first, SHANGHAI, {}, "next workday")
    assert second == occurrences[1]


def test_a_moment_that_days_off_always_skip_is_none_and_not_an_endless_search() -> None:
    assert (
        next_after(moment("year start 09:00"), SHANGHAI.start_of(date(2026, 3, 1)), SHANGHAI, {}, "skip")
        is None
    )


def test_month_end_and_quarters_fall_on_their_days() -> None:
    assert shown(within("month end 17:00", "2028-01-01", "2028-03-31", "run anyway")) == [
        "2028-01-31 17:00",
        "2028-02-29 17:00",
        "2028-03-31 17:00",
    ]
    assert shown(within("day 31 09:00", "2026-02-01", "2026-04-30", "run anyway")) == [
        "2026-02-28 09:00",
        "2026-03-31 09:00",
        "2026-04-30 09:00",
    ]
    assert shown(within("quarter start 09:00", "2026-01-01", "2026-12-31", "run anyway")) == [
        f"2026-{month}-01 09:00" for month in ("01", "04", "07", "10")
    ]
    assert shown(within("quarter end 17:00", "2026-01-01", "2026-12-31", "run anyway")) == [
        "2026-03-31 17:00",
        "2026-06-30 17:00",
        "2026-09-30 17:00",
        "2026-12-31 17:00",
    ]
    assert shown(within("year start 09:00", "2026-01-01", "2026-12-31", "next workday")) == [
        "2026-01-04 09:00",  # a Sunday that was made up
    ]


# ---------------------------------------------------------------- milestones


def test_a_milestone_happens_once_and_then_never_again() -> None:
    start = SHANGHAI.instant(date(2026, 3, 2), 8, 30)
    spec = moment("start 08:30")
    occurrence = next_after(spec, start - 1, SHANGHAI, MILESTONES, "next workday")
    assert occurrence == Occurrence(nominal_day=date(2026, 3, 2), at=start, moved_from=None)
    assert next_after(spec, start, SHANGHAI, MILESTONES, "next workday") is None
    assert next_after(spec, occurrence, SHANGHAI, MILESTONES, "next workday") is None


def test_a_milestone_far_away_is_found_and_one_that_is_missing_is_named() -> None:
    long_ago = SHANGHAI.start_of(date(2001, 1, 1))
    assert next_after(moment("start"), long_ago, SHANGHAI, MILESTONES, "run anyway")
    with pytest.raises(Unknown) as refused:
        next_after(moment("start"), long_ago, SHANGHAI, {"begin": date(2026, 1, 1)}, "run anyway")
    assert "begin" in refused.value.text.zh


# ---------------------------------------------------------------- a hundred years


def century(text: str, calendar: Calendar, on_holiday: OnHoliday = "run anyway") -> list[Occurrence]:
    return within(text, CENTURY[0].isoformat(), CENTURY[1].isoformat(), on_holiday, calendar)


def all_days() -> Iterator[date]:
    return (CENTURY[0] + timedelta(days=offset) for offset in range((CENTURY[1] - CENTURY[0]).days + 1))


@pytest.mark.parametrize("calendar", [SHANGHAI, BERLIN, NEW_YORK], ids=lambda calendar: str(calendar.zone))
def test_a_daily_moment_at_half_past_two_happens_once_on_each_day_of_a_century(calendar: Calendar) -> None:
    occurrences = century("mon tue wed thu fri sat sun 02:30", calendar)
    assert [occurrence.nominal_day for occurrence in occurrences] == list(all_days())
    assert all(one.at < other.at for one, other in pairwise(occurrences))
    assert all(calendar.local(occurrence.at).date() == occurrence.nominal_day for occurrence in occurrences)
    times = {f"{calendar.local(occurrence.at):%H:%M}" for occurrence in occurrences}
    assert times == ({"02:30"} if calendar is SHANGHAI else {"02:30", "03:00"})


@pytest.mark.parametrize("calendar", [SHANGHAI, BERLIN], ids=lambda calendar: str(calendar.zone))
@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("mon 09:00", 5218),
        ("day 1 09:00", 1200),
        ("day 31 02:30", 1200),
        ("month end 17:00", 1200),
        ("quarter start 09:00", 400),
        ("quarter end 17:00", 400),
        ("year start 09:00", 100),
    ],
)
def test_every_nominal_of_a_century_happens_exactly_once(words: str, count: int, calendar: Calendar) -> None:
    occurrences = century(words, calendar)
    assert len(occurrences) == len({occurrence.nominal_day for occurrence in occurrences}) == count


def test_a_century_of_workdays_is_met_by_looking_ahead_from_one_to_the_next() -> None:
    spec = moment("workdays 09:00")
    occurrence = next_after(spec, SHANGHAI.start_of(CENTURY[0]), SHANGHAI, {}, "next workday")
    nominal = []
    while occurrence is not None and occurrence.nominal_day <= CENTURY[1]:
        nominal.append(occurrence.nominal_day)
        occurrence = next_after(spec, occurrence, SHANGHAI, {}, "next workday")
    assert nominal == [day for day in all_days() if SHANGHAI.is_workday(day)]


@pytest.mark.parametrize("on_holiday", ["next workday", "previous workday"])
def test_moved_moments_of_a_century_keep_their_identity_and_land_on_workdays(on_holiday: OnHoliday) -> None:
    occurrences = within("day 1 09:00", "2000-02-01", "2099-11-30", on_holiday)
    assert len({occurrence.nominal_day for occurrence in occurrences}) == len(occurrences) >= 1197
    assert all(SHANGHAI.is_workday(SHANGHAI.day_of(occurrence.at)) for occurrence in occurrences)


# ---------------------------------------------------------------- looking ahead

WORDS = (
    "mon 09:00",
    "sat sun 02:30",
    "mon wed fri 23:59",
    "workdays 09:00",
    "day 1 00:00",
    "day 31 09:00",
    "month end 17:00",
    "quarter start 09:00",
    "year start 09:00",
    "start 08:30",
)
instants = st.integers(SHANGHAI.start_of(date(2024, 1, 1)), SHANGHAI.start_of(date(2028, 1, 1)))
policies = st.sampled_from(ON_HOLIDAY)
calendars = st.sampled_from((SHANGHAI, BERLIN))


@settings(max_examples=200, deadline=None)
@given(
    calendars,
    st.sampled_from(WORDS),
    policies,
    instants,
    st.lists(st.integers(0, 60 * 86_400_000), max_size=6),
)
def test_consecutive_stretches_meet_each_occurrence_exactly_once(
    calendar: Calendar, words: str, policy: OnHoliday, start: int, steps: list[int]
) -> None:
    spec, met, after = moment(words), [], start
    for step in steps:
        met += list(between(spec, after, after + step, calendar, MILESTONES, policy))
        after += step
    assert met == list(between(spec, start, after, calendar, MILESTONES, policy))
    assert len({occurrence.nominal_day for occurrence in met}) == len(met)
    assert all(start < occurrence.at <= after for occurrence in met)


@settings(max_examples=200, deadline=None)
@given(calendars, st.sampled_from(WORDS), policies, instants)
def test_the_next_is_the_first_of_those_between(
    calendar: Calendar, words: str, policy: OnHoliday, start: int
) -> None:
    spec = moment(words)
    occurrence = next_after(spec, start, calendar, MILESTONES, policy)
    ahead = between(spec, start, start + 5 * 366 * 86_400_000, calendar, MILESTONES, policy)
    assert occurrence == next(ahead, None)


@settings(max_examples=200, deadline=None)
@given(calendars, st.sampled_from(WORDS), policies, instants)
def test_lookups_that_go_on_from_occurrences_strictly_advance(
    calendar: Calendar, words: str, policy: OnHoliday, start: int
) -> None:
    spec = moment(words)
    one = next_after(spec, start, calendar, MILESTONES, policy)
    for _ in range(5):
        if one is None:
            return
        other = next_after(spec, one, calendar, MILESTONES, policy)
        if other is not None:
            assert (other.at, other.nominal_day) > (one.at, one.nominal_day)
            assert other.nominal_day > one.nominal_day
        one = other


def test_a_year_without_data_is_never_guessed() -> None:
    only_2026 = Calendar(zone="Asia/Shanghai", years={2026: published_year(2026)}, version=1)
    december = only_2026.start_of(date(2026, 12, 15))
    with pytest.raises(CalendarError):
        next_after(moment("day 1 09:00"), december, only_2026, {}, "next workday")
    assert next_after(moment("day 1 09:00"), december, only_2026, {}, "run anyway")
    january = only_2026.start_of(date(2026, 1, 2))
    assert next_after(moment("day 1 09:00"), january, only_2026, {}, "next workday")
