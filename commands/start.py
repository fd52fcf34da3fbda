"""Daemon and console in one process: one stop ends both, and neither goes on without the other."""

from __future__ import annotations

import threading
from socket import socket
from typing import TYPE_CHECKING

import typer

from .arguments import command, group
from .console import Host, Https, PortNumber, Whose, check_reach, greet, place_of, table_of, tell_open
from .desk import Desk, desk_of
from .serving import Served, listen
from .watch import Interval, LogJson, keep_watch

if TYPE_CHECKING:
    from console.web import Place
    from workflow.simulation import Live

app = group()


@command(
    app, "守护进程和网页在一个进程里，直到停止。", "Daemon and console in one process; until it is stopped."
)
def start(
    ctx: typer.Context,
    host: Host = "127.0.0.1",
    port: PortNumber = 8080,
    https: Https = None,
    organisation: Whose = None,
    interval: Interval = 1.0,
    log_json: LogJson = False,
) -> None:
    desk = desk_of(ctx)
    table = table_of(desk, https=https, organisation=organisation)
    check_reach(host, https=table.https)
    desk.refuse_demonstration()
    with listen(host, port) as listening:
        place = place_of(desk, table)
        greet(desk, place)
        tell_open(desk, listening)
        together(desk, place, listening, interval, log_json=log_json)


def together(
    desk: Desk,
    place: Place,
    listening: socket,
    interval: float,
    *,
    log_json: bool = False,
    live: Live | None = None,
) -> None:
    """The daemon until it is stopped, and the console until the daemon has finished its batch.

    Raises:
        DatabaseLocked: another daemon works on this SQLite file; the console ends too.
        NotNow: the console ended by itself; the daemon finished its batch and ended too.
    """
    stop = threading.Event()

    def end() -> None:
        desk.engine.stop()
        stop.set()

    with Served(place, listening, end):
        keep_watch(desk, interval, log_json=log_json, stop=stop, live=live)
