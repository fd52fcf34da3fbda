"""Letters for tests: what a story has left to be told, gathered as the office gathers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from notifier.content import Class, Content, Gathered, Part, Site, Unwritable, Wish
from notifier.notices import class_of, write_notices
from tests.stories.teller import Story, Told
from workflow.text import Language


def _link(wish: Wish) -> str:
    return f"https://duban.example/a/{wish.task_id}-{wish.act.replace(':', '-')}-r{wish.revision}"


SITE = Site(
    base_url="https://duban.example",
    mint=_link,
    unsubscribe=lambda person, topic: f"https://duban.example/u/{person}-{topic}",
)


def part(story: Story, told: Told) -> Part:
    """An outgoing row as a letter's part."""
    return Part(
        outgoing_id=told.id,
        task_id=told.task_id,
        seq=told.seq,
        role=told.role,
        reason=told.reason,
        rule=told.rule,
        created_at=story.now,
    )


def letter(
    story: Story,
    *parts: Part,
    to: str,
    language: Language = "zh",
    ident: int = 1,
    class_: Class | None = None,
) -> Gathered:
    """A letter to somebody with these parts."""
    return Gathered(
        delivery_id=ident,
        person_id=story.person(to),
        kind="mail",
        language=language,
        class_=class_ or class_of(parts[0].reason),
        parts=parts,
    )


def heard(story: Story, who: str, task: int, reason: str) -> Part:
    """What somebody was told of a task because of that rule or reason, last."""
    person = story.person(who)
    found = [
        one for one in story.unread(task) if one.person_id == person and reason in (one.rule, one.reason)
    ]
    assert found, f"{who} didn't hear of {task} because of {reason}; unread: {story.unread(task)}"
    return part(story, found[-1])


def everything(story: Story, who: str, class_: Class = "formal") -> tuple[Part, ...]:
    """All that somebody was told."""
    person = story.person(who)
    found = [one for one in story.unread() if one.person_id == person and class_of(one.reason) == class_]
    return tuple(part(story, one) for one in found)


def write(story: Story, letters: Sequence[Gathered], site: Site = SITE) -> Mapping[int, Content | Unwritable]:
    """The letters as they are written now."""
    with story.port.read() as tx:
        return write_notices(story.engine.library.frame(tx, story.now), letters, site)


def written(story: Story, one: Gathered, site: Site = SITE) -> Content:
    """One letter, which can be written."""
    found = write(story, [one], site)[one.delivery_id]
    assert isinstance(found, Content), found
    return found


def in_both(story: Story, one: Gathered, site: Site = SITE) -> dict[Language, Content]:
    """A letter in either language."""
    return {language: written(story, replace(one, language=language), site) for language in ("zh", "en")}
