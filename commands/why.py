"""Why: lights, deadlines, episodes, what comes next."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.errors import UsageError
from workflow.text import Text

from .arguments import AsJson, TaskNumber, argument, command, group
from .desk import desk_of

if TYPE_CHECKING:
    from workflow.explaining import Subject

app = group()


@command(
    app,
    "为什么：灯色、期限、预警、时钟下一步。",
    "Why a light, a deadline, an episode; what comes next.",
)
def explain(
    ctx: typer.Context,
    task: TaskNumber,
    what: Annotated[
        str | None,
        argument(
            "light、deadline、wake、rules、state，或 episode 加规则名。",
            "light, deadline, wake, rules, state, or episode RULE.",
        ),
    ] = None,
    rule: Annotated[str | None, argument("规则名。", "A rule.", metavar="RULE")] = None,
    as_json: AsJson = False,
) -> None:
    from workflow.explaining import subject_of
    from workflow.reading import read_number

    desk = desk_of(ctx)
    with desk.frame() as frame:
        sections = _sections(subject_of(frame, read_number(frame, task)), what, rule)
    if as_json:
        desk.json([{"about": name, "lines": lines} for name, _, lines in sections])
        return
    for _, title, lines in sections:
        desk.lines([title])
        desk.lines(lines, "  ")


def _sections(
    subject: Subject, what: str | None, rule: str | None
) -> list[tuple[str, Text, tuple[Text, ...]]]:
    from workflow import explaining as why

    if what == "episode":
        return [(what, Text("预警", "Episode"), why.episode(subject, _rule_of(subject, rule)))]
    parts: dict[str, tuple[Text, Callable[[Subject], tuple[Text, ...]]]] = {
        "state": (Text("现状", "Where it stands"), why.state),
        "light": (Text("亮灯", "Light"), why.light),
        "deadline": (Text("期限", "Deadline"), why.deadline),
        "rules": (Text("各条规则", "Rules"), _rules),
        "wake": (Text("时钟", "The clock"), why.next_wake),
    }
    if what is not None and what not in parts:
        raise UsageError(
            f"不能解释“{what}”。可选：light、deadline、wake、rules、state、episode 规则名。",
            f"{what!r} can't be explained. Choose light, deadline, wake, rules, state, or episode RULE.",
        )
    chosen = list(parts) if what is None else [what]
    return [(name, parts[name][0], parts[name][1](subject)) for name in chosen]


def _rules(subject: Subject) -> tuple[Text, ...]:
    """Each with the name by which `episode RULE` asks for it."""
    from workflow.explaining import rules

    found = rules(subject)
    width = max(map(len, found), default=0)
    return tuple(
        Text(f"{name:<{width}}  {said.zh}", f"{name:<{width}}  {said.en}") for name, said in found.items()
    )


def _rule_of(subject: Subject, rule: str | None) -> str:
    from workflow.reading.people import known

    rules = subject.definition.rules
    if rule is None:
        listed = ", ".join(rules)
        raise UsageError(f"请写明规则名：{listed}。", f"Name the rule: {listed}.")
    if rule not in rules:
        raise known(Text("预警规则", "rule"), rule, rules)
    return rule
