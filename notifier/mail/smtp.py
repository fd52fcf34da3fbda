"""Handing a message to a server by SMTP (RFC 5321), one step at a time.

`smtplib.sendmail` doesn't say at which step it died, and that is what matters: before the final dot
nothing was handed over, after it nobody knows. So each step is taken here, and judged in `replies.py`.
"""

from __future__ import annotations

import re
import select
import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from workflow.text import Text

from ..channel import Outcome, Send, Unwritten
from ..content import Parcel
from ..secrets import secret
from .headers import mail_address
from .replies import Ended, Step, judged, lost
from .settings import SMTP_PORTS, MailSettings

_LINES_MOST = 100  # of one reply: a peer that never ends its answer is no server
_LINE_MOST = 8192
_REPLY = re.compile(rb"[2-5][0-9]{2}([ -].*)?\r?\n", re.DOTALL)
_LONE_END = re.compile(rb"\r\n|\r|\n")
_DOT = re.compile(rb"(?m)^\.")

Reply = tuple[int, bytes]


class _Peer(smtplib.SMTP):
    """A server, with replies that have an end, spoken to over TLS from the first byte if `implicit`."""

    def __init__(self, host: str, name: str, timeout: float, implicit: ssl.SSLContext | None) -> None:
        super().__init__(local_hostname=name, timeout=timeout)
        self._host = host  # smtplib checks certificates against the name that it was made with
        self._implicit = implicit

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((host, port), timeout)
        try:
            return self._implicit.wrap_socket(plain, server_hostname=host) if self._implicit else plain
        except OSError:
            plain.close()
            raise

    def getreply(self) -> Reply:
        """The reply; -1 for what isn't SMTP."""
        assert self.sock is not None  # noqa: S101 - smtplib connects first
        self.file = self.file or self.sock.makefile("rb")
        said: list[bytes] = []
        while len(said) < _LINES_MOST:
            line = self.file.readline(_LINE_MOST)
            if not line:
                self.close()
                raise smtplib.SMTPServerDisconnected("closed")
            said.append(line[4:].strip())
            if not _REPLY.match(line):
                return -1, line.strip()
            if line[3:4] != b"-":
                return int(line[:3]), b"\n".join(said)
        return -1, b"an answer without an end"


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """Where and how to connect: made once, used by every session."""

    settings: MailSettings
    password: str | None
    context: ssl.SSLContext

    @classmethod
    def of(cls, settings: MailSettings) -> Server:
        """Resolve what the settings only name.

        Raises:
            UsageError: a secret that isn't there.
        """
        password = secret(settings.password) if settings.password else None
        cafile = str(settings.ca_file) if settings.ca_file else None
        return cls(settings=settings, password=password, context=ssl.create_default_context(cafile=cafile))


@contextmanager
def session(server: Server) -> Iterator[Send]:
    """Something to send with, for one thread."""
    line = _Line(server)
    try:
        yield line.send
    finally:
        line.hang_up()


