"""What happens next if nobody acts: the first steps of a task's own forecast, in a few words. Pure."""

from __future__ import annotations

from typing import Final

from workflow.errors import DubanError
from workflow.forecast import World, forecast
from workflow.reading.ahead import Teller
from workflow.reading.dates import Dates
from workflow.reading.words import Words
from workflow.text import Text

from ..wording import Wording

STEPS: Final = 3  # that a letter tells
_LOOKED_AT: Final = 12  # of the forecast: some of them are no news
_DAYS: Final = 92 * 86_400_000  # ms; what is further off is no reason to act today


def ahead(world: World, words: Words, wording: Wording, dates: Dates) -> list[Text]:
    """The next few things that will happen to a task; nothing where they can't be foreseen."""
    try:
        found = forecast(world, until=world.now + _DAYS, steps=_LOOKED_AT)
    except (DubanError, ValueError, LookupError, TypeError):
        return []  # a notice is worth sending without it
    light = world.tasks[world.focus].task.light
    teller = Teller(words=words, dates=dates, saying=wording.text)
    return teller.lines(found.next_steps(_LOOKED_AT), light, STEPS)
