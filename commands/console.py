"""The web: pages for people, on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workflow.errors import UsageError

from .arguments import command, group, option
from .desk import Desk, desk_of

if TYPE_CHECKING:
    from console.web import Place
    from console.web.place import Bulletin, Bulletins
    from notifier.store.documents import Document
    from workflow.engine import Frame

app = group()
_NEAR = ("127.0.0.1", "localhost", "::1")


@command(app, "网页：待办、台账、办理，直到停止。", "The web: to do, ledger, acts; until it is stopped.")
def console(
    ctx: typer.Context,
    host: Annotated[str, option("在哪个地址上。", "Which address it listens on.")] = "127.0.0.1",
    port: Annotated[int, option("端口。", "Its port.", min=1, max=65_535)] = 8080,
    https: Annotated[
        bool, option("经 HTTPS 代理访问。", "People reach it by HTTPS, through a proxy.", "--https")
    ] = False,
    organisation: Annotated[str, option("页头显示的单位名称。", "Whose it is, shown at the top.")] = "",
) -> None:
    desk = desk_of(ctx)
    if host not in _NEAR and not https:
        raise UsageError(
            f"未启动：在 {host} 上不加密会泄露密码。请在前面放一个 HTTPS 代理并加 --https，"
            "或只在 127.0.0.1 上使用。",
            f"Not started: without encryption, passwords would be readable on {host}. Put an HTTPS proxy in "
            "front and add --https, or stay on 127.0.0.1.",
        )
    place = _place(desk, https=https, organisation=organisation)
    _greet(desk, place)
    desk.say(
        f"网页已打开：http://{host}:{port}　Ctrl-C 停止。", f"Open at http://{host}:{port}; Ctrl-C stops it."
    )
    _serve(place, host, port)


def _place(desk: Desk, *, https: bool, organisation: str) -> Place:
    from console.web import Place, Settings

    return Place(
        engine=desk.engine,
        clock=desk.clock,
        randomness=lambda size: b"".join(desk.salts() for _ in range(-(-size // 16)))[:size],
        settings=Settings(https=https, organisation=organisation),
        folder=desk.folder,
        bulletins=_bulletins(),
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


def _greet(desk: Desk, place: Place) -> None:
    """Make the first account where there is none, and show its password, once."""
    from console.accounts import administering

    password = place.token()[:20]
    if administering.begin(desk.port, place.passwords, password, desk.now):
        desk.say(
            f"首个账号 first，一次性密码 {password}（只显示这一次）。它只能任命三名管理员，随后即关闭。",
            f"The first account is `first`, its one-time password {password} (shown this once). It can only "
            "appoint the three administrators, and closes then.",
        )


def _serve(place: Place, host: str, port: int) -> None:
    import uvicorn

    from console.web import create_app

    uvicorn.run(
        create_app(place), host=host, port=port, log_level="warning", server_header=False, proxy_headers=False
    )
