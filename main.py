"""Duban's command line, and the only composer: settings, wiring, what is printed.

Everything that thinks lives in `workflow`; here arguments become a call, and a record becomes lines.
Heavy modules are imported inside the commands, so that `duban --help` answers at once. Every text
stands here in both languages; which one is shown is settled before the arguments are read: `--lang`,
else DUBAN_LANG, else the locale.
"""

from __future__ import annotations

import os
import re
import sys
import time
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

import typer
from typer.core import TyperGroup

from workflow.clock import Clock, SystemClock
from workflow.errors import BadValue, DubanError, NotNow, PackError, UsageError
from workflow.text import LANGUAGES, Language, Text

if TYPE_CHECKING:
    from rich.progress import Progress

    from workflow.decision import Act
    from workflow.definition import Pack
    from workflow.engine import Answer, Engine, Frame
    from workflow.evidence import Folder, Stored
    from workflow.explaining import Subject
    from workflow.reading.screens import Block
    from workflow.store import Port

DATABASE = "sqlite:///var/duban.db"  # relative to where duban is called
DEMO = "sqlite:///var/demo.db"
ZONE = "Asia/Shanghai"  # of dates, while no campaign says otherwise
CLOCK: Clock = SystemClock()
BEHIND_MS = 60_000  # a wake that passed longer ago means that no daemon is at work
WARNINGS, INFORMATION = 30, 20  # levels of the log
_DAY = timedelta(days=1)
_CELL = re.compile(r'(?:[^,"]|"[^"]*")+')  # what commas separate, except between quotes
_SPLIT = "\x1f"  # between the two languages of a help text
F = TypeVar("F", bound=Callable[..., Any])


# --- language, help, errors -------------------------------------------------------------------------

_ANYWHERE = ("--lang", "--database", "--evidence-folder")  # taken before and after the command's name
_HEADINGS = {
    "Usage:": "用法：",
    "Options:": "选项：",
    "Arguments:": "参数：",
    "Commands:": "命令：",
    "[OPTIONS]": "[选项]",
    "COMMAND [ARGS]...": "命令 [参数]…",
    "[required]": "[必填]",
    "[default: ": "[默认：",
    "Show this message and exit.": "显示本说明。",
}


class _Speaking(TyperGroup):
    """The group of all commands. It speaks one language and ends every error with a sentence."""

    def main(self, args: Sequence[str] | None = None, **more: Any) -> Any:  # type: ignore[override]
        """Run a command line; always ends with SystemExit."""
        given = _hoisted(list(sys.argv[1:] if args is None else args))
        language = _language(given, os.environ)
        _localise(self, language)
        try:
            code = super().main(given, **{**more, "prog_name": "duban", "standalone_mode": False})
        except Exception as error:
            code = _complain(error, language)
        sys.exit(code if isinstance(code, int) else 0)


def _hoisted(args: list[str]) -> list[str]:
    """The arguments with the common options moved in front of the command."""
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(args)
    for one in waiting:
        if one == "--":
            rest.extend((one, *waiting))
        elif one in _ANYWHERE:
            front.append(one)
            front.extend(value for value in [next(waiting, None)] if value is not None)
        else:
            (front if one.partition("=")[0] in _ANYWHERE else rest).append(one)
    return front + rest


def _language(args: Sequence[str], environ: Mapping[str, str]) -> Language:
    """Which language to speak: --lang, else DUBAN_LANG, else the locale, else English."""
    wished = [value for name, value in _pairs(args) if name == "--lang"] + [environ.get("DUBAN_LANG", "")]
    for one in LANGUAGES:
        if next(filter(None, wished), "") == one:
            return one
    places = (environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "zh" if next(filter(None, places), "").startswith("zh") else "en"


def _pairs(args: Sequence[str]) -> Iterator[tuple[str, str]]:
    for position, one in enumerate(args):
        name, equals, value = one.partition("=")
        yield name, value if equals else "".join(args[position + 1 : position + 2])


def _localise(command: Any, language: Language) -> None:
    """Choose one language in every help text of a command, and of those below it."""
    chosen = LANGUAGES.index(language)
    for holder in (command, *command.params):
        for name in ("help", "short_help", "epilog"):
            text = getattr(holder, name, None)
            if text and _SPLIT in text:
                setattr(holder, name, text.split(_SPLIT)[chosen])
    if language == "zh":
        english = command.get_help
        command.get_help = lambda ctx: _in_chinese(english(ctx))
    for below in getattr(command, "commands", {}).values():
        _localise(below, language)


def _in_chinese(text: str) -> str:
    for english, chinese in _HEADINGS.items():
        text = text.replace(english, chinese)
    return text


def _complain(error: Exception, language: Language) -> int:
    """Say what went wrong in one sentence; the exit code."""
    if os.environ.get("DUBAN_DEBUG"):
        raise error
    for line in _complaint(error, language):
        print(line, file=sys.stderr)
    return int(getattr(error, "exit_code", 1))


def _complaint(error: Exception, language: Language) -> Iterator[str]:
    if isinstance(error, PackError):
        yield from (one.to_text().to(language) for one in cast("Any", error.problems))
    if isinstance(error, DubanError):
        yield error.to(language)
    elif hasattr(error, "exit_code"):
        yield _misuse(error).to(language)
    else:
        what = f"{type(error).__name__}: {error}"
        yield Text(
            f"出现意外错误（{what}）。请设 DUBAN_DEBUG=1 再试，把输出交给开发者。",
            f"Something unexpected went wrong ({what}). Try again with DUBAN_DEBUG=1 and send the output.",
        ).to(language)


def _misuse(error: Any) -> Text:
    """What the parser of arguments has to say, in both languages."""
    context = getattr(error, "ctx", None)
    see = f"{context.command_path if context else 'duban'} --help"
    message, kind = str(error.format_message()).rstrip("."), type(error).__name__
    if kind == "NoArgsIsHelpError":
        return Text(message, message)
    name = error.param.get_error_hint() if getattr(error, "param", None) else message
    told = {
        "NoSuchOption": f"没有选项 {getattr(error, 'option_name', '')}",
        "MissingParameter": f"缺少 {name}",
        "BadParameter": f"{name} 的值不能接受（{error.message}）",
    }.get(kind, f"命令有误（{message}）")
    return Text(f"{told}。用法见 {see}。", f"{message}. See {see}.")


# --- one call of the command line -------------------------------------------------------------------


@dataclass(kw_only=True)
class Desk:
    """What a command works with: the settings, the database once it is needed, the screen."""

    language: Language
    url: str
    evidence: Path | None
    stack: ExitStack = field(default_factory=ExitStack)

    @cached_property
    def port(self) -> Port:
        """The database, whose tables must fit this program."""
        from workflow.store import open_port

        _log_to_stderr(WARNINGS)
        port = open_port(self.url)
        self.stack.callback(port.close)
        return port

    @cached_property
    def engine(self) -> Engine:
        """The engine, with salts from the system's random source."""
        from workflow.engine import Engine

        return Engine(self.port, salts=lambda: os.urandom(16))

    @cached_property
    def folder(self) -> Folder:
        """Where evidence lies: beside a SQLite file, else in var/."""
        from workflow.evidence import Folder

        beside = getattr(self.port, "path", None)
        usual = beside.parent / "evidence" if beside is not None else Path("var/evidence")
        return Folder(self.evidence or usual)

    @property
    def now(self) -> int:
        """The database's time where it decides, else the machine's, in ms."""
        told = self.port.now()
        return CLOCK.now() if told is None else told

    @contextmanager
    def frame(self) -> Iterator[Frame]:
        """A transaction that only reads."""
        now, library = self.now, self.engine.library
        with self.port.read() as tx:
            yield library.frame(tx, now)

    def say(self, zh: str, en: str) -> None:
        """Print a sentence."""
        typer.echo(Text(zh, en).to(self.language))

    def warn(self, zh: str, en: str) -> None:
        """Say something beside the output."""
        typer.echo(Text(zh, en).to(self.language), err=True)

    def lines(self, texts: Iterable[Text], indent: str = "") -> None:
        """Print a line for each text."""
        for one in texts:
            typer.echo(indent + one.to(self.language))

    def blocks(self, blocks: Iterable[Block]) -> None:
        """Print titles, and rows in columns."""
        for block in blocks:
            if block.title is not None:
                self.lines([block.title])
            indent = "  " if block.title is not None else ""
            told = [[cell.to(self.language) for cell in row] for row in block.rows]
            widths = [max(map(_width, column)) for column in zip(*told, strict=True)]
            for row in told:
                cells = (cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True))
                typer.echo((indent + "  ".join(cells)).rstrip())

    def json(self, value: Any) -> None:
        """Print a record for a program."""
        import orjson

        from workflow.reading import plain

        typer.echo(orjson.dumps(plain(value), option=orjson.OPT_INDENT_2).decode())


