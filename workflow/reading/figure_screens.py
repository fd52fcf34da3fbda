"""Rankings and checklists as blocks of columns, in both languages. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from ..definition.terms import MICRO
from ..text import Text, join, same
from .figures import ChecklistView, IndicatorView, PartView, Ranking, Scored
from .screens import NONE, Block, Row


def rankings(found: Sequence[Ranking]) -> Iterator[Block]:
    """Each ranking under its formula, with every part of each score."""
    for one in found:
        formula = " + ".join(f"{_number(weight)} {source}" for source, weight in one.weights.items())
        head = (Text("名次", "Rank"), Text("单位", "Unit"), Text("得分", "Score"))
        heads = (*head, *(_source(one, source) for source in one.weights))
        yield Block(title=same(f"{one.campaign} · {one.kind} = {formula}"))
        yield Block(rows=(heads, *(_scored(one, unit) for unit in one.units)))


def _source(ranking: Ranking, name: str) -> Text:
    label, weight = ranking.sources[name], _number(ranking.weights[name])
    return Text(f"{label.zh} ×{weight}", f"{label.en} ×{weight}")


def _scored(ranking: Ranking, one: Scored) -> Row:
    rank = NONE if one.rank is None else same(str(one.rank))
    if one.score is None:
        missing = join([ranking.sources[name] for name in one.missing], "、", ", ")
        score = Text(f"缺{missing.zh}", f"{missing.en} missing")
    else:
        score = same(f"{one.score / MICRO:.2f}")
    return rank, one.unit, score, *(_part(part) for part in one.parts)


def _part(part: PartView) -> Text:
    return NONE if part.value is None else same(f"{_number(part.value)} ({part.task})")


def _number(value: int) -> str:
    return f"{value / MICRO:f}".rstrip("0").rstrip(".")


def checklist(found: ChecklistView) -> Iterator[Block]:
    """A checklist by chapter."""
    if not found.items:
        return
    about = found.of_task or found.campaign
    yield Block(
        title=Text(
            f"{about}：指标 {len(found.items)} 条（版本 {found.version}）",
            f"{about}: {len(found.items)} indicators (version {found.version})",
        )
    )
    for chapter, items in groupby(found.items, key=lambda one: one.chapter):
        listed = tuple(items)
        total = _number(sum(one.weight for one in listed))
        title = Text(f"{chapter.zh}（权重合计 {total}）", f"{chapter.en} (weights {total})")
        rows = tuple(_indicator(one, scored=found.of_task is not None) for one in listed)
        yield Block(title=title, rows=rows)


def _indicator(one: IndicatorView, *, scored: bool) -> Row:
    head = (same(one.id), one.label, same(_number(one.weight)))
    if not scored:
        return *head, join(one.scored_by)
    points = Text("未评", "no points yet") if one.points is None else same(str(one.points))
    return *head, points, same(one.remark or "")
