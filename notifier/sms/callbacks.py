"""Reports that gateways and clouds bring to us: who may, and what they say.

A body is JSON (an object, a list of them, or a list at `items`), or a form; what it leaves out may stand in
the query. Whatever can't be read is counted and passed over: the other reports of the body are kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import parse_qsl

from pydantic import BaseModel

from workflow.errors import BadValue, UsageError
from workflow.text import Text

from ..channel import Receipt
from ..secrets import secret
from . import aliyun, tencent
from .gateway import read_receipt
from .settings import AliyunSettings, CallbackSettings, GatewaySettings, ReceiptSettings, TencentSettings

LONGEST: Final = 1_048_576
"""Octets of a body that are read."""
MOST: Final = 2_000
"""Reports of a body that are read."""
_SHORTEST_SECRET: Final = 16
_ALIYUN_ANSWER: Final = '{"code":0,"msg":"OK"}'
_TENCENT_ANSWER: Final = '{"result":0,"errmsg":"OK"}'


@dataclass(frozen=True, kw_only=True, slots=True)
class Callback:
    """A peer that calls us."""

    secret: str
    header: str | None  # that carries the secret; None: the address ends with it
    reports: ReceiptSettings
    answer: str  # what it expects to read when all was kept

    def knows(self, given: str) -> bool:
        """Whether this is its secret."""
        return compare_digest(self.secret.encode(), given.encode())


def callback_of(name: str, settings: BaseModel) -> Callback | None:
    """How a channel's peer calls us; None: it doesn't.

    Raises:
        UsageError: a secret that can't be read, or that is short.
    """
    if isinstance(settings, GatewaySettings) and settings.receipt is not None:
        return _callback(name, settings.callback, settings.receipt, settings.callback_answer)
    if isinstance(settings, AliyunSettings):
        return _callback(name, settings.callback, aliyun.REPORTS, _ALIYUN_ANSWER)
    if isinstance(settings, TencentSettings):
        return _callback(name, settings.callback, tencent.REPORTS, _TENCENT_ANSWER)
    return None


def _callback(
    name: str, own: CallbackSettings | None, reports: ReceiptSettings, answer: str
) -> Callback | None:
    if own is None:
        return None
    found = secret(own.secret)
    if len(found) < _SHORTEST_SECRET:
        raise UsageError(
            f"通道 {name} 的 callback.secret 太短：至少 {_SHORTEST_SECRET} 个字符，否则谁都能冒充网关。"
            "请更换。",
            f"callback.secret of the channel {name} is short: write {_SHORTEST_SECRET} characters or more, "
            "else anybody could pass for the gateway.",
        )
    return Callback(secret=found, header=own.header, reports=reports, answer=answer)


@dataclass(frozen=True, kw_only=True, slots=True)
class Reports:
    """What a body holds."""

    receipts: tuple[Receipt, ...]
    unread: int  # that nobody can read


def read_reports(callback: Callback, kind: str, body: bytes, query: Mapping[str, str]) -> Reports:
    """The reports of a call.

    Args:
        kind: the content type of its body.

    Raises:
        BadValue: it is too long, holds too many, or is neither JSON nor a form.
    """
    if len(body) > LONGEST:
        raise _refused(Text("超过 1 MB", "it is larger than 1 MB"))
    found = list(_items(callback.reports, kind, body, query))
    if len(found) > MOST:
        raise _refused(Text(f"超过 {MOST} 条", f"it holds more than {MOST} reports"))
    read = [_read(callback.reports, one, query) for one in found]
    receipts = tuple(one for one in read if one is not None)
    return Reports(receipts=receipts, unread=len(read) - len(receipts))


def _items(reports: ReceiptSettings, kind: str, body: bytes, query: Mapping[str, str]) -> Iterator[Any]:
    if kind.startswith("application/x-www-form-urlencoded") and body.strip():
        yield _form(body)
        return
    if not body.strip():
        yield dict(query)
        return
    data = _json(body)
    for step in reports.items.split(".") if reports.items else ():
        data = data.get(step) if isinstance(data, Mapping) else None
    yield from data if isinstance(data, list) else [data]


def _form(body: bytes) -> dict[str, str]:
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=200))
    except ValueError:
        raise _refused(Text("表单读不懂", "its form can't be read")) from None


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # a peer may nest as deep as it likes
        raise _refused(Text("不是 JSON，也不是表单", "it is neither JSON nor a form")) from None


def _read(reports: ReceiptSettings, one: Any, query: Mapping[str, str]) -> Receipt | None:
    """A report; None where nobody can read it, whatever it is."""
    return read_receipt(reports, {**query, **one}) if isinstance(one, Mapping) else None


def _refused(why: Text) -> BadValue:
    return BadValue(f"回执未接收：{why.zh}。", f"The report was not taken: {why.en}.")


def callbacks_of(channels: Mapping[str, BaseModel]) -> dict[str, Callback]:
    """The channels whose peers call us, by name."""
    found = {name: callback_of(name, own) for name, own in channels.items()}
    return {name: one for name, one in found.items() if one is not None}
