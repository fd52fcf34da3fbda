"""Views as blocks of columns, in both languages: what the command line prints. Pure.

A block is a title and rows of cells; whoever prints it chooses the language and the widths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..calendar import Calendar, CalendarYear
from ..definition.model import LIGHT_LABELS
from ..engine import Frame
from ..text import Text, join, same
from .history import Entry
from .interests import InterestView
from .ledger import Ledger, Line
from .outgoing import Outbox
from .people import AwayView, PersonView, PostView, UnitView
from .planning import Moved
from .standing import EpisodeView, PendingView, Standing
from .words import WHY_ENDED, moment

if TYPE_CHECKING:  # both stand on the queries of this folder
    from ..doctor import Finding
    from ..explaining import Possible

Row = tuple[Text, ...]
NONE = same("—")
NOBODY = Text("无人", "nobody")


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Rows in columns, under a title."""

    title: Text | None = None
    rows: tuple[Row, ...] = ()


def light(name: str) -> Text:
    """A light as people call it."""
    return LIGHT_LABELS.get(name, same(name))


# --- tasks ------------------------------------------------------------------------------------------

_LEDGER = (
    Text("编号", "No."),
    Text("灯", "Light"),
    Text("事项", "Task"),
    Text("单位", "Unit"),
    Text("状态", "State"),
    Text("期限", "Due"),
    Text("等谁", "Waits for"),
)


def ledger(frame: Frame, found: Ledger) -> Iterator[Block]:
    """The ledger as a table."""
    yield Block(rows=(_LEDGER, *(ledger_row(frame, one) for one in found.lines)))
    total, shown = found.total, len(found.lines)
    yield Block(title=Text(f"共 {total} 件，列出 {shown} 件。", f"{total} tasks, {shown} listed."))


def ledger_row(frame: Frame, line: Line) -> Row:
    """A task in one row."""
    due = _due(frame, line)
    return (
        same(line.number),
        light(line.light),
        _kind(line),
        line.unit,
        line.state_label,
        due,
        _waits(line),
    )


def _kind(line: Line) -> Text:
    if line.document is None:
        return line.kind_label
    return Text(f"{line.kind_label.zh} {line.document}", f"{line.kind_label.en} {line.document}")


def _due(frame: Frame, line: Line) -> Text:
    if line.due_at is None:
        return NONE
    when = moment(frame.calendar(line.zone), line.due_at)
    return Text(f"{when}（暂定）", f"{when} (provisional)") if line.provisional else same(when)


def _waits(line: Line) -> Text:
    if line.set_aside is not None:
        return Text("已搁置", "set aside")
    if line.waits_label is None:
        return NONE
    who = join(line.waits_people) if line.waits_people else NOBODY
    return Text(f"{line.waits_label.zh} {who.zh}", f"{line.waits_label.en}: {who.en}")


def standing(frame: Frame, one: Standing) -> Iterator[Block]:
    """One task with all that belongs to it."""
    line, calendar = one.line, frame.calendar(one.line.zone)
    shown = light(line.light)
    yield Block(
        title=Text(
            f"{line.number} {line.kind_label.zh} · {line.unit.zh} · {shown.zh}",
            f"{line.number} {line.kind_label.en} · {line.unit.en} · {shown.en}",
        ),
        rows=tuple(_summary(frame, one, calendar)),
    )
    yield from _reported(one, calendar)
    yield from _pending(one, calendar)
    yield from _episodes(one, calendar)
    yield from _related(frame, one)


def _summary(frame: Frame, one: Standing, calendar: Calendar) -> Iterator[Row]:
    line = one.line
    if line.set_aside is not None:
        yield Text("已搁置", "Set aside"), same(line.set_aside)
    since, due = moment(calendar, one.state_since), _due(frame, line)
    yield (
        Text("状态", "State"),
        Text(f"{line.state_label.zh}（自 {since}）", f"{line.state_label.en} (since {since})"),
    )
    basis = one.deadline_basis
    yield Text("期限", "Due"), Text(f"{due.zh}，{basis.zh}", f"{due.en}, {basis.en}")
    yield Text("本环节至", "This step until"), _maybe(calendar, one.step_end)
    yield Text("时钟下次看它", "Next look"), _maybe(calendar, one.wake_at)
    yield Text("版次", "Revision"), same(str(line.revision))
    for label, number in one.numbers:
        yield Text(f"“{label.zh}”编号", f"Number of {label.en}"), same(number)
    for name, unit in one.parties.items():
        yield Text(f"当事方 {name}", f"Party {name}"), unit
    for role in one.roles:
        yield role.label, _until(_people(role.people, role.vacant), role.until, calendar)


def _maybe(calendar: Calendar, instant: int | None) -> Text:
    return NONE if instant is None else same(moment(calendar, instant))


def _until(people: Text, until: int | None, calendar: Calendar) -> Text:
    if until is None:
        return people
    end = moment(calendar, until)
    return Text(f"{people.zh}（至 {end}）", f"{people.en} (until {end})")


