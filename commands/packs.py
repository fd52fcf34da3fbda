"""Making a database, checking a pack and bringing it into force; the versions."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from workflow.errors import PackError, UsageError
from workflow.text import Text

from .arguments import AsJson, PackName, command, group
from .desk import DATABASE, desk_of

if TYPE_CHECKING:
    from workflow.definition import Pack

app = group()


@command(app, "建立数据库，或升级到本程序的版本。", "Make the database, or upgrade it to this program.")
def init(ctx: typer.Context) -> None:
    from workflow.store import migrate, revisions, shown

    desk = desk_of(ctx)
    if desk.url == DATABASE:  # any other folder is somebody's decision
        Path("var").mkdir(exist_ok=True)
    migrate(desk.url)
    where, newest = shown(desk.url), revisions()[-1]
    desk.say(
        f"数据库 {where} 已就绪（版本 {newest}）。", f"The database {where} is ready (version {newest})."
    )


@command(app, "检查方案包，列出全部问题。", "Check a pack, and list everything that is wrong.")
def check(ctx: typer.Context, pack: PackName, as_json: AsJson = False) -> None:
    desk = desk_of(ctx)
    try:
        found = proven(pack)
    except PackError as error:
        if not as_json:
            raise
        desk.json({"ok": False, "problems": error.problems})
        raise typer.Exit(error.exit_code) from error
    kinds, version, label = len(found.definitions), found.version[:12], found.campaign.label
    if as_json:
        desk.json({"ok": True, "version": found.version, "kinds": list(found.definitions), "problems": []})
    else:
        desk.say(
            f"{label.zh}：{kinds} 类事项，没有问题（版本 {version}）。",
            f"{label.en}: {kinds} kinds of task, nothing is wrong (version {version}).",
        )


@command(app, "检查并启用方案包：单位、人员、流程、轮次。", "Check a pack, and bring it into force.")
def load(ctx: typer.Context, pack: PackName, as_json: AsJson = False) -> None:
    desk = desk_of(ctx)
    one = desk.engine.load(proven(pack), desk.now)
    if as_json:
        desk.json(one)
        return
    new = Text("新版本", "new") if one.version_is_new else Text("此前已载入", "known before")
    desk.say(
        f"已启用 {one.campaign}：版本 {one.version[:12]}（{new.zh}），新增单位 {one.units} 个、"
        f"人员 {one.people} 名；已有单位改名 {one.relabelled} 个，已有人员新增岗位 {one.posts} 个。",
        f"{one.campaign} is in force: version {one.version[:12]} ({new.en}), {one.units} units and "
        f"{one.people} people added; {one.relabelled} known units relabelled, {one.posts} posts given to "
        f"known people.",
    )
    for name in one.said_anew:
        desk.warn(
            f"注意：节点 {name} 曾经改期，本版本写了另一日期，今后以本版本为准；此前交办的事项不变。",
            f"Mind: the milestone {name} had been moved; this version says another date, which counts from "
            "here on. Tasks that are under way keep theirs.",
        )


def proven(pack: str) -> Pack:
    """A pack that was proven; named by its folder, or as one that ships."""
    from workflow.proof import check_pack

    found = check_pack(_pack_path(pack))
    if any(one.letter is not None and one.letter.template for one in found.definitions.values()):
        from notifier.documents import check_templates

        check_templates(found)
    return found


def _pack_path(pack: str) -> Path:
    """The folder of a pack: a path, or the name of one that ships with Duban."""
    if Path(pack).is_dir():
        return Path(pack)
    from importlib.resources import files

    shipped = {one.name: Path(str(one)) for one in files("definitions").iterdir() if one.is_dir()}
    packs = {name: path for name, path in shipped.items() if (path / "campaign.yaml").is_file()}
    if pack in packs:
        return packs[pack]
    listed = sorted(packs)
    raise UsageError(
        f"没有方案包 {pack}：既不是文件夹，也不是随附方案包。随附的有：{'、'.join(listed)}。",
        f"There is no pack {pack!r}: no such folder, and none of those that ship: {', '.join(listed)}.",
    )


@command(app, "程序、数据库格式、SQLite 的版本。", "The versions of program, tables and SQLite.")
def version(ctx: typer.Context, as_json: AsJson = False) -> None:
    import platform
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    import pysqlite3

    from workflow.store import revisions

    try:
        own = installed("duban")
    except PackageNotFoundError:  # run from its folder, without being installed
        own = "?"
    found = {
        "duban": own,
        "schema": revisions()[-1],
        "sqlite": pysqlite3.sqlite_version,
        "python": platform.python_version(),
    }
    if as_json:
        desk_of(ctx).json(found)
    else:
        for name, value in found.items():
            typer.echo(f"{name:<8}{value}")
