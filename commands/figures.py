"""Figures: scores by the published formulas, and the checklist of indicators."""

from __future__ import annotations

from typing import Annotated

import typer

from .arguments import AsJson, OfTrack, SomeTask, command, group, option
from .desk import desk_of

app = group()


@command(app, "按公布的公式为单位排名，各项得分一并列出。", "Units ranked by the published formula.")
def scores(
    ctx: typer.Context,
    kind: Annotated[str | None, option("单位类别。", "Kind of unit.")] = None,
    track: OfTrack = None,
    as_json: AsJson = False,
) -> None:
    from workflow.reading import figure_screens
    from workflow.reading.figures import rankings

    desk = desk_of(ctx)
    with desk.frame() as frame:
        found = rankings(frame, kind, track)
    if as_json:
        desk.json(found)
        return
    desk.blocks(figure_screens.rankings(found))
    if not found:
        desk.say(
            "没有公布评分公式（campaign.yaml 的 scores）。",
            "No formula is published (scores in campaign.yaml).",
        )


@command(
    app,
    "评价指标体系，按章节列出；给出事项则列出其得分。",
    "The checklist by chapter, with its weights; of a task, with the points.",
)
def indicators(ctx: typer.Context, task: SomeTask = None, as_json: AsJson = False) -> None:
    from workflow.reading import figure_screens, read_number
    from workflow.reading.figures import checklists, marks

    desk = desk_of(ctx)
    with desk.frame() as frame:
        found = checklists(frame) if task is None else (marks(frame, read_number(frame, task)),)
    if as_json:
        desk.json(found)
        return
    desk.blocks(block for one in found for block in figure_screens.checklist(one))
    if not any(one.items for one in found):
        desk.say("没有评价指标。", "There are no indicators.")
