"""A demonstration's cast: who may sign in, and the invented people who go on with the campaign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from workflow.clock import VirtualClock
from workflow.text import Text

from .dates import day_of
from .packs import proven
from .screen import columns

if TYPE_CHECKING:
    from console.demonstration import Known
    from console.web import Place
    from workflow.definition import Pack
    from workflow.simulation import Live

    from .desk import Desk
    from .watch import Game

_FOR_EVER = 1_000 * 366 * 86_400_000  # ms: where a day passes in a second no session would last


def live_from(desk: Desk, game: Game) -> Live | None:
    """Time and people where the played campaign ends; None where time is the database's own.

    The desk's clock is the demonstration's from here on.
    """
    from workflow.calendar import default_calendar
    from workflow.simulation import CROWDS, Dice, Live, Players, keep_papers, moved

    if desk.port.now() is not None or game.until is None or game.start is None:
        return None
    machine, clock = desk.clock, VirtualClock(game.until)
    desk.clock = clock
    pack = moved(proven(game.pack), day_of(game.start))
    crowd = next(one for one in CROWDS if one == game.crowd)
    calendar = default_calendar(pack.campaign.zone)
    papers = keep_papers(pack, desk.folder)
    players = Players(pack, desk.engine, Dice(game.seed), crowd, calendar, papers)
    players.meet(clock.now())
    return Live(desk.engine, players, clock, machine)


def open_door(desk: Desk, place: Place, pack: Pack, live: Live | None) -> Place:
    """Give everybody an account with one password, and say which; every page says what this is."""
    from console.accounts import Lasting
    from console.accounts.administering import DUTIES
    from console.demonstration import Demonstration, Known, open_accounts
    from workflow.reading import people
    from workflow.store import life

    secret = place.token()
    shared = "-".join(secret[at : at + 4] for at in (0, 4, 8))
    with desk.frame() as frame:
        everybody = {one.code: one.id for one in people(frame)}
    with desk.port.write("people") as tx:
        life.mark_demonstration(tx)
    open_accounts(desk.port, place.passwords, everybody, list(DUTIES), shared, desk.now)
    administrators = (Known(login=name, name=label, what=label) for name, label in DUTIES.items())
    known = (*_one_of_each(pack), *administrators)
    _tell(desk, known, shared)
    lasting = Lasting(idle=_FOR_EVER, whole=_FOR_EVER)
    return replace(
        place,
        settings=replace(place.settings, lasting=lasting),
        demonstration=Demonstration(known=known, time=live),
    )


def _one_of_each(pack: Pack) -> Iterator[Known]:
    """The first who holds a post at a unit of a kind, for each of these."""
    from console.demonstration import Known

    units, named = pack.campaign.units, _names_of_posts(pack)
    met: set[tuple[str, str]] = set()
    for person in (one for one in pack.people if len(one.posts) == 1):
        (post,) = person.posts
        if post.unit not in units or (post.name, units[post.unit].kind) in met:
            continue
        met.add((post.name, units[post.unit].kind))
        unit = units[post.unit].label
        name = named.get((post.name, post.unit)) or named.get((post.name, None)) or Text(post.name, post.name)
        yield Known(
            login=person.code,
            name=person.name,
            what=Text(f"{unit.zh}{name.zh}", f"{name.en.lower()} at {unit.en}"),
        )


def _names_of_posts(pack: Pack) -> dict[tuple[str, str | None], Text]:
    """What the definitions most often call whoever holds a post: at a unit by name, and anywhere."""
    roles = (role for one in pack.definitions.values() for role in one.roles.values())
    said = Counter((role.post, role.seat.unit, role.label) for role in roles)
    found: dict[tuple[str, str | None], Text] = {}
    for (post, unit, label), _ in said.most_common():
        found.setdefault((post, unit), label)
    return found


def _tell(desk: Desk, known: tuple[Known, ...], shared: str) -> None:
    desk.say(
        f"\n演示账号，密码都是 {shared}（每次演示不同）：",
        f"\nAccounts of this demonstration, all with the password {shared} (another one each time):",
    )
    rows = [[one.login, one.name.to(desk.language), one.what.to(desk.language)] for one in known]
    for line in columns(rows):
        desk.lines([Text(line.rstrip(), line.rstrip())], "  ")
    desk.say(
        "  其余人员也都有账号，名称即人员代码（duban people 可查）。",
        "  Everybody else has one as well, named by their code (see duban people).",
    )