def _width(text: str) -> int:
    """Columns on a screen: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def _desk(ctx: typer.Context) -> Desk:
    return cast("Desk", ctx.find_root().obj)


def _log_to_stderr(level: int, *, as_json: bool = False) -> None:
    """Output is for the reader; what the engine has to log goes beside it."""
    import structlog

    renderer = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


class _Progress:
    """How far something is, on a terminal, once it has taken a second."""

    def __init__(self, desk: Desk, zh: str, en: str) -> None:
        self._what, self._begun = Text(zh, en).to(desk.language), time.monotonic()
        self._bar: Progress | None = None

    def __call__(self, done: int, total: int) -> None:
        """Show it."""
        if self._bar is None:
            if not sys.stderr.isatty() or time.monotonic() - self._begun < 1:
                return
            self._bar = self._shown()
        self._bar.update(self._bar.task_ids[0], completed=done, total=total)

    def _shown(self) -> Progress:
        from rich.console import Console
        from rich.progress import Progress

        bar = Progress(console=Console(stderr=True), transient=True)
        bar.add_task(self._what)
        bar.start()
        return bar

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        """Leave a clean line."""
        if self._bar is not None:
            self._bar.stop()


# --- the application --------------------------------------------------------------------------------


def _both(zh: str, en: str) -> str:
    """A help text in both languages, for `_localise` to choose from."""
    return zh + _SPLIT + en


def _option(zh: str, en: str, *names: str, **more: Any) -> Any:
    return typer.Option(*names, help=_both(zh, en), **more)


def _argument(zh: str, en: str, **more: Any) -> Any:
    return typer.Argument(help=_both(zh, en), **more)


def _group(**more: Any) -> typer.Typer:
    return typer.Typer(add_completion=False, rich_markup_mode=None, **more)


app = _group(
    cls=_Speaking,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help=_both(
        "督办：交办、签收、反馈、审核、整改、销号，逾期逐级预警。",
        "Duban sees to it that promised work is kept: handed out, reported on, checked, struck off.",
    ),
    epilog=_both(
        "--database、--evidence-folder、--lang 写在命令前后都可以。",
        "--database, --evidence-folder and --lang may stand before or after the command.",
    ),
)
_calendar, _people, _post = (
    _group(no_args_is_help=True),
    _group(invoke_without_command=True),
    _group(no_args_is_help=True),
)
app.add_typer(
    _calendar,
    name="calendar",
    help=_both("工作日历：查看、导入、重排。", "Working days: show, import, recompute."),
)
app.add_typer(
    _people, name="people", help=_both("人员、岗位、外出。", "People, their posts, when they are away.")
)
app.add_typer(_post, name="post", help=_both("任免岗位。", "Give somebody a post, or end it."))


def _command(zh: str, en: str, name: str | None = None, group: typer.Typer = app) -> Callable[[F], F]:
    return group.command(name, help=_both(zh, en))


AsJson = Annotated[bool, _option("输出 JSON，供程序读取。", "JSON, for programs.", "--json")]
TaskNumber = Annotated[str, _argument("事项编号，如 SFD-12。", "Such as SFD-12, or 12.", metavar="TASK")]
SomeTask = Annotated[str | None, _argument("事项编号。", "A task.", metavar="TASK")]
PackName = Annotated[
    str,
    _argument(
        "方案包文件夹，或随附方案包的名字。", "A folder, or the name of one that ships.", metavar="PACK"
    ),
]
Limit = Annotated[int, _option("最多列几条。", "How many to list.", min=1, max=100_000)]
PersonCode = Annotated[str, _argument("人员代码。", "A person's code.", metavar="PERSON")]
UnitCode = Annotated[str, _argument("单位代码。", "A unit's code.", metavar="UNIT")]
PostName = Annotated[str, _argument("岗位，如 handler。", "A post, such as handler.", metavar="POST")]
Starting = Annotated[
    str | None, _option("自哪天起，默认即刻。", "From that day; now by default.", "--from", metavar="DATE")
]
OfUnit = Annotated[str | None, _option("单位代码。", "Code of a unit.", "--unit")]


@app.callback()
def _settings(
    ctx: typer.Context,
    database: Annotated[
        str,
        _option(
            "sqlite:///文件，或 postgresql://…", "sqlite:///FILE, or postgresql://…", envvar="DUBAN_DATABASE"
        ),
    ] = DATABASE,
    evidence_folder: Annotated[
        Path | None,
        _option(
            "佐证材料放在哪里，默认在数据库旁。",
            "Where evidence is kept; beside the database.",
            envvar="DUBAN_EVIDENCE",
        ),
    ] = None,
    lang: Annotated[
        str, _option("zh 或 en，默认随系统。", "zh or en; the locale's by default.", envvar="DUBAN_LANG")
    ] = "",
) -> None:
    if lang and lang not in LANGUAGES:
        raise UsageError(
            f"没有语言 {lang}。可选：zh、en。", f"There is no language {lang!r}. Choose zh or en."
        )
    desk = Desk(language=_language(["--lang", lang], os.environ), url=database, evidence=evidence_folder)
    ctx.obj = desk
    ctx.call_on_close(desk.stack.close)


def run() -> None:
    """The command `duban`."""
    app()


# --- making and loading -----------------------------------------------------------------------------


@_command("建立数据库，或升级到本程序的版本。", "Make the database, or upgrade it to this program.")
def init(ctx: typer.Context) -> None:
    from workflow.store import migrate, revisions, shown

    desk = _desk(ctx)
    if desk.url == DATABASE:  # any other folder is somebody's decision
        Path("var").mkdir(exist_ok=True)
    migrate(desk.url)
    where, newest = shown(desk.url), revisions()[-1]
    desk.say(
        f"数据库 {where} 已就绪（版本 {newest}）。", f"The database {where} is ready (version {newest})."
    )


@_command("检查方案包，列出全部问题。", "Check a pack, and list everything that is wrong.")
def check(ctx: typer.Context, pack: PackName, as_json: AsJson = False) -> None:
    desk = _desk(ctx)
    try:
        found = _proven(pack)
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


@_command("检查并启用方案包：单位、人员、流程、轮次。", "Check a pack, and bring it into force.")
def load(ctx: typer.Context, pack: PackName, as_json: AsJson = False) -> None:
    desk = _desk(ctx)
    one = desk.engine.load(_proven(pack), desk.now)
    if as_json:
        desk.json(one)
        return
    new = Text("新版本", "new") if one.version_is_new else Text("此前已载入", "known before")
    desk.say(
        f"已启用 {one.campaign}：版本 {one.version[:12]}（{new.zh}），新增单位 {one.units} 个、"
        f"人员 {one.people} 名。",
        f"{one.campaign} is in force: version {one.version[:12]} ({new.en}), {one.units} units and "
        f"{one.people} people added.",
    )


def _proven(pack: str) -> Pack:
    from workflow.proof import check_pack

    return check_pack(_pack_path(pack))


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


@_command("程序、数据库格式、SQLite 的版本。", "The versions of program, tables and SQLite.")
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
        _desk(ctx).json(found)
    else:
        for name, value in found.items():
            typer.echo(f"{name:<8}{value}")


# --- looking ----------------------------------------------------------------------------------------


@_command("台账：列出督办事项，重的在前。", "The ledger: list tasks, the gravest first.")
def tasks(
    ctx: typer.Context,
    unit: OfUnit = None,
    kind: Annotated[str | None, _option("事项类型。", "Kind of task.")] = None,
    state: Annotated[str | None, _option("状态。", "State.")] = None,
    light: Annotated[str | None, _option("green、blue、yellow、red。", "green, blue, yellow or red.")] = None,
    waits_for: Annotated[
        str | None, _option("在等谁：角色，或人员代码。", "A role, or a person's code.")
    ] = None,
    only_open: Annotated[
        bool, _option("只列未办结的，或全部。", "Open ones, or all.", "--open/--all")
    ] = True,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    from workflow.reading import Wanted, ledger, screens

    desk = _desk(ctx)
    wanted = Wanted(
        unit=unit,
        kind=kind,
        state=state,
        light=light,
        waits_for=waits_for,
        open=True if only_open else None,
        limit=limit,
    )
    with desk.frame() as frame:
        found = ledger(frame, wanted)
        if as_json:
            desk.json(found)
            return
        desk.blocks(screens.ledger(frame, found))
        _mind_the_clock(desk, frame)


def _mind_the_clock(desk: Desk, frame: Frame) -> None:
    """A ledger that the clock hasn't looked at for a while may show the lights of yesterday."""
    from workflow.reading.words import moment
    from workflow.store.tasks import next_wake

    wake = next_wake(frame.tx)
    if wake is not None and frame.now - wake > BEHIND_MS:
        since = moment(frame.calendar(_zone(frame)), wake)
        desk.warn(
            f"注意：自 {since} 起有到时的事项尚未处理，台账可能不是最新。请运行 duban daemon。",
            f"Mind: tasks have been due since {since} and were not looked at. Run duban daemon.",
        )


