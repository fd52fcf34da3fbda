"""Accounts at the machine: the way back in; and the access log, to be kept elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workflow.errors import UsageError

from .arguments import AsJson, argument, command, group, option, unwritable
from .desk import Desk, desk_of
from .speaking import both

app = group(
    name="account",
    help=both(
        "网页账号：列出、解除暂停、重置密码、停用、关联统一身份认证（均记入日志）。",
        "Accounts of the web: list, unlock, reset, disable, link; all of it is logged.",
    ),
    no_args_is_help=True,
)
access = group(name="access", help=both("访问日志：导出。", "The access log: export."), no_args_is_help=True)
Login = Annotated[str, argument("账号。", "The login.", metavar="LOGIN")]
_PAGE = 5_000  # lines that are read at a time


@command(app, "列出全部账号。", "List every account.", name="list")
def listed(ctx: typer.Context, as_json: AsJson = False) -> None:
    from console.store import accounts

    desk = desk_of(ctx)
    with desk.port.read() as tx:
        found = [
            {
                "login": one.login,
                "duty": one.duty,
                "disabled": one.disabled_at is not None,
                "rests": one.locked_to is not None and one.locked_to > desk.now,
                "second_factor": one.totp is not None,
                "subject": one.subject,
            }
            for one in accounts.every(tx)
        ]
    if as_json:
        desk.json(found)
        return
    for one in found:
        marks = [name for name in ("disabled", "rests", "second_factor") if one[name]]
        desk.say(*(f"{one['login']}　{one['duty'] or '-'}　{' '.join(marks)}",) * 2)


@command(app, "解除输错密码后的暂停。", "End the rest after wrong passwords.")
def unlock(ctx: typer.Context, login: Login) -> None:
    _act(desk_of(ctx), "unlock", login)


@command(app, "停用账号，立即退出其全部登录。", "Close an account; its sessions end.")
def disable(ctx: typer.Context, login: Login) -> None:
    _act(desk_of(ctx), "disable", login)


@command(
    app,
    "给新的一次性密码，并取消验证码；只显示一次。",
    "Give a new one-time password, shown once; codes are switched off.",
)
def reset(ctx: typer.Context, login: Login) -> None:
    from console.accounts import Passwords

    desk = desk_of(ctx)
    once = (desk.salts() + desk.salts()).hex()[:20]
    _act(desk, "reset", login, Passwords().hash(once))
    desk.say(f"一次性密码 {once}，首次登录须修改。", f"One-time password {once}; change it at once.")


@command(
    app,
    "关联统一身份认证：此后密码作废，只能由那里登录；reset 解除。",
    "Link to the organisation's own sign-in: from then on no password opens the account; reset ends it.",
)
def link(
    ctx: typer.Context,
    login: Login,
    subject: Annotated[
        str, argument("此人在那里的标识。", "What the person is called there.", metavar="NAME")
    ],
) -> None:
    from console.accounts import Passwords, administering

    desk = desk_of(ctx)
    issuer = desk.settings.oidc.issuer if desk.settings is not None else None
    if issuer is None:
        raise UsageError(
            "未关联：设置文件的 [oidc] 没有写明统一身份认证。",
            "Not linked: the settings name no sign-in of the organisation under [oidc].",
        )
    nobodys = Passwords().hash((desk.salts() + desk.salts()).hex())
    administering.link(desk.port, None, login, issuer, subject, nobodys, desk.now)
    desk.say(f"已关联：{login}，并记入日志。", f"Linked {login}, and logged.")


def _act(desk: Desk, act: str, login: str, made: str = "") -> None:
    from console.accounts import administering

    administering.at_the_machine(desk.port, act, login, desk.now, made)
    desk.say(f"已办理：{login}，并记入日志。", f"Done with {login}, and logged.")


@command(access, "导出为 JSON 行，供外部留存。", "Export as JSON lines, to be kept elsewhere.")
def export(
    ctx: typer.Context,
    file: Annotated[Path, argument("写到哪个文件。", "Where to write.", metavar="FILE")],
    after: Annotated[int, option("只要此编号之后的。", "Only lines after this id.", min=0)] = 0,
) -> None:
    desk = desk_of(ctx)
    try:
        count, last = _write(desk, file, after)
    except OSError as error:
        raise unwritable(file, error) from error
    desk.say(
        f"已导出 {count} 行；下次用 --after {last} 接着导。",
        f"{count} lines are written; go on with --after {last} next time.",
    )


def _write(desk: Desk, file: Path, after: int) -> tuple[int, int]:
    import orjson

    from console.store import logs

    count = 0
    with file.open("wb") as target:
        while True:
            with desk.port.read() as tx:
                lines = logs.access_after(tx, after, _PAGE)
            target.writelines(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in lines)
            count += len(lines)
            if not lines:
                return count, after
            after = lines[-1].id
