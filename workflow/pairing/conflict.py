"""Why there is no draw: constraints that conflict, none of which can be left out, and what to relax.

Constraints are named one by one: each recusal, each pair of the round before, each unit's checkers, each
checker's load, each unit's distances. The prices of a linear program point at a few of them; they are
then left out one after the other as long as what remains still allows no draw.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..text import Text
from .model import Rows, Strain, is_possible, strain_of
from .problem import Pair, Problem

FEW = 60  # constraints that are all looked at, for the smallest of several conflicts
SHOWN = 12  # clauses, or units in a clause; the record holds all


@dataclass(frozen=True, kw_only=True, slots=True)
class Constraint:
    """One thing that a draw must keep to."""

    text: Text  # what it says, as a clause
    relax: Text | None  # what a person may do about it; None where nothing can be done
    needs: str | None = None  # this unit must be checked by as many as it takes
    least: str | None = None  # this one must check as many as it must
    most: str | None = None  # this one checks no more than it may
    is_apart: bool = False  # nobody checks the unit that checks it
    forbids: frozenset[Pair] = frozenset()  # these pairs are not drawn


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """Constraints that can't all be kept, though any all but one of them can."""

    constraints: tuple[Constraint, ...]

    @property
    def text(self) -> Text:
        """What conflicts, and what to relax, in one paragraph."""
        keep = _clauses([one.text for one in self.constraints])
        ways = dict.fromkeys(one.relax for one in self.constraints if one.relax is not None)
        relax, count = _clauses(list(ways)), len(self.constraints)
        return Text(
            f"互查抽签无解，以下 {count} 条不能同时满足：{keep.zh}。只需放宽其中一条：{relax.zh}。",
            f"No draw is possible: these {count} can't all be kept: {keep.en}. To relax any one of them is "
            f"enough: {relax.en}.",
        )


def conflict_of(problem: Problem, names: Mapping[str, Text] | None = None) -> Conflict | None:
    """The smallest conflict that leaving out leads to; None if the problem has a draw after all.

    Args:
        names: of units, by code; without one the code stands for it.

    Raises:
        Refused: it could not be settled in time.
    """
    every = _Naming(problem, names or {}).constraints()
    starts = [every, every[::-1]] if len(every) <= FEW else []
    starts += next(([some, some[::-1]] for some in _suspects(problem, every) if _conflict(problem, some)), [])
    ways = [_reduced(problem, some) for some in starts if _conflict(problem, some)]
    smallest = min(ways, key=len, default=None)
    if smallest is None:
        return None
    return Conflict(constraints=tuple(one for one in every if one in smallest))


def _clauses(texts: Sequence[Text]) -> Text:
    few, more = texts[:SHOWN], len(texts) - SHOWN
    zh, en = "；".join(one.zh for one in few), "; ".join(one.en for one in few)
    return Text(f"{zh}；等共 {len(texts)} 条", f"{en}; and {more} more") if more > 0 else Text(zh, en)


# --- leaving out ------------------------------------------------------------------------------------