def _people(people: Sequence[Text], vacant: Sequence[Text]) -> Text:
    told = join(people) if people else NOBODY
    if not vacant:
        return told
    empty = join(vacant)
    return Text(f"{told.zh}（{empty.zh}空缺）", f"{told.en} ({empty.en} vacant)")


def _reported(one: Standing, calendar: Calendar) -> Iterator[Block]:
    if one.facts:
        rows = tuple((fact.label, fact.text, _maybe(calendar, fact.at)) for fact in one.facts)
        yield Block(title=Text("填报", "Reported"), rows=rows)
    closed, still = Text("已销号", "closed"), Text("未销号", "open")
    for listed in one.lists:
        rows = tuple(
            (same(str(row.id)), still if row.closed_at is None else closed, row.text) for row in listed.rows
        )
        yield Block(title=listed.label, rows=rows)


def _pending(one: Standing, calendar: Calendar) -> Iterator[Block]:
    if one.pending:
        rows = tuple(
            (wait.label, wait.asked_by, wait.confirmer, _maybe(calendar, wait.expires_at), _progress(wait))
            for wait in one.pending
        )
        title = Text(
            "待确认（事由、提出人、确认人、失效）", "To be confirmed (what, asked by, by whom, until)"
        )
        yield Block(title=title, rows=rows)


def _progress(wait: PendingView) -> Text:
    """Of a joint act who has signed and who still may, of an entry on what paper it rests."""
    parts = []
    if wait.paper is not None:
        day, paper = wait.effective, wait.paper[:12]
        parts.append(
            Text(f"代录，纸面日期 {day}，依据 {paper}…", f"entered from a paper of {day} ({paper}…)")
        )
    if wait.signed:
        done, left = join(wait.signed), join(wait.waits_for) if wait.waits_for else NOBODY
        parts.append(Text(f"已签 {done.zh}；待签 {left.zh}", f"signed: {done.en}; waits for: {left.en}"))
    if wait.lacking:
        parts.append(Text(f"缺 {wait.lacking} 人，无人可签", f"{wait.lacking} more needed, nobody is there"))
    return join(parts, "；", "; ")


def _episodes(one: Standing, calendar: Calendar) -> Iterator[Block]:
    if one.episodes:
        rows = tuple(
            (
                episode.label,
                light(episode.light),
                _maybe(calendar, episode.opened_at),
                same("→"),
                _over(episode, calendar),
            )
            for episode in one.episodes
        )
        yield Block(title=Text("预警", "Episodes"), rows=rows)


def _over(episode: EpisodeView, calendar: Calendar) -> Text:
    """Until when; of one that stands without its light, why: else the task's light seems wrong."""
    if episode.ended_at is not None or episode.inert_at is None:
        return same("…") if episode.ended_at is None else _maybe(calendar, episode.ended_at)
    why, since = WHY_ENDED[episode.inert_by or "until"], moment(calendar, episode.inert_at)
    return Text(f"…，{since} 起不再亮灯：{why.zh}", f"…, no light since {since}: {why.en}")


def _related(frame: Frame, one: Standing) -> Iterator[Block]:
    groups = (
        (Text("上级事项", "Opened by"), (one.parent,) if one.parent else ()),
        (Text("所交办的事项", "Opened"), one.children),
        (Text("涉及", "Concerns"), one.concerns),
        (Text("因它而起", "Concerned by"), one.concerned_by),
    )
    for title, lines in groups:
        if lines:
            yield Block(title=title, rows=tuple(ledger_row(frame, line) for line in lines))


def history(entries: Sequence[Entry], calendar: Calendar) -> Iterator[Text]:
    """A history line by line: what happened, what was reported with it, who was told."""
    for one in entries:
        when = moment(calendar, one.at)
        yield Text(f"{one.seq:>4}  {when}  {one.text.zh}", f"{one.seq:>4}  {when}  {one.text.en}")
        for value in one.values:
            yield Text(f"          {value.zh}", f"          {value.en}")
        if one.told:
            told = join(one.told)
            yield Text(f"          通知{told.zh}", f"          told: {told.en}")


def acts(found: Sequence[Possible]) -> Iterator[Block]:
    """What somebody may do now, and why not the rest."""
    may = tuple((same(one.name), one.label, _needs(one)) for one in found if one.may)
    others = tuple((same(one.name), one.label, one.why_not or NONE) for one in found if not one.may)
    title = Text("现在可办", "May be done now") if may else Text("现在没有可办的", "Nothing may be done now")
    yield Block(title=title, rows=may)
    if others:
        yield Block(title=Text("现在不可办", "Not now"), rows=others)


