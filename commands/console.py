"""The web: pages for people, on this machine."""

from __future__ import annotations

from socket import socket
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.errors import UsageError

from .arguments import command, group, option
from .desk import Desk, desk_of
from .serving import address, listen, server_of

if TYPE_CHECKING:
    from console.accounts.oidc import Provider
    from console.messages import Messages
    from console.web import Place
    from console.web.place import Bulletin, Bulletins
    from notifier.settings import Settings
    from notifier.store.documents import Document
    from workflow.engine import Frame

app = group()
Host = Annotated[str, option("在哪个地址上。", "Which address it listens on.")]
PortNumber = Annotated[int, option("端口。", "Its port.", min=1, max=65_535)]
Https = Annotated[
    bool, option("经 HTTPS 代理访问。", "People reach it by HTTPS, through a proxy.", "--https")
]
Whose = Annotated[str, option("页头显示的单位名称。", "Whose it is, shown at the top.")]
_NEAR = ("127.0.0.1", "localhost", "::1")


@command(app, "网页：待办、台账、办理，直到停止。", "The web: to do, ledger, acts; until it is stopped.")
def console(
    ctx: typer.Context,
    host: Host = "127.0.0.1",
    port: PortNumber = 8080,
    https: Https = False,
    organisation: Whose = "",
) -> None:
    desk = desk_of(ctx)
    check_reach(host, https=https)
    desk.refuse_demonstration()
    with listen(host, port) as listening:
        place = place_of(desk, https=https, organisation=organisation)
        greet(desk, place)
        tell_open(desk, listening)
        server_of(place).run(sockets=[listening])


def check_reach(host: str, *, https: bool) -> None:
    """Refuse to send passwords in the clear to other machines.

    Raises:
        UsageError: the address is not of this machine, and there is no HTTPS.
    """
    if host not in _NEAR and not https:
        raise UsageError(
            f"未启动：在 {host} 上不加密会泄露密码。请在前面放一个 HTTPS 代理并加 --https，"
            "或只在 127.0.0.1 上使用。",
            f"Not started: without encryption, passwords would be readable on {host}. Put an HTTPS proxy in "
            "front and add --https, or stay on 127.0.0.1.",
        )


def tell_open(desk: Desk, listening: socket) -> None:
    """Where to look."""
    where = address(listening)
    desk.say(f"网页已打开：{where}　Ctrl-C 停止。", f"Open at {where}; Ctrl-C stops it.")


def place_of(desk: Desk, *, https: bool, organisation: str) -> Place:
    """What the console works with, from this desk."""
    import os

    from console.web import Place, Settings
    from notifier.store.under_way import under_way

    from .books import DeskBooks
    from .health import beside_the_engine

    return Place(
        engine=desk.engine,
        clock=desk.clock,
        randomness=lambda size: b"".join(desk.salts() for _ in range(-(-size // 16)))[:size],
        settings=Settings(
            https=https,
            organisation=organisation,
            metrics_token=os.environ.get("DUBAN_METRICS_TOKEN", ""),
            proxies=_proxies(desk, os.environ.get("DUBAN_PROXIES", ""), https=https),
            kept_days=_kept_days(os.environ.get("DUBAN_ACCESS_DAYS", "365")),
        ),
        provider=provider_of(desk.settings),
        folder=desk.folder,
        deliveries=under_way,
        findings=beside_the_engine(desk),
        bulletins=_bulletins(),
        books=DeskBooks(desk.engine),
        messages=_messages(desk),
    )


def _proxies(desk: Desk, named: str, *, https: bool) -> frozenset[str]:
    """The addresses that DUBAN_PROXIES names, commas between them; what they say of a caller is believed."""
    found = frozenset(one.strip() for one in named.split(",") if one.strip())
    if https and not found:
        desk.warn(
            "未设置 DUBAN_PROXIES（HTTPS 代理的地址，如 127.0.0.1）：所有人将共用一个登录次数限制。",
            "DUBAN_PROXIES (the address of the HTTPS proxy, such as 127.0.0.1) is not set: all share one "
            "limit of sign-ins.",
        )
    return found


def _kept_days(typed: str) -> int:
    """For how many days logs are kept.

    Raises:
        UsageError: no number, or fewer than six months have.
    """
    from console.accesses import LEAST_DAYS

    if not typed.isdecimal() or int(typed) < LEAST_DAYS:
        raise UsageError(
            f"未启动：DUBAN_ACCESS_DAYS 应为不小于 {LEAST_DAYS} 的天数（日志至少保存六个月）。",
            f"Not started: DUBAN_ACCESS_DAYS is a number of days, {LEAST_DAYS} or more: logs are kept for "
            "six months at least.",
        )
    return int(typed)


def provider_of(settings: Settings | None) -> Provider | None:
    """Where the settings say that people sign in; None: nowhere else than here.

    Raises:
        UsageError: a secret that they refer to can't be had.
    """
    from console.accounts.oidc import USUAL_NAME, Provider, Registration
    from notifier.secrets import secret
    from workflow.text import Text

    own = settings.oidc if settings is not None else None
    if settings is None or own is None or own.issuer is None:
        return None
    return Provider(
        Registration(
            issuer=own.issuer,
            client_id=own.client_id,
            secret=secret(own.client_secret) if own.client_secret else "",
            back=f"{settings.site.url}/sign-in/oidc/back",
            claim=own.claim,
            name=Text(own.name.zh, own.name.en) if own.name else USUAL_NAME,
        )
    )


def _bulletins() -> Bulletins:
    """The bulletins of the notifier's room, as the console takes them."""
    from console.web.place import Bulletin, Bulletins
    from notifier.documents import bulletin_named, every_bulletin, file_name

    def told(one: Document) -> Bulletin:
        return Bulletin(name=one.name, file=file_name(one), made_at=one.made_at, sha256=one.sha256)

    def listed(frame: Frame, campaign: str) -> list[Bulletin]:
        own = {ident for ident, one in frame.campaigns.items() if one.name == campaign}
        return [told(one) for one in every_bulletin(frame) if one.campaign_id in own]

    def named(frame: Frame, campaign: str, name: str) -> tuple[Bulletin, bytes]:
        own = next(one for one in frame.campaigns.values() if one.name == campaign)
        found = bulletin_named(frame, own, name)
        return told(found), found.body

    return Bulletins(listed=listed, named=named)


def _messages(desk: Desk) -> Messages | None:
    """Whoever sends messages, where the settings say how."""
    if desk.settings is None:
        return None
    from .messaging import messages_of

    return messages_of(desk.engine, desk.settings, desk.salts, desk.clock)


def greet(desk: Desk, place: Place) -> None:
    """Make the first account where there is none, and show its password, once."""
    from console.accounts import administering

    password = place.token()[:20]
    if administering.begin(desk.port, place.passwords, password, desk.now):
        desk.say(
            f"首个账号 first，一次性密码 {password}（只显示这一次）。它只能任命三名管理员，随后即关闭。",
            f"The first account is `first`, its one-time password {password} (shown this once). It can only "
            "appoint the three administrators, and closes then.",
        )
