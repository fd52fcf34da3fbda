"""Whole lives: however time is split into wakes, the same episodes are on record.

A life is a small definition of random rules and a random sequence of acts. It is lived by a clock that looks
at every instant at which it wants to, by one that sleeps between the acts, and by one that looks at random
instants besides. What an opening sets off depends on when it is decided, by design (DESIGN §5): so these
rules light, tell and record. `Life` checks on the way that each wake lies ahead, that nothing handed in is
changed, and that the same input gives the same output.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import DAY, HANDLER, HOUR, OPENED, SUPERVISOR, Life, at, errand
from workflow.errors import Refused

OPEN = at(OPENED)


def share(of: int) -> int:
    """One in so many of the examples of the profile: a life is a long example."""
    return settings.get_profile(settings.get_current_profile_name()).max_examples // of


spans = st.one_of(
    st.integers(1, 6).map(lambda n: f"{n} {'workdays' if n > 1 else 'workday'}"),
    st.integers(2, 9).map(lambda n: f"{n} days"),
    st.integers(2, 60).map(lambda n: f"{n} hours"),
    st.integers(2, 90).map(lambda n: f"{n} minutes"),
)
leaves = st.one_of(
    st.sampled_from(["overdue", "step overdue", "promised overdue", "score < 60", "level in medium or high"]),
    st.sampled_from(["open problems > 0", "return happened", "score not reported", "progress >= 50"]),
    spans.map(lambda span: f"overdue by {span}"),
    spans.map(lambda span: f"step overdue by {span}"),
    spans.map(lambda span: f"promised overdue by {span}"),
    spans.map(lambda span: f"due in {span}"),
    spans.map(lambda span: f"step due in {span}"),
    spans.map(lambda span: f"promised due in {span}"),
    spans.map(lambda span: f"in state for {span}"),
    spans.map(lambda span: f"nothing reported for {span}"),
    spans.map(lambda span: f"progress not reported for {span}"),
    st.integers(1, 60).map(lambda n: f"progress behind plan by {n}"),
)


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(inner, min_size=1, max_size=3).map(", ".join)
    return st.one_of(
        several.map(lambda parts: f"{{all: [{parts}]}}"),
        several.map(lambda parts: f"{{any: [{parts}]}}"),
        inner.map(lambda part: f"{{not: {part}}}"),
    )


conditions = st.recursive(leaves, _nested, max_leaves=3)
agains = st.one_of(st.just("never"), spans.map(lambda span: f"after {span}"))


@st.composite
def rules(draw: st.DrawFn) -> list[str]:
    found = []
    for name in ("a", "b", "c")[: draw(st.integers(1, 3))]:
        inside = draw(st.sampled_from(["", ", in: working", ", in: [working, review]"]))
        ladder = draw(st.sampled_from(["", ", ladder: steps"]))
        light = draw(st.sampled_from(["blue", "yellow", "red"]))
        found.append(
            f"{name}: {{when: {draw(conditions)}, light: {light}, tells: handler, "
            f"again: {draw(agains)}{inside}{ladder}}}"
        )
    return found


@dataclass(frozen=True)
class Step:
    """Some time later, somebody does something."""

    gap: int
    name: str
    person: int
    facts: dict[str, Any]


gaps = st.one_of(st.integers(0, 12 * DAY), st.integers(0, 12).map(lambda n: n * DAY + 15 * HOUR), st.just(0))
days = st.integers(0, 50).map(lambda n: f"2026-{3 + n // 28:02}-{1 + n % 28:02}")
reports = st.fixed_dictionaries(
    {},
    optional={
        "progress": st.integers(0, 100),
        "score": st.integers(0, 100),
        "level": st.sampled_from(["low", "medium", "high"]),
        "promised": days,
    },
)
doings: st.SearchStrategy[tuple[str, int, dict[str, Any]]] = st.one_of(
    st.tuples(st.just("report"), st.just(HANDLER), reports),
    st.tuples(st.just("extend"), st.just(HANDLER), days.map(lambda day: {"until": day})),
    st.tuples(
        st.sampled_from(["return", "approve", "pause", "resume", "renew", "confirm:extend"]),
        st.just(SUPERVISOR),
        st.just({}),
    ),
    st.tuples(st.just("submit"), st.just(HANDLER), st.just({})),
    st.tuples(
        st.sampled_from(["refuse:extend", "lift:a", "lift:b"]), st.just(SUPERVISOR), st.just({"reason": "核"})
    ),
)
steps = st.builds(lambda gap, doing: Step(gap, *doing), gaps, doings)


def live(kinds: Any, life_of: list[Step], deadline: str, *, awake: bool, extra: list[int]) -> Life:
    """Live it; acts that are refused don't happen."""
    life = Life.begin(kinds, deadline=deadline)
    now = OPEN
    for step in [*life_of, Step(40 * DAY, "", 0, {})]:
        then = now + step.gap
        _let_pass(life, now, then, awake, extra)
        now = then
        if step.name:
            try:
                life.act(now, step.name, step.person, **step.facts)
            except Refused:
                continue
        else:
            life.wake(now)
    return life


