"""Working days, durations and deadlines, in the words of DESIGN §4 (Clocks) and §6."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Iterator
from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow.calendar import (
    UNITS,
    Calendar,
    CalendarYear,
    Duration,
    Misread,
    Unit,
    add_months,
    default_calendar,
    import_notice,
    library_years,
    missing_statutory,
    parse_duration,
    projected_year,
    published_year,
    published_years,
)
from workflow.calendar.zone import load_zone
from workflow.errors import CalendarError
from workflow.text import Text

CALENDAR = default_calendar()
FIRST, LAST = date(2018, 1, 1), date(2026, 12, 31)


def days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=offset) for offset in range((last - first).days + 1))


def at(day: str, time: str = "09:00", calendar: Calendar = CALENDAR) -> int:
    hour, minute = time.split(":")
    return calendar.instant(date.fromisoformat(day), int(hour), int(minute))


def due(start: int, duration: str, calendar: Calendar = CALENDAR) -> str:
    """The deadline as a person reads it."""
    return f"{calendar.local(calendar.add(start, parse_duration(duration))):%Y-%m-%d %H:%M:%S.%f}"[:-3]


# ---------------------------------------------------------------- working days


def test_every_day_from_2018_to_2026_is_worked_or_not_as_the_state_council_decreed() -> None:
    """Against `chinesecalendar`, which another group of people typed off the same notices."""
    differing = [
        day for day in days(FIRST, LAST) if CALENDAR.is_workday(day) != chinese_calendar.is_workday(day)
    ]
    assert differing == []


def test_a_make_up_saturday_counts_and_a_holiday_friday_does_not() -> None:
    assert CALENDAR.is_workday(date(2026, 2, 14))
    assert not CALENDAR.is_workday(date(2026, 10, 2))
    assert not CALENDAR.is_workday(date(2026, 3, 7))
    assert CALENDAR.is_workday(date(2026, 3, 9))


def test_a_day_out_of_the_ordinary_says_why() -> None:
    assert CALENDAR.remark(date(2026, 2, 14)) == Text("调休上班", "make-up workday")
    assert CALENDAR.remark(date(2026, 2, 17)) == Text("春节", "Chinese New Year (Spring Festival)")
    assert CALENDAR.remark(date(2026, 3, 7)) == Text("周末", "weekend")
    assert CALENDAR.remark(date(2026, 3, 9)) is None
    assert CALENDAR.remark(date(2026, 2, 20)) == Text(
        "休息日（由 2026-02-14 调休）", "Day off (substituted from 2026-02-14)"
    )


def test_the_next_and_the_previous_workday_are_the_day_itself_when_it_is_worked() -> None:
    assert CALENDAR.next_workday(date(2026, 10, 1)) == date(2026, 10, 8)
    assert CALENDAR.previous_workday(date(2026, 10, 7)) == date(2026, 9, 30)
    assert CALENDAR.next_workday(date(2026, 10, 10)) == date(2026, 10, 10)
    assert CALENDAR.previous_workday(date(2026, 10, 10)) == date(2026, 10, 10)
    assert CALENDAR.next_workday(date(2026, 12, 31)) == date(2026, 12, 31)
    assert CALENDAR.next_workday(date(2026, 1, 1)) == date(2026, 1, 4)  # a Sunday that was made up
    assert CALENDAR.previous_workday(date(2026, 1, 3)) == date(2025, 12, 31)


# ---------------------------------------------------------------- durations


@pytest.mark.parametrize(
    ("words", "canonical", "zh"),
    [
        ("2 workdays", "2 workdays", "2个工作日"),
        ("1 workday", "1 workday", "1个工作日"),
        ("1 days", "1 day", "1天"),
        ("10 days", "10 days", "10天"),
        ("36 hours", "36 hours", "36小时"),
        ("15 minutes", "15 minutes", "15分钟"),
        (" 1 month ", "1 month", "1个月"),
    ],
)
def test_durations_read_and_say_themselves(words: str, canonical: str, zh: str) -> None:
    duration = parse_duration(words)
    assert str(duration) == canonical
    assert duration.text == Text(zh, canonical)
    assert parse_duration(str(duration)) == duration


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("2 weeks", "5 workdays"),
        ("2 workday s", "number and a unit"),
        ("3 wrkdays", "did you mean workdays?"),
        ("3", "number and a unit"),
        ("days", "number and a unit"),
        ("0 days", "out of range"),
        ("-1 days", "number and a unit"),
        ("1.5 hours", "number and a unit"),
        ("二 days", "number and a unit"),
        ("٢ days", "number and a unit"),
        ("2 Days", "did you mean days?"),
        ("999999 workdays", "1 to 25000"),
        ("", "number and a unit"),
    ],
)
def test_anything_else_is_refused_with_a_hint(words: str, hint: str) -> None:
    with pytest.raises(Misread) as refused:
        parse_duration(words)
    assert hint in str(refused.value)
    assert isinstance(refused.value, ValueError)
    assert words in refused.value.text.zh


# ---------------------------------------------------------------- deadlines


def test_days_and_workdays_run_to_the_end_of_the_last_day_the_first_not_counted() -> None:
    monday = at("2026-03-09", "00:00")
    assert due(monday, "2 workdays") == "2026-03-11 23:59:59.999"
    assert due(at("2026-03-09", "23:59"), "2 workdays") == "2026-03-11 23:59:59.999"
    assert due(at("2026-03-13"), "1 workday") == "2026-03-16 23:59:59.999"
    assert due(at("2026-03-14"), "1 workday") == "2026-03-16 23:59:59.999"
    assert due(monday, "10 days") == "2026-03-19 23:59:59.999"


def test_hours_and_minutes_run_to_the_millisecond() -> None:
    assert CALENDAR.add(at("2026-10-01") + 7, parse_duration("36 hours")) == at("2026-10-02", "21:00") + 7
    assert due(at("2026-10-01"), "15 minutes") == "2026-10-01 09:15:00.000"


def test_months_clip_to_the_months_end() -> None:
    assert due(at("2026-01-31"), "1 month") == "2026-02-28 23:59:59.999"
    assert due(at("2028-01-31"), "1 month") == "2028-02-29 23:59:59.999"
    assert due(at("2026-01-30"), "13 months") == "2027-02-28 23:59:59.999"
    assert due(at("2026-12-15"), "1 month") == "2027-01-15 23:59:59.999"
    assert CALENDAR.month_end(at("2026-02-03")) == CALENDAR.end_of(date(2026, 2, 28))


def test_golden_week_counts_its_make_up_saturday() -> None:
    assert due(at("2026-09-30"), "3 workdays") == "2026-10-10 23:59:59.999"


def test_due_in_begins_on_the_first_day_from_which_the_deadline_is_that_near() -> None:
    deadline = CALENDAR.end_of(date(2026, 10, 10))
    assert CALENDAR.before(deadline, parse_duration("3 workdays")) == CALENDAR.start_of(date(2026, 9, 30))
    assert CALENDAR.before(deadline, parse_duration("2 days")) == CALENDAR.start_of(date(2026, 10, 8))
    assert CALENDAR.before(deadline, parse_duration("1 hour")) == deadline - 3_600_000
    march = CALENDAR.end_of(date(2026, 3, 31))
    assert CALENDAR.before(march, parse_duration("1 month")) == CALENDAR.start_of(date(2026, 3, 1))


def test_a_deadline_on_a_day_off_is_reached_only_by_the_next_workday() -> None:
    sunday = CALENDAR.end_of(date(2026, 3, 15))
    assert CALENDAR.before(sunday, parse_duration("1 workday")) == CALENDAR.start_of(date(2026, 3, 13))


ZONES = {
    name: default_calendar(zone=name)
    # Berlin has summer time; Havana changes at midnight, Lord Howe by half an hour; St John's set its
    # clocks back across midnight until 2011; Apia skipped a whole day in 2011.
    for name in (
        "Asia/Shanghai",
        "Europe/Berlin",
        "America/Havana",
        "Australia/Lord_Howe",
        "America/St_Johns",
        "Pacific/Apia",
    )
}
zones = st.sampled_from(sorted(ZONES)).map(ZONES.__getitem__)
moments = st.integers(1_041_379_200_000, 3_944_678_400_000)  # 2003 to 2094
amounts = {"minutes": 10_000, "hours": 1_000, "days": 400, "workdays": 300, "months": 24}


@st.composite
def durations(draw: st.DrawFn) -> Duration:
    unit: Unit = draw(st.sampled_from(UNITS))
    return Duration(amount=draw(st.integers(1, amounts[unit])), unit=unit)


@settings(max_examples=600, deadline=None)
@given(zones, moments, st.integers(0, 40 * 86_400_000), durations())
def test_a_later_start_never_means_an_earlier_deadline(
    calendar: Calendar, start: int, later: int, duration: Duration
) -> None:
    assert calendar.add(start, duration) <= calendar.add(start + later, duration)


@settings(max_examples=600, deadline=None)
@given(zones, moments, durations())
def test_before_is_the_first_instant_whose_deadline_is_not_earlier(
    calendar: Calendar, deadline: int, duration: Duration
) -> None:
    first = calendar.before(deadline, duration)
    assert calendar.add(first, duration) >= deadline
    assert calendar.add(first - 1, duration) < deadline


@settings(max_examples=600, deadline=None)
@given(zones, moments, moments, durations())
def test_add_and_before_agree(calendar: Calendar, start: int, deadline: int, duration: Duration) -> None:
    """Adjoint: what `due in` says and what `overdue` says can't contradict each other."""
    assert (calendar.before(deadline, duration) <= start) == (calendar.add(start, duration) >= deadline)


