"""Text messages by SMPP 3.4, to a provider's message centre.

How a submission ends is told by the centre's status (5.1.3), or by when the link broke:

    before a segment was handed over whole    unreachable
    after that, and before its answer         unknown
    after some segments were accepted         unknown, whatever became of the others

One segment is under way at a time in each session. Each is reported on by itself; the reference of a
text in several segments names all of them, separated by spaces.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, Final

from smpplib import consts

from workflow.errors import DubanError, UsageError
from workflow.text import Text

from ..channel import Outcome, Receipt, Send
from ..content import Content, Envelope, Kind, Parcel
from ..secrets import secret
from .body import Body, written
from .link import Garbled, Link, Pdu, connect
from .numbers import e164, styled
from .reports import Form, answered_id, read_report
from .segments import encoded, parts
from .settings import SmppSettings

_NAMES: Final = {
    value: name.removeprefix("SMPP_") for name, value in vars(consts).items() if name.startswith("SMPP_ESME_")
}
_UNAUTHORISED: Final = frozenset(
    {"ESME_RINVPASWD", "ESME_RBINDFAIL", "ESME_RINVSYSID", "ESME_RINVSYSTYP", "ESME_RINVSERTYP"}
    | {"ESME_RINVSRCADR", "ESME_RINVSRCTON", "ESME_RINVSRCNPI"}  # the account's sender, not the message
)
_REFUSED: Final = frozenset(
    {"ESME_RINVDSTADR", "ESME_RINVDSTTON", "ESME_RINVDSTNPI", "ESME_RX_P_APPN", "ESME_RX_R_APPN"}
    | {"ESME_RINVMSGLEN", "ESME_RINVESMCLASS", "ESME_RINVPARLEN", "ESME_RDELIVERYFAILURE"}
)
_LOST: Final = (OSError, Garbled)
_UDHI: Final = 0x40  # esm_class: the text begins with a header
_MOST_AT_ONCE: Final = 1_000  # receipts in one collection, so that it comes to an end


class _NoLink(Exception):
    """A link could not be bound; how the try ends."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome


class SmppChannel:
    """An account at a message centre."""

    kind: Kind = "sms"

    def __init__(self, name: str, settings: SmppSettings, password: str) -> None:
        self.name = name
        self._settings = settings
        self._password = password
        self._tls = _tls(settings)
        self._links: set[Link] = set()  # of sessions: receipts may come on each

    def write(self, content: Content, envelope: Envelope) -> bytes:
        """The text, planned, with what it costs."""
        settings = self._settings
        body = written(
            content, envelope, settings, settings.signature or "", unicode_only=settings.unicode_only
        )
        return body.to_bytes()

    def session(self) -> AbstractContextManager[Send]:
        """A link of its own, bound at the first message."""
        return self._session()

    def receipts(self, keep: Callable[[Receipt], None]) -> int:
        """Collect what the centre has to say: what came to sessions, and what waits for a link.

        A centre that isn't reached says nothing now; whoever sends is told of that.

        Raises:
            DubanError: as `keep` did at the first receipt that it could not keep. The centre is asked to
                send that one again, and the others are collected all the same.
        """
        post = _Post(keep, self._settings.receipt_ids)
        for link in tuple(self._links):
            post.hand_over(link)
        with suppress(_NoLink):
            link = self.bound("bind_receiver")
            try:
                self._collect(link, post)
            finally:
                link.close(politely=True)
        if post.failed is not None:
            raise post.failed
        return post.kept

    def bound(self, command: str) -> Link:
        """A link that is bound.

        Raises:
            _NoLink: how a try ends that needed it.
        """
        settings = self._settings
        if settings.bind == "transceiver":
            command = "bind_transceiver"
        try:
            link = connect(settings.host, settings.port, settings.timeout, self._tls)
        except OSError as error:
            raise _NoLink(Outcome.unreachable(_unreached(error), code=type(error).__name__)) from None
        outcome = self._bind(link, command)
        if outcome.end != "accepted":
            link.close(politely=False)
            raise _NoLink(outcome)
        return link

    def _bind(self, link: Link, command: str) -> Outcome:
        settings = self._settings
        account = {"system_id": settings.system_id, "password": self._password}
        try:
            asked = link.send(command, **account, system_type=settings.system_type, interface_version=0x34)
            outcome = _outcome(link.answer_to(asked))
        except _LOST as error:
            return Outcome.unreachable(_unreached(error), code=type(error).__name__)
        if outcome.end == "refused" and outcome.why:  # the bind, not the message
            return Outcome.later(outcome.why, code=outcome.code)
        return outcome

    @contextmanager
    def _session(self) -> Iterator[Send]:
        session = _Session(self, self._settings, self._links)
        try:
            yield session.send
        finally:
            session.end(politely=True)

    def _collect(self, link: Link, post: _Post) -> None:
        for _ in range(_MOST_AT_ONCE):
            if not self._heard(link):
                return
            post.hand_over(link)
            with suppress(OSError):  # gone: it comes again
                link.settle()

    def _heard(self, link: Link) -> bool:
        """Whether anything came before the centre fell silent. A broken link is silent, too."""
        with suppress(*_LOST):
            if (pdu := link.next(self._settings.receipt_wait)) is not None:
                link.see_to(pdu)
                return True
        return False


