"""What the office knows of people, read in a fixed number of statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import cast

from workflow.engine import Frame
from workflow.people import resolve
from workflow.store import Transaction, organisation, tasks
from workflow.task import Task
from workflow.text import Language

from ..manners import Habits
from ..office_settings import OfficeSettings
from ..recipients import Lane, Reader, routes
from ..store import addresses, channels, deliveries, taking
from ..store.addresses import NO_MANNER, Manner
from ..taking import Gathering, Key, Known
from .desk import Desk, home_zone


def habits_of(manner: Manner, settings: OfficeSettings) -> Habits:
    """A person's wishes, the organisation's where they say nothing."""
    own = manner.quiet_from is not None and manner.quiet_to is not None
    begin = manner.quiet_from if own and manner.quiet_from is not None else settings.quiet_from
    end = manner.quiet_to if own and manner.quiet_to is not None else settings.quiet_to
    workdays = settings.workdays_only if manner.workdays_only is None else manner.workdays_only
    return Habits(quiet_from=begin, quiet_to=end, workdays_only=workdays)


def lanes(tx: Transaction, frame: Frame, desk: Desk) -> list[Lane]:
    """The channels as they stand, in the order in which they are preferred."""
    standing = channels.standings(tx)
    return [
        Lane(
            name=name,
            kind=channel.kind,
            open=(name not in standing or standing[name].paused_at is None)
            and not _spent(tx, frame, desk, name),
        )
        for name, channel in desk.channels.items()
    ]


def _spent(tx: Transaction, frame: Frame, desk: Desk, name: str) -> bool:
    most = desk.settings.budget(name).day
    if most is None:
        return False
    used = channels.spent_on(tx, name, today(frame), [("day", "")])
    return used.get(("day", ""), 0) >= most


def today(frame: Frame) -> str:
    """The local day, as budgets count it."""
    return frame.calendar(home_zone(frame)).day_of(frame.now).isoformat()


def readers_of(
    tx: Transaction, people: Collection[int], open_lanes: Sequence[Lane], settings: OfficeSettings
) -> dict[int, Reader]:
    """What is known of these people."""
    wanted = sorted(people)
    reachable = addresses.addresses_of(tx, wanted)
    manners = addresses.manners_of(tx, wanted)
    off = addresses.switched_off(tx, wanted)
    return {
        person: Reader(
            id=person,
            language=cast(Language, language if language in ("zh", "en") else "zh"),
            habits=habits_of(manners.get(person, NO_MANNER), settings),
            routes=routes(
                [(one.kind, one.value) for one in reachable.get(person, ()) if one.broken_at is None],
                open_lanes,
            ),
            off=frozenset(off.get(person, ())),
        )
        for person, (language, *_) in taking.persons(tx, wanted).items()
    }


def known_of(frame: Frame, readers: Mapping[int, Reader], desk: Desk) -> Known:
    """What a plan for these readers is made on."""
    people, window = sorted(readers), desk.settings.window
    gathering: dict[Key, Gathering] = {
        (person, channel, class_): Gathering(
            id=ident, due_at=due, urgent=bool(urgent), thread_id=thread, address=address, instead_of=instead
        )
        for ident, person, channel, class_, due, urgent, thread, address, instead in deliveries.gathering_of(
            frame.tx, people
        )
    }
    return Known(
        readers=readers,
        gathering=gathering,
        last=deliveries.last_told(frame.tx, people, frame.now - window),
        window=window,
        calendar=frame.calendar,
    )


# --- who stands in ----------------------------------------------------------------------------------


def delegates_of(tx: Transaction, people: Collection[int], now: int) -> dict[int, tuple[int, ...]]:
    """person -> who acts for them now."""
    found = organisation.delegations(tx, sorted(people))
    return {
        person: tuple(one.delegate_id for one in several if one.delegate_id is not None and one.lasts(now))
        for person, several in found.items()
    }


def tasks_of(tx: Transaction, ids: Collection[int]) -> dict[int, Task]:
    """Tasks that can be read; the others have nobody who stands in."""
    found: dict[int, Task] = {}
    for row in tasks.read_these(tx, sorted(ids)):
        try:
            task = tasks.task_of(row)
        except Exception:  # noqa: S112  (one broken row must not keep the others from being told)
            continue
        found[task.id] = task
    return found


def stand_ins(frame: Frame, task: Task, role: str, without: frozenset[int]) -> tuple[int, ...]:
    """Deputies, then whoever the role falls to, while these people can't be reached."""
    around = frame.around(task.version_id)
    book = around.books.get(task.kind)
    if book is None or role not in book.definition.roles:
        return ()
    found = resolve(around.directory, book.definition, role, task, frame.now, without)
    return found.persons