@settings(max_examples=300, deadline=None)
@given(moments, st.integers(1, 60))
def test_workdays_are_counted_as_a_person_would_on_a_wall_calendar(start: int, amount: int) -> None:
    day, left = CALENDAR.day_of(start), amount
    while left:
        day += timedelta(days=1)
        left -= CALENDAR.is_workday(day)
    assert CALENDAR.add(start, Duration(amount=amount, unit="workdays")) == CALENDAR.end_of(day)


# ---------------------------------------------------------------- zones


@settings(max_examples=600, deadline=None)
@given(zones, moments)
def test_every_instant_lies_in_its_day(calendar: Calendar, instant: int) -> None:
    day = calendar.day_of(instant)
    assert calendar.start_of(day) <= instant <= calendar.end_of(day)


@pytest.mark.parametrize("name", sorted(ZONES))
def test_days_follow_each_other_without_gap_or_overlap(name: str) -> None:
    calendar = ZONES[name]
    for day in days(date(2000, 1, 1), date(2040, 12, 31)):
        assert calendar.end_of(day) + 1 == calendar.start_of(day + timedelta(days=1))


def test_a_time_in_a_gap_is_the_first_instant_after_it_and_in_a_fold_the_first_time() -> None:
    berlin = ZONES["Europe/Berlin"]
    gap = berlin.instant(date(2026, 3, 29), 2, 30)
    assert f"{berlin.local(gap):%H:%M %z}" == "03:00 +0200"
    fold = berlin.instant(date(2026, 10, 25), 2, 30)
    assert f"{berlin.local(fold):%H:%M %z}" == "02:30 +0200"


