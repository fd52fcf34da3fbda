"""How often something may be tried."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.limits import Limits, Pace, TooOften

PACE = Pace(at_once=3, every=1_000)


def test_so_many_at_once_and_then_one_for_each_pause() -> None:
    limits = Limits(PACE)
    assert [limits.take("a", 0) for _ in range(5)] == [0, 0, 0, 1_000, 1_000]
    assert limits.take("a", 400) == 600
    assert limits.take("a", 1_000) == 0
    assert limits.take("a", 1_000) == 1_000
    assert limits.take("b", 1_000) == 0  # somebody else's tries are their own
    assert [limits.take("a", 60_000) for _ in range(4)] == [0, 0, 0, 1_000]


def test_looking_takes_nothing_and_a_refusal_says_how_long_to_wait() -> None:
    limits = Limits(Pace(at_once=1, every=90_500))
    assert limits.wait("a", 0) == limits.wait("a", 0) == 0
    limits.check("a", 0)
    with pytest.raises(TooOften, match="Wait 91 s") as refusal:
        limits.check("a", 0)
    assert refusal.value.wait == 90_500


def test_a_clock_that_is_set_back_locks_nobody_out() -> None:
    limits = Limits(PACE)
    limits.take("a", 1_000_000_000)
    assert limits.take("a", 0) == 1_000
    assert limits.take("a", 1_000) == 0


def test_keys_without_end_do_not_fill_the_memory() -> None:
    limits = Limits(PACE, most=10)
    for number in range(1_000):
        limits.take(str(number), number)
    assert len(limits._full_at) == 10


def test_threads_share_a_bucket() -> None:
    limits = Limits(Pace(at_once=20, every=60_000))
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: limits.take("a", 0), range(200)))
    assert taken.count(0) == 20


@given(st.lists(st.integers(0, 500), max_size=60))
def test_never_more_than_the_pace_allows(pauses: list[int]) -> None:
    limits, now, taken = Limits(PACE), 0, list[int]()
    for pause in pauses:
        now += pause
        if limits.take("a", now) == 0:
            taken.append(now)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            assert last - first + 1 <= 3 + (taken[last] - taken[first]) / 1_000
