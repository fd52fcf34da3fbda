"""Text messages through any gateway that takes them by HTTP, as the settings describe it.

The gateway is the operator's own choice and may stand in a private network: its address comes from the
settings alone, never from data, so private addresses are allowed. Certificates are checked, redirects
are not followed, and no more of an answer is read than is needed to judge it.

    no connection                                   unreachable
    handed over, no answer or none that fits        unknown
    an answer that fits                             as the settings say
"""

from __future__ import annotations

import json
import logging
import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final
from urllib.parse import quote, urlencode

import httpx2

from workflow.errors import DubanError, StoreError, UsageError
from workflow.text import Text

from ..channel import Outcome, Receipt, Send
from ..content import Content, Envelope, Kind, Parcel
from ..secrets import secret
from .body import Body, written
from .numbers import e164, styled
from .settings import Answer, GatewaySettings, ReceiptSettings

LONGEST_ANSWER: Final = 65_536
"""Octets of an answer that are read."""
LONGEST_REPORTS: Final = 4_194_304
"""Octets of reports that are read: a gateway tells each once, and half of them would be none."""
_MOST_PENDING: Final = 10_000  # reports that could not be kept yet

logging.getLogger("httpx2").setLevel(logging.WARNING)  # it would write addresses with numbers and keys

_CODINGS: Final = {"gsm7": "0", "ucs2": "2"}
_NOT_HANDED_OVER: Final = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """What of a gateway's answer is judged."""

    status: int
    text: str  # of its body as much as was read

    @property
    def data(self) -> Any:
        """The body as JSON; None: it is none."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):  # a gateway may nest as deep as it likes
            return None


class GatewayChannel:
    """A gateway."""

    kind: Kind = "sms"

    def __init__(self, name: str, settings: GatewaySettings, secrets: Mapping[str, str]) -> None:
        self.name = name
        self._settings = settings
        self._secrets = secrets
        self._tls = _tls(settings)
        self._pending: list[Receipt] = []  # told once by the gateway, not kept yet; lost at an end

    def write(self, content: Content, envelope: Envelope) -> bytes:
        """The text, planned, with what it costs."""
        settings = self._settings
        body = written(
            content, envelope, settings, settings.signature or "", unicode_only=settings.unicode_only
        )
        return body.to_bytes()

    def session(self) -> AbstractContextManager[Send]:
        """A client of its own. Each message has its own connection: a kept one may be dead, unseen."""
        return self._session()

    def receipts(self, keep: Callable[[Receipt], None]) -> int:
        """Ask for reports, if the settings say where. Gateways that call us are read elsewhere.

        Raises:
            DubanError: as `keep` did at the first report that it could not keep. That one is handed over
                again next time, and the others all the same.
        """
        receipt = self._settings.receipt
        if receipt is None or receipt.poll is None:
            return 0
        url = receipt.poll.format_map(_escaped(self._secrets, _percent))
        with self._client() as client:
            asking = client.build_request("GET", url)
            found = _asked(client, asking, self._settings.timeout, LONGEST_REPORTS)
        reports = [] if isinstance(found, Outcome) else _reports(receipt, found.data)
        self._pending = [*self._pending, *reports][-_MOST_PENDING:]
        return self._hand_over(keep)

    def _hand_over(self, keep: Callable[[Receipt], None]) -> int:
        kept, failed = 0, None
        for one in tuple(self._pending):
            try:
                keep(one)
            except StoreError:
                raise
            except DubanError as error:
                failed = failed or error
                continue
            except Exception:
                self._pending.remove(one)  # it would fail for ever
                raise
            self._pending.remove(one)
            kept += 1
        if failed is not None:
            raise failed
        return kept

    @contextmanager
    def _session(self) -> Iterator[Send]:
        with self._client() as client:
            yield lambda parcel: self._send(client, parcel)

    def _client(self) -> httpx2.Client:
        return httpx2.Client(
            verify=self._tls,
            timeout=self._settings.timeout,
            follow_redirects=False,
            headers={"Accept-Encoding": "identity", "User-Agent": "duban"},
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    def _send(self, client: httpx2.Client, parcel: Parcel) -> Outcome:
        found = _asked(client, request(client, self._settings, self._secrets, parcel), self._settings.timeout)
        return found if isinstance(found, Outcome) else judge(self._settings, found, str(parcel.delivery_id))


def gateway_channel(name: str, settings: GatewaySettings) -> GatewayChannel:
    """The channel that these settings describe.

    Raises:
        UsageError: a secret or a file of certificates that can't be read.
    """
    return GatewayChannel(name, settings, {key: secret(where) for key, where in settings.secrets.items()})


def request(
    client: httpx2.Client, settings: GatewaySettings, secrets: Mapping[str, str], parcel: Parcel
) -> httpx2.Request:
    """What is sent for a message: every value is escaped for the place in which it stands."""
    values = {**secrets, **_values(settings, parcel)}
    url = settings.url.format_map(_escaped(values, _percent))
    if settings.query:
        url += ("&" if "?" in url else "?") + urlencode(_filled(settings.query, values))
    headers = _filled(settings.headers, _escaped(values, _one_line))
    form = None if settings.form is None else _filled(settings.form, values)
    tree = None if settings.json_body is None else _filled(settings.json_body, values)
    content = None if settings.body is None else settings.body.format_map(values).encode()
    return client.build_request(settings.method, url, headers=headers, data=form, json=tree, content=content)


def judge(settings: GatewaySettings, found: Answered, own_id: str) -> Outcome:
    """What an answer means. What says no counts before what says yes: gateways write errors under 200."""
    code, why = str(found.status), _said_no(found)
    if fits(settings.unauthorised, found):
        return Outcome.unauthorised(why, code=code)
    if fits(settings.refused, found):
        return Outcome.refused(why, code=code)
    if fits(settings.later, found):
        return Outcome.later(why, code=code)
    if fits(settings.success, found):
        return Outcome.accepted(code=code, reference=_reference(settings, found, own_id))
    if found.status // 100 in (2, 5):
        return Outcome.unknown(_not_understood(found), code=code)
    return Outcome.later(why, code=code)


def fits(answer: Answer, found: Answered) -> bool:
    """Whether all that is given fits; nothing given fits nothing."""
    tests = [
        *([found.status in answer.status] if answer.status else []),
        *([re.search(answer.pattern, found.text) is not None] if answer.pattern else []),
        *([at(answer.path, found.data) in answer.values] if answer.path else []),
    ]
    return bool(tests) and all(tests)


def read_receipt(settings: ReceiptSettings, fields: Mapping[str, Any]) -> Receipt | None:
    """The report in a query, a form or a JSON object; None: a field that is needed isn't there."""
    reference, status = at(settings.reference, fields), at(settings.status, fields)
    if not reference or status is None:
        return None
    code = (at(settings.code, fields) if settings.code else None) or status
    if status in settings.delivered:
        return Receipt(reference=reference, end="delivered", code=code)
    if status not in settings.bounced:
        return Receipt(reference=reference, end="later", code=code)
    why = Text(
        f"短信未送达：网关的回执为 {status}。请核对号码。",
        f"The text message did not arrive: the gateway reports {status}. Check the number.",
    )
    return Receipt(reference=reference, end="bounced", why=why, code=code)