def _reduced(problem: Problem, suspects: Sequence[Constraint]) -> list[Constraint]:
    """What is left when nothing more can be left out: in large pieces first, then one by one."""
    left, size = list(suspects), max(1, len(suspects) // 2)
    while True:
        position = 0
        while position < len(left):
            without = left[:position] + left[position + size :]
            if _conflict(problem, without):
                left = without
            else:
                position += size
        if size == 1:
            return left
        size = max(1, size // 2)


def _conflict(problem: Problem, constraints: Sequence[Constraint]) -> bool:
    """Whether these alone allow no draw."""
    rows = _rows(problem, constraints)
    bound = rows.most.keys() | rows.least.keys()
    touched = {Pair(checker, checked) for checker in problem.checkers for checked in rows.needs}
    touched.update(Pair(checker, checked) for checker in bound for checked in problem.checked)
    return not is_possible(rows, sorted(touched - _forbidden(constraints)))


def _rows(problem: Problem, constraints: Iterable[Constraint]) -> Rows:
    least, most = problem.load
    own = list(constraints)
    return Rows(
        needs={one.needs: problem.each for one in own if one.needs is not None},
        least={one.least: least for one in own if one.least is not None},
        most={one.most: most for one in own if one.most is not None},
        apart=any(one.is_apart for one in own),
    )


def _forbidden(constraints: Iterable[Constraint]) -> set[Pair]:
    return {pair for one in constraints for pair in one.forbids}


def _suspects(problem: Problem, every: Sequence[Constraint]) -> Iterator[list[Constraint]]:
    """Constraints that the linear program has to bend or wishes away: where too few can check, then where
    too few can be checked; at last every constraint."""
    rows, pairs, forbidden = _rows(problem, every), list(problem.pairs()), _forbidden(every)
    for own in (replace(rows, least={}), replace(rows, needs={}), rows):
        strain = strain_of(own, pairs, forbidden)
        yield [one for one in every if _is_strained(one, strain, own)]
    yield list(every)


def _is_strained(one: Constraint, strain: Strain, rows: Rows) -> bool:
    bent = one.needs in strain.checked or any(
        code is not None and code in bounds and code in strain.checkers
        for code, bounds in ((one.least, rows.least), (one.most, rows.most))
    )
    return bent or not strain.pairs.isdisjoint(one.forbids)


# --- naming -----------------------------------------------------------------------------------------


class _Naming:
    """Names every constraint of a problem. What is easiest to give up comes last: it is kept longest."""

    def __init__(self, problem: Problem, names: Mapping[str, Text]) -> None:
        self._problem, self._names = problem, names

    def constraints(self) -> list[Constraint]:
        problem = self._problem
        own = frozenset(pair for pair in problem.pairs() if pair.checker == pair.checked)
        itself = Text("任何单位不查自己", "nobody checks itself")
        apart = Text("任何两个单位不互相检查", "nobody checks the unit that checks it")
        return [
            Constraint(text=itself, relax=None, forbids=own),
            Constraint(text=apart, relax=None, is_apart=True),
            *map(self._needed, sorted(problem.checked)),
            *(self._least(code) for code in sorted(problem.checkers) if problem.load[0] > 0),
            *map(self._most, sorted(problem.checkers)),
            *self._barred(),
            *self._far(),
            *map(self._last, sorted(problem.last)),
        ]

    def _name(self, code: str) -> Text:
        return self._names.get(code, Text(code, code))

    def _sentence(self, zh: str, en: str, **units: str) -> Text:
        names = {role: self._name(code) for role, code in units.items()}
        return Text(
            zh.format(**{role: name.zh for role, name in names.items()}),
            en.format(**{role: name.en for role, name in names.items()}),
        )

    def _needed(self, code: str) -> Constraint:
        many = self._problem.each
        text = self._sentence(f"{{unit}}须由 {many} 个单位检查", f"{{unit}} is checked by {many}", unit=code)
        relax = self._sentence("本轮不抽{unit}", "leave {unit} out of this round", unit=code)
        return Constraint(text=text, relax=relax, needs=code)

    def _least(self, code: str) -> Constraint:
        least, _ = self._problem.load
        text = self._sentence(
            f"{{unit}}至少检查 {least} 个单位", f"{{unit}} checks at least {least}", unit=code
        )
        return Constraint(text=text, relax=self._more(), least=code)

    def _most(self, code: str) -> Constraint:
        _, most = self._problem.load
        text = self._sentence(f"{{unit}}最多检查 {most} 个单位", f"{{unit}} checks at most {most}", unit=code)
        return Constraint(text=text, relax=self._more(), most=code)

    def _more(self) -> Text:
        more = self._problem.load[1] + 1
        return Text(f"允许每家多查（--most {more}）", f"let a unit check more (--most {more})")

    def _barred(self) -> Iterator[Constraint]:
        """Recusals of one unit for one reason are one constraint."""
        groups: defaultdict[tuple[str, Text], list[Pair]] = defaultdict(list)
        for pair, why in sorted(self._problem.barred.items()):
            groups[pair.checked, why].append(pair)
        for (checked, why), pairs in groups.items():
            who, unit = listed(self._name(pair.checker) for pair in pairs), self._name(checked)
            yield Constraint(
                text=Text(
                    f"回避：{who.zh}不查{unit.zh}（{why.zh}）",
                    f"recused: {who.en} may not check {unit.en} ({why.en})",
                ),
                relax=Text(f"取消对{unit.zh}的一项回避", f"lift a recusal concerning {unit.en}"),
                forbids=frozenset(pairs),
            )

    def _last(self, pair: Pair) -> Constraint:
        text = self._sentence(
            "不与上一轮重复：上一轮{checker}查了{checked}",
            "no pair of the round before: {checker} checked {checked}",
            **pair._asdict(),
        )
        again = f"--allow {pair.checker}:{pair.checked}"
        relax = self._sentence(
            f"允许{{checker}}再查{{checked}}（{again}）",
            f"let {{checker}} check {{checked}} again ({again})",
            **pair._asdict(),
        )
        return Constraint(text=text, relax=relax, forbids=frozenset([pair]))

    def _far(self) -> Iterable[Constraint]:
        problem, most = self._problem, self._problem.within
        for code in sorted(problem.checked) if most is not None else ():
            pairs = (Pair(checker, code) for checker in problem.checkers if checker != code)
            far = frozenset(pair for pair in pairs if problem.is_too_far(pair))
            if far:
                text = self._sentence(
                    f"检查{{unit}}的单位相距不超过 {most} 公里",
                    f"whoever checks {{unit}} is no more than {most} km away",
                    unit=code,
                )
                relax = Text("提高距离上限（--within）", "raise the cap on distance (--within)")
                yield Constraint(text=text, relax=relax, forbids=far)


def listed(texts: Iterable[Text]) -> Text:
    """Some texts in a row; of many only the first, and how many more."""
    every = list(texts)
    few, more = every[:SHOWN], len(every) - SHOWN
    zh, en = "、".join(one.zh for one in few), ", ".join(one.en for one in few)
    return Text(f"{zh}等 {len(every)} 个", f"{en} and {more} more") if more > 0 else Text(zh, en)


def conflict_to(conflict: Conflict) -> dict[str, Any]:
    """A conflict as it is stored."""
    return {
        "text": [*conflict.text],
        "constraints": [[*one.text] for one in conflict.constraints],
        "relax": [[*one.relax] for one in conflict.constraints if one.relax is not None],
    }
