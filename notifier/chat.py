"""Chat by Apprise (extra `chat`): WeCom, DingTalk, Feishu and many more.

An address is an Apprise URL such as `wecombot://{ops}`; names in braces stand for the settings' secrets,
so that a group's token isn't kept in the database. Addresses are data: only the services that the
settings name can be reached, and redirects are not followed.

Apprise says yes or no, and not why: no means later. Only when it ran out of time is the end unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from workflow.errors import UsageError
from workflow.text import Text

from .channel import Outcome, Receipt, Send, Unwritten
from .content import Content, Envelope, Kind, Parcel
from .placeholders import check_template
from .secrets import SecretName, secret

USUAL: Final = ("wecombot", "dingtalk", "feishu", "lark")
_ELLIPSIS: Final = "…"


class ChatSettings(BaseModel):
    """Which chat services may be reached."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    kind: Literal["chat"] = "chat"
    services: tuple[Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*$")], ...] = USUAL  # schemes of Apprise
    secrets: dict[str, SecretName] = Field(default_factory=dict)  # name in addresses -> where it lies
    longest: int = Field(default=1_500, ge=50, le=20_000)  # characters; more is cut
    timeout: float = Field(default=20, gt=0, le=600)  # seconds for a message


class Said(BaseModel):
    """A chat message as it is kept, as JSON."""

    model_config = ConfigDict(frozen=True)

    title: str
    body: str


class ChatChannel:
    """The chat services that an organisation uses."""

    kind: Kind = "chat"

    def __init__(self, name: str, settings: ChatSettings, secrets: Mapping[str, str], apprise: Any) -> None:
        self.name = name
        self._settings = settings
        self._secrets = secrets
        self._apprise = apprise

    def write(self, content: Content, envelope: Envelope) -> bytes:
        """Subject and text, cut where the chat would cut them."""
        self._service(envelope.address)
        longest = self._settings.longest
        text = content.text if len(content.text) <= longest else content.text[: longest - 1] + _ELLIPSIS
        said = Said(title=" ".join(content.subject.split()), body=text)
        return said.model_dump_json().encode()

    def session(self) -> AbstractContextManager[Send]:
        """Apprise makes its connections itself."""
        return _session(self._send)

    def receipts(self, keep: Callable[[Receipt], None]) -> int:  # noqa: ARG002 - chats report nothing
        """None ever comes."""
        return 0

    def _send(self, parcel: Parcel) -> Outcome:
        said = Said.model_validate_json(parcel.body)
        try:
            result = self._service(parcel.address).notify(
                body=said.body, title=said.title, body_format="text", timeout=self._settings.timeout
            )
        except Unwritten as error:  # the settings changed since it was written
            return Outcome.refused(error.why)
        except Exception as error:  # of whatever kind: each service is a plugin of its own
            return Outcome.unknown(_broke(type(error).__name__), code=type(error).__name__)
        if result.status.name == "TIMEOUT":
            return Outcome.unknown(_broke("timeout"), code="timeout")
        return Outcome.accepted() if result else Outcome.later(_said_no(self.name))

    def _service(self, address: str) -> Any:
        """Apprise with this address alone.

        Raises:
            Unwritten: no such service, a name that isn't a secret's, an address Apprise can't use.
        """
        scheme = address.partition("://")[0].lower()
        service = self._apprise.Apprise(asset=_asset(self._apprise))
        if scheme not in self._settings.services or not service.add(self._filled(address)):
            raise Unwritten(_unusable(self._settings.services))
        return service

    def _filled(self, address: str) -> str:
        try:
            check_template(address, self._secrets)
        except ValueError:
            raise Unwritten(_unusable(self._settings.services)) from None
        return address.format_map({name: quote(value, safe="") for name, value in self._secrets.items()})


def chat_channel(name: str, settings: ChatSettings) -> ChatChannel:
    """The channel that these settings describe.

    Raises:
        UsageError: Apprise isn't installed, or a secret can't be read.
    """
    try:
        import apprise
    except ImportError:
        raise UsageError(
            f"通道 {name} 需要的组件没有安装：请执行 pip install 'duban[chat]'。",
            f"What the channel {name} needs is not installed: run pip install 'duban[chat]'.",
        ) from None
    found = {key: secret(where) for key, where in settings.secrets.items()}
    return ChatChannel(name, settings, found, apprise)


@contextmanager
def _session(send: Send) -> Iterator[Send]:
    yield send


def _asset(apprise: Any) -> Any:
    """In this thread, without files of its own, without redirects, without keys in its log."""
    return apprise.AppriseAsset(
        async_mode=False,
        app_id="Duban",
        storage_mode=apprise.PersistentStoreMode.MEMORY,
        http_redirects=False,
        secure_logging=True,
    )


def _unusable(services: tuple[str, ...]) -> Text:
    known = ", ".join(f"{one}://" for one in services)
    return Text(
        f"聊天消息未写成：收件地址不能用。地址须以 {known} 之一开头，花括号里只能是设置 secrets 中的名称。",
        f"The chat message was not written: its address can't be used. It begins with one of {known}, and "
        "names in braces are those of the settings' secrets.",
    )


def _said_no(name: str) -> Text:
    return Text(
        f"聊天服务没有接收，原因不详：请用 duban notify test {name} 检查地址和令牌；之后会再试。",
        f"The chat service did not take it and did not say why: check the address and its token with "
        f"duban notify test {name}; it is tried again later.",
    )


def _broke(what: str) -> Text:
    return Text(
        f"聊天消息交出后没有等到结果（{what}）：将会重发，可能重复。",
        f"The chat message was handed over and nothing came back ({what}): it is sent again and may be seen "
        "twice.",
    )