def test_a_day_that_begins_in_a_gap_begins_after_it() -> None:
    havana = ZONES["America/Havana"]
    start = havana.start_of(date(2026, 3, 8))
    assert f"{havana.local(start):%d %H:%M}" == "08 01:00"
    assert f"{havana.local(start - 1):%d %H:%M}" == "07 23:59"


def test_a_day_that_a_zone_skipped_is_empty_and_harms_nothing() -> None:
    apia = ZONES["Pacific/Apia"]
    skipped = date(2011, 12, 30)
    assert apia.start_of(skipped) == apia.end_of(skipped) + 1
    assert apia.day_of(apia.start_of(skipped)) == date(2011, 12, 31)


@pytest.mark.parametrize(
    "name", ["Asia/Peking", "", "../../etc/passwd", "/etc/localtime", "Asia", "Asia/Shang hai"]
)
def test_a_zone_without_data_is_never_guessed(name: str) -> None:
    with pytest.raises(CalendarError) as refused:
        default_calendar(zone=name)
    assert "tzdata" in refused.value.text.en


def test_missing_tzdata_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: str) -> None:
        raise ModuleNotFoundError("tzdata")

    monkeypatch.setattr("workflow.calendar.zone.files", gone)
    with pytest.raises(CalendarError):
        load_zone.__wrapped__("Asia/Shanghai")


