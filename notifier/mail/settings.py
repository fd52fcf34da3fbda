"""What a channel of mail needs to know: `[channels.NAME] kind = "mail"` of the settings."""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from workflow.errors import UsageError

from ..channel import Unwritten
from ..secrets import SecretName
from .headers import mail_address

Tls = Literal["starttls", "tls", "none"]
"""starttls: on the plain port, and required; tls: from the first byte; none: to this machine only."""

SMTP_PORTS = {"starttls": 587, "tls": 465, "none": 25}
IMAP_PORTS = {"starttls": 143, "tls": 993, "none": 143}


def _domain(value: str) -> str:
    if not re.fullmatch(r"(?!-)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", value):
        raise UsageError(
            f"“{value}”不是域名：请写成 duban.example.org 的形式（国际化域名用 xn-- 形式）。",
            f"{value!r} is no domain: write it like duban.example.org (an international one as xn--…).",
        )
    return value


def _address(value: str) -> str:
    try:
        return mail_address(value)
    except Unwritten as error:
        raise UsageError(*error.why) from None


Address = Annotated[str, AfterValidator(_address)]
Domain = Annotated[str, AfterValidator(_domain)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Server(_Settings):
    """A server that one speaks to over TLS."""

    host: str
    port: int | None = Field(default=None, ge=1, le=65535)  # None: the usual one
    tls: Tls
    ca_file: Path | None = None  # whom to trust besides the system's authorities
    user: str | None = None
    password: SecretName | None = None  # env:NAME or file:PATH
    timeout: float = Field(default=30.0, gt=0, le=600)  # seconds, for each step

    @model_validator(mode="after")
    def _sound(self) -> _Server:
        if self.tls == "none" and not _is_loopback(self.host):
            raise UsageError(
                f"不能不加密地连接 {self.host}：tls 请用 starttls 或 tls；none 只可用于本机。",
                f"{self.host} must not be spoken to in plain text: set tls to starttls or tls;"
                " none is for this machine only.",
            )
        if (self.user is None) != (self.password is None):
            raise UsageError(
                f"{self.host}：user 与 password 必须同时设置，或都不设置。",
                f"{self.host}: set both user and password, or neither.",
            )
        return self


class DkimSettings(_Settings):
    """The signature on what is sent (RFC 6376)."""

    selector: str = Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$")
    domain: Domain
    key: SecretName  # an RSA private key, PEM, as file:PATH


class ImapSettings(_Server):
    """The box into which returned mail falls."""

    tls: Tls = "tls"
    user: str
    password: SecretName
    folder: str = "INBOX"
    done: str | None = None  # where what has been read is moved to; None: it stays, marked as seen


class MailSettings(_Server):
    """A server that takes mail, and who writes."""

    kind: Literal["mail"] = "mail"
    tls: Tls = "starttls"
    hello: Domain | None = None  # how we introduce ourselves; None: as the domain of the sender
    sender: Address  # From
    sender_name: str | dict[Literal["zh", "en"], str] = ""  # one, or by language
    reply_to: Address | None = None
    bounce: Address | None = None  # MAIL FROM, sent as bounce+ID@example.org; None: the sender
    unsubscribe: Address | None = None  # the mail address that List-Unsubscribe offers beside https
    list_id: Domain | None = None  # None: the domain of the sender
    dkim: DkimSettings | None = None
    imap: ImapSettings | None = None  # None: returned mail is not read


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
