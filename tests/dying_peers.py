"""A mail server that dies where it is told to, once for each step given, and serves well afterwards.

    with dying_smtp("dot", "mail") as (host, port, seen):
        …                    # the first connection dies after the final dot, the second after MAIL

`seen.taken` holds the messages it took responsibility for (one that it took, and died before saying so,
too), `seen.died` the steps at which it has died.
"""

from __future__ import annotations

import re
import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

STEPS = ("connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "half", "dot", "reply")
"""Where it can die: when the connection, the command, half of the body or the final dot has come and
before its answer is sent; `reply`: after the answer to the final dot."""

_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


@dataclass(kw_only=True)
class Seen:
    """What the peer has seen. Its lists only grow."""

    taken: list[bytes] = field(default_factory=list)  # whole messages, without stuffing
    died: list[str] = field(default_factory=list)  # steps
    commands: list[str] = field(default_factory=list)  # as they came

    def ids(self) -> list[str]:
        """The Message-IDs that were taken, in their order, doubles included."""
        return [found.group(1).decode() for one in self.taken if (found := _MESSAGE_ID.search(one))]


class Address(NamedTuple):
    """Where it listens, and what it has seen."""

    host: str
    port: int
    seen: Seen


class _Death(Exception):
    pass


@contextmanager
def dying_smtp(
    *steps: str, reset: bool = False, tls: ssl.SSLContext | None = None, silent: bool = False
) -> Iterator[Address]:
    """A server on the loopback; each new connection dies at the next of the steps, later ones at none.

    `reset` breaks the connection off with RST instead of closing it; `silent` keeps it open and says
    nothing more; `tls` is offered as STARTTLS.
    """
    assert set(steps) <= set(STEPS), steps
    server = _Server(list(steps), reset, tls, silent)
    try:
        yield Address("127.0.0.1", server.port, server.seen)
    finally:
        server.close()


class _Server:
    def __init__(self, steps: list[str], reset: bool, tls: ssl.SSLContext | None, silent: bool) -> None:
        self.seen = Seen()
        self.reset = reset
        self.tls = tls
        self.silent = silent
        self._steps = steps
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept)
        self._threads: list[threading.Thread] = []
        self._thread.start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        with self._lock:
            for sock in self._open:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(sock)
                step = self._steps.pop(0) if self._steps else None
            thread = threading.Thread(target=self._serve, args=(sock, step))
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, step: str | None) -> None:
        conversation = _Conversation(self, sock, step)
        try:
            conversation.run()
        except _Death:
            self._kill(conversation.sock)
        except OSError:
            pass
        with self._lock:
            self._open.discard(sock)
        with suppress(OSError):
            conversation.close()

    def _kill(self, sock: socket.socket) -> None:
        if self.silent:
            with suppress(OSError):
                while sock.recv(65536):
                    pass
        elif self.reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


class _Conversation:
    def __init__(self, server: _Server, sock: socket.socket, step: str | None) -> None:
        self._server = server
        self.sock = sock
        self._step = step
        self._file: BinaryIO = sock.makefile("rb")

    def close(self) -> None:
        self._file.close()
        self.sock.close()

    def run(self) -> None:
        self._reach("connect")
        self._say("220 peer.example.org ESMTP")
        while line := self._file.readline(2000):
            command = line.decode("utf-8", "replace").strip()
            self._server.seen.commands.append(command)
            verb = command.partition(" ")[0].partition(":")[0].lower()
            self._reach({"helo": "ehlo"}.get(verb, verb))
            if verb == "quit":
                return self._say("221 bye")
            self._answer(verb)
        return None

    def _reach(self, step: str) -> None:
        if step == self._step:
            self._server.seen.died.append(step)
            raise _Death

    def _say(self, *lines: str) -> None:
        self.sock.sendall("".join(f"{line}\r\n" for line in lines).encode())

    def _answer(self, verb: str) -> None:
        if verb == "ehlo":
            offered = ["250-STARTTLS"] if self._offers_tls() else []
            self._say("250-peer.example.org", *offered, "250-AUTH PLAIN", "250-SIZE 33554432", "250 SMTPUTF8")
        elif verb == "starttls" and self._server.tls is not None:
            self._say("220 go on")
            self._file.close()
            self.sock = self._server.tls.wrap_socket(self.sock, server_side=True)
            self._file = self.sock.makefile("rb")
        elif verb == "auth":
            self._say("235 welcome")
        elif verb == "data":
            self._take()
        else:
            self._say("250 fine")

    def _offers_tls(self) -> bool:
        encrypted = isinstance(self.sock, ssl.SSLSocket)
        return not encrypted and (self._server.tls is not None or self._step == "starttls")

    def _take(self) -> None:
        self._say("354 go on")
        if self._step == "half":
            self._file.read(40)
        self._reach("half")
        lines: list[bytes] = []
        while (line := self._file.readline()) != b".\r\n":
            if not line:
                raise _Death
            lines.append(line.removeprefix(b"."))
        self._server.seen.taken.append(b"".join(lines))
        self._reach("dot")
        self._say("250 taken")
        self._reach("reply")
