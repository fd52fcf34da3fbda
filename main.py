"""Duban's only composer: settings, wiring, the command `duban`.

What the commands do stands in `commands`, a theme a file. Here they are put together, and given what
comes from outside: which database, which clock, which language.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from commands import (
    account,
    acting,
    ballot,
    calendar,
    console,
    demo,
    documents,
    draw,
    everyday,
    figures,
    foresight,
    frozen,
    health,
    interests,
    ledger,
    notify,
    opening,
    organising,
    outbox,
    packs,
    pairing,
    people,
    reaching,
    rounds,
    schema,
    search,
    start,
    versions,
    watch,
    webhooks,
    why,
    workbooks,
)
from commands.arguments import group, option
from commands.desk import DATABASE, Desk
from commands.speaking import Speaking, both, chosen_language
from workflow.clock import Clock, SystemClock
from workflow.errors import UsageError
from workflow.text import LANGUAGES

CLOCK: Clock = SystemClock()

app = group(
    cls=Speaking,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=both(
        "督办：交办、签收、反馈、审核、整改、销号，逾期逐级预警。",
        "Duban sees to it that promised work is kept: handed out, reported on, checked, struck off.",
    ),
    epilog=both(
        "--database、--evidence-folder、--settings、--lang 写在命令前后都可以。",
        "--database, --evidence-folder, --settings and --lang may stand before or after the command.",
    ),
)
for theme in (
    packs,
    versions,
    draw,
    schema,
    ledger,
    search,
    figures,
    why,
    foresight,
    acting,
    opening,
    everyday,
    documents,
    people,
    pairing,
    rounds,
    workbooks,
    organising,
    health,
    watch,
    console,
    start,
    demo,
    calendar,
    ballot,
):  # as --help lists them
    app.add_typer(theme.app)
app.add_typer(reaching.roster)  # of `people`, with what `reaching` adds
app.add_typer(people.posts)
app.add_typer(interests.declarations)
app.add_typer(outbox.app)
app.add_typer(account.app)
app.add_typer(account.access)
app.add_typer(notify.app)
app.add_typer(organising.unit)
app.add_typer(webhooks.app)
app.add_typer(documents.bulletins)
app.add_typer(frozen.whole)  # of `ledger`, with what `frozen` adds


@app.callback()
def _settings(
    ctx: typer.Context,
    database: Annotated[
        str,
        option(
            "sqlite:///文件，或 postgresql://…", "sqlite:///FILE, or postgresql://…", envvar="DUBAN_DATABASE"
        ),
    ] = DATABASE,
    evidence_folder: Annotated[
        Path | None,
        option(
            "佐证材料放在哪里，默认在数据库旁。",
            "Where evidence is kept; beside the database.",
            envvar="DUBAN_EVIDENCE",
        ),
    ] = None,
    settings: Annotated[
        Path | None,
        option(
            "通知的设置文件，默认 duban.toml；没有则不发送。",
            "The notifier's settings; duban.toml if it is there. Without: nothing is sent.",
            envvar="DUBAN_SETTINGS",
        ),
    ] = None,
    lang: Annotated[
        str, option("zh 或 en，默认随系统。", "zh or en; the locale's by default.", envvar="DUBAN_LANG")
    ] = "",
) -> None:
    if lang and lang not in LANGUAGES:
        raise UsageError(
            f"没有语言 {lang}。可选：zh、en。", f"There is no language {lang!r}. Choose zh or en."
        )
    language = chosen_language(["--lang", lang], os.environ)
    desk = Desk(
        language=language,
        url=database,
        evidence=evidence_folder,
        clock=CLOCK,
        salts=lambda: os.urandom(16),
        settings_file=settings,
    )
    ctx.obj = desk
    ctx.call_on_close(desk.stack.close)


def run() -> None:
    """The command `duban`."""
    app()


if __name__ == "__main__":
    run()