def at(path: str, data: Any) -> str | None:
    """The value at a path such as a.b.0.c, as text; None: there is none, or it is no single value."""
    if isinstance(data, Mapping) and path in data:
        return _as_text(data[path])
    for step in path.split("."):
        if isinstance(data, Mapping):
            data = data.get(step)
        elif isinstance(data, list) and step.isdigit() and int(step) < len(data):
            data = data[int(step)]
        else:
            return None
    return _as_text(data)


def _as_text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    return None if value is None or isinstance(value, (Mapping, list)) else json.dumps(value)


def _asked(
    client: httpx2.Client, asking: httpx2.Request, timeout: float, longest: int = LONGEST_ANSWER
) -> Answered | Outcome:
    """The answer, cut where it is longer than anything that is judged, or takes longer than it may."""
    until = monotonic() + timeout
    try:
        response = client.send(asking, stream=True)
        try:
            return Answered(status=response.status_code, text=_read(response, until, longest))
        finally:
            response.close()
    except _NOT_HANDED_OVER as error:
        return Outcome.unreachable(_unreached(error), code=type(error).__name__)
    except httpx2.HTTPError as error:
        return Outcome.unknown(_unanswered(error), code=type(error).__name__)


def _read(response: httpx2.Response, until: float, longest: int) -> str:
    data = bytearray()
    for chunk in response.iter_raw():
        data += chunk
        if len(data) >= longest or monotonic() > until:
            break
    return bytes(data[:longest]).decode("utf-8", "replace")


