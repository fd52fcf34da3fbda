"""Why a deadline is when it is, and what the clock will do next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..calendar import Duration, parse_duration
from ..clock import span
from ..condition import effective
from ..forecast import YEAR, World, forecast
from ..reading.foretelling import step_text
from ..text import Text
from .subject import Subject

STEPS = 50  # more events than happen to a task at one instant


def deadline(subject: Subject) -> tuple[Text, ...]:
    """How the deadline came about, line by line, with the stops and with this step's own limit."""
    task, words = subject.loaded.task, subject.words
    if task.deadline is None:
        return Text("没有期限", "There is no deadline"), *_step(subject)
    basis = words.basis(task.deadline_basis)
    lines = [Text(f"期限依据：{basis.zh}", f"The deadline rests on: {basis.en}")]
    lines.extend(_derivation(subject, task.deadline_anchor, task.deadline_basis))
    lines.append(Text(f"期限：{words.when(task.deadline)}", f"Deadline: {words.when(task.deadline)}"))
    lines.extend(_stops(subject, task.deadline))
    if task.provisional:
        provisional = Text(
            "该期限跨入放假通知尚未公布的年份，为暂定",
            "It reaches into a year whose notice is not published: it is provisional",
        )
        lines.append(provisional)
    return *lines, *_step(subject)


def _derivation(subject: Subject, anchor: int, basis: str) -> Iterator[Text]:
    calendar, length = subject.around.calendar, _length(basis)
    if length is not None:
        yield from indented(calendar.explain(anchor, length))
        return
    milestone = subject.around.milestones.get(basis.removeprefix("campaign "))
    if milestone is not None and basis.startswith("campaign "):
        day = milestone.isoformat()
        yield Text(
            f"  该节点为 {day}，止于当天最后一毫秒（{calendar.zone}）",
            f"  that milestone is {day}, to its last millisecond ({calendar.zone})",
        )
        yield from _moved_by(subject)


def _moved_by(subject: Subject) -> Iterator[Text]:
    """By whom and on what basis the milestone was moved, if it was."""
    moved, words = subject.moved, subject.words
    if moved is None:
        return
    who, when = words.names.person(moved.person_id), words.when(moved.moved_at)
    yield Text(
        f"  {who.zh}于 {when} 将它由 {moved.replaced} 改到 {moved.day}，依据：{moved.basis}",
        f"  {who.en} moved it from {moved.replaced} to {moved.day} on {when}, because of: {moved.basis}",
    )


def _length(basis: str) -> Duration | None:
    try:
        return parse_duration(basis.removesuffix(" after opened"))
    except ValueError:
        return None


def indented(lines: Sequence[Text]) -> Iterator[Text]:
    """Lines that belong below another."""
    return (Text(f"  {line.zh}", f"  {line.en}") for line in lines)


def _stops(subject: Subject, instant: int) -> Iterator[Text]:
    """Each stop since the deadline was set, and where that leaves the deadline."""
    task, words = subject.loaded.task, subject.words
    counted = [stop for stop in task.stops if stop[1] is None or stop[1] > task.deadline_set_at]
    for begin, end in counted:
        start = words.when(begin)
        if end is None:
            yield Text(f"  自 {start} 起计时暂停，尚未恢复", f"  the clocks stand still since {start}")
            continue
        zh, en = span(end - max(begin, task.deadline_set_at))
        yield Text(
            f"  {start} 至 {words.when(end)} 计时暂停 {zh}",
            f"  stopped from {start} to {words.when(end)}: {en}",
        )
    due = effective(task.stops, task.deadline_set_at, instant)
    if counted:
        yield Text(f"计入暂停后：{words.when(due)}", f"With the stops: {words.when(due)}")


def _step(subject: Subject) -> Iterator[Text]:
    """This step's own limit; no stop moves it, and one that has run out stays when the calendar changes."""
    task, calendar = subject.loaded.task, subject.around.calendar
    within, end = subject.definition.states[task.state].within, task.step_end
    if within is None or end is None or task.ended_at is not None:
        return
    label, until = subject.words.state(task.state), subject.words.when(end)
    yield Text(
        f"本环节“{label.zh}”时限 {within.text.zh}，至 {until}",
        f"This step ({label.en}) has {within.text.en}, until {until}",
    )
    if calendar.add(task.state_since, within) == end:
        yield from indented(calendar.explain(task.state_since, within))
    else:
        yield Text(
            "  按当时的日历计算，已到期的不再改动", "  reckoned by the calendar of that time, and kept"
        )


# --- the next look ----------------------------------------------------------------------------------


def next_wake(subject: Subject) -> tuple[Text, ...]:
    """When the clock looks at the task next, and what will happen then if nobody acts before."""
    task, words = subject.loaded.task, subject.words
    if task.wake_at is None:
        return (
            Text(
                "时钟不会再看它：只有人或其他事项能使它变化",
                "The clock won't look at it: only people or other tasks can change it",
            ),
        )
    when = words.when(task.wake_at)
    lines = [Text(f"时钟下次看它：{when}", f"The clock looks at it next: {when}")]
    if task.wake_at <= subject.around.now:
        late = Text("该时刻已过，守护进程尚未处理", "That has passed, and the daemon hasn't come by")
        lines.append(late)
    return *lines, *_foreseen(subject)


def _foreseen(subject: Subject) -> Iterator[Text]:
    """What happens first if nobody acts, as the engine will decide it."""
    words, task = subject.words, subject.loaded.task
    world = World(
        focus=task.id,
        now=subject.around.now,
        tasks={task.id: subject.loaded},
        arounds={task.version_id: subject.around},
    )
    found = forecast(world, until=world.now + 10 * YEAR, steps=STEPS, first=True)
    if not found.steps:
        nothing = Text("若无人办理，此后不再变化", "If nobody acts, nothing happens after that")
        yield from found.notes if found.undecided else (nothing,)
        return
    when = words.when(found.first()[0].recorded_at)
    yield Text(f"若无人办理，{when} 将发生：", f"If nobody acts, on {when}:")
    yield from indented([step_text(step, words) for step in found.first()])