def test_an_absurd_instant_is_refused_instead_of_overflowing() -> None:
    with pytest.raises(CalendarError):
        CALENDAR.day_of(10**18)


# ---------------------------------------------------------------- years


def test_the_library_holds_the_notices_from_2018_to_2026_at_least() -> None:
    assert set(range(2018, 2027)) <= published_years()
    assert published_year(2026).status == "published"


def test_a_year_without_notice_is_projected_and_never_passed_off_as_published() -> None:
    unknown = max(published_years()) + 1
    with pytest.raises(CalendarError):
        published_year(unknown)
    year = projected_year(unknown)
    assert (year.status, year.makeup) == ("projected", frozenset())
    assert year.holidays[date(unknown, 10, 1)] == Text("国庆节", "National Day")


def test_a_deadline_that_rests_on_a_projected_year_is_provisional() -> None:
    imported = {2027: projected_year(2027)}
    calendar = default_calendar(imported=imported)
    assert not calendar.rests_on_projection(at("2026-03-01"), at("2026-12-31"))
    assert calendar.rests_on_projection(at("2026-12-31"), at("2027-01-01"))
    assert calendar.rests_on_projection(at("2101-01-01"), at("2101-01-02"))


def test_a_year_nobody_loaded_is_never_guessed() -> None:
    calendar = Calendar(zone="Asia/Shanghai", years={2026: published_year(2026)}, version=1)
    with pytest.raises(CalendarError) as refused:
        calendar.add(at("2026-12-31"), parse_duration("1 workday"))
    assert "2027" in refused.value.text.zh
    assert "duban calendar import" in refused.value.text.en
    with pytest.raises(CalendarError):
        calendar.is_workday(date(2025, 12, 31))
    assert due(at("2026-12-31"), "10 days", calendar) == "2027-01-10 23:59:59.999"


def test_a_country_or_year_that_cannot_be_computed_is_refused() -> None:
    for year, country in ((2101, "CN"), (2026, "XX")):
        with pytest.raises(CalendarError):
            projected_year(year, country)


def test_another_countrys_years_are_projected() -> None:
    germany = default_calendar(zone="Europe/Berlin", country="DE")
    assert not germany.is_workday(date(2026, 12, 25))
    assert germany.rests_on_projection(0, 86_400_000 * 365 * 56)


@pytest.mark.parametrize("year", [published_year(2026), published_year(2020), projected_year(2030)])
def test_years_survive_json(year: CalendarYear) -> None:
    again = CalendarYear.from_json(year.to_json())
    assert again == year
    assert again.to_json() == year.to_json()
    assert hash(again) == hash(year)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"year":1}', published_year(2026).to_json()[:-40]])
def test_json_that_is_no_year_is_refused(text: str) -> None:
    with pytest.raises(CalendarError):
        CalendarYear.from_json(text)


