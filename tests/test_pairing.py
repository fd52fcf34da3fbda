"""The cross-check draw: every constraint holds, anyone can repeat it, and why there is none is said."""

from __future__ import annotations

import time
from collections import Counter
from itertools import combinations, product
from math import dist, hypot

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from workflow.errors import BadValue
from workflow.pairing import Pair, Problem, conflict_of, draw, faults_of, problem_from, problem_of
from workflow.pairing.conflict import Constraint, _conflict
from workflow.text import Text

KIN = Text("亲属", "kin")


def codes(many: int) -> tuple[str, ...]:
    return tuple(f"u{number:03}" for number in range(many))


def among(many: int, seed: str = "notice 7", **more: object) -> Problem:
    """A draw among so many units, each to check and to be checked."""
    given_ = {"seed": seed, "checked": codes(many), "checkers": codes(many), **more}
    return Problem(**given_)  # type: ignore[arg-type]


def brute(problem: Problem) -> int | None:
    """The smallest sum of costs over all draws, tried one after the other."""
    best: int | None = None
    choices = [combinations(sorted(problem.checkers), problem.each) for _ in problem.checked]
    least, most = problem.load
    for chosen in product(*choices):
        pairs = {Pair(who, unit) for unit, own in zip(problem.checked, chosen, strict=True) for who in own}
        load = Counter(pair.checker for pair in pairs)
        if any(problem.is_forbidden(pair) for pair in pairs):
            continue
        if any(Pair(pair.checked, pair.checker) in pairs for pair in pairs):
            continue
        if all(least <= load[who] <= most for who in problem.checkers):
            total = sum(map(problem.cost, pairs))
            best = total if best is None else min(best, total)
    return best


@st.composite
def problems(draw_: st.DrawFn, most: int = 5) -> Problem:
    """Small problems of every sort: two pools, several checkers, recusals, distances with or without cap."""
    many = draw_(st.integers(2, most))
    others = draw_(st.booleans())
    checked = codes(many)
    checkers = (*checked[: many - 1], "v0", "v1")[: draw_(st.integers(2, many + 1))] if others else checked
    every = sorted(Pair(one, other) for one in checkers for other in checked)
    pairs = st.sets(st.sampled_from(every), max_size=many + 2)
    spread = {
        frozenset((one, other)): (7 * ord(one[-1]) + 13 * ord(other[-1]) + 5 * len({*one, *other})) % 40
        for one, other in combinations(sorted({*checked, *checkers}), 2)
    }
    return Problem(
        seed=draw_(st.text("abcd 7", min_size=1).filter(str.strip)),
        checked=checked,
        checkers=checkers,
        each=draw_(st.integers(1, 2)),
        most=draw_(st.sampled_from([None, None, 1, 2])),
        last=frozenset(draw_(pairs)),
        barred=dict.fromkeys(draw_(pairs), KIN),
        distances=spread if (is_far := draw_(st.sampled_from(["no", "least", "cap"]))) != "no" else {},
        within=draw_(st.integers(5, 40)) if is_far == "cap" else None,
    )


@settings(deadline=None)
@given(problems())
def test_a_draw_is_found_when_there_is_one_and_none_is_cheaper(problem: Problem) -> None:
    best, found = brute(problem), draw(problem)
    assert (found is None) == (best is None)
    if found is not None:
        assert found.cost == best
        assert faults_of(problem, found.pairs) == ()


