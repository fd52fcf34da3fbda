"""What the clouds' short message services have in common: approved templates, codes, broken lines.

A cloud sends no text of ours but a template that it has approved, filled with values. The text is
planned and kept all the same: it is what people are shown, and what budgets count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Literal

from workflow.errors import UsageError
from workflow.text import Text

from ..channel import Outcome, Receipt, Send, Unwritten
from ..content import Content, Envelope, Kind, Parcel
from .body import Body, written
from .settings import CloudSettings, CloudTemplate

Judged = Literal["refused", "later", "unauthorised"]
Codes = Sequence[tuple[str, Judged]]
"""Beginnings of codes and what they mean; the first that fits counts."""

Submit = Callable[[Parcel, Body, CloudTemplate], Outcome]

_HERE = ("127.0.0.1", "localhost", "::1")
_NOT_HANDED_OVER = frozenset(
    {"NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "ConnectTimeout", "ProxyError"}
    | {"SSLError"}
)


class CloudChannel:
    """An account at a cloud."""

    kind: Kind = "sms"

    def __init__(self, name: str, settings: CloudSettings, submit: Submit) -> None:
        self.name = name
        self._settings = settings
        self._submit = submit

    def write(self, content: Content, envelope: Envelope) -> bytes:
        """The text as a template's name and values. Clouds count everything as UCS-2."""
        settings = self._settings
        body = written(content, envelope, settings, settings.signature or "", unicode_only=True)
        self._check(body)
        return body.to_bytes()

    def session(self) -> AbstractContextManager[Send]:
        """The SDK makes its connections itself."""
        return _session(self._send)

    def receipts(self, keep: Callable[[Receipt], None]) -> int:  # noqa: ARG002 - reports come by calls to us
        """None: a cloud's reports come to the console."""
        return 0

    def _check(self, body: Body) -> None:
        template = self._settings.templates.get(body.template)
        missing = set(template.params) - set(body.values) if template else {body.template}
        if missing:
            names = ", ".join(sorted(missing))
            raise Unwritten(
                Text(
                    f"短信未写成：通道 {self.name} 没有所需的模板或变量 {names}。"
                    f"请在设置的 channels.{self.name}.templates 中补上。",
                    f"The text message was not written: the channel {self.name} has no template, or no "
                    f"value, for {names}. Add it to channels.{self.name}.templates in the settings.",
                )
            )

    def _send(self, parcel: Parcel) -> Outcome:
        body = Body.from_bytes(parcel.body)
        template = self._settings.templates.get(body.template)
        if template is None or set(template.params) - set(body.values):  # the settings changed since
            return Outcome.unauthorised(_no_template(self.name, body.template), code="no template")
        return self._submit(parcel, body, template)


def judged(code: str, codes: Codes) -> Outcome:
    """What a cloud's code means; one that isn't known may pass. Its words are left out: they may repeat
    the number.
    """
    end = next((end for beginning, end in codes if code.startswith(beginning)), "later")
    why = Text(
        f"云短信服务没有接收：{code}。请对照服务商的错误码说明处理。",
        f"The cloud's short message service did not accept it: {code}. Look the code up in its manual.",
    )
    if end == "refused":
        return Outcome.refused(why, code=code)
    return Outcome.unauthorised(why, code=code) if end == "unauthorised" else Outcome.later(why, code=code)


def broken(error: BaseException) -> Outcome:
    """How a try ended that had no answer, or none that could be read."""
    names = [type(one).__name__ for one in _causes(error)]
    code = next((name for name in names if name in _NOT_HANDED_OVER), None)
    if code is not None:
        why = Text(
            f"没有连上云短信服务（{code}），短信未交出；之后会再试。请检查网络和 endpoint。",
            f"The cloud's short message service was not reached ({code}), nothing was handed over; it is "
            "tried again later. Check the network and the endpoint.",
        )
        return Outcome.unreachable(why, code=code)
    why = Text(
        f"短信已交给云短信服务，但没有等到能读懂的答复（{names[-1]}）：将会重发，可能重复。",
        f"The text was handed to the cloud, and no answer came that could be read ({names[-1]}): it is "
        "sent again and may be seen twice.",
    )
    return Outcome.unknown(why, code=names[-1])


def check_account(name: str, settings: CloudSettings) -> str:
    """The signature, which a cloud must have.

    Raises:
        UsageError: it is missing, or plain HTTP is wanted towards another machine.
    """
    if not settings.signature:
        raise UsageError(
            f"通道 {name} 缺少签名：请在设置中写明已报备的短信签名 signature。",
            f"The channel {name} has no signature: name the one that the provider has approved, as "
            "`signature` in the settings.",
        )
    if settings.plain_http and _host(settings.endpoint) not in _HERE:
        raise UsageError(
            f"通道 {name} 不能对其他机器使用不加密的 HTTP：请去掉 plain_http，或把 endpoint 设为本机。",
            f"The channel {name} must not speak plain HTTP to another machine: take plain_http out, or let "
            "the endpoint be this machine.",
        )
    return settings.signature


def no_sdk(name: str, extra: str) -> UsageError:
    """The SDK that a channel needs is not installed."""
    return UsageError(
        f"通道 {name} 需要的组件没有安装：请执行 pip install 'duban[{extra}]'。",
        f"What the channel {name} needs is not installed: run pip install 'duban[{extra}]'.",
    )


def _no_template(name: str, template: str) -> Text:
    return Text(
        f"通道 {name} 的设置里没有模板 {template} 或其变量：请补上后恢复通道。",
        f"The settings of the channel {name} have no template {template}, or other values for it: add it, "
        "then resume the channel.",
    )


def _host(endpoint: str | None) -> str:
    return (endpoint or "").rpartition(":")[0] or (endpoint or "")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came from: SDKs raise their own in place of the network's."""
    seen: BaseException | None = error
    while seen is not None:
        yield seen
        seen = seen.__cause__ or seen.__context__ or getattr(seen, "inner_exception", None)


@contextmanager
def _session(send: Send) -> Iterator[Send]:
    yield send