@pytest.mark.parametrize(
    ("off", "work"),
    [
        ("2027-02-05", "2027-02-15"),  # a Monday made up
        ("2027-02-06", "2027-02-06"),  # off and worked
        ("2026-11-30", "2027-02-14"),  # November before the year
        ("2028-01-03", "2027-02-14"),
    ],
)
def test_a_year_that_contradicts_itself_is_not_taken(off: str, work: str) -> None:
    with pytest.raises(CalendarError):
        CalendarYear(
            year=2027,
            status="published",
            source="a test",
            holidays={date.fromisoformat(off): Text("春节", "Spring Festival")},
            makeup=frozenset({date.fromisoformat(work)}),
        )


def test_imported_years_take_precedence_and_widen_the_range() -> None:
    ours = import_notice(NOTICE)
    years = library_years(first=2026, last=2026, imported={2027: ours})
    assert list(years) == [2026, 2027]
    assert len(years) == 2
    assert years[2027] is ours
    assert 2028 not in years
    with pytest.raises(KeyError):
        years[2028]


# ---------------------------------------------------------------- notices

NOTICE = """\
# 关于 2027 年部分节假日安排的通知（测试）
year 2027
source 国办发明电〔2026〕7号
2027-01-01..2027-01-03 off 元旦
2026-12-26 work                       # the December before
2027-02-05..2027-02-11 off 春节 / Spring Festival week
2027-02-14 work
2027-10-01..2027-10-07 off 国庆节、中秋节
"""


def test_a_notice_becomes_a_published_year() -> None:
    year = import_notice(NOTICE)
    assert (year.year, year.status, year.source) == (2027, "published", "国办发明电〔2026〕7号")
    assert year.makeup == {date(2026, 12, 26), date(2027, 2, 14)}
    assert year.holidays[date(2027, 2, 9)] == Text("春节", "Spring Festival week")
    assert year.holidays[date(2027, 1, 1)] == Text("元旦", "New Year's Day")
    assert year.holidays[date(2027, 10, 7)] == Text("国庆节、中秋节", "National Day, Mid-Autumn Festival")
    assert len(year.holidays) == 3 + 7 + 7


def test_an_imported_notice_counts_also_in_the_december_before_it() -> None:
    calendar = default_calendar(imported={2027: import_notice(NOTICE)}, version=2)
    assert calendar.is_workday(date(2026, 12, 26))
    assert calendar.remark(date(2026, 12, 26)) == Text("调休上班", "make-up workday")
    assert calendar.is_workday(date(2027, 2, 14))
    assert due(at("2026-12-25"), "1 workday", calendar) == "2026-12-26 23:59:59.999"


def test_every_wrong_line_of_a_notice_is_named_with_found_and_expected_all_at_once() -> None:
    wrong = """\
year 2027
source somewhere
2027-02-30 off 春节
2027-02-15 work
2027-02-05 off 春节
2027-02-05 off 春节
2027-03-08 of 妇女节
2027-05-03..2027-05-01 off 劳动节
2029-01-01 off 元旦
holiday tomorrow
2027-06-09 off
"""
    with pytest.raises(CalendarError) as refused:
        import_notice(wrong)
    english = refused.value.text.en.splitlines()
    assert "8 problems" in english[0]
    assert [line.split(":")[0] for line in english[1:]] == [
        f"line {number}" for number in (3, 4, 6, 7, 8, 9, 10, 11)
    ]
    assert all("found '" in line and "expected " in line for line in english[1:])
    assert "line 5 has it" in english[3]
    assert refused.value.text.zh.splitlines()[1].startswith("第 3 行：写的是")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "year 2027"),
        ("year 2027\n2027-01-01 off 元旦", "source DOCUMENT"),
        ("year 2027\nsource x", "at least one line"),
        ("year 2027\nyear 2028\nsource x\n2027-01-01 off 元旦", "the year once"),
        ("year twenty\nsource x\n2027-01-01 off 元旦", "four digits"),
        ("year 2027\nsource x\n2027-01-01..2027-12-31 off 元旦", "a month at most"),
        ("#" * 100_000, "at most"),
    ],
)
def test_a_notice_without_year_source_or_days_is_refused(text: str, expected: str) -> None:
    with pytest.raises(CalendarError) as refused:
        import_notice(text)
    assert expected in refused.value.text.en


