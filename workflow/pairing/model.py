"""A draw as a linear program and as a model of OR-tools. Nobody else knows that library.

The linear program (GLOP) leaves fractions, works in floating point, and gives prices; nothing rests on
its exactness. The model of whole numbers (CP-SAT) is exact: it proves what it says in integers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import Refused
from .problem import Pair, Problem

PATIENCE = 60.0  # s for one model; 300 units take a fraction of one


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """Duals of the linear program: what a row's right side is worth, in the objective's unit."""

    checked: Mapping[str, float]  # being checked once more
    checkers: Mapping[str, float]  # checking once more
    twos: Mapping[frozenset[str], float]  # checking each other


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """Which rows a model has; without a bound there is none."""

    needs: Mapping[str, int]  # checked -> by how many
    least: Mapping[str, int]  # checker -> how many at least
    most: Mapping[str, int]  # checker -> how many at most
    apart: bool  # nobody checks the unit that checks it

    @classmethod
    def of(cls, problem: Problem) -> Rows:
        """All rows of a problem."""
        least, most = problem.load
        return cls(
            needs=dict.fromkeys(problem.checked, problem.each),
            least=dict.fromkeys(problem.checkers, least),
            most=dict.fromkeys(problem.checkers, most),
            apart=True,
        )


def twos_of(pairs: Collection[Pair]) -> list[tuple[Pair, Pair]]:
    """Pairs of pairs that check each other."""
    known = set(pairs)
    back = ((pair, Pair(pair.checked, pair.checker)) for pair in pairs if pair.checker < pair.checked)
    return [(pair, other) for pair, other in back if other in known]


# --- linear -----------------------------------------------------------------------------------------


def prices_of(rows: Rows, costs: Mapping[Pair, float]) -> Prices | None:
    """The prices at the cheapest fractional draw over these pairs; None if there is none."""
    from ortools.linear_solver import pywraplp

    solver = pywraplp.Solver.CreateSolver("GLOP")
    flows = {pair: solver.NumVar(0.0, 1.0, "") for pair in costs}
    objective = solver.Objective()
    for pair, cost in costs.items():
        objective.SetCoefficient(flows[pair], cost)
    checked, checkers = _linear_rows(solver, rows, flows)
    twos = {frozenset(one): solver.Add(flows[one] + flows[other] <= 1) for one, other in twos_of(costs)}
    if solver.Solve() != pywraplp.Solver.OPTIMAL:
        return None
    return Prices(
        checked={code: row.dual_value() for code, row in checked.items()},
        checkers={code: row.dual_value() for code, row in checkers.items()},
        twos={two: row.dual_value() for two, row in twos.items()},
    )


def _linear_rows(solver: Any, rows: Rows, flows: Mapping[Pair, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    checked = {code: solver.Constraint(need, need) for code, need in rows.needs.items()}
    checkers = {
        code: solver.Constraint(rows.least.get(code, 0), rows.most.get(code, solver.infinity()))
        for code in rows.most.keys() | rows.least.keys()
    }
    for pair, flow in flows.items():
        for own, code in ((checked, pair.checked), (checkers, pair.checker)):
            if code in own:
                own[code].SetCoefficient(flow, 1)
    return checked, checkers


# --- whole numbers ----------------------------------------------------------------------------------


def cheapest(rows: Rows, costs: Mapping[Pair, int], known: Collection[Pair] = ()) -> list[Pair] | None:
    """The pairs of the cheapest draw from these; None if there is none.

    Args:
        known: a draw to begin from, if there is one.

    Raises:
        Refused: it could not be settled within `PATIENCE`.
    """
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    chosen = {pair: model.new_bool_var("") for pair in costs}
    _whole_rows(model, rows, chosen)
    model.minimize(sum(costs[pair] * one for pair, one in chosen.items()))
    for pair in known:
        model.add_hint(chosen[pair], True)
    solver = _solver()
    status = solver.solve(model)
    if status == cp_model.INFEASIBLE:
        return None
    if status != cp_model.OPTIMAL:
        raise _unsettled()
    return [pair for pair, one in chosen.items() if solver.boolean_value(one)]


def is_possible(rows: Rows, pairs: Collection[Pair]) -> bool:
    """Whether there is a draw from these pairs at all."""
    return cheapest(rows, dict.fromkeys(pairs, 0)) is not None


def _whole_rows(model: Any, rows: Rows, chosen: Mapping[Pair, Any]) -> None:
    checked: defaultdict[str, list[Any]] = defaultdict(list)
    checkers: defaultdict[str, list[Any]] = defaultdict(list)
    for pair, one in chosen.items():
        checked[pair.checked].append(one)
        checkers[pair.checker].append(one)
    for code, need in rows.needs.items():
        model.add(sum(checked[code]) == need)
    for code, least in rows.least.items():
        model.add(sum(checkers[code]) >= least)
    for code, most in rows.most.items():
        model.add(sum(checkers[code]) <= most)
    for one, other in twos_of(chosen) if rows.apart else ():
        model.add_at_most_one(chosen[one], chosen[other])


def _solver() -> Any:
    """One worker and a fixed seed: the same model takes the same way."""
    from ortools.sat.python import cp_model

    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.linearization_level = 2  # without every row in its relaxation it searches for minutes
    solver.parameters.max_time_in_seconds = PATIENCE
    return solver


def _unsettled() -> Refused:
    return Refused(
        f"{PATIENCE:.0f} 秒内未能算出抽签结果，未作改动。请减少限制（如距离上限、回避），或分组抽签。",
        f"The draw could not be settled within {PATIENCE:.0f} s; nothing was changed. Set fewer constraints "
        "(a cap on distance, recusals), or draw in groups.",
    )


# --- strain -----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Strain:
    """What a problem without a draw breaks at: rows and forbidden pairs that a fractional draw needs bent."""

    checked: frozenset[str]
    checkers: frozenset[str]
    pairs: frozenset[Pair]


_NOTHING = 1e-7  # a price below this is none


def strain_of(rows: Rows, pairs: Sequence[Pair], forbidden: Collection[Pair]) -> Strain:
    """Where prices are when rows may be bent for a fine: on what conflicts, if fractions conflict at all."""
    from ortools.linear_solver import pywraplp

    solver = pywraplp.Solver.CreateSolver("GLOP")
    flows = {pair: solver.NumVar(0.0, 0.0 if pair in forbidden else 1.0, "") for pair in pairs}
    checked, checkers = _linear_rows(solver, rows, flows)
    fines = solver.Objective()
    for row in (*checked.values(), *checkers.values()):
        for sign in (1, -1):
            slack = solver.NumVar(0.0, solver.infinity(), "")
            row.SetCoefficient(slack, sign)
            fines.SetCoefficient(slack, 1)
    solver.Solve()
    return Strain(
        checked=frozenset(code for code, row in checked.items() if abs(row.dual_value()) > _NOTHING),
        checkers=frozenset(code for code, row in checkers.items() if abs(row.dual_value()) > _NOTHING),
        pairs=frozenset(pair for pair in forbidden if flows[pair].reduced_cost() < -_NOTHING),
    )
