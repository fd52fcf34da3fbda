"""The draw of pairs (抽签): who checks whom. Pure: the same problem gives the same draw.

    problem    what is to be drawn, under which constraints; what a pair costs under a seed
    model      a problem as a linear program and as a model of OR-tools: the only one who knows it
    solving    the cheapest draw, with a proof in whole numbers that there is no cheaper one
    conflict   where there is none: the constraints that conflict, none of which can be left out
    checking   whether a published draw is the one that its seed gives

A draw is defined by its recipe alone (docs/pairing.md): of all draws that satisfy the constraints the
one with the smallest sum of costs, a pair's cost being 40 bits of a hash over the seed and the codes of
both units. Whoever has the seed and the constraints finds the same draw with any solver.
"""

from __future__ import annotations

from .checking import faults_of
from .conflict import Conflict, Constraint, conflict_of, conflict_to
from .problem import Drawn, Pair, Problem, problem_from, problem_of
from .solving import draw

__all__ = [
    "Conflict",
    "Constraint",
    "Drawn",
    "Pair",
    "Problem",
    "conflict_of",
    "conflict_to",
    "draw",
    "faults_of",
    "problem_from",
    "problem_of",
]