class _Post:
    """One collection of receipts."""

    def __init__(self, keep: Callable[[Receipt], None], form: Form) -> None:
        self.kept = 0
        self.failed: DubanError | None = None
        self._keep = keep
        self._form = form

    def hand_over(self, link: Link) -> None:
        """Answered only once kept, by whoever holds the link: without an answer it comes again."""
        while link.inbox:
            pdu = link.inbox.popleft()
            link.kept.append((pdu, self._kept(pdu)))

    def _kept(self, pdu: Pdu) -> int:
        """The status to answer with. What people write back is no receipt, and nobody reads it here."""
        receipt = _read(pdu, self._form)
        try:
            if receipt is not None:
                self._keep(receipt)
                self.kept += 1
        except DubanError as error:
            self.failed = self.failed or error
            return int(consts.SMPP_ESME_RX_T_APPN)
        return int(consts.SMPP_ESME_ROK)


def _read(pdu: Pdu, form: Form) -> Receipt | None:
    text = (pdu.short_message or pdu.message_payload or b"").decode("latin-1")
    receipted = (pdu.receipted_message_id or b"").decode("latin-1") or None
    return read_report(text, receipted and answered_id(receipted, form), pdu.message_state, form)


class _Session:
    """What one thread sends with."""

    def __init__(self, channel: SmppChannel, settings: SmppSettings, links: set[Link]) -> None:
        self._channel = channel
        self._settings = settings
        self._links = links
        self._link: Link | None = None

    def send(self, parcel: Parcel) -> Outcome:
        """Submit every segment; how it ended."""
        try:
            link = self._ready()
        except _NoLink as error:
            return error.outcome
        accepted: list[str] = []
        for fields in submissions(parcel, self._settings):
            outcome = self._submit(link, fields)
            if outcome.end != "accepted":
                return _partly(outcome, len(accepted)) if accepted else outcome
            accepted.append(outcome.reference or "")
        return Outcome.accepted(code="ESME_ROK", reference=" ".join(filter(None, accepted)) or None)

    def end(self, *, politely: bool) -> None:
        """Receipts that were not answered come again on another link."""
        if self._link is not None:
            self._links.discard(self._link)
            self._link.close(politely=politely)
            self._link = None

    def _ready(self) -> Link:
        """A link whose peer is there as far as one can know: a message on a dead one is in doubt."""
        if self._link is not None:
            try:
                self._link.check(self._settings.idle)
            except _LOST:
                self.end(politely=False)
        if self._link is None:
            self._link = self._channel.bound("bind_transmitter")
            self._links.add(self._link)
        return self._link

    def _submit(self, link: Link, fields: dict[str, Any]) -> Outcome:
        try:
            asked = link.send("submit_sm", **fields)
        except OSError as error:
            self.end(politely=False)
            return Outcome.unreachable(_unreached(error), code=type(error).__name__)
        try:
            answer = link.answer_to(asked)
        except _LOST as error:
            self.end(politely=False)
            return Outcome.unknown(_unanswered(), code=type(error).__name__)
        return self._judged(answer)

    def _judged(self, answer: Pdu) -> Outcome:
        outcome = _outcome(answer)
        if outcome.code == "ESME_RINVBNDSTS":
            self.end(politely=False)
        if outcome.end != "accepted":
            return outcome
        message_id = (getattr(answer, "message_id", None) or b"").decode("latin-1").strip()
        reference = answered_id(message_id, self._settings.receipt_ids) if message_id else None
        return Outcome.accepted(code=outcome.code, reference=reference)