def _let_pass(life: Life, now: int, then: int, awake: bool, extra: list[int]) -> None:
    for instant in sorted(OPEN + one for one in extra):
        if now <= instant < then:
            if awake:
                life.live_until(instant)
            life.wake(instant)
    if awake:
        life.live_until(then)


def marks(life: Life) -> list[tuple[str, int, int | None, str | None, int | None]]:
    """Which episodes there were: from, to, why, and since when inert."""
    return sorted(
        (one.rule, one.opened_at, one.ended_at, one.ended_by, one.inert_at) for one in life.episodes
    )


@settings(max_examples=share(2))
@given(
    rules(),
    st.lists(steps, max_size=8),
    st.sampled_from(["2026-03-03", "2026-03-13", "2026-04-30"]),
    st.lists(st.integers(0, 60 * DAY), max_size=6),
)
def test_however_time_is_split_into_wakes_the_same_is_on_record(
    written: list[str], life_of: list[Step], deadline: str, extra: list[int]
) -> None:
    kinds = errand(*written)
    within = [step for step in life_of if step.name != "extend"]
    awake = live(kinds, within, deadline, awake=True, extra=[])
    slept = live(kinds, within, deadline, awake=False, extra=[])
    looked = live(kinds, within, deadline, awake=True, extra=extra)
    dozed = live(kinds, within, deadline, awake=False, extra=extra)
    assert marks(slept) == marks(awake)
    assert marks(looked) == marks(awake)
    assert marks(dozed) == marks(awake)
    assert {life.light for life in (slept, looked, dozed)} == {awake.light}
    assert {life.task.wake_at for life in (slept, looked, dozed)} == {awake.task.wake_at}


@settings(max_examples=share(3))
@given(rules(), st.lists(steps, max_size=10), st.lists(st.integers(0, 60 * DAY), max_size=6))
def test_confirmations_included_every_life_is_sound(
    written: list[str], life_of: list[Step], extra: list[int]
) -> None:
    """Stops never overlap, episodes don't end before they open, and looking more often changes nothing."""
    kinds = errand(*written)
    awake = live(kinds, life_of, "2026-03-20", awake=True, extra=[])
    looked = live(kinds, life_of, "2026-03-20", awake=True, extra=extra)
    slept = live(kinds, life_of, "2026-03-20", awake=False, extra=extra)
    assert marks(looked) == marks(awake)
    for life in (awake, looked, slept):
        edges = [edge for stop in life.stops for edge in stop if edge is not None]
        assert edges == sorted(edges)
        assert all(end is None for _, end in life.stops[-1:]) or all(end is not None for _, end in life.stops)


@settings(max_examples=share(4))
@given(rules(), st.lists(steps, max_size=6), st.integers(1, 10 * DAY))
def test_each_rule_is_true_from_its_own_wake_on_and_not_a_millisecond_before(
    written: list[str], life_of: list[Step], later: int
) -> None:
    """Looked at one millisecond before each wake, nothing happens; at the wake, what the record says."""
    kinds = errand(*written)
    life = live(
        kinds, [step for step in life_of if step.name != "extend"], "2026-04-10", awake=True, extra=[]
    )
    for _ in range(20):
        due = life.task.wake_at
        if due is None or due > OPEN + 200 * DAY:
            return
        before = life.wake(due - 1) if due - 1 > life.task.state_since else None
        assert before is None or before.events == []
        assert life.task.wake_at == due
        life.wake(due)
