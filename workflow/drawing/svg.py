"""From a diagram to SVG: one file with nothing outside of it, no script, readable in black and white."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from ..text import Text
from .cards import Laid, lay_out_cards
from .gather import ANY_OPEN
from .layout import DOT, LEADING, PAD, TITLE, Arrow, Line, Placed, Plan, lay_out, plain, strong
from .marks import MACHINE, RULES
from .measure import Spoken, one_line
from .model import Act, Diagram

PAGE, MARGIN = 1000.0, 24.0  # px
_HEADING, _SUBTITLE, _FINE = 20.0, 13.0, 11.0
_LEGEND = Text(
    "实线：有人办理；虚线：系统自动，或代表若干状态；双框：终结状态；粗线：本事项的经过",
    "Solid: an act of a person. Dashed: by the machine, or standing for several states. "
    "Double frame: final. Thick: what this task went through",
)
_FONTS = (
    "'Noto Sans SC','Noto Sans CJK SC','Source Han Sans SC','PingFang SC','Microsoft YaHei',"
    "'WenQuanYi Micro Hei','Heiti SC',sans-serif"
)
_STYLE = f"""
.dd{{font-family:{_FONTS};fill:#0f172a}}
.dd .b{{font-weight:700}} .dd .q{{fill:#334155}}
.dd .s{{fill:#fff;stroke:#334155;stroke-width:1.3}}
.dd .a{{fill:#f8fafc;stroke:#94a3b8;stroke-width:1}}
.dd .d{{stroke-dasharray:5 4}} .dd .h{{stroke:#0f172a;stroke-width:3}} .dd .n{{fill:#fef9c3}}
.dd .e{{fill:none;stroke:#475569;stroke-width:1.3}} .dd .eh{{stroke:#0f172a;stroke-width:3}}
.dd .t{{stroke:#cbd5e1;stroke-width:1}}
.dd .green{{fill:#fff;stroke:#94a3b8}} .dd .blue{{fill:#dbeafe;stroke:#1d4ed8}}
.dd .yellow{{fill:#fef3c7;stroke:#a16207}} .dd .red{{fill:#fee2e2;stroke:#b91c1c}}
@media print{{.dd{{-webkit-print-color-adjust:exact;print-color-adjust:exact}}}}
"""


def svg(diagram: Diagram, language: Spoken = "both") -> str:
    """The diagram as an SVG document of its own, 1000 px wide or wider."""
    plan = lay_out(diagram, language)
    page = max(PAGE, plan.width + 2 * MARGIN)
    head, top = _head(diagram, language, page)
    below = top + plan.height + 30
    cards = lay_out_cards(diagram.cards, language, page - 2 * MARGIN)
    height = below + (cards.height + 34 if cards.boxes else 0) + MARGIN
    return "\n".join(
        (
            *_opening(diagram, language, page, height),
            *head,
            f'<g transform="translate({_n((page - plan.width) / 2)} {_n(top)})">',
            *_picture(plan, diagram),
            "</g>",
            *_rules(cards, language, below),
            "</g>",
            "</svg>\n",
        )
    )


def _opening(diagram: Diagram, language: Spoken, page: float, height: float) -> Iterator[str]:
    ident = f"duban-{diagram.kind}"
    tongue = "en" if language == "en" else "zh-CN"
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_n(page)}" height="{_n(height)}" '
        f'viewBox="0 0 {_n(page)} {_n(height)}" role="img" xml:lang="{tongue}" lang="{tongue}" '
        f'aria-labelledby="{ident}-title {ident}-desc">'
    )
    yield f'<title id="{ident}-title">{escape(one_line(diagram.title, language))}</title>'
    yield f'<desc id="{ident}-desc">{escape(" ".join(_told(diagram, language)))}</desc>'
    yield f"<style>{_STYLE}</style>"
    yield (
        f'<defs><marker id="{ident}-head" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" '
        'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0.5 8 4 0 7.5z" '
        'fill="#0f172a"/></marker></defs>'
    )
    yield f'<rect width="{_n(page)}" height="{_n(height)}" fill="#fff"/>'
    yield '<g class="dd">'


def _told(diagram: Diagram, language: Spoken) -> Iterator[str]:
    """The picture in words, for whoever does not see it."""
    titles = {box.key: box.title for box in diagram.boxes}
    for line in diagram.lines:
        yield f"{one_line(line, language)}."
    for act in diagram.acts:
        yield f"{one_line(_sentence(act, titles), language)}."


def _sentence(act: Act, titles: dict[str, Text]) -> Text:
    sources = [titles[source] for source in act.sources]
    target = titles[act.target or ANY_OPEN]
    by = Text(f"，{MACHINE.zh}", f", {MACHINE.en}") if act.machine else Text("", "")
    return Text(
        f"{act.label.zh}：{'、'.join(one.zh for one in sources)} → {target.zh}{by.zh}",
        f"{act.label.en}: {', '.join(one.en for one in sources)} → {target.en}{by.en}",
    )


def _head(diagram: Diagram, language: Spoken, page: float) -> tuple[list[str], float]:
    """Title, basis, deadline and legend; and where the picture begins."""
    room, y, parts = page - 2 * MARGIN, MARGIN, []
    lines = [
        *strong([diagram.title], _HEADING, room, language),
        *plain(diagram.lines, _SUBTITLE, room, language),
        *plain([_LEGEND], _FINE, room, language),
    ]
    for line in lines:
        y += line.size * LEADING
        parts.append(_text(line, MARGIN, y - line.size * 0.3))
    return parts, y + 16


def _picture(plan: Plan, diagram: Diagram) -> Iterator[str]:
    for arrow in plan.arrows:
        yield _arrow(arrow, f"duban-{diagram.kind}-head")
    x, y = plan.start
    yield f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(DOT / 2)}" fill="#0f172a"/>'
    for box in plan.boxes:
        yield from _box(box)


def _arrow(arrow: Arrow, head: str) -> str:
    path = "M" + " L".join(f"{_n(x)} {_n(y)}" for x, y in arrow.points)
    kind = "e" + (" d" if arrow.dashed else "") + (" eh" if arrow.heavy else "")
    return f'<path class="{kind}" d="{path}" marker-end="url(#{head})"/>'


def _box(box: Placed) -> Iterator[str]:
    kind = ("a" if box.act else "s") + (" d" if box.dashed else "") + (" h" if box.heavy else "")
    present = " n" if box.heavy and not box.act else ""
    left, top = box.x - box.width / 2, box.y - box.height / 2
    yield "<g>"
    yield _rect(kind + present, left, top, box.width, box.height, 3 if box.act else 10)
    if box.final is not None:
        yield _rect("s", left + 3.5, top + 3.5, box.width - 7, box.height - 7, 7)
    yield from _lines(box.lines, left, top, box.width, middle=True)
    yield "</g>"


def _lines(lines: Iterable[Line], left: float, top: float, width: float, *, middle: bool) -> Iterator[str]:
    y = top + PAD
    for line in lines:
        if line.ruled:
            y += 6
            yield f'<path class="t" d="M{_n(left + PAD)} {_n(y - 2)} H{_n(left + width - PAD)}"/>'
        y += line.size * LEADING
        x = left + (width / 2 if middle else PAD)
        yield _text(line, x, y - line.size * 0.34, middle=middle)


def _rules(cards: Laid, language: Spoken, top: float) -> Iterator[str]:
    if not cards.boxes:
        return
    yield _text(Line(text=one_line(RULES, language), size=TITLE + 1, strong=True), MARGIN, top + 12)
    yield f'<g transform="translate({_n(MARGIN)} {_n(top + 24)})">'
    for card in cards.boxes:
        yield "<g>"
        yield _rect(f"{card.light}{' h' if card.open else ''}", card.x, card.y, card.width, card.height, 6)
        yield from _shape(card.light, card.x + card.width - 16, card.y + 16)
        yield from _lines(card.lines, card.x, card.y, card.width, middle=False)
        yield "</g>"
    yield "</g>"


def _shape(light: str, x: float, y: float) -> Iterator[str]:
    """A light by its shape: diamond, triangle, square; so that it is told apart in black and white."""
    corners = {
        "blue": f"M{_n(x)} {_n(y - 7)} L{_n(x + 7)} {_n(y)} L{_n(x)} {_n(y + 7)} L{_n(x - 7)} {_n(y)}Z",
        "yellow": f"M{_n(x)} {_n(y - 7)} L{_n(x + 8)} {_n(y + 6)} L{_n(x - 8)} {_n(y + 6)}Z",
        "red": f"M{_n(x - 6)} {_n(y - 6)} H{_n(x + 6)} V{_n(y + 6)} H{_n(x - 6)}Z",
    }
    fills = {"blue": "#1d4ed8", "yellow": "#ca8a04", "red": "#b91c1c"}
    if light in corners:
        yield f'<path d="{corners[light]}" fill="{fills[light]}" stroke="#0f172a"/>'


def _rect(kind: str, x: float, y: float, width: float, height: float, radius: int) -> str:
    place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
    return f'<rect class="{kind}" {place} rx="{radius}"/>'


def _text(line: Line, x: float, y: float, *, middle: bool = False) -> str:
    kind, anchor = "b" if line.strong else "q", ' text-anchor="middle"' if middle else ""
    place = f'x="{_n(x)}" y="{_n(y)}" font-size="{_n(line.size)}"'
    return f'<text class="{kind}" {place}{anchor}>{escape(line.text)}</text>'


def _n(value: float) -> str:
    """A number as short as it can be written."""
    return f"{value:.1f}".removesuffix(".0")
