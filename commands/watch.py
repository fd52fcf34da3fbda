"""Keeping watch: the daemon on the clock of the wall, a simulation on a virtual one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from workflow.errors import UsageError
from workflow.text import Text

from .arguments import AsJson, PackName, command, group, option
from .dates import day_of
from .desk import Desk, beside, desk_of
from .packs import proven
from .screen import INFORMATION, WARNINGS, log_to_stderr
from .webhooks import telling

if TYPE_CHECKING:
    from workflow.daemon import Beside
    from workflow.definition import Pack
    from workflow.simulation import Live, Report

app = group()
Interval = Annotated[float, option("间隔秒数。", "Seconds between rings.", min=0.05, max=3_600)]
LogJson = Annotated[bool, option("日志用 JSON。", "Logs as JSON.", "--log-json")]


@command(app, "用虚拟人员在虚拟时钟上演练方案包。", "Play a pack with invented people on a virtual clock.")
def simulate(
    ctx: typer.Context,
    pack: PackName,
    days: Annotated[int, option("演练多少天。", "How many virtual days.", min=1, max=3_660)] = 120,
    seed: Annotated[int, option("种子：相同则台账逐字节相同。", "The same seed, the same ledger.")] = 1,
    start: Annotated[
        str | None, option("移到该月开始。", "Begin in that month.", "--from", metavar="DATE")
    ] = None,
    crowd: Annotated[
        str, option("diligent、mixed、lazy。", "diligent, mixed or lazy.", "--people")
    ] = "mixed",
    units: Annotated[
        str | None, option("把某类单位扩充到多少个。", "Have so many units of a kind.", metavar="KIND=N")
    ] = None,
    as_json: AsJson = False,
) -> None:
    import tempfile

    desk = desk_of(ctx)
    source = ctx.find_root().get_parameter_source("database")
    with tempfile.TemporaryDirectory(prefix="duban-") as folder:
        given = source is not None and source.name != "DEFAULT"
        url = desk.url if given else f"sqlite:///{folder}/simulated.db"
        evidence = desk.evidence if given else None  # what is thrown away leaves nothing elsewhere
        game = Game(pack=pack, days=days, seed=seed, start=start, crowd=crowd, url=url, evidence=evidence)
        report = play(desk, replace(game, units=units))
    if as_json:
        desk.json(report.to_json())
    else:
        desk.lines([report.to_text()])


@dataclass(frozen=True, kw_only=True, slots=True)
class Game:
    """A simulation as it was asked for."""

    pack: str
    days: int
    seed: int
    start: str | None
    crowd: str
    url: str
    evidence: Path | None  # None: the folder beside the database
    until: int | None = None  # ms; instead of the days
    units: str | None = None  # KIND=N: more units of a kind than the pack has


def play(desk: Desk, game: Game) -> Report:
    """Play a campaign to its end.

    Raises:
        NotNow: the database holds tasks already.
    """
    from workflow.reading.people import known
    from workflow.simulation import CROWDS
    from workflow.simulation import simulate as simulated

    if game.crowd not in CROWDS:
        raise UsageError(*known(Text("人群", "crowd"), game.crowd, list(CROWDS)).text)
    log_to_stderr(WARNINGS + 10)
    with desk.progress("演练第", "Playing, day") as progress:
        return simulated(
            _cast(game),
            days=game.days,
            seed=game.seed,
            start=None if game.start is None else day_of(game.start),
            people=cast("Any", game.crowd),
            url=game.url,
            evidence=game.evidence or _beside(game.url),
            progress=progress,
            until=game.until,
        )


def _cast(game: Game) -> Pack:
    """The pack, with as many units as were asked for.

    Raises:
        UsageError: the units are not written KIND=N.
        BadValue: the pack can't be grown so.
    """
    from workflow.simulation import grown

    pack = proven(game.pack)
    if game.units is None:
        return pack
    kind, _, count = game.units.partition("=")
    if not count.isdecimal():
        raise UsageError(
            f"没有演练：--units 写作 类别=数量，如 school=300，现为 {game.units}。",
            f"Not played: --units is written KIND=N, as in school=300; it was {game.units}.",
        )
    return grown(pack, kind, int(count))


def _beside(url: str) -> Path:
    """The folder in which a database that need not exist yet will have its evidence."""
    from workflow.store import port_for

    with closing(port_for(url)) as port:
        return beside(port)


@command(app, "守护进程：到时即办，直到停止。", "The daemon: acts on what is due, until it is stopped.")
def daemon(
    ctx: typer.Context,
    interval: Interval = 1.0,
    log_json: LogJson = False,
) -> None:
    desk = desk_of(ctx)
    desk.refuse_demonstration()
    keep_watch(desk, interval, log_json=log_json)


def keep_watch(
    desk: Desk,
    interval: float,
    *,
    log_json: bool = False,
    stop: Event | None = None,
    live: Live | None = None,
) -> None:
    """Work on what is due until SIGTERM, SIGINT or `stop`.

    Args:
        interval: seconds between rings.
        live: time and people of a demonstration.

    Raises:
        DatabaseLocked: another daemon works on this SQLite file.
    """
    from workflow import daemon as watch

    engine, database = desk.engine, watch.sqlite_file(desk.port)
    log_to_stderr(INFORMATION if live is None else WARNINGS, as_json=log_json)
    with notifying(desk) as beside:
        watch.run(
            engine,
            settings=watch.Settings(interval=interval),
            clock=None if live is None else desk.clock,
            database=database,
            stop=stop,
            on_ring=lambda ran: None if live is None or ran is None else live.go_on(),
            beside={**beside, **telling(desk), **searching(desk), **auditing(desk)},
        )


def auditing(desk: Desk) -> dict[str, Beside]:
    """What looks for tasks that the clock would never wake."""
    from workflow.auditor import Auditor
    from workflow.daemon import Beside

    return {"auditor": Beside(work=Auditor(desk.port).work)}


def searching(desk: Desk) -> dict[str, Beside]:
    """What keeps the index of the search."""
    from workflow.daemon import Beside
    from workflow.searching import Indexing

    indexing = Indexing(desk.port)
    return {"searching": Beside(work=indexing.work, stop=indexing.stop)}


@contextmanager
def notifying(desk: Desk) -> Iterator[dict[str, Beside]]:
    """What is rung beside the engine: nothing without settings, for then nothing is sent.

    Raises:
        SettingsError: settings that can't be used; the daemon doesn't start with half of them.
    """
    if desk.settings is None:
        desk.warn(
            "没有设置文件，通知不会发出。设置方法见 docs/notifier.md。",
            "There are no settings: no notice is sent. See docs/notifier.md.",
        )
        yield {}
        return
    from notifier.wiring import Notifier
    from workflow.daemon import Beside

    from .notify import machine_of

    with closing(Notifier(desk.settings, machine_of(desk))) as notifier:
        yield {name: Beside(work=work) for name, work in notifier.work.items()}
