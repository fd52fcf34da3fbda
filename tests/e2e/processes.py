"""Programs that are not ours: started in a folder, ready before anybody talks to them, ended by id.

Nothing waits for a fixed time: a program is ready when its port answers, and who waits for something asks
again until a deadline. A program that ends while it is waited for is an error with its last lines.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event
from typing import Final, TypeVar

Answer = TypeVar("Answer")

PATIENCE: Final = 30.0  # seconds: the longest that anything here is waited for


class NotReady(Exception):
    """A peer that did not come up, or a thing that did not happen in time."""


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def until(what: str, ask: Callable[[], Answer | None], *, seconds: float = PATIENCE) -> Answer:
    """The first answer that is something; asked again and again until then.

    Raises:
        NotReady: there was none in time.
    """
    pause, deadline = Event(), time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := ask():
            return answer
        pause.wait(0.05)
    raise NotReady(f"{what}: not within {seconds:g} s")


class Program:
    """A running program and what it says."""

    def __init__(
        self, command: Sequence[str], *, folder: Path, name: str, pid_file: Path | None = None
    ) -> None:
        self.name, self.said, self._pid_file = name, folder / f"{name}.out", pid_file
        with self.said.open("wb") as out:
            self._process = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def lines(self) -> list[str]:
        """What it has said so far."""
        return self.said.read_text("utf-8", errors="replace").splitlines()

    def ready(self, *ports: int) -> Program:
        """Itself, once these ports answer."""
        for port in ports:
            until(f"{self.name} on port {port}", lambda port=port: self._answers(port))  # type: ignore[misc]
        return self

    def _answers(self, port: int) -> bool:
        if self._process.poll() is not None:
            last = "\n".join(self.lines()[-15:])
            raise NotReady(f"{self.name} ended with {self._process.returncode}:\n{last}")
        with socket.socket() as one:
            one.settimeout(1)
            return one.connect_ex(("127.0.0.1", port)) == 0

    def stop(self) -> None:
        """End it, and what it started: its session is its own, so nobody else's process is in it."""
        if self._pid_file and self._pid_file.exists():  # a master that left for a session of its own
            _end(int(self._pid_file.read_text()))
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGTERM)
        until(f"the end of {pid}", lambda: not Path(f"/proc/{pid}").exists())
    except ProcessLookupError:
        return