def smpp_channel(name: str, settings: SmppSettings) -> SmppChannel:
    """The channel that these settings describe.

    Raises:
        UsageError: a secret or a file of certificates that can't be read, a password that is too long.
    """
    password = secret(settings.password) if settings.password else ""
    if len(password) > 8 or not password.isascii():
        raise UsageError(
            f"通道 {name} 的密码不能用：SMPP 3.4 的密码最多 8 个 ASCII 字符。请向服务商核对。",
            f"The password of the channel {name} can't be used: in SMPP 3.4 it has at most 8 ASCII "
            "characters. Ask the provider for the right one.",
        )
    return SmppChannel(name, settings, password)


def submissions(parcel: Parcel, settings: SmppSettings) -> Iterator[dict[str, Any]]:
    """The fields of submit_sm, segment by segment; the same at every try, so that a phone joins them."""
    body = Body.from_bytes(parcel.body)
    divided = parts(body.text, body.encoding)
    for number, part in enumerate(divided, start=1):
        header = bytes((5, 0, 3, parcel.delivery_id % 256, len(divided), number)) if divided[1:] else b""
        yield {
            "source_addr_ton": settings.sender_ton,
            "source_addr_npi": settings.sender_npi,
            "source_addr": settings.sender,
            "dest_addr_ton": settings.receiver_ton,
            "dest_addr_npi": settings.receiver_npi,
            "destination_addr": _destination(parcel.address, settings),
            "esm_class": _UDHI if header else 0,
            "data_coding": {"gsm7": 0, "ucs2": 8}[body.encoding],
            "registered_delivery": 1,
            "short_message": header + encoded(part, body.encoding),
        }


def _destination(address: str, settings: SmppSettings) -> str:
    """With its country's number where the type of number says international, without it elsewhere."""
    number = e164(address, settings.country) or address
    return styled(number, "digits" if settings.receiver_ton == 1 else "national", settings.country)


def _outcome(answer: Pdu) -> Outcome:
    if not answer.is_error():
        return Outcome.accepted(code="ESME_ROK")
    code = _NAMES.get(answer.status, f"0x{answer.status:08X}")
    told = consts.DESCRIPTIONS.get(answer.status, "")
    why = Text(
        f"短信中心没有接收：{code}（{told}）。", f"The message centre did not accept it: {code} ({told})."
    )
    if code in _UNAUTHORISED:
        return Outcome.unauthorised(why, code=code)
    return Outcome.refused(why, code=code) if code in _REFUSED else Outcome.later(why, code=code)


def _partly(outcome: Outcome, accepted: int) -> Outcome:
    return Outcome.unknown(
        Text(
            f"短信中心只接收了前 {accepted} 段，其余没有（{outcome.code}）；将整条重发，可能重复。",
            f"The message centre accepted {accepted} segment(s) and not the rest ({outcome.code}); the "
            "whole text is sent again and may be seen twice.",
        ),
        code=outcome.code,
    )


def _unreached(error: Exception) -> Text:
    name = type(error).__name__
    return Text(
        f"没有连上短信中心（{name}），短信未交出。请检查地址、端口、证书和网络；之后会再试。",
        f"The message centre was not reached ({name}), nothing was handed over. Check its address, port, "
        "certificate and the network; it is tried again later.",
    )


def _unanswered() -> Text:
    return Text(
        "短信已交给短信中心，但没有等到答复：对方可能已收到。将会重发，可能重复。",
        "The text was handed to the message centre and not answered: the centre may have it. It is sent "
        "again and may be seen twice.",
    )


def _tls(settings: SmppSettings) -> ssl.SSLContext | None:
    if not settings.tls:
        return None
    try:
        return ssl.create_default_context(cafile=settings.certificates)
    except OSError as error:
        raise UsageError(
            f"证书文件 {settings.certificates} 无法使用（{type(error).__name__}）：请检查路径和 PEM 格式。",
            f"The file of certificates {settings.certificates} can't be used ({type(error).__name__}): "
            "check its path, and that it is PEM.",
        ) from None
