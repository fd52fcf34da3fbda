"""The notifier as the console's settings page knows it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from workflow.errors import Unknown
from workflow.text import Text

from .desk import Desk

if TYPE_CHECKING:
    from console.installation import Setting, Switch
    from notifier.settings import BudgetTable
    from workflow.doctor import Finding
    from workflow.engine import Frame

_COUNTED = {
    "number": Text("每个地址每日", "to one address a day"),
    "template": Text("每类消息每日", "of one class of message a day"),
    "unit": Text("每单位每日", "about one unit a day"),
    "day": Text("合计每日", "in all a day"),
}


class DeskMessenger:
    """The settings file of a desk, and the channels of its database."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._read = desk, desk.settings

    @property
    def file(self) -> str | None:
        """Its name alone: where it lies is nobody's business on a page."""
        return None if self._read is None else self._read.file.name

    def settings(self) -> Sequence[Setting]:
        """Quiet hours and budgets as they stand."""
        from console.installation import Setting

        if self._read is None:
            return ()
        manners = self._read.manners
        days = Text("仅工作日", "workdays only") if manners.workdays_only else Text("每天", "every day")
        found = [
            Setting(
                label=Text("免打扰时段", "Quiet hours"),
                value=Text(manners.quiet, manners.quiet),
                place="[manners] quiet",
            ),
            Setting(label=Text("发送日", "Days"), value=days, place="[manners] workdays_only"),
        ]
        for name in self._read.channels:
            found += _budget(name, self._read.budgets.get(name))
        return found

    def switches(self, frame: Frame) -> Sequence[Switch]:
        """Every channel."""
        from console.installation import Switch
        from notifier.reading import channels

        return [
            Switch(
                name=one.name,
                waiting=one.counts.get("waiting", 0),
                paused=one.paused_at is not None,
                why=one.why,
                by=one.paused_by,
            )
            for one in channels(frame, self._known)
        ]

    def findings(self, frame: Frame) -> Iterator[Finding]:
        """What is wrong or odd with messages."""
        from notifier.doctor import findings

        return findings(frame, None if self._read is None else self._known)

    def stop(self, channel: str, who: str, why: str, now: int) -> None:
        """Send nothing on a channel until somebody lets it go on."""
        from notifier.handling import pause_channel

        self._check(channel)
        pause_channel(self._desk.port, channel, who, Text(why, why), now)

    def go_on(self, channel: str, who: str, now: int) -> None:
        """Send on it again."""
        from notifier.handling import resume_channel

        self._check(channel)
        resume_channel(self._desk.port, channel, who, now)

    @property
    def _known(self) -> list[str]:
        return [] if self._read is None else list(self._read.channels)

    def _check(self, channel: str) -> None:
        with self._desk.frame() as frame:
            if channel not in {one.name for one in self.switches(frame)}:
                raise Unknown(f"没有通道“{channel[:40]}”。", f"There is no channel {channel[:40]!r}.")


def _budget(name: str, budget: BudgetTable | None) -> Iterator[Setting]:
    from console.installation import Setting

    for key, label in _COUNTED.items():
        limit = None if budget is None else getattr(budget, key)
        if limit is not None:
            yield Setting(
                label=Text(f"{name}：{label.zh}", f"{name}: {label.en}"),
                value=Text(f"{limit} 条", f"{limit} messages"),
                place=f"[budgets.{name}] {key}",
            )
    if budget is None:
        yield Setting(
            label=Text(f"{name}：预算", f"{name}: budget"),
            value=Text("不限", "none"),
            place=f"[budgets.{name}]",
        )
