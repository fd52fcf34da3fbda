"""What both renderers say of lights, of the machine, and of a task's place: never by colour alone."""

from __future__ import annotations

from collections.abc import Mapping

from ..definition.model import Light
from ..text import Text

NOW = Text("现在在此", "it is here now")
MACHINE = Text("系统自动", "by the machine")
OPEN_NOW = Text("正在预警", "holds now")
RULES = Text("预警规则", "Escalation rules")
NO_LIGHT = Text("不亮灯", "no light")
SHAPES: Mapping[Light, str] = {"green": "●", "blue": "◆", "yellow": "▲", "red": "■"}


def times(count: int) -> Text | None:
    """How often something happened to this task; nothing where it never did."""
    return Text(f"已 {count} 次", "once so far" if count == 1 else f"{count} times so far") if count else None


def pending(waits: bool) -> Text | None:
    """That an act waits for a second person."""
    return Text("待批准", "waits to be confirmed") if waits else None
