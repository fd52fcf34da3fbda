"""A bound connection to a message centre. PDUs are made and read by smpplib; reading is our own.

smpplib's client loses the bytes of a PDU that arrives in two halves around a time-out, believes any
length a peer names, knows no IPv6, and doesn't compare the host name with the certificate.
"""

from __future__ import annotations

import socket
import ssl
from collections import deque
from contextlib import suppress
from time import monotonic
from typing import Any, Final

from smpplib import consts
from smpplib.client import SimpleSequenceGenerator
from smpplib.smpp import make_pdu, parse_pdu

LONGEST: Final = 65_536
"""Octets of the longest PDU that is read: message_payload's length, and room for the rest."""

_HEADER: Final = 16
_GOODBYE: Final = 2.0  # seconds that an unbind is waited for
_NOT_YET: Final = (TimeoutError, BlockingIOError, ssl.SSLWantReadError)


class Garbled(Exception):
    """What came is no SMPP."""


Pdu = Any
"""smpplib's PDUs bear their fields as attributes; it ships no types."""


class Link:
    """One connection, read and written by one thread. Another may take from `inbox` and add to `kept`."""

    def __init__(self, connection: socket.socket, timeout: float) -> None:
        self.inbox: deque[Pdu] = deque()  # deliver_sm that nobody has seen to
        self.kept: deque[tuple[Pdu, int]] = deque()  # deliver_sm that may be answered, and with what
        self.used_at = monotonic()  # when the peer was last heard
        self._socket = connection
        self._timeout = timeout
        self._buffer = bytearray()
        self._numbers = SimpleSequenceGenerator()

    def send(self, command: str, **fields: Any) -> Pdu:
        """Hand over a request; if this raises, the peer cannot have the whole of it."""
        pdu = make_pdu(command, client=self._numbers, **fields)
        self._write(pdu)
        return pdu

    def reply(self, asked: Pdu, command: str, status: int = consts.SMPP_ESME_ROK) -> None:
        """Answer a request of the peer's."""
        pdu = make_pdu(command, client=self._numbers, status=status)
        pdu.sequence, pdu.status = asked.sequence, status
        self._write(pdu)

    def answer_to(self, asked: Pdu, wait: float | None = None) -> Pdu:
        """The peer's answer. What else comes meanwhile is seen to.

        Raises:
            OSError: no answer in time, or the connection ended.
            Garbled: what came is no SMPP.
        """
        until = monotonic() + (self._timeout if wait is None else wait)
        while (pdu := self.next(until - monotonic())) is not None:
            if pdu.is_response() and pdu.sequence == asked.sequence:
                return pdu
            self.see_to(pdu)
        raise TimeoutError

    def next(self, wait: float) -> Pdu | None:
        """The next PDU, or None if none came within so many seconds. Half of one is kept for later."""
        until = monotonic() + wait
        while (pdu := self._whole()) is None:
            if not self._fill(max(until - monotonic(), 0)):
                return None
        self.used_at = monotonic()
        return pdu

    def see_to(self, pdu: Pdu) -> None:
        """What a peer may send at any time. Late answers to what was given up are left alone."""
        if pdu.command == "deliver_sm":
            self.inbox.append(pdu)
        elif pdu.command == "enquire_link":
            self.reply(pdu, "enquire_link_resp")
        elif pdu.command == "unbind":
            self.reply(pdu, "unbind_resp")
            raise ConnectionAbortedError
        elif not pdu.is_response():
            self.reply(pdu, "generic_nack", consts.SMPP_ESME_RINVCMDID)

    def settle(self) -> None:
        """Answer the receipts that were kept, and those that couldn't be."""
        while self.kept:
            pdu, status = self.kept.popleft()
            self.reply(pdu, "deliver_sm_resp", status)

    def check(self, idle: float) -> None:
        """See to what has come, and ask whether the peer is there if it was silent for so long.

        Raises:
            OSError, Garbled: the link is of no more use.
        """
        self.settle()
        while (pdu := self.next(0)) is not None:
            self.see_to(pdu)
        if monotonic() - self.used_at >= idle:
            self.answer_to(self.send("enquire_link"))

    def close(self, *, politely: bool) -> None:
        """End the connection; politely: with an unbind."""
        with suppress(OSError, Garbled):
            if politely:
                self.settle()
                self.answer_to(self.send("unbind"), _GOODBYE)
        with suppress(OSError):
            self._socket.close()

    def _write(self, pdu: Pdu) -> None:
        self._socket.settimeout(self._timeout)
        self._socket.sendall(pdu.generate())

    def _fill(self, wait: float) -> bool:
        """Whether anything came."""
        self._socket.settimeout(wait)
        try:
            data = self._socket.recv(LONGEST)
        except _NOT_YET:
            return False
        if not data:
            raise ConnectionResetError
        self._buffer += data
        return True

    def _whole(self) -> Pdu | None:
        length = int.from_bytes(self._buffer[:4], "big")
        if len(self._buffer) < 4 or (_HEADER <= length <= LONGEST and len(self._buffer) < length):
            return None
        if not _HEADER <= length <= LONGEST:
            raise Garbled
        raw = bytes(self._buffer[:length])
        del self._buffer[:length]
        return self._parsed(raw)

    def _parsed(self, raw: bytes) -> Pdu:
        try:
            return parse_pdu(raw, client=self._numbers, allow_unknown_opt_params=True)
        except Exception as error:  # of any kind: the library trusts what it parses
            raise Garbled from error


def connect(host: str, port: int, timeout: float, tls: ssl.SSLContext | None) -> Link:
    """A link that isn't bound yet.

    Raises:
        OSError: not reached, or its certificate isn't to be trusted.
    """
    connection = socket.create_connection((host, port), timeout)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Link(tls.wrap_socket(connection, server_hostname=host) if tls else connection, timeout)
    except OSError:
        connection.close()
        raise