@_command("一件事项的全貌。", "Where one task stands, with all that belongs to it.")
def show(ctx: typer.Context, task: TaskNumber, as_json: AsJson = False) -> None:
    from workflow.reading import read_number, screens, standing

    desk = _desk(ctx)
    with desk.frame() as frame:
        found = standing(frame, read_number(frame, task))
        if as_json:
            desk.json(found)
        else:
            desk.blocks(screens.standing(frame, found))


@_command("一件事项的全部留痕。", "Everything that happened to a task, in words.")
def history(ctx: typer.Context, task: TaskNumber, as_json: AsJson = False) -> None:
    desk = _desk(ctx)
    with desk.frame() as frame:
        _tell(desk, frame, task, as_json=as_json)


def _tell(desk: Desk, frame: Frame, task: str, *, as_json: bool = False) -> None:
    from workflow.reading import history as story
    from workflow.reading import load_one, read_number, screens

    loaded, around = load_one(frame, read_number(frame, task))
    entries = story(frame, loaded.task)
    if as_json:
        desk.json(entries)
    else:
        desk.lines(screens.history(entries, around.calendar))


@_command("待投递的消息；无人接收的排在最前。", "Messages that wait; those that reach nobody stand first.")
def outbox(
    ctx: typer.Context,
    person: Annotated[str | None, _option("只看某人的（人员代码）。", "Only a person's.")] = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    from workflow.reading import outbox as waiting
    from workflow.reading import screens

    desk = _desk(ctx)
    with desk.frame() as frame:
        found = waiting(frame, person=person, limit=limit)
        if as_json:
            desk.json(found)
            return
        desk.blocks(screens.outbox(frame, found))
    if count := found.unaddressed:
        desk.warn(
            f"注意：{count} 条消息无人接收，相应岗位及其替补都空缺。请用 duban post give 任命。",
            f"Mind: {count} messages reach nobody, their posts are vacant. Fill them: duban post give.",
        )


@_command(
    "为什么：灯色、期限、预警、时钟下一步。",
    "Why a light, a deadline, an episode; what comes next.",
)
def explain(
    ctx: typer.Context,
    task: TaskNumber,
    what: Annotated[
        str | None,
        _argument(
            "light、deadline、wake、rules、state，或 episode 加规则名。",
            "light, deadline, wake, rules, state, or episode RULE.",
        ),
    ] = None,
    rule: Annotated[str | None, _argument("规则名。", "A rule.", metavar="RULE")] = None,
    as_json: AsJson = False,
) -> None:
    from workflow.explaining import subject_of
    from workflow.reading import read_number

    desk = _desk(ctx)
    with desk.frame() as frame:
        sections = _sections(subject_of(frame, read_number(frame, task)), what, rule)
    if as_json:
        desk.json([{"about": name, "lines": lines} for name, _, lines in sections])
        return
    for _, title, lines in sections:
        desk.lines([title])
        desk.lines(lines, "  ")


def _sections(
    subject: Subject, what: str | None, rule: str | None
) -> list[tuple[str, Text, tuple[Text, ...]]]:
    from workflow import explaining as why

    if what == "episode":
        return [(what, Text("预警", "Episode"), why.episode(subject, _rule_of(subject, rule)))]
    parts: dict[str, tuple[Text, Callable[[Subject], tuple[Text, ...]]]] = {
        "state": (Text("现状", "Where it stands"), why.state),
        "light": (Text("亮灯", "Light"), why.light),
        "deadline": (Text("期限", "Deadline"), why.deadline),
        "rules": (Text("各条规则", "Rules"), why.rules),
        "wake": (Text("时钟", "The clock"), why.next_wake),
    }
    if what is not None and what not in parts:
        raise UsageError(
            f"不能解释“{what}”。可选：light、deadline、wake、rules、state、episode 规则名。",
            f"{what!r} can't be explained. Choose light, deadline, wake, rules, state, or episode RULE.",
        )
    chosen = list(parts) if what is None else [what]
    return [(name, parts[name][0], parts[name][1](subject)) for name in chosen]


def _rule_of(subject: Subject, rule: str | None) -> str:
    from workflow.reading.people import known

    rules = subject.definition.rules
    if rule is None:
        listed = ", ".join(rules)
        raise UsageError(f"请写明规则名：{listed}。", f"Name the rule: {listed}.")
    if rule not in rules:
        raise known(Text("预警规则", "rule"), rule, rules)
    return rule


# --- acting -----------------------------------------------------------------------------------------


ActingPerson = Annotated[
    str, _option("以谁的身份（人员代码）。", "Who acts: a person's code.", "--as", metavar="PERSON")
]
WhatToDo = Annotated[
    str | None,
    _argument(
        "流转名，或 confirm:流转、refuse:流转、lift:规则。",
        "What to do: a transition, confirm:T, refuse:T, lift:RULE.",
        metavar="TRANSITION",
    ),
]
SomeFacts = Annotated[
    list[str] | None, _option("填报项，可多次。", "A fact; repeatable.", metavar="NAME=VALUE")
]
SomeRows = Annotated[
    list[str] | None,
    _option(
        '清单的一行，可多次；值含逗号时加引号：列="值"。',
        'A row; repeatable. With commas: COL="a, b".',
        metavar="LIST:COL=VAL,…",
    ),
]
SomeFiles = Annotated[list[Path] | None, _option("佐证材料，可多次。", "A file; repeatable.", metavar="FILE")]


@_command(
    "办理；不写流转则列出此人能办什么，为何不能办别的。",
    "Act on a task, or list what may be done and why not the rest.",
)
def act(
    ctx: typer.Context,
    task: TaskNumber,
    person: ActingPerson,
    transition: WhatToDo = None,
    fact: SomeFacts = None,
    row: SomeRows = None,
    evidence: SomeFiles = None,
    revision: Annotated[
        int | None, _option("你看到的版次；有人先办则拒绝。", "The revision you saw.")
    ] = None,
    request_id: Annotated[
        str | None, _option("请求编号；重复提交只办一次。", "A repeat with the same id acts once.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    desk = _desk(ctx)
    if transition is None:
        _list_acts(desk, task, person, as_json=as_json)
        return
    wish = _Wish(
        task=task,
        person=person,
        name=transition,
        facts=_facts(fact or ()),
        rows=_rows(row or ()),
        files=tuple(evidence or ()),
        revision=revision,
        request_id=request_id,
    )
    answer = _act(desk, wish)
    if as_json:
        desk.json(answer)
    else:
        _tell_answer(desk, answer)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wish:
    """An act as it was typed."""

    task: str
    person: str
    name: str
    facts: Mapping[str, str]
    rows: Mapping[str, list[dict[str, str]]]
    files: tuple[Path, ...]
    revision: int | None
    request_id: str | None


def _act(desk: Desk, wish: _Wish) -> Answer:
    """Keep the evidence of an act that would be taken, then act."""
    from workflow.reading import read_number

    measured = [_measured(desk, file) for file in wish.files]
    with desk.frame() as frame:
        ident = read_number(frame, wish.task)
        wanted = _wanted(frame, ident, wish, measured)
        keep = bool(wish.files) and _would_be_taken(frame, ident, wanted, wish)
    if keep:
        _keep(desk, wish.files)
    return desk.engine.act(ident, wanted, desk.now, revision=wish.revision, request_id=wish.request_id)


def _wanted(frame: Frame, ident: int, wish: _Wish, measured: Sequence[Stored]) -> Act:
    from workflow.decision import Act
    from workflow.explaining import subject_of
    from workflow.reading import person_id

    definition = subject_of(frame, ident).definition
    return Act(
        name=wish.name,
        person_id=person_id(frame.tx, wish.person),
        facts=_known_facts(frame, definition.facts, wish.facts),
        rows=wish.rows,
        evidence=[one.sha256 for one in measured],
    )


def _would_be_taken(frame: Frame, ident: int, wanted: Act, wish: _Wish) -> bool:
    """Whether the files are worth keeping: a refusal must leave everything as it was.

    False where the engine has the answer already, or refuses before it looks at evidence.
    """
    from workflow.explaining import rehearse, subject_of
    from workflow.store import organisation

    subject = subject_of(frame, ident)
    stale = wish.revision is not None and wish.revision != subject.loaded.task.revision
    answered = wish.request_id is not None and organisation.request(frame.tx, wish.request_id) is not None
    if frame.stamp.held or stale or answered:
        return False
    rehearse(subject, wanted)
    return True


def _measured(desk: Desk, file: Path) -> Stored:
    try:
        with file.open("rb") as source:
            return desk.folder.measure(source)
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(file: Path, error: OSError) -> UsageError:
    why = error.strerror or str(error)
    return UsageError(
        f"读不到文件 {file}（{why}）。请检查路径和权限。",
        f"The file {file} can't be read ({why}). Check the path.",
    )


def _keep(desk: Desk, files: Iterable[Path]) -> None:
    from workflow.evidence import record

    stored = []
    for file in files:
        with file.open("rb") as source:
            stored.append(desk.folder.store(source))
    with desk.port.write("people") as tx:
        record(tx, stored, desk.now)


def _facts(given: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals or not name or name in found:
            raise UsageError(
                f"--fact “{one}”看不懂：应写 名称=值，每项一次。",
                f"--fact {one!r}: write NAME=VALUE, each name once.",
            )
        found[name] = value
    return found


def _rows(given: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """Rows by list. `LIST:` alone is an answer too: no rows."""
    found: dict[str, list[dict[str, str]]] = {}
    for one in given:
        name, colon, rest = one.partition(":")
        cells = [cell.replace('"', "").partition("=") for cell in _CELL.findall(rest)]
        if not colon or not all(equals for _, equals, _ in cells):
            raise UsageError(
                f"--row “{one}”看不懂：应写 清单:列=值,列=值。",
                f"--row {one!r}: write LIST:COLUMN=VALUE,COLUMN=VALUE.",
            )
        rows = found.setdefault(name, [])
        if cells:
            rows.append({column.strip(): value for column, _, value in cells})
    return found


def _known_facts(frame: Frame, declared: Mapping[str, Any], facts: Mapping[str, str]) -> dict[str, Any]:
    """Facts as the engine takes them: people and units by code become their ids."""
    from workflow.reading import person_id, unit_id

    readers = {"person": person_id, "unit": unit_id}
    found: dict[str, Any] = {}
    for name, value in facts.items():
        reader = readers.get(declared[name].type) if name in declared else None
        found[name] = value if reader is None else reader(frame.tx, value)
    return found


def _tell_answer(desk: Desk, answer: Answer) -> None:
    from workflow.explaining import subject_of
    from workflow.reading import number_of

    with desk.frame() as frame:
        subject = subject_of(frame, answer.task_id)
        number = number_of(frame, answer.task_id, subject.loaded.task.campaign_id)
    state, words = subject.words.state(answer.state), subject.words
    before = Text("（此前已办，这是当时的答复）", " (done before; this was the answer)")
    before = before if answer.repeated else Text("", "")
    desk.say(
        f"已办理 {number}：现为“{state.zh}”，第 {answer.revision} 版{before.zh}。",
        f"Done: {number} is {state.en}, revision {answer.revision}{before.en}.",
    )
    for one in subject.loaded.task.pending:
        if one.transition == answer.act:
            until = words.when(one.expires_at)
            desk.say(
                f"经确认方生效，{until} 失效。", f"It takes effect once confirmed, by {until} at the latest."
            )


def _list_acts(desk: Desk, task: str, person: str, *, as_json: bool) -> None:
    from workflow.explaining import possible, subject_of
    from workflow.reading import person_id, read_number, screens

    with desk.frame() as frame:
        subject = subject_of(frame, read_number(frame, task))
        found = possible(subject, person_id(frame.tx, person))
    if as_json:
        desk.json(found)
    else:
        desk.blocks(screens.acts(found))


# --- calendar ---------------------------------------------------------------------------------------


@_command("一年的放假与调休上班。", "A year's days off and make-up workdays.", "show", _calendar)
def calendar_show(
    ctx: typer.Context,
    year: Annotated[int, _argument("年份。", "A year.", metavar="YEAR")],
    as_json: AsJson = False,
) -> None:
    from workflow.reading import screens

    desk = _desk(ctx)
    with desk.frame() as frame:
        calendar = frame.calendar(_zone(frame))
    if year not in calendar.years:
        known = f"{min(calendar.years)}–{max(calendar.years)}"
        raise BadValue(
            f"没有 {year} 年的日历，已知 {known} 年。", f"There is no calendar for {year}; known: {known}."
        )
    if as_json:
        desk.json(calendar.years[year])
        return
    days = (date(year, 1, 1) + offset * _DAY for offset in range(366))
    worked = sum(day.year == year and calendar.is_workday(day) for day in days)
    desk.blocks(screens.year(calendar.years[year], worked))


@_command("导入一年的放假通知。", "Import a year's holiday notice.", "import", _calendar)
def calendar_import(
    ctx: typer.Context, file: Annotated[Path, _argument("通知文本。", "The notice, as text.")]
) -> None:
    from workflow.calendar import import_notice, missing_statutory
    from workflow.store import organisation

    desk = _desk(ctx)
    year = import_notice(_text_of(file))
    for day in missing_statutory(year):
        desk.warn(f"注意：法定节假日 {day} 未列为放假。", f"Mind: the statutory day {day} is not off in it.")
    with desk.port.write("people") as tx:
        is_new = organisation.calendar_years(tx).get(year.year) != year
        if is_new:
            organisation.add_calendar_year(tx, year, desk.now)
            organisation.new_epoch(tx, f"calendar {year.year}", desk.now)
    if is_new:
        desk.say(
            f"已导入 {year.year} 年（{year.source}）。守护进程将重排，也可运行 duban calendar recompute。",
            f"{year.year} is imported ({year.source}). The daemon plans again, or duban calendar recompute.",
        )
    else:
        desk.say(
            f"{year.year} 年通知此前已导入，没有变化。",
            f"The notice for {year.year} was known; nothing changed.",
        )


def _text_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise _unreadable(file, error) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file} 不是 UTF-8 文本。请另存为 UTF-8 再导入。",
            f"{file} is no UTF-8 text. Save it as UTF-8 first.",
        ) from error


@_command(
    "按现行日历重排未办结事项，报告移动的期限。",
    "Plan open tasks again; report what moved.",
    "recompute",
    _calendar,
)
def calendar_recompute(ctx: typer.Context, as_json: AsJson = False) -> None:
    from workflow.reading import screens
    from workflow.reading.planning import moved_since

    desk = _desk(ctx)
    planned, newest = _recompute(desk)
    with desk.frame() as frame:
        moved = moved_since(frame, newest)
        if as_json:
            desk.json({"planned": planned, "moved": moved})
            return
        desk.blocks(screens.moved(moved, frame))
    desk.say(
        f"重排 {planned} 件，移动期限 {len(moved)} 个；已到期的不变。",
        f"{planned} tasks planned again, {len(moved)} deadlines moved; what had passed stays.",
    )


def _recompute(desk: Desk) -> tuple[int, int]:
    """Plan again in batches; how many tasks, and the last event before."""
    from workflow.reading.planning import newest_event, pending_plans
    from workflow.store import organisation

    now = desk.now
    with desk.port.write("people") as tx:
        newest, stamp = newest_event(tx), organisation.stamp(tx)
        if stamp.held:
            raise NotNow(
                "一切暂停，未重排。请看 duban doctor 说明的原因，再运行 duban release。",
                "Everything is held: nothing was planned. See why with duban doctor, then run duban release.",
            )
        if pending_plans(tx, stamp.epoch) == 0:  # the library may know more than it did
            organisation.new_epoch(tx, "recompute", now)
            stamp = organisation.stamp(tx)
        total = left = pending_plans(tx, stamp.epoch)
    with _Progress(desk, "重排", "Planning") as progress:
        while left and desk.engine.wake(now):  # plans go before everything else that is due
            with desk.port.read() as tx:
                left = pending_plans(tx, stamp.epoch)
            progress(total - left, total)
    return total - left, newest


# --- people -----------------------------------------------------------------------------------------


@_command("单位一览。", "The tree of units.")
def units(
    ctx: typer.Context,
    kind: Annotated[str | None, _option("单位类别。", "Kind of unit.")] = None,
    as_json: AsJson = False,
) -> None:
    from workflow.reading import screens
    from workflow.reading import units as tree

    desk = _desk(ctx)
    with desk.frame() as frame:
        found = tree(frame, kind)
    if as_json:
        desk.json(found)
    else:
        desk.blocks(screens.units(found))


@_people.callback()
def people(ctx: typer.Context, unit: OfUnit = None, as_json: AsJson = False) -> None:
    if ctx.invoked_subcommand is not None:
        return
    from workflow.reading import people as everybody
    from workflow.reading import screens

    desk = _desk(ctx)
    with desk.frame() as frame:
        found, calendar = everybody(frame, unit), frame.calendar(_zone(frame))
    if as_json:
        desk.json(found)
    else:
        desk.blocks(screens.people(found, calendar))


@_command("添加人员，再用 duban post give 任命。", "Add a person; then give them a post.", "add", _people)
def people_add(
    ctx: typer.Context,
    code: PersonCode,
    zh: Annotated[str, _option("中文姓名。", "Name in Chinese.")],
    en: Annotated[str, _option("英文姓名。", "Name in English.")],
) -> None:
    from workflow.definition.cursor import NAME
    from workflow.store import organisation

    desk = _desk(ctx)
    if not NAME.fullmatch(code):
        raise BadValue(
            f"人员代码“{code}”不能用：小写字母开头，只含小写字母、数字、下划线。",
            f"{code!r} is no code: lower-case letters, digits and underscores, a letter first.",
        )
    with desk.port.write("people") as tx:
        if organisation.person_id(tx, code) is not None:
            raise BadValue(
                f"人员代码 {code} 已有人使用，请另取。", f"The code {code} is taken. Choose another."
            )
        organisation.add_person(tx, code, Text(zh, en))
        organisation.move_organisation(tx, organisation.stamp(tx))
    desk.say(f"已添加 {zh}（{code}）。", f"{en} ({code}) is added.")


@_command(
    "委托：外出期间由他人代行；不写受托人则只记外出。",
    "While somebody is away, another acts for them, or nobody.",
)
def delegate(
    ctx: typer.Context,
    principal: PersonCode,
    substitute: Annotated[
        str | None, _argument("受托人代码。", "Who acts: a code.", metavar="DELEGATE")
    ] = None,
    start: Starting = None,
    end: Annotated[
        str | None, _option("至哪天（含）。", "Until that day, inclusive.", "--to", metavar="DATE")
    ] = None,
    reason: Annotated[str, _option("事由。", "Why.")] = "",
) -> None:
    from workflow.reading import person_id
    from workflow.store import organisation

    desk = _desk(ctx)
    with desk.frame() as frame:
        begin, finish = _span(frame, start, end)
        away = person_id(frame.tx, principal)
        other = person_id(frame.tx, substitute) if substitute is not None else None
    if away == other:
        raise BadValue("不能委托给本人，请另写一人。", "Nobody stands in for themselves. Name somebody else.")
    with desk.port.write("people") as tx:
        organisation.add_delegation(tx, away, other, begin, finish, reason, desk.now)
        organisation.move_organisation(tx, organisation.stamp(tx))
    until = Text(f"至 {end}", f"until {end}") if end else Text("，未定归期", "without an end")
    acts = (
        Text(f"由 {substitute} 代行", f"{substitute} acts")
        if substitute
        else Text("无人代行", "nobody acts for them")
    )
    desk.say(f"已记：{principal} 外出{until.zh}，{acts.zh}。", f"{principal} is away {until.en}; {acts.en}.")


@_command(
    "任命：某人自某日起担任某单位的某岗位。", "Somebody holds a post at a unit from a day on.", "give", _post
)
def post_give(
    ctx: typer.Context,
    person: PersonCode,
    post: PostName,
    unit: UnitCode,
    deputy: Annotated[bool, _option("副职。", "As a deputy.", "--deputy")] = False,
    start: Starting = None,
) -> None:
    from workflow.store import organisation

    desk = _desk(ctx)
    with desk.frame() as frame:
        who, where = _post_of(frame, person, post, unit)
        begin, _ = _span(frame, start, None)
    with desk.port.write("people") as tx:
        if any((name, place) == (post, where) for name, place, _ in organisation.posts_of(tx, who)):
            raise NotNow(f"{person} 已担任 {unit} 的 {post}。", f"{person} holds {post} at {unit} already.")
        organisation.add_post(tx, who, post, where, begin, desk.now, deputy=deputy)
        organisation.move_organisation(tx, organisation.stamp(tx))
    desk.say(f"已任命：{person} 任 {unit} 的 {post}。", f"{person} holds {post} at {unit}.")


@_command("免职：某人不再担任某岗位。", "Somebody holds a post no longer.", "end", _post)
def post_end(
    ctx: typer.Context,
    person: PersonCode,
    post: PostName,
    unit: UnitCode,
    last_day: Annotated[
        str | None, _option("最后一天，默认即刻。", "Its last day; now by default.", metavar="DATE")
    ] = None,
) -> None:
    from workflow.store import organisation

    desk = _desk(ctx)
    with desk.frame() as frame:
        who, where = _post_of(frame, person, post, unit)
        _, finish = _span(frame, None, last_day)
    with desk.port.write("people") as tx:
        if not organisation.end_post(tx, who, post, where, desk.now if finish is None else finish):
            raise NotNow(f"{person} 没有担任 {unit} 的 {post}。", f"{person} doesn't hold {post} at {unit}.")
        organisation.move_organisation(tx, organisation.stamp(tx))
    desk.say(f"已免去 {person} 在 {unit} 的 {post}。", f"{person} no longer holds {post} at {unit}.")


def _post_of(frame: Frame, person: str, post: str, unit: str) -> tuple[int, int]:
    from workflow.reading import person_id, post_names, unit_id
    from workflow.reading.people import known

    posts = post_names(frame)
    if posts and post not in posts:
        raise known(Text("岗位", "post"), post, posts)
    return person_id(frame.tx, person), unit_id(frame.tx, unit)


def _zone(frame: Frame) -> str:
    """The zone of dates: the first campaign's."""
    for campaign in frame.campaigns.values():
        return frame.version(campaign.version_id).pack.campaign.zone
    return ZONE


def _span(frame: Frame, start: str | None, end: str | None) -> tuple[int, int | None]:
    """From a day's first millisecond (or now) to the first after another day, which may not have passed."""
    calendar = frame.calendar(_zone(frame))
    today = calendar.day_of(frame.now)
    first, last = (_day(start) if start else today), (_day(end) if end else None)
    if last is not None and last < max(first, today):
        raise BadValue(
            f"终止日期 {last} 已过，或早于开始日期。今天是 {today}，请改写。",
            f"The end {last} has passed, or lies before the start. Today is {today}: choose a later day.",
        )
    begin = calendar.start_of(first) if start else frame.now
    return begin, None if last is None else calendar.start_of(last + _DAY)


def _day(typed: str) -> date:
    try:
        return date.fromisoformat(typed)
    except ValueError as error:
        raise UsageError(
            f"“{typed}”不是日期。请写成 2026-03-31。", f"{typed!r} is no date. Write 2026-03-31."
        ) from error


# --- keeping watch ----------------------------------------------------------------------------------


@_command("放行：时钟存疑造成的暂停，或一件搁置的事项。", "Let go on: a hold, or a task that was set aside.")
def release(
    ctx: typer.Context,
    task: SomeTask = None,
    person: Annotated[
        str, _option("谁放行，默认系统账号。", "Who; the account by default.", "--as", metavar="WHO")
    ] = "",
) -> None:
    desk = _desk(ctx)
    if task is None:
        _release_hold(desk, person or _account())
        return
    from workflow.reading import read_number
    from workflow.store import tasks as stored

    with desk.frame() as frame:
        ident = read_number(frame, task)
    with desk.port.write("people") as tx:
        if not stored.release(tx, ident, desk.now):
            raise NotNow(
                f"事项 {task} 没有搁置，无须放行。", f"Task {task} is not set aside: nothing to release."
            )
    desk.say(f"已放行 {task}，守护进程将再次处理。", f"{task} is released; the daemon will try again.")


def _release_hold(desk: Desk, by: str) -> None:
    from workflow.store import organisation

    with desk.port.write("people") as tx:
        if not organisation.release_hold(tx, by, desk.now):
            raise NotNow("目前没有暂停，无须放行。", "Nothing is held: there is nothing to release.")
    desk.say("已放行，守护进程将继续。", "Released; the daemon goes on.")


def _account() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name for this user id
        return str(os.getuid())


@_command("校验留痕：每件事项的链、各行与链首。", "Check the history: every chain, its rows and its head.")
def verify(ctx: typer.Context, task: SomeTask = None, as_json: AsJson = False) -> None:
    from workflow.reading import read_number
    from workflow.verifying import verify as checked

    desk, ident = _desk(ctx), None
    if task is not None:
        with desk.frame() as frame:
            ident = read_number(frame, task)
    with _Progress(desk, "校验", "Verifying") as progress:
        found = checked(desk.port, task=ident, progress=progress)
    if as_json:
        desk.json(found)
    elif found.fault is not None:
        desk.warn(*found.fault)
    else:
        desk.say(
            f"{found.tasks} 件事项、{found.lines} 条留痕全部相符（值 {found.values} 个，"
            f"已删 {found.erased} 个）。",
            f"{found.lines} lines of {found.tasks} tasks fit ({found.values} values, {found.erased} erased).",
        )
    if found.fault is not None:
        raise typer.Exit(1)


@_command("体检：列出一切错误和异常。", "Everything that is wrong or odd.")
def doctor(ctx: typer.Context, as_json: AsJson = False) -> None:
    from workflow.clock import kernel_synchronised
    from workflow.doctor import Patient, examine, healthy
    from workflow.reading import screens

    desk = _desk(ctx)
    patient = Patient(
        port=desk.port,
        library=desk.engine.library,
        now=desk.now,
        folder=desk.folder,
        synchronised=kernel_synchronised(),
    )
    with _Progress(desk, "推导", "Deriving") as progress:
        found = examine(patient, progress)
    if as_json:
        desk.json(found)
    else:
        desk.blocks(screens.findings(found))
    if not healthy(found):
        raise typer.Exit(1)


# --- running ----------------------------------------------------------------------------------------


@_command("用虚拟人员在虚拟时钟上演练方案包。", "Play a pack with invented people on a virtual clock.")
def simulate(
    ctx: typer.Context,
    pack: PackName,
    days: Annotated[int, _option("演练多少天。", "How many virtual days.", min=1, max=3_660)] = 120,
    seed: Annotated[int, _option("种子：相同则台账逐字节相同。", "The same seed, the same ledger.")] = 1,
    start: Annotated[
        str | None, _option("移到该月开始。", "Begin in that month.", "--from", metavar="DATE")
    ] = None,
    crowd: Annotated[
        str, _option("diligent、mixed、lazy。", "diligent, mixed or lazy.", "--people")
    ] = "mixed",
    as_json: AsJson = False,
) -> None:
    import tempfile

    desk = _desk(ctx)
    source = ctx.find_root().get_parameter_source("database")
    with tempfile.TemporaryDirectory(prefix="duban-") as folder:
        given = source is not None and source.name != "DEFAULT"
        url = desk.url if given else f"sqlite:///{folder}/simulated.db"
        game = _Game(pack=pack, days=days, seed=seed, start=start, crowd=crowd, url=url)
        report = _play(desk, game)
    if as_json:
        desk.json(report.to_json())
    else:
        desk.lines([report.to_text()])


@dataclass(frozen=True, kw_only=True, slots=True)
class _Game:
    """A simulation as it was asked for."""

    pack: str
    days: int
    seed: int
    start: str | None
    crowd: str
    url: str
    until: int | None = None  # ms


def _play(desk: Desk, game: _Game) -> Any:
    from workflow.reading.people import known
    from workflow.simulation import CROWDS
    from workflow.simulation import simulate as play

    if game.crowd not in CROWDS:
        raise UsageError(*known(Text("人群", "crowd"), game.crowd, list(CROWDS)).text)
    _log_to_stderr(WARNINGS + 10)
    with _Progress(desk, "演练第", "Playing, day") as progress:
        return play(
            _proven(game.pack),
            days=game.days,
            seed=game.seed,
            start=None if game.start is None else _day(game.start),
            people=cast("Any", game.crowd),
            url=game.url,
            progress=progress,
            until=game.until,
        )


@_command("守护进程：到时即办，直到停止。", "The daemon: acts on what is due, until it is stopped.")
def daemon(
    ctx: typer.Context,
    interval: Annotated[float, _option("间隔秒数。", "Seconds between rings.", min=0.05, max=3_600)] = 1.0,
    log_json: Annotated[bool, _option("日志用 JSON。", "Logs as JSON.", "--log-json")] = False,
) -> None:
    _keep_watch(_desk(ctx), interval, log_json=log_json)


def _keep_watch(desk: Desk, interval: float, *, log_json: bool = False) -> None:
    from workflow import daemon as watch

    engine, database = desk.engine, watch.sqlite_file(desk.port)
    _log_to_stderr(INFORMATION, as_json=log_json)
    watch.run(engine, settings=watch.Settings(interval=interval), database=database)


@_command(
    "演示：演练最近 120 天，讲一件事项的经过，再守护到 Ctrl-C。",
    "Play the last 120 days, then keep watch until Ctrl-C.",
)
def demo(ctx: typer.Context) -> None:
    from workflow.calendar import default_calendar

    desk = _desk(ctx)
    if desk.url == DATABASE:  # a demonstration has a database of its own, and begins anew each time
        desk.url = DEMO
        Path("var").mkdir(exist_ok=True)
        for file in Path("var").glob("demo.db*"):
            file.unlink()
    now = CLOCK.now()
    month = (default_calendar(ZONE).day_of(now) - 120 * _DAY).replace(day=1)
    game = _Game(
        pack="demonstration_site",
        days=120,
        seed=1,
        start=month.isoformat(),
        crowd="mixed",
        url=desk.url,
        until=now,
    )
    report = _play(desk, game)
    desk.lines([report.to_text()])
    if report.story is not None:
        with desk.frame() as frame:
            desk.say(f"\n事项 {report.story} 的经过：", f"\nThe story of task {report.story}:")
            _tell(desk, frame, str(report.story))
    desk.say("\n守护进程运行中，Ctrl-C 停止。", "\nThe daemon is at work; Ctrl-C stops it.")
    _keep_watch(desk, 1.0)


if __name__ == "__main__":
    run()
