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
    from notifier.settings import ConsoleTable, Settings
    from notifier.store.documents import Document
    from workflow.engine import Frame

app = group()
Host = Annotated[str, option("在哪个地址上。", "Which address it listens on.")]
PortNumber = Annotated[int, option("端口。", "Its port.", min=1, max=65_535)]
Https = Annotated[
    bool | None,
    option("经 HTTPS 代理访问。", "People reach it by HTTPS, through a proxy.", "--https/--no-https"),
]
Whose = Annotated[str | None, option("页头显示的单位名称。", "Whose it is, shown at the top.")]
_NEAR = ("127.0.0.1", "localhost", "::1")


@command(app, "网页：待办、台账、办理，直到停止。", "The web: to do, ledger, acts; until it is stopped.")
def console(
    ctx: typer.Context,
    host: Host = "127.0.0.1",
    port: PortNumber = 8080,
    https: Https = None,
    organisation: Whose = None,
) -> None:
    from workflow.engine.memory import calm

    desk = desk_of(ctx)
    table = table_of(desk, https=https, organisation=organisation)
    check_reach(host, https=table.https)
    desk.refuse_demonstration()
    with listen(host, port) as listening:
        place = place_of(desk, table)
        greet(desk, place)
        tell_open(desk, listening)
        server = server_of(place)
        calm()
        server.run(sockets=[listening])


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


def table_of(desk: Desk, *, https: bool | None = None, organisation: str | None = None) -> ConsoleTable:
    """How the web is served: as the settings say, and as the command line says, which wins."""
    from notifier.settings import ConsoleTable

    said = {"https": https, "organisation": organisation}
    own = ConsoleTable() if desk.settings is None else desk.settings.console
    return own.model_copy(update={name: value for name, value in said.items() if value is not None})


def place_of(desk: Desk, table: ConsoleTable) -> Place:
    """What the console works with, from this desk.

    Raises:
        UsageError: a secret that the settings refer to can't be had.
    """
    from console.web import Place, Settings
    from notifier.secrets import secret
    from notifier.store.under_way import under_way

    from .books import DeskBooks
    from .health import beside_the_engine

    if table.https and not table.proxies:
        _warn_of_one_limit(desk)
    return Place(
        engine=desk.engine,
        clock=desk.clock,
        randomness=lambda size: b"".join(desk.salts() for _ in range(-(-size // 16)))[:size],
        settings=Settings(
            https=table.https,
            organisation=table.organisation,
            metrics_token="" if table.metrics_token is None else secret(table.metrics_token),
            proxies=frozenset(table.proxies),
            kept_days=table.access_days,
        ),
        provider=provider_of(desk.settings),
        folder=desk.folder,
        deliveries=under_way,
        findings=beside_the_engine(desk),
        bulletins=_bulletins(),
        books=DeskBooks(desk.engine),
        messages=_messages(desk),
    )


def _warn_of_one_limit(desk: Desk) -> None:
    desk.warn(
        "设置 [console] 未写 proxies（HTTPS 代理的地址，如 127.0.0.1）：所有人将共用一个登录次数限制。",
        "The settings name no proxies under [console] (addresses of the HTTPS proxy, such as 127.0.0.1): all "
        "share one limit of sign-ins.",
    )


def provider_of(settings: Settings | None) -> Provider | None:
    """Where the settings say that people sign in; None: nowhere else than here.

    Raises:
        UsageError: a secret that they refer to can't be had.
    """
    from console.accounts.oidc import USUAL_NAME, Provider, Registration
    from notifier.secrets import secret
    from workflow.text import Text

    if settings is None or (issuer := settings.oidc.issuer) is None:
        return None
    own = settings.oidc
    return Provider(
        Registration(
            issuer=issuer,
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
