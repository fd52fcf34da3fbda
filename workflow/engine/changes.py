"""What a decision that was not written yet would change on a task: what a report shows first. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ..decision import Decision, EventDraft
from ..errors import DubanError
from ..text import Text


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskChange:
    """One task before and after."""

    task_id: int
    campaign_id: int
    versions: tuple[int, int]
    kind: str
    unit_id: int
    states: tuple[str, str]
    due: tuple[int | None, int | None]  # stops included
    step: tuple[int | None, int | None]  # end of the state's `within`
    lights: tuple[str, str]
    opened: tuple[str, ...]  # rules whose episode opens
    ended: tuple[tuple[str, str], ...]  # rules whose episode ends, and why
    kept: tuple[str, ...]  # rules whose episode stays open
    opens: tuple[str, ...]  # kinds of the tasks that follow

    @property
    def is_visible(self) -> bool:
        """Whether anybody would see a difference."""
        pairs = (self.states, self.due, self.step, self.lights)
        return bool(self.opened or self.ended or self.opens) or any(old != new for old, new in pairs)


def change_of(decision: Decision, live: tuple[str, ...]) -> TaskChange:
    """What a decision changes.

    Args:
        live: the rules whose episodes were open before.
    """
    before, after = decision.before, decision.task
    ended = [(one.header["rule"], one.header["why"]) for one in _of(decision, "episode_ended")]
    over = {rule for rule, _ in ended}
    return TaskChange(
        task_id=after.id,
        campaign_id=after.campaign_id,
        versions=(before.version_id, after.version_id),
        kind=after.kind,
        unit_id=after.unit_id,
        states=(before.state, after.state),
        due=(before.due_at, after.due_at),
        step=(before.step_end, after.step_end),
        lights=(before.light, after.light),
        opened=tuple(one.header["rule"] for one in _of(decision, "episode_opened")),
        ended=tuple(ended),
        kept=tuple(rule for rule in live if rule not in over),
        opens=tuple(new.kind for new in decision.opens),
    )


def _of(decision: Decision, kind: str) -> list[EventDraft]:
    return [one for one in decision.events if one.kind == kind]


def told_of(error: BaseException) -> Text:
    """What a report says of an error that one task has met."""
    if isinstance(error, DubanError):
        return error.text
    told = str(error) or type(error).__name__
    return Text(told, told)