def _values(settings: GatewaySettings, parcel: Parcel) -> dict[str, str]:
    body = Body.from_bytes(parcel.body)
    number = e164(parcel.address, settings.country) or parcel.address
    return {
        "to": styled(number, settings.number, settings.country),
        "text": body.text,
        "from": settings.sender,
        "id": str(parcel.delivery_id),
        "segments": str(body.segments),
        "coding": _CODINGS[body.encoding],
    }


def _filled(tree: Any, values: Mapping[str, str]) -> Any:
    if isinstance(tree, str):
        return tree.format_map(values)
    if isinstance(tree, Mapping):
        return {key: _filled(branch, values) for key, branch in tree.items()}
    return [_filled(branch, values) for branch in tree] if isinstance(tree, list) else tree


def _escaped(values: Mapping[str, str], escape: Callable[[str], str]) -> dict[str, str]:
    return {name: escape(value) for name, value in values.items()}


def _percent(value: str) -> str:
    return quote(value, safe="").replace(".", "%2E")  # else .. would be a step up in a path


def _one_line(value: str) -> str:
    return "".join(char for char in value if char.isprintable() and char.isascii())


def _reports(settings: ReceiptSettings, data: Any) -> list[Receipt]:
    for step in settings.items.split(".") if settings.items else ():
        data = data.get(step) if isinstance(data, Mapping) else None
    items = data if isinstance(data, list) else []
    found = (read_receipt(settings, one) for one in items if isinstance(one, Mapping))
    return [one for one in found if one is not None]


def _reference(settings: GatewaySettings, found: Answered, own_id: str) -> str | None:
    if settings.reference_path:
        return at(settings.reference_path, found.data)
    if settings.reference_pattern:
        match = re.search(settings.reference_pattern, found.text)
        return match[1] if match else None
    return own_id


def _tls(settings: GatewaySettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.certificates)
    except OSError as error:
        raise UsageError(
            f"证书文件 {settings.certificates} 无法使用（{type(error).__name__}）：请检查路径和 PEM 格式。",
            f"The file of certificates {settings.certificates} can't be used ({type(error).__name__}): "
            "check its path, and that it is PEM.",
        ) from None


def _said_no(found: Answered) -> Text:
    """Not in its own words: they may repeat the number."""
    return Text(
        f"短信网关没有接收（HTTP {found.status}）。请对照网关的说明核对设置和账户。",
        f"The text gateway did not accept it (HTTP {found.status}). Compare the settings and the account "
        "with the gateway's own manual.",
    )


def _not_understood(found: Answered) -> Text:
    return Text(
        f"短信网关的答复（HTTP {found.status}）不在设置所列之内：可能已接收，将会重发，可能重复。"
        "请检查设置中的 success、refused、later。",
        f"The text gateway's answer (HTTP {found.status}) fits nothing in the settings: it may have "
        "accepted the text, which is sent again and may be seen twice. Check success, refused and later.",
    )


def _unreached(error: Exception) -> Text:
    name = type(error).__name__
    return Text(
        f"没有连上短信网关（{name}），短信未交出。请检查地址、证书和网络；之后会再试。",
        f"The text gateway was not reached ({name}), nothing was handed over. Check its address, "
        "certificate and the network; it is tried again later.",
    )


def _unanswered(error: Exception) -> Text:
    name = type(error).__name__
    return Text(
        f"短信已交给网关，但没有等到完整的答复（{name}）：将会重发，可能重复。",
        f"The text was handed to the gateway, and no whole answer came ({name}): it is sent again and may "
        "be seen twice.",
    )
