"""How lights look, how days are said, and that what is put into a template stays text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from notifier.rendering import CALM, MARKS, plain, render_text
from tests.stories.teller import instant
from workflow.calendar import default_calendar
from workflow.definition.model import LIGHTS
from workflow.reading.dates import Dates

DATES = Dates(calendar=default_calendar("Asia/Shanghai"), now=instant("2026-04-01 09:00"))


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("light", LIGHTS)
def test_a_light_can_be_read_and_has_a_shape_of_its_own(light: str) -> None:
    mark = MARKS[light]
    assert contrast(mark.fill, mark.ink) >= 4.5
    assert contrast(mark.text, "#ffffff") >= 4.5
    assert len({one.shape for one in MARKS.values()}) == len(LIGHTS)
    assert mark.word("zh").endswith("灯")
    assert contrast(CALM, "#ffffff") >= 4.5


@pytest.mark.parametrize(
    ("when", "zh", "en"),
    [
        ("2026-04-30 23:59:59.999", "4月30日（周四）24:00前", "by Thu 30 April, end of day"),
        ("2026-04-30 17:29:59.999", "4月30日（周四）17:30前", "by Thu 30 April, 17:30"),
        ("2027-01-04 23:59:59.999", "2027年1月4日（周一）24:00前", "by Mon 4 January 2027, end of day"),
    ],
)
def test_a_limit_says_its_weekday_and_its_time(when: str, zh: str, en: str) -> None:
    assert DATES.by(instant(when)) == (zh, en)
    assert DATES.by(instant(when), provisional=True) == (f"{zh}（暂定）", f"{en} (provisional)")


def test_midnight_is_the_day_alone() -> None:
    assert DATES.moment(instant("2026-05-01 00:00")) == ("5月1日（周五）", "Fri 1 May")
    assert DATES.moment(instant("2026-05-01 09:05")) == ("5月1日（周五）09:05", "Fri 1 May, 09:05")


@given(st.text())
def test_a_value_is_one_line_without_anything_unseen(value: str) -> None:
    told = plain(value)
    assert told.splitlines() in ([], [told])
    assert not set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\x00\x1b") & set(told)
    assert plain(told) == told
    told.encode("utf-8")


def test_a_template_that_lacks_a_value_is_a_mistake_not_a_gap() -> None:
    with pytest.raises(UndefinedError):
        render_text("notice.txt", "zh")
