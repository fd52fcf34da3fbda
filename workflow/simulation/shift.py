"""Moving a pack in time: every date by the same whole number of months."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from ..calendar import add_months, last_of_month
from ..definition import Pack, pack_from_source
from ..definition.yaml import Plain

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def moved(pack: Pack, to: date) -> Pack:
    """The pack with every date moved so that the campaign starts in the month of `to`.

    The last day of a month stays the last day of its month. The moved pack has a version of its own.
    """
    start = pack.campaign.milestones["start"]
    months = (to.year - start.year) * 12 + to.month - start.month
    if months == 0:
        return pack
    source = {file: _walk(value, months) for file, value in pack.source.items()}
    return replace(pack_from_source(source), people=pack.people)


def _walk(value: Plain, months: int) -> Plain:
    if isinstance(value, str):
        return _day(value, months)
    if isinstance(value, list):
        return [_walk(item, months) for item in value]
    return {_day(key, months): _walk(item, months) for key, item in value.items()}


def _day(text: str, months: int) -> str:
    if not _DAY.fullmatch(text):
        return text
    day = date.fromisoformat(text)
    shifted = add_months(day, months)
    if day == last_of_month(day.year, day.month):
        shifted = last_of_month(shifted.year, shifted.month)
    return shifted.isoformat()