def _needs(one: Possible) -> Text:
    parts = []
    if one.asks:
        asked = join(one.asks)
        parts.append(Text(f"须报 {asked.zh}", f"asks for {asked.en}"))
    if one.optional:
        asked = join(one.optional)
        parts.append(Text(f"可报 {asked.zh}", f"takes {asked.en}"))
    if one.evidence or one.tiers is not None:
        by = same("") if one.tiers is None else Text(f"（{one.tiers.zh}）", f" ({one.tiers.en})")
        parts.append(Text(f"佐证 {one.evidence} 份{by.zh}", f"{one.evidence} file(s) of evidence{by.en}"))
    if one.quorum is not None:
        parts.append(one.quorum)
    if one.confirmed_by is not None:
        parts.append(Text(f"须经{one.confirmed_by.zh}确认", f"confirmed by the {one.confirmed_by.en}"))
    return join(parts, "；", "; ")


# --- messages, people, calendar, health -------------------------------------------------------------


def outbox(frame: Frame, found: Outbox) -> Iterator[Block]:
    """The messages that wait."""
    nobody = Text("！！无人接收", "!! NOBODY")
    rows = tuple(
        (
            nobody if one.unheard else (one.person or nobody),
            one.role_label,
            same(one.number),
            one.unit,
            one.rule_label or one.reason_label,
            same(moment(frame.calendar(one.zone), one.created_at)),
        )
        for one in found.messages
    )
    yield Block(rows=rows)
    total, shown = found.total, len(rows)
    yield Block(title=Text(f"共 {total} 条，列出 {shown} 条。", f"{total} messages, {shown} listed."))


def units(found: Sequence[UnitView]) -> Iterator[Block]:
    """The tree of units."""
    yield Block(
        rows=tuple(
            (
                same("  " * one.depth + one.code),
                same(one.kind),
                one.name,
                _posts_at(one),
            )
            for one in found
        )
    )


def _posts_at(unit: UnitView) -> Text:
    if unit.merged_into is not None:
        return Text(f"已并入 {unit.merged_into}", f"merged into {unit.merged_into}")
    return Text(f"{unit.posts} 岗", f"{unit.posts} posts")


def people(found: Sequence[PersonView], calendar: Calendar) -> Iterator[Block]:
    """People with their posts, and when they are away."""
    yield Block(
        rows=tuple(
            (
                same(one.code),
                one.name,
                join([_post(post) for post in one.posts]),
                join([_away(away, calendar) for away in one.away]),
            )
            for one in found
        )
    )


def _post(post: PostView) -> Text:
    where = f"{post.name} @ {post.unit}"
    return Text(f"副 {where}", f"deputy {where}") if post.deputy else same(where)


def _away(away: AwayView, calendar: Calendar) -> Text:
    start = calendar.day_of(away.valid_from).isoformat()
    end = "…" if away.valid_to is None else calendar.day_of(away.valid_to - 1).isoformat()
    who = away.delegate or NOBODY
    return Text(f"{start} 至 {end} 外出，{who.zh}代行", f"away {start} to {end}, {who.en} acts")


def interests(found: Sequence[InterestView], calendar: Calendar) -> Iterator[Block]:
    """Declared interests: whose, in what, since when, why."""
    yield Block(rows=tuple(_interest(one, calendar) for one in found))


def _interest(one: InterestView, calendar: Calendar) -> Row:
    start, end = calendar.day_of(one.valid_from).isoformat(), "…"
    if one.valid_to is not None:
        end = calendar.day_of(max(one.valid_from, one.valid_to - 1)).isoformat()
    return (
        same(one.person),
        one.name,
        same(one.unit),
        one.unit_name,
        same(f"{start} – {end}"),
        same(one.reason),
    )


def year(found: CalendarYear, worked: int) -> Iterator[Block]:
    """A year's days off and make-up workdays."""
    status = Text("已公布", "published") if found.status == "published" else Text("推算，暂定", "projected")
    title = Text(
        f"{found.year} 年：{status.zh}，工作日 {worked} 天", f"{found.year}: {status.en}, {worked} workdays"
    )
    off = [(same(day.isoformat()), Text("放假", "off"), name) for day, name in found.holidays.items()]
    makeup = Text("调休上班", "make-up workday")
    on = [(same(day.isoformat()), Text("上班", "worked"), makeup) for day in found.makeup]
    source = (Text("依据", "Source"), same(found.source), same(""))
    yield Block(title=title, rows=(source, *sorted([*off, *on])))


def moved(found: Sequence[Moved], frame: Frame) -> Iterator[Block]:
    """Deadlines before and after a new calendar."""
    rows = []
    for one in found:
        calendar = frame.calendar(one.zone)
        rows.append((same(one.number), _maybe(calendar, one.old), same("→"), _maybe(calendar, one.new)))
    yield Block(rows=tuple(rows))


_LEVELS = {
    "wrong": Text("错误", "WRONG"),
    "waits": Text("待处理", "WAITS"),
    "note": Text("注意", "note"),
    "fine": Text("正常", "fine"),
}


def findings(found: Sequence[Finding]) -> Iterator[Block]:
    """What the doctor found."""
    yield Block(rows=tuple((_LEVELS[one.level], one.to_text()) for one in found))