class _Line:
    """A connection that is kept over many messages, and made again when it is gone."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._peer: smtplib.SMTP | None = None

    def send(self, parcel: Parcel) -> Outcome:
        """Hand one message over; never raises for what the peer does."""
        try:
            return self._send(parcel)
        except Ended as end:
            return end.outcome
        except Unwritten as error:
            return Outcome.refused(error.why)

    def hang_up(self) -> None:
        """End politely, if there is anybody."""
        if self._peer is not None:
            with suppress(OSError, ValueError):
                self._peer.quit()
            self._drop()

    def _send(self, parcel: Parcel) -> Outcome:
        sender = self._sender(parcel)
        receiver = mail_address(parcel.address)
        peer = self._ready(sender, receiver, len(parcel.body))
        self._asked("RCPT", (250, 251, 252), lambda: peer.rcpt(receiver))
        self._asked("DATA", (354,), lambda: peer.docmd("DATA"))
        self._write("DATA", _stuffed(parcel.body))
        self._interrupted()
        self._write("dot", b".\r\n")
        code, _said = self._asked("dot", (250,), peer.getreply)
        return Outcome.accepted(code=str(code), reference=parcel.message_id)

    def _sender(self, parcel: Parcel) -> str:
        """To whom a failure is returned; with a box for that, the address carries the message's id."""
        settings = self._server.settings
        if not settings.bounce:
            return settings.sender
        local, _, domain = settings.bounce.rpartition("@")
        return f"{local}+{parcel.message_id.strip('<>').partition('@')[0]}@{domain}"

    def _ready(self, sender: str, receiver: str, size: int) -> smtplib.SMTP:
        """A peer that has taken MAIL. A connection that was closed while idle is made again once."""
        kept = self._peer
        if kept is not None:
            try:
                return self._mail(kept, sender, receiver, size)
            except Ended as end:
                if self._is_connected() or end.outcome.end not in ("unreachable", "later"):
                    raise
        return self._mail(self._connected(), sender, receiver, size)

    def _is_connected(self) -> bool:
        return self._peer is not None

    def _mail(self, peer: smtplib.SMTP, sender: str, receiver: str, size: int) -> smtplib.SMTP:
        peer.command_encoding = "ascii"
        options = [f"size={size}"] if peer.has_extn("size") else []
        if not (sender + receiver).isascii():
            if not peer.has_extn("smtputf8"):
                raise Ended(Outcome.refused(_NO_UTF8))
            options += ["SMTPUTF8", "BODY=8BITMIME"]
        self._asked("MAIL", (250,), lambda: peer.mail(sender, options))
        return peer

    def _connected(self) -> smtplib.SMTP:
        settings = self._server.settings
        name = settings.hello or settings.sender.rpartition("@")[2]
        implicit = self._server.context if settings.tls == "tls" else None
        peer = self._peer = _Peer(settings.host, name, settings.timeout, implicit)
        port = settings.port or SMTP_PORTS[settings.tls]
        self._asked("greeting", (220,), lambda: peer.connect(settings.host, port))
        self._greet(peer)
        if settings.tls == "starttls":
            self._encrypt(peer)
        if settings.user is not None:
            self._login(peer, settings.user)
        return peer

    def _greet(self, peer: smtplib.SMTP) -> None:
        code, said = self._step("EHLO", peer.ehlo)
        if code != 250:
            self._settle("EHLO", (250,), *self._step("EHLO", peer.helo) if code >= 500 else (code, said))

    def _encrypt(self, peer: smtplib.SMTP) -> None:
        if not peer.has_extn("starttls"):
            self._drop()
            raise Ended(Outcome.unreachable(_NO_TLS))
        self._asked("STARTTLS", (220,), lambda: peer.starttls(context=self._server.context))
        self._greet(peer)

    def _login(self, peer: smtplib.SMTP, user: str) -> None:
        """One way only: trying the next after a refusal brings accounts closer to being locked."""
        peer.user, peer.password = user, self._server.password or ""
        offered = peer.esmtp_features.get("auth", "").upper().split()
        ways = {"PLAIN": peer.auth_plain, "LOGIN": peer.auth_login, "CRAM-MD5": peer.auth_cram_md5}
        way = next((one for one in ways if one in offered), None)
        if way is None:
            self._drop()
            raise Ended(Outcome.unauthorised(_NO_AUTH))
        self._step("AUTH", lambda: peer.auth(way, ways[way]))

    # -------------------------------------------------------------- one step

    def _asked(self, step: Step, hoped: tuple[int, ...], ask: Callable[[], Reply]) -> Reply:
        code, said = self._step(step, ask)
        self._settle(step, hoped, code, said)
        return code, said

    def _settle(self, step: Step, hoped: tuple[int, ...], code: int, said: bytes) -> None:
        if code in hoped:
            return
        outcome = judged(step, code, said)
        proper = code != 421 and 400 <= code <= 599
        if not proper or step not in ("MAIL", "RCPT", "DATA", "dot") or not self._is_reset():
            self._drop()
        raise Ended(outcome)

    def _step(self, step: Step, ask: Callable[[], Reply]) -> Reply:
        """The reply; whatever breaks instead is an end."""
        try:
            return ask()
        except smtplib.SMTPResponseException as error:
            self._drop()
            raise Ended(judged(step, error.smtp_code, _bytes(error.smtp_error))) from None
        except (OSError, ValueError) as error:
            self._drop()
            raise Ended(lost(step, _how(error))) from None

    def _write(self, step: Step, data: bytes) -> None:
        assert self._peer is not None  # noqa: S101 - DATA was answered on it
        sock = self._peer.sock
        try:
            assert sock is not None  # noqa: S101 - as above
            sock.sendall(data)
        except OSError as error:
            # A connection that is known to be gone took nothing; one that timed out may have.
            sent = step == "dot" and not isinstance(error, ConnectionError)
            self._drop()
            raise Ended(lost("dot" if sent else "DATA", _how(error))) from None

    def _interrupted(self) -> None:
        """A peer that speaks, or has gone, before the message is whole, can't have taken it."""
        peer = self._peer
        assert peer is not None  # noqa: S101 - DATA was answered on it
        assert peer.sock is not None  # noqa: S101 - as above
        if select.select([peer.sock], [], [], 0)[0] and not isinstance(peer.sock, ssl.SSLSocket):
            code, said = self._step("DATA", peer.getreply)
            self._drop()
            raise Ended(judged("DATA", code, said))

    def _is_reset(self) -> bool:
        """Whether the connection is good for another message."""
        if self._peer is None:
            return False
        try:
            return self._peer.rset()[0] == 250
        except (OSError, ValueError):
            return False

    def _drop(self) -> None:
        peer, self._peer = self._peer, None
        if peer is not None:
            with suppress(OSError, ValueError):
                peer.close()


def _stuffed(body: bytes) -> bytes:
    """The message as DATA takes it, without its final dot."""
    data = _DOT.sub(b"..", _LONE_END.sub(b"\r\n", body))
    return data if data.endswith(b"\r\n") else data + b"\r\n"


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode("utf-8", "replace")


def _how(error: Exception) -> Text:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Text(
            "证书不受信任，请检查 ca_file 与主机名", "its certificate is not trusted: check ca_file and host"
        )
    if isinstance(error, TimeoutError):
        return Text("超时", "it did not answer in time")
    name = type(error).__name__
    return Text(f"连接断开（{name}）", f"the connection broke ({name})")


_NO_TLS = Text(
    "邮件服务器不提供加密（STARTTLS），没有发送：请改用提供加密的服务器。",
    "The server offers no encryption (STARTTLS), nothing was sent: use one that does.",
)
_NO_AUTH = Text(
    "邮件服务器不提供可用的登录方式：请检查 user、端口与 tls。",
    "The server offers no way to log in that can be used: check user, port and tls.",
)
_NO_UTF8 = Text(
    "此地址含非 ASCII 字符，而邮件服务器不支持 SMTPUTF8：请改用其他地址。",
    "This address is not ASCII and the server has no SMTPUTF8: use another address.",
)
