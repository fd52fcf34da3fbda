"""The picture of a trend: one bar for each of the last digests, its lights stacked, the gravest on top.

Digits and ASCII only, in the font that the drawing library brings along: no other is sure to be there.
Each part that has room bears its number and the first letter of its light, their order is always the same,
and the text alternative says all of it: colour is never the only sign.
"""

from __future__ import annotations

import io
from functools import cache
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from workflow.definition.model import LIGHTS

from ..rendering import MARKS
from .view import Trend

WIDTH, HEIGHT = 1072, 440  # twice the size at which it is shown
_LEFT, _TOP, _BOTTOM = 24, 28, 56
_GAP: Final = 0.28  # of a bar's room
_LEAST: Final = 24  # pixels that a part needs for its number
_COLOURS: Final = {light: (MARKS[light].fill, MARKS[light].ink) for light in LIGHTS}


def draw(trend: Trend) -> bytes:
    """The picture as PNG; the same trend gives the same bytes."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "#ffffff")
    pen = ImageDraw.Draw(image)
    most = max((sum(tally) for _, tally in trend.points), default=0) or 1
    room = (WIDTH - 2 * _LEFT) / len(trend.points)
    for position, (day, tally) in enumerate(trend.points):
        left = _LEFT + position * room + room * _GAP / 2
        _bar(pen, (left, left + room * (1 - _GAP)), tally, most)
        pen.text((left + room * (1 - _GAP) / 2, HEIGHT - 30), day, "#595959", _font(22), anchor="mm")
    pen.line((_LEFT, HEIGHT - _BOTTOM, WIDTH - _LEFT, HEIGHT - _BOTTOM), "#8a8f98", 2)
    found = io.BytesIO()
    # An octree is three times as fast as the median cut, closer to the colours of the lights, and smaller.
    image.quantize(64, method=Image.Quantize.FASTOCTREE).save(found, "PNG", optimize=True)
    return found.getvalue()


def _bar(pen: ImageDraw.ImageDraw, sides: tuple[float, float], tally: tuple[int, ...], most: int) -> None:
    left, right = sides
    bottom, scale = float(HEIGHT - _BOTTOM), (HEIGHT - _BOTTOM - _TOP) / most
    for light, many in zip(LIGHTS, tally, strict=True):
        top = bottom - many * scale
        if many:
            fill, ink = _COLOURS[light]
            pen.rectangle((left, top, right, bottom), fill, "#ffffff", 2)
            if bottom - top >= _LEAST:
                label = f"{light[0].upper()} {many}"
                pen.text(((left + right) / 2, (top + bottom) / 2), label, ink, _font(20), anchor="mm")
        bottom = top
    pen.text(((left + right) / 2, bottom - 14), str(sum(tally)), "#1a1a1a", _font(22), anchor="mm")


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
