"""A demonstration: the last months of a campaign, one task's story, then daemon and console."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from .arguments import command, group
from .casting import live_from, open_door
from .console import PortNumber, place_of, table_of, tell_open
from .dates import DAY
from .desk import DATABASE, Desk, desk_of
from .ledger import tell
from .packs import proven
from .serving import address, listen_near
from .start import together
from .watch import Game, play

if TYPE_CHECKING:
    from workflow.engine import Frame

app = group()
DEMO = Path("var/demo.db")  # relative to where duban is called
MAIL = Path("var/mail")
SETTINGS = Path("var/demo.toml")
_SETTINGS = """\
# 演示用：通知写成文件，全天都发。 For the demonstration: notices become files, at any hour.
[site]
url = "{url}"
domain = "duban.invalid"

[manners]
quiet = "00:00-00:00"

[channels.folder]
kind = "folder"
folder = "{mail}"
"""
PACK = "demonstration_site"
DAYS = 120
RING = 0.25  # seconds between rings: so often time moves on, however fast


@command(
    app,
    "演示：演练最近 120 天，讲一件事项的经过，再守护到 Ctrl-C。",
    "Play the last 120 days, then daemon and console, until Ctrl-C.",
)
def demo(ctx: typer.Context, port: PortNumber = 8080) -> None:
    desk = desk_of(ctx)
    with listen_near("127.0.0.1", port) as listening:
        with _stage(desk):
            desk.say(f"正在演练最近 {DAYS} 天……\n", f"Playing the last {DAYS} days …\n")
            game = _last_months(desk)
            report = play(desk, game)
        desk.lines([report.to_text()])
        if report.story is not None:
            _tell_story(desk, report.story)
        _open_office(desk, address(listening))
        _tell_where(desk, report.story)
        live = live_from(desk, game)
        place = place_of(desk, table_of(desk, https=False))
        place = open_door(desk, place, proven(PACK), live)
        if address(listening) != f"http://127.0.0.1:{port}":
            desk.say(
                f"\n端口 {port} 已被占用，改用空闲端口。", f"\nPort {port} is taken: a free one is used."
            )
        tell_open(desk, listening)
        together(desk, place, listening, RING, live=live)


@contextmanager
def _stage(desk: Desk) -> Iterator[None]:
    """Unless one was named, a demonstration has a database of its own, made anew each time.

    Raises:
        DatabaseLocked: a daemon works on it, or another demonstration; its files stay.
    """
    if desk.url != DATABASE:
        yield
        return
    from workflow.daemon import only_one

    desk.url = f"sqlite:///{DEMO}"
    DEMO.parent.mkdir(exist_ok=True)
    with only_one(DEMO):
        # The daemon's place stays: it is held. The office's mark goes with its database, or the new one
        # would be taken for an old copy, and nothing sent.
        for end in ("", "-wal", "-shm", ".outbox"):
            DEMO.with_name(DEMO.name + end).unlink(missing_ok=True)
        yield


def _last_months(desk: Desk) -> Game:
    """The campaign, moved to start in the month of 120 days ago, until now."""
    from workflow.calendar import USUAL_ZONE, default_calendar

    now = desk.clock.now()
    start = default_calendar(USUAL_ZONE).day_of(now) - DAYS * DAY
    return Game(
        pack=PACK,
        days=DAYS,
        seed=1,
        start=start.isoformat(),
        crowd="mixed",
        url=desk.url,
        evidence=desk.evidence,
        until=now,
    )


def _tell_story(desk: Desk, task: int) -> None:
    with desk.frame() as frame:
        number = _number(frame, task)
        desk.say(
            f"\n事项 {number} 逐级预警、又回到绿灯的经过：",
            f"\nThe story of task {number}, up the ladder and down again:",
        )
        tell(desk, frame, number)


def _number(frame: Frame, task: int) -> str:
    from workflow.reading import load_one, number_of

    loaded, _ = load_one(frame, task)
    return number_of(frame, task, loaded.task.campaign_id)


def _open_office(desk: Desk, url: str) -> None:
    """Notices leave into a folder, for invented people have no mailboxes; unless settings say otherwise.

    Args:
        url: of the console, for the links in them.
    """
    from notifier.store.addresses import address_everybody

    if desk.settings is not None:
        return
    SETTINGS.parent.mkdir(exist_ok=True)
    SETTINGS.write_text(_SETTINGS.format(url=url, mail=MAIL), encoding="utf-8")
    desk.settings_file = SETTINGS
    del desk.settings  # read again, with the file
    with desk.port.write("people") as tx:
        address_everybody(tx, "folder", desk.now)


def _tell_where(desk: Desk, story: int | None) -> None:
    """Where everything lies, and what to try while the daemon works."""
    from workflow.store import shown

    url, duban = shown(desk.url), _program()
    desk.say(
        f"\n数据库是 {url}。请另开一个终端，在本文件夹中试试：",
        f"\nThe database is {url}. In another terminal, in this folder, try:",
    )
    for one in _worth_trying(desk, story):
        typer.echo(f"  {duban} {one} --database {url}")
    desk.say(
        f"\n通知会写成文件，放在 {MAIL} 中：每人先收到一件，汇总停机期间的全部消息。",
        f"\nNotices become files in {MAIL}: first one for each person, with all that came while nobody sent.",
    )


def _worth_trying(desk: Desk, story: int | None) -> Iterator[str]:
    """Commands, on the gravest task and on the one that was told."""
    from workflow.reading import Wanted, ledger

    yield "tasks"
    with desk.frame() as frame:
        for line in ledger(frame, Wanted(limit=1)).lines:
            yield f"explain {line.number}"
            yield f"forecast {line.number}"
        if story is not None:
            yield f"history {_number(frame, story)}"
    named = "" if desk.settings_file is None else f" --settings {desk.settings_file}"
    yield from ("scores", "rounds", f"outbox{named}", f"doctor{named}")


def _program() -> str:
    """How to call this program from this folder."""
    if shutil.which("duban"):
        return "duban"
    installed = Path(sys.executable).with_name("duban")
    return os.path.relpath(installed) if installed.exists() else "python main.py"