@settings(deadline=None, max_examples=30)
@given(st.integers(4, 60), st.text("xyz", min_size=1), st.integers(1, 3), st.randoms())
def test_every_constraint_holds(many: int, seed: str, each: int, chance: object) -> None:
    assume(each < many // 2)
    first = draw(among(many, seed, each=each))
    assert first is not None
    recused = {Pair(f"u{number:03}", f"u{(number * 3 + 1) % many:03}"): KIN for number in range(0, many, 5)}
    problem = among(many, seed, each=each, last=frozenset(first.pairs), barred=recused)
    second = draw(problem)
    if second is None:
        assert conflict_of(problem) is not None
        return
    pairs = set(second.pairs)
    assert not pairs & set(first.pairs)
    assert not pairs & recused.keys()
    assert all(one.checker != one.checked and Pair(one.checked, one.checker) not in pairs for one in pairs)
    assert set(Counter(one.checked for one in pairs).values()) == {each}
    assert set(Counter(one.checker for one in pairs).values()) == {each}


@settings(deadline=None, max_examples=20)
@given(problems(), st.permutations(range(5)))
def test_the_same_seed_draws_the_same_whatever_the_order(problem: Problem, order: list[int]) -> None:
    shuffled = [problem.checked[place] for place in order if place < len(problem.checked)]
    stored = {**problem_of(problem), "checked": shuffled}
    assert draw(problem_from(problem.seed, stored)) == draw(problem)


def test_another_seed_draws_otherwise() -> None:
    seeds = [draw(among(30, f"notice {number}")) for number in range(5)]
    assert len({one.pairs for one in seeds if one is not None}) == 5


def test_the_recipe_gives_what_is_published() -> None:
    """These stand in docs/pairing.md: whoever repeats a draw checks their program with them."""
    problem = Problem(seed="2026-05-06 示退役发〔2026〕8号", checked=codes(5), checkers=codes(5))
    assert problem.lot(Pair("u000", "u001")) == VECTOR
    found = draw(problem)
    assert found is not None
    assert [f"{one.checker}→{one.checked}" for one in found.pairs] == DRAWN


VECTOR = 987_393_339_361
DRAWN = ["u000→u003", "u001→u004", "u002→u001", "u003→u002", "u004→u000"]


def test_loads_are_even_where_units_and_checkers_differ_in_number() -> None:
    found = draw(Problem(seed="s", checked=codes(7), checkers=("a", "b", "c"), each=1))
    assert found is not None
    assert sorted(Counter(one.checker for one in found.pairs).values()) == [2, 2, 3]


# --- distance ---------------------------------------------------------------------------------------


def on_a_map(many: int) -> dict[frozenset[str], int]:
    """Whole km between units on a spiral."""
    places = {code: (hypot(n, 3) * (n % 7), (n * 37) % 101) for n, code in enumerate(codes(many))}
    return {
        frozenset((one, other)): round(dist(places[one], places[other]))
        for one, other in combinations(places, 2)
    }


def test_distances_are_minimised_before_the_lot_or_capped() -> None:
    known = on_a_map(20)
    anywhere = draw(among(20))
    near, capped = (draw(among(20, distances=known, within=cap)) for cap in (None, 90))
    assert anywhere is not None
    assert near is not None
    assert capped is not None
    assert max(known[frozenset(pair)] for pair in capped.pairs) <= 90
    assert near.distance < capped.distance
    assert near.distance < sum(known[frozenset(pair)] for pair in anywhere.pairs)


def test_a_distance_that_is_missing_is_asked_for() -> None:
    known = on_a_map(4)
    del known[frozenset(("u001", "u003"))]
    with pytest.raises(BadValue, match="u001 and u003"):
        among(4, distances=known)


# --- no draw ----------------------------------------------------------------------------------------


def why(problem: Problem) -> tuple[Constraint, ...]:
    assert draw(problem) is None
    found = conflict_of(problem, {"u000": Text("东区", "East")})
    assert found is not None
    return found.constraints


def texts(constraints: tuple[Constraint, ...]) -> set[str]:
    return {one.text.en for one in constraints}


def test_two_units_cant_check_each_other() -> None:
    assert texts(why(among(2))) == {
        "nobody checks itself",
        "nobody checks the unit that checks it",
        "East is checked by 1",
        "u001 is checked by 1",
    }


def test_whoever_may_check_nobody_new_is_named_with_the_pairs_of_the_round_before() -> None:
    last = frozenset([Pair("u000", "u001"), Pair("u000", "u002")])
    found = why(among(3, last=last))
    assert texts(found) == {
        "nobody checks itself",
        "East checks at least 1",
        "no pair of the round before: East checked u001",
        "no pair of the round before: East checked u002",
    }
    assert "let East check u001 again (--allow u000:u001)" in {one.relax.en for one in found if one.relax}


def test_a_unit_that_everybody_is_recused_from_is_named_once() -> None:
    problem = among(60, barred={Pair(code, "u007"): KIN for code in codes(60) if code != "u007"})
    (itself, needed, recused) = why(problem)
    assert needed.text.zh == "u007须由 1 个单位检查"
    assert recused.text.en.startswith("recused: East, u001, ")
    assert recused.text.en.endswith(" and 47 more may not check u007 (kin)")
    assert itself.relax is None


def test_too_few_for_too_many_are_named_with_their_loads() -> None:
    """Six units may be checked by five only."""
    barred = {Pair(who, unit): KIN for who in codes(40)[5:] for unit in codes(40)[10:16]}
    found = why(among(40, barred=barred))
    needed, loads = ([one for one in found if getattr(one, name)] for name in ("needs", "most"))
    assert (len(needed), len(loads)) == (6, 5)


def test_a_cap_that_leaves_a_unit_alone_is_named() -> None:
    known = {two: (500 if "u003" in two else 10) for two in on_a_map(6)}
    assert texts(why(among(6, distances=known, within=100))) >= {
        "whoever checks u003 is no more than 100 km away"
    }


@settings(deadline=None)
@given(problems())
def test_what_conflicts_conflicts_and_nothing_of_it_can_be_left_out(problem: Problem) -> None:
    found = conflict_of(problem)
    assert (found is None) == (brute(problem) is not None)
    if found is None:
        return
    every = found.constraints
    assert _conflict(problem, every)
    for left_out in every:
        assert not _conflict(problem, [one for one in every if one is not left_out])
    assert found.text.zh
    assert found.text.en


# --- checking what was published --------------------------------------------------------------------


def test_a_published_draw_that_was_changed_is_found_out() -> None:
    problem = among(12)
    found = draw(problem)
    assert found is not None
    first, second, *rest = found.pairs
    swapped = [Pair(first.checker, second.checked), Pair(second.checker, first.checked), *rest]
    assert faults_of(problem, found.pairs) == ()
    assert faults_of(problem, swapped) != ()
    assert any("checked by 0" in one.en for one in faults_of(problem, found.pairs[1:]))


@pytest.mark.parametrize("seed", ["", "  ", "two\nlines"])
def test_a_seed_is_a_line_of_text(seed: str) -> None:
    with pytest.raises(BadValue, match="seed"):
        among(3, seed)


def test_300_units_take_less_than_five_seconds() -> None:
    first = draw(among(300, "warm"))
    assert first is not None
    begun = time.process_time()
    found = draw(among(300, last=frozenset(first.pairs)))
    assert found is not None
    assert time.process_time() - begun < 5
