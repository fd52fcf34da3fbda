"""One POST to a checked address: no proxy, no redirect, no longer than it may take."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException

from .addresses import Target

Post = Callable[[Target, str, bytes, Mapping[str, str]], "Answer"]
_PATIENCE = 5.0  # seconds for each step: to connect, to be answered
_WHOLE = 15.0  # seconds for all of it, however slowly it drips


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a peer said."""

    status: int | None  # None: nothing, see `why`
    why: str = ""  # what failed, without anything that was sent

    @property
    def took(self) -> bool:
        """Whether it has the message."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def said(self) -> str:
        """For people."""
        return self.why if self.status is None else f"HTTP {self.status}"


class _Pinned(HTTPConnection):
    """A connection to the address that was checked; the name is only what the certificate must bear."""

    def __init__(self, target: Target, address: str, context: ssl.SSLContext | None) -> None:
        super().__init__(target.host, target.port, timeout=_PATIENCE)
        self._address, self._context = address, context

    def connect(self) -> None:
        """Connect, and shake hands where it is secure; `cut` ends that too."""
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._context is not None:
            self.sock = secured = self._context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            secured.do_handshake()

    def cut(self) -> None:
        """End it from another thread: whoever waits on it goes on."""
        with suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


class Poster:
    """Posts messages; keeps what is costly to make."""

    def __init__(self, context: ssl.SSLContext | None = None, whole: float = _WHOLE) -> None:
        self._context = context or ssl.create_default_context()
        self._whole = whole

    def __call__(self, target: Target, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post it; what a peer says besides its status is not read."""
        connection = _Pinned(target, address, self._context if target.secure else None)
        ending = threading.Timer(self._whole, connection.cut)
        ending.daemon = True
        ending.start()
        try:
            connection.request("POST", target.path, body, dict(headers))
            return Answer(status=connection.getresponse().status)
        except (OSError, HTTPException) as error:
            return Answer(status=None, why=type(error).__name__)
        finally:
            ending.cancel()
            connection.close()
