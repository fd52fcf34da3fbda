"""The clock, and when it is not believed (DESIGN §6)."""

from __future__ import annotations

import sys
import threading

import pytest

from workflow.clock import (
    LARGEST_JUMP,
    LONGEST_DOWNTIME,
    Clock,
    Reading,
    SystemClock,
    Verdict,
    VirtualClock,
    judge_kernel,
    judge_start,
    judge_tick,
    kernel_synchronised,
    span,
)
from workflow.errors import UsageError
from workflow.text import Text

MINUTE = 60_000
DAY = 86_400_000
NOW = 1_772_413_200_000  # 2026-03-02 09:00 in Shanghai


# ---------------------------------------------------------------- clocks


def test_the_system_clock_tells_whole_milliseconds_and_its_boot_clock_runs_forward() -> None:
    clock: Clock = SystemClock()
    first, second = Reading.of(clock), Reading.of(clock)
    assert isinstance(first.now, int)
    assert first.now > 1_700_000_000_000
    assert second.boot >= first.boot > 0


def test_the_system_clock_is_fine_between_two_readings() -> None:
    clock = SystemClock()
    assert judge_tick(Reading.of(clock), Reading.of(clock)) == Verdict.fine()


def test_a_virtual_clock_moves_only_when_told() -> None:
    clock = VirtualClock(NOW)
    assert (clock.now(), clock.boot()) == (NOW, 0)
    clock.advance(5)
    clock.set(NOW + 8)
    assert (clock.now(), clock.boot()) == (NOW + 8, 8)


@pytest.mark.parametrize("move", ["set", "advance", "jump"])
def test_a_virtual_clock_refuses_to_go_back_unless_asked(move: str) -> None:
    clock = VirtualClock(NOW)
    with pytest.raises(UsageError) as refused:
        {
            "set": lambda: clock.set(NOW - 1),
            "advance": lambda: clock.advance(-1),
            "jump": lambda: clock.jump(-1),
        }[move]()
    assert "step_back" in refused.value.text.zh
    assert "step_back" in refused.value.text.en
    assert clock.now() == NOW


def test_a_step_back_that_was_asked_for_moves_the_wall_and_not_the_boot_clock() -> None:
    clock = VirtualClock(NOW)
    clock.advance(10)
    clock.set(NOW - DAY, step_back=True)
    assert (clock.now(), clock.boot()) == (NOW - DAY, 10)


def test_threads_that_advance_one_virtual_clock_lose_nothing() -> None:
    clock = VirtualClock(0)

    def walk() -> None:
        for _ in range(2_000):
            clock.advance(1)

    threads = [threading.Thread(target=walk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.now() == clock.boot() == 8_000


# ---------------------------------------------------------------- at start


def test_without_history_any_time_is_fine() -> None:
    assert judge_start(NOW, None) == Verdict.fine()


def test_later_than_the_last_event_is_downtime() -> None:
    verdict = judge_start(NOW + 3 * DAY, NOW)
    assert (verdict.outcome, verdict.gap, verdict.holds) == ("downtime", 3 * DAY, False)
    assert verdict.reason is not None
    assert "3 天" in verdict.reason.zh
    assert "3 d" in verdict.reason.en


@pytest.mark.parametrize(("gap", "holds"), [(LONGEST_DOWNTIME, False), (LONGEST_DOWNTIME + 1, True)])
def test_downtime_of_more_than_thirty_days_holds(gap: int, holds: bool) -> None:
    assert judge_start(NOW + gap, NOW).holds is holds


def test_earlier_than_the_last_event_holds_by_a_millisecond() -> None:
    verdict = judge_start(NOW - 1, NOW)
    assert verdict == Verdict.before_last_event(1)
    assert verdict.holds


def test_at_the_last_event_is_fine() -> None:
    assert judge_start(NOW, NOW) == Verdict.fine()


# ---------------------------------------------------------------- while running


@pytest.mark.parametrize(("ahead", "holds"), [(0, False), (LARGEST_JUMP, False), (LARGEST_JUMP + 1, True)])
def test_a_wall_clock_ahead_of_the_boot_clock_by_more_than_ten_minutes_holds(ahead: int, holds: bool) -> None:
    clock = VirtualClock(NOW)
    before = Reading.of(clock)
    clock.advance(MINUTE)
    clock.jump(ahead)
    assert judge_tick(before, Reading.of(clock)).holds is holds


def test_a_night_of_suspend_is_no_jump_because_the_boot_clock_slept_along() -> None:
    clock = VirtualClock(NOW)
    before = Reading.of(clock)
    clock.advance(DAY)
    assert judge_tick(before, Reading.of(clock)) == Verdict.fine()


def test_a_step_back_holds() -> None:
    clock = VirtualClock(NOW)
    before = Reading.of(clock)
    clock.set(NOW - 1, step_back=True)
    assert judge_tick(before, Reading.of(clock)) == Verdict.stepped_back(1)


def test_ten_jumps_of_nine_minutes_are_seen_from_the_reading_last_agreed_on() -> None:
    clock = VirtualClock(NOW)
    agreed = Reading.of(clock)
    verdicts = []
    for _ in range(10):
        before = Reading.of(clock)
        clock.jump(9 * MINUTE)
        verdicts.append(judge_tick(before, Reading.of(clock), agreed).holds)
    assert verdicts == [False] + [True] * 9


def test_every_verdict_that_is_not_fine_says_why_in_both_languages_and_what_to_do() -> None:
    for verdict in (
        Verdict.away_too_long(31 * DAY),
        Verdict.before_last_event(5),
        Verdict.jumped_ahead(11 * MINUTE),
        Verdict.stepped_back(5),
        Verdict.unsynchronised(hold=True),
    ):
        assert verdict.holds
        assert verdict.reason is not None
        assert "管理员" in verdict.reason.zh
        assert "administrator" in verdict.reason.en
        assert "{" not in verdict.reason.zh + verdict.reason.en


# ---------------------------------------------------------------- the kernel


def test_an_unsynchronised_kernel_warns_and_holds_only_if_the_setting_says_so() -> None:
    assert judge_kernel(True, hold=True) == Verdict.fine()
    assert judge_kernel(None, hold=True) == Verdict.fine()
    assert judge_kernel(False, hold=False).outcome == "warned"
    assert judge_kernel(False, hold=True).holds


def test_the_kernel_is_asked_without_rights_and_without_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kernel_synchronised() in (True, False, None)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert kernel_synchronised() is None


@pytest.mark.parametrize(
    ("ms", "zh", "en"),
    [
        (31 * DAY + 4 * 60 * MINUTE, "31 天 4 小时", "31 d 4 h"),
        (11 * MINUTE, "11 分钟", "11 min"),
        (1_500, "1 秒", "1 s"),
        (5, "5 毫秒", "5 ms"),
    ],
)
def test_spans_read_in_their_two_largest_units(ms: int, zh: str, en: str) -> None:
    assert span(ms) == Text(zh, en)
