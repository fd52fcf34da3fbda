"""How a bulletin looks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from docx.document import Document

from workflow.calendar import Calendar
from workflow.definition.model import LIGHT_LABELS, LIGHTS
from workflow.text import Language, Text

from .bulletin import Bulletin, Count, Ranked, Worst
from .figures import SHAPES, date_of, day
from .inert import line
from .layout import (
    CENTRE,
    COLOURS,
    HEAD,
    LEFT,
    RED,
    TITLE,
    page,
    paragraph,
    right_tab,
    ruled,
    said,
    table,
    written,
)
from .rendering import packed

_ORDINALS: Final = "一二三四五六七八九"
_HEADS: Final = (
    Text("在办", "Open"),
    *(
        Text(f"{SHAPES[light]}{LIGHT_LABELS[light].zh}", f"{SHAPES[light]} {LIGHT_LABELS[light].en}")
        for light in LIGHTS
    ),
    Text("逾期", "Overdue"),
    Text("销号", "Struck off"),
    Text("督办件", "Escalated"),
)
_COUNT_WIDTHS: Final = (13.0, *((15.0,) * 4), 16.0, 14.0, 18.0)
NOTHING = Text("无。", "None.")


class _Page:
    """A bulletin in one language, as it takes shape."""

    def __init__(self, found: Bulletin, calendar: Calendar, language: Language) -> None:
        self.found, self.calendar, self.language = found, calendar, language
        self.document: Document = page()
        self._headings = 0
        self._zh = language == "zh"

    def of(self, text: Text) -> str:
        return line(text.to(self.language))

    def heading(self, text: Text) -> None:
        self._headings += 1
        number = f"{_ORDINALS[self._headings - 1]}、" if self._zh else f"{self._headings}. "
        made = paragraph(self.document, indent=32 if self._zh else 0, before=10, after=4, together=True)
        written(made, number + self.of(text), size=16 if self._zh else 14, font=HEAD, bold=not self._zh)

    def say(self, zh: str, en: str, *, together: bool = False) -> None:
        made = paragraph(
            self.document,
            indent=32 if self._zh else 0,
            line=28 if self._zh else 20,
            after=4 if self._zh else 6,
            together=together,
        )
        written(made, zh if self._zh else en, size=16 if self._zh else 13)


def bulletin_bytes(found: Bulletin, calendar: Calendar, language: Language) -> bytes:
    """A bulletin as a Word document; the same figures give the same bytes."""
    made = _Page(found, calendar, language)
    _masthead(made)
    _whole(made)
    _counts(made, Text("各单位情况", "By unit"), Text("单位", "Unit"), found.units)
    _counts(made, Text("各专项任务情况", "By track"), Text("专项任务", "Track"), found.tracks)
    _worst(made)
    for one in found.rankings:
        _ranking(made, one)
    _struck_off(made)
    _close(made)
    title = made.of(_title(found))
    return packed(made.document, title, made.of(found.issuer), found.at)


def _title(found: Bulletin) -> Text:
    return Text(f"{found.campaign.zh}督办通报", f"{found.campaign.en}: bulletin")


def _masthead(made: _Page) -> None:
    found, language = made.found, made.language
    head = paragraph(made.document, align=CENTRE, line=44, after=4)
    written(head, made.of(Text("督 办 通 报", "BULLETIN")), size=34, font=TITLE, colour=RED)
    number = paragraph(made.document, align=CENTRE, line=26, after=6)
    written(number, made.of(Text(f"第 {found.number} 期", f"No. {found.number}")), size=16)
    line_ = paragraph(made.document, line=26, after=4)
    right_tab(line_)
    written(line_, f"{made.of(found.issuer)}\t{date_of(made.calendar, found.at, language)}", size=14)
    ruled(line_, "single")
    title = paragraph(made.document, align=CENTRE, line=36, before=22, after=16)
    written(title, made.of(_title(found)), size=22, font=TITLE, bold=language == "en")


def _whole(made: _Page) -> None:
    one, found = made.found.whole, made.found
    made.heading(Text("总体情况", "Overall"))
    calendar, language = made.calendar, made.language
    whole = found.since == calendar.start_of(calendar.day_of(found.since))
    start = (date_of if whole else day)(calendar, found.since, language)
    end = day(calendar, found.at, language)
    zh = "，".join(f"{SHAPES[light]}{LIGHT_LABELS[light].zh} {one.lights[light]} 件" for light in LIGHTS)
    en = ", ".join(f"{SHAPES[light]} {LIGHT_LABELS[light].en} {one.lights[light]}" for light in LIGHTS)
    made.say(
        f"截至 {end}，在办事项 {one.open} 件：{zh}；其中逾期 {one.overdue} 件。"
        f"自 {start} 以来销号 {one.struck_off} 件；因预警开立、尚在办理的督办件 {one.escalated} 件。",
        f"At {end} there are {one.open} open tasks: {en}; {one.overdue} of them are overdue. "
        f"Struck off since {start}: {one.struck_off}. Opened by rules and still open: {one.escalated}.",
    )
    if one.change:
        changes = _changes(one.change)
        made.say(f"与上期相比，{changes.zh}。", f"Against the last bulletin: {changes.en}.")


_CHANGED: Final = {
    "open": Text("在办", "open"),
    "red": Text("红灯", "red"),
    "yellow": Text("黄灯", "yellow"),
    "overdue": Text("逾期", "overdue"),
}


def _changes(change: Mapping[str, int]) -> Text:
    said = [
        Text(
            f"{label.zh}{_more(change[name])}",
            f"{label.en} {change[name]:+d}" if change[name] else f"{label.en} as before",
        )
        for name, label in _CHANGED.items()
    ]
    return Text("，".join(one.zh for one in said), ", ".join(one.en for one in said))


def _more(change: int) -> str:
    if not change:
        return "持平"
    return f"增加 {change} 件" if change > 0 else f"减少 {-change} 件"


def _counts(made: _Page, heading: Text, head: Text, counts: Sequence[Count]) -> None:
    made.heading(heading)
    if not counts:
        made.say(*NOTHING)
        return
    rows = [*counts, made.found.whole]
    first = 156 - sum(_COUNT_WIDTHS)
    grid = table(
        made.document, [made.of(one) for one in (head, *_HEADS)], [first, *_COUNT_WIDTHS], len(rows), size=9
    )
    for n, (row, one) in enumerate(zip(grid.rows[1:], rows, strict=True), 1):
        last = n == len(rows)
        said(row.cells[0], made.of(one.label), bold=last, align=LEFT)
        for cell, write in zip(row.cells[1:], _cells(one), strict=True):
            write(cell, last)


def _cells(one: Count) -> list[Callable[[Any, bool], None]]:
    def plain(value: int, change: int | None = None) -> Callable[[Any, bool], None]:
        return lambda cell, bold: _number(cell, value, change, None, bold=bold)

    def light(name: str) -> Callable[[Any, bool], None]:
        return lambda cell, bold: _number(cell, one.lights[name], one.change.get(name), name, bold=bold)

    return [
        plain(one.open, one.change.get("open")),
        *(light(name) for name in LIGHTS),
        plain(one.overdue, one.change.get("overdue")),
        plain(one.struck_off),
        plain(one.escalated),
    ]


def _number(cell: Any, value: int, change: int | None, light: str | None, *, bold: bool) -> None:
    """A number with its change since the last bulletin; of a light in its colour, unless it is nought."""
    colour = COLOURS[light] if light is not None and value else None
    made = said(cell, str(value) if value else "–", align=CENTRE, bold=bold or bool(colour), colour=colour)
    if change:
        written(made, f" {'↑' if change > 0 else '↓'}{abs(change)}", size=8)


def _worst(made: _Page) -> None:
    made.heading(Text("重点关注的单位", "Units that stand worst"))
    for one in made.found.worst:
        said_ = _said(one)
        made.say(line(said_.zh), line(said_.en))
    if not made.found.worst:
        made.say(*NOTHING)


def _said(one: Worst) -> Text:
    parts = (("red", one.red), ("yellow", one.yellow))
    zh = "、".join(f"{SHAPES[light]}{LIGHT_LABELS[light].zh} {count} 件" for light, count in parts if count)
    en = ", ".join(f"{SHAPES[light]} {LIGHT_LABELS[light].en} {count}" for light, count in parts if count)
    late = Text(f"逾期 {one.overdue} 件", f"overdue {one.overdue}") if one.overdue else Text("", "")
    why_zh = "、".join(f"{label.zh}（{count} 件）" for label, count in one.why) or "—"
    why_en = ", ".join(f"{label.en} ({count})" for label, count in one.why) or "—"
    return Text(
        f"{one.label.zh}：{'，'.join(filter(None, (zh, late.zh)))}。原因：{why_zh}。",
        f"{one.label.en}: {', '.join(filter(None, (en, late.en)))}. Why: {why_en}.",
    )


def _ranking(made: _Page, one: Ranked) -> None:
    made.heading(Text("评分排名", "Ranking"))
    zh = " + ".join(f"{label.zh} {weight / 10_000:g}%" for label, weight in one.formula)
    en = " + ".join(f"{label.en} {weight / 10_000:g}%" for label, weight in one.formula)
    made.say(f"按公布的公式计算：{line(zh)}。", f"By the published formula: {line(en)}.", together=True)
    heads = [made.of(text) for text in (Text("名次", "Rank"), Text("单位", "Unit"), Text("得分", "Score"))]
    grid = table(made.document, heads, [24, 92, 40], len(one.units))
    for row, place in zip(grid.rows[1:], one.units, strict=True):
        said(row.cells[0], str(place.rank or "—"), align=CENTRE)
        said(row.cells[1], made.of(place.unit))
        missing = made.of(Text("数据不全", "incomplete"))
        said(row.cells[2], missing if place.score is None else _points(place.score), align=CENTRE)


def _points(score: int) -> str:
    return f"{score // 1_000_000}.{score % 1_000_000 // 10_000:02d}"


def _struck_off(made: _Page) -> None:
    found = made.found
    made.heading(Text("本期销号", "Struck off"))
    if not found.struck_off:
        made.say(*NOTHING)
        return
    heads = (Text("编号", "Number"), Text("事项", "Matter"), Text("单位", "Unit"), Text("销号日期", "On"))
    grid = table(made.document, [made.of(one) for one in heads], [26, 62, 38, 30], len(found.struck_off))
    for row, one in zip(grid.rows[1:], found.struck_off, strict=True):
        said(row.cells[0], line(one.number), align=CENTRE)
        said(row.cells[1], made.of(one.matter))
        said(row.cells[2], made.of(one.unit))
        said(row.cells[3], made.calendar.day_of(one.at).isoformat(), align=CENTRE)
    left = found.whole.struck_off - len(found.struck_off)
    if left > 0:
        made.say(f"另有 {left} 件，见台账。", f"And {left} more, see the ledger.")


def _close(made: _Page) -> None:
    note = paragraph(made.document, line=18, before=18)
    text = Text(
        "亮灯：●绿灯 正常；◆蓝灯 临近期限；▲黄灯 推动慢或逾期；■红灯 严重逾期、质量差或无成效。"
        "箭头为与上期相比的增减。",
        "Lights: ● green, nothing to say; ◆ blue, near its deadline; ▲ yellow, slow or late; ■ red, gravely "
        "late, poor or without effect. Arrows: against the last bulletin.",
    )
    written(note, made.of(text), size=10)
