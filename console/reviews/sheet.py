"""Slips for printing: a QR code, the code in letters, where to type it. One self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import segno

_STYLE = """
body { font-family: "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif; margin: 0; }
.slips { display: grid; grid-template-columns: repeat(3, 1fr); }
.slip { border: 1px dashed #888; padding: 4mm; text-align: center; break-inside: avoid; }
.slip p { margin: 1mm 0; overflow-wrap: anywhere; }
.slip svg { width: 34mm; height: 34mm; }
.code { font: bold 12pt monospace; }
@page { margin: 8mm; }
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Slip:
    """What one person gets."""

    address: str  # the link
    code: str | None = None  # in letters, where it may be typed
    name: str | None = None  # of a personal link


def sheet(title: str, slips: Sequence[Slip]) -> str:
    """The page, in HTML with inline pictures."""
    shown = "\n".join(_slip(title, one) for one in slips)
    return (
        f'<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<style>{_STYLE}</style></head>\n<body><main class="slips">\n{shown}\n</main></body></html>\n'
    )


def _slip(title: str, slip: Slip) -> str:
    drawn = segno.make(slip.address, error="m", micro=False).svg_inline(
        omitsize=True, title=slip.code or title, svgclass=None, lineclass=None
    )
    site = slip.address.rpartition("/")[0]
    lines = [f"<p>{escape(title)}</p>", drawn]
    if slip.name is not None:
        lines.append(f"<p>{escape(slip.name)}</p>")
    if slip.code is not None:
        lines.append(f'<p class="code">{escape(slip.code)}</p><p>{escape(site)}</p>')
    return f'<section class="slip">{"".join(lines)}</section>'
