"""Whether a published draw is the one that its seed gives: its constraints, then its optimality."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ..text import Text
from .problem import Pair, Problem
from .solving import draw


def faults_of(problem: Problem, pairs: Iterable[Pair]) -> tuple[Text, ...]:
    """Everything that is wrong with a published draw; nothing if it is what its seed gives.

    It is drawn again. Two draws that cost the same are as good as each other: once in ten million.

    Raises:
        Refused: it could not be settled in time.
    """
    found = tuple(pairs)
    faults = (*_strangers(problem, found), *_forbidden(problem, found), *_counts(problem, found))
    return faults or tuple(_dearer(problem, found))


def _strangers(problem: Problem, pairs: tuple[Pair, ...]) -> Iterator[Text]:
    for pair, times in sorted(Counter(pairs).items()):
        name = f"{pair.checker}→{pair.checked}"
        if pair.checker not in problem.checkers or pair.checked not in problem.checked:
            yield Text(f"{name}：有单位不在抽签范围内", f"{name}: a unit that does not take part")
        if times > 1:
            yield Text(f"{name}：出现 {times} 次", f"{name}: stands there {times} times")


def _forbidden(problem: Problem, pairs: tuple[Pair, ...]) -> Iterator[Text]:
    known = set(pairs)
    for pair in sorted(known):
        name = f"{pair.checker}→{pair.checked}"
        if pair.checker == pair.checked:
            yield Text(f"{name}：自己查自己", f"{name}: checks itself")
        elif pair.checker < pair.checked and Pair(pair.checked, pair.checker) in known:
            yield Text(f"{name}：互相检查", f"{name}: they check each other")
        if pair in problem.last:
            yield Text(f"{name}：与上一轮重复", f"{name}: a pair of the round before")
        if pair in problem.barred:
            why = problem.barred[pair]
            yield Text(f"{name}：应当回避（{why.zh}）", f"{name}: recused ({why.en})")
        if problem.is_too_far(pair):
            yield Text(f"{name}：超过距离上限", f"{name}: further apart than the cap")


def _counts(problem: Problem, pairs: tuple[Pair, ...]) -> Iterator[Text]:
    least, most = problem.load
    checked, checkers = Counter(one.checked for one in pairs), Counter(one.checker for one in pairs)
    for code in sorted(problem.checked):
        if checked[code] != problem.each:
            yield Text(
                f"{code}：由 {checked[code]} 个单位检查，应为 {problem.each} 个",
                f"{code}: checked by {checked[code]}, not by {problem.each}",
            )
    for code in sorted(problem.checkers):
        if not least <= checkers[code] <= most:
            yield Text(
                f"{code}：检查 {checkers[code]} 个单位，应为 {least} 至 {most} 个",
                f"{code}: checks {checkers[code]}, not {least} to {most}",
            )


def _dearer(problem: Problem, pairs: tuple[Pair, ...]) -> Iterator[Text]:
    best = draw(problem)
    if best is None or sum(map(problem.cost, pairs)) != best.cost:
        yield Text("不是该种子所抽出的结果", "this is not what the seed draws")
