"""Which kinds of channels there are, and the room of each: its settings, and who builds it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Final

from pydantic import BaseModel

from .channel import Channel


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """What a kind of channel needs of the settings, and how it is built."""

    settings: type[BaseModel]
    build: Callable[..., Channel]  # of its name and its settings; of mail also the domain of Message-IDs


# kind -> module, its settings, its builder. Read when one is used: a provider's library may be an extra.
_ROOMS: Final = {
    "folder": ("notifier.folder", "FolderSettings", "folder_channel"),
    "mail": ("notifier.mail", "MailSettings", "mail_channel"),
    "smpp": ("notifier.sms", "SmppSettings", "smpp_channel"),
    "http": ("notifier.sms", "GatewaySettings", "gateway_channel"),
    "aliyun": ("notifier.sms", "AliyunSettings", "aliyun_channel"),
    "tencent": ("notifier.sms", "TencentSettings", "tencent_channel"),
    "chat": ("notifier.chat", "ChatSettings", "chat_channel"),
}
KINDS: Final = tuple(_ROOMS)


def room(kind: str) -> Room:
    """The room of a kind of channel.

    Raises:
        KeyError: there is no such kind.
    """
    name, settings, build = _ROOMS[kind]
    module = import_module(name)
    return Room(settings=getattr(module, settings), build=getattr(module, build))
