"""A story whose messages leave: everybody has a mail address, the office rings after the engine.

post = Posting(story)
post.at("2026-03-02 09:00")
post.expect_mailed("handler of chenguang", 1)
post.expect_nothing_else()
"""

from __future__ import annotations

from sqlalchemy import select

from notifier.store import addresses
from tests.offices import House
from tests.stories.teller import Story, instant
from workflow.clock import VirtualClock
from workflow.store.organisation import PERSON
from workflow.store.sql import Statement

_PEOPLE = Statement(select(PERSON.c.id).order_by(PERSON.c.id))


class Posting:
    """The office beside a story's engine."""

    def __init__(self, story: Story, *, without: tuple[str, ...] = ()) -> None:
        self.story = story
        self.house = House(port=story.port, clock=VirtualClock(story.now), library=story.engine.library)
        self._read = 0  # messages that an expectation has met, or that aren't part of the story
        left_out = {story.person(who) for who in without}
        with story.port.write("people") as tx:
            for (person,) in tx.all(_PEOPLE):
                if person not in left_out:
                    addresses.put_address(tx, person, "mail", f"{person}@example.org", 0, story.now)

    def at(self, local_time: str) -> None:
        """Time passes; engine and office ring then."""
        self.story.at(local_time)
        self.house.clock.set(instant(local_time))
        self.house.ring()

    def everybody_has_read(self) -> None:
        """What came so far isn't part of what the story is about."""
        self._read = len(self.house.mail.accepted)

    def mailed(self) -> dict[str, int]:
        """Whom mail has reached since: how many letters each."""
        found: dict[str, int] = {}
        for address, *_ in self.house.mail.accepted[self._read :]:
            found[address] = found.get(address, 0) + 1
        return found

    def expect_mailed(self, who: str, letters: int = 1) -> None:
        """Somebody has had so many letters since."""
        found = self.mailed().get(f"{self.story.person(who)}@example.org", 0)
        assert found == letters, f"{who} has had {found}; all letters: {self.mailed()}"

    def close(self) -> None:
        """The office ends."""
        self.house.dies()