def test_statutory_days_that_a_notice_forgot_are_pointed_out() -> None:
    missing = missing_statutory(import_notice(NOTICE))
    assert date(2027, 5, 1) in missing
    assert date(2027, 10, 1) not in missing
    assert missing_statutory(published_year(2026)) == ()


# ---------------------------------------------------------------- derivations


def test_a_derivation_says_which_days_counted_and_which_did_not_and_why() -> None:
    lines = CALENDAR.explain(at("2026-02-13", "15:00"), parse_duration("2 workdays"))
    assert [line.zh for line in lines] == [
        "自 2026-02-13（周五）15:00 起，2个工作日，当天不计",
        "2026-02-14（周六）第 1 个工作日：调休上班",
        "2026-02-15（周日）不计：周末",
        "2026-02-16（周一）不计：农历除夕",
        "2026-02-17（周二）至 2026-02-19（周四）不计：春节",
        "2026-02-20（周五）不计：休息日（由 2026-02-14 调休）",
        "2026-02-21（周六）至 2026-02-22（周日）不计：周末",
        "2026-02-23（周一）不计：休息日（由 2026-02-28 调休）",
        "2026-02-24（周二）第 2 个工作日",
        "截止 2026-02-24（周二）23:59:59（Asia/Shanghai，日历第 0 版）",
    ]
    assert lines[1].en == "2026-02-14 (Sat) workday 1: make-up workday"
    assert lines[-1].en == "ends 2026-02-24 (Tue) 23:59:59 (Asia/Shanghai, calendar version 0)"


def test_a_derivation_names_the_years_that_are_only_projected() -> None:
    calendar = default_calendar(imported={2027: projected_year(2027)})
    lines = calendar.explain(at("2026-12-31"), parse_duration("1 workday"))
    assert lines[-1] == Text(
        "2027 年放假通知尚未公布，按推算计，期限为暂定",
        "the notice for 2027 is not published yet: computed, so the deadline is provisional",
    )


def test_derivations_of_days_months_and_hours_are_short() -> None:
    start = at("2026-01-31")
    assert "第 10 天是 2026-02-10（周二）" in CALENDAR.explain(start, parse_duration("10 days"))[1].zh
    assert "没有 31 日" in CALENDAR.explain(start, parse_duration("1 month"))[1].zh
    assert CALENDAR.explain(start, parse_duration("2 months"))[1].en.endswith("2026-03-31 (Tue)")
    assert len(CALENDAR.explain(start, parse_duration("36 hours"))) == 2


# ---------------------------------------------------------------- sharing


def test_a_calendar_is_a_key_by_identity() -> None:
    other = default_calendar()
    assert len({CALENDAR, CALENDAR, other}) == 2


def test_a_cold_calendar_gives_all_threads_the_same_answers() -> None:
    starts = range(at("2026-01-01"), at("2027-12-31"), 36 * 3_600_000)
    expected = [CALENDAR.add(start, parse_duration("7 workdays")) for start in starts]
    cold = default_calendar()
    answers: list[list[int]] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append([cold.add(start, parse_duration("7 workdays")) for start in starts])
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 8


def test_durations_travel_between_processes() -> None:
    duration = parse_duration("2 workdays")
    assert pickle.loads(pickle.dumps(duration)) == duration


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.integers(1, 60))
def test_months_keep_the_day_or_end_the_month(day: date, months: int) -> None:
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == day.day or (later.day < day.day and (later + timedelta(days=1)).day == 1)
