"""Letters and bulletins as Word documents."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.errors import UsageError
from workflow.text import Text

from .arguments import (
    ActingPerson,
    AsJson,
    OfCampaign,
    TaskNumber,
    argument,
    command,
    group,
    option,
    unwritable,
)
from .dates import day_of, zone_of
from .desk import Desk, desk_of
from .opening import campaign_named
from .speaking import both

if TYPE_CHECKING:
    from notifier.store.documents import Document
    from workflow.engine import Frame
    from workflow.reading.screens import Row
    from workflow.store.organisation import CampaignInForce

app = group()
bulletins = group(
    name="bulletin",
    help=both("督办通报：成文后不可改动。", "Bulletins: once drawn up they stay as they are."),
    no_args_is_help=True,
)
OutFile = Annotated[
    Path | None, option("写到这个 .docx 文件。", "Write the document to this file.", "--out", metavar="FILE")
]
BulletinName = Annotated[str, argument("名称，如 week_14。", "A name, as week_14.", metavar="NAME")]


@command(
    app,
    "事项的函件：签发后成文的 Word 文件；未签发可看草稿。",
    "The letters of a task, drawn up once signed; before that as a draft.",
)
def letter(
    ctx: typer.Context,
    task: TaskNumber,
    as_draft: Annotated[
        bool, option("看草稿：带草稿字样，没有文号。", "As a draft, marked as one, unnumbered.", "--draft")
    ] = False,
    out: OutFile = None,
    as_json: AsJson = False,
) -> None:
    from notifier.documents import Documents, draft
    from workflow.reading import read_number

    desk = desk_of(ctx)
    with desk.frame() as frame:
        ident = read_number(frame, task)
        found = [draft(frame, ident, language=desk.language)] if as_draft else []
    if not as_draft:
        found = Documents(desk.port, desk.engine.library).letters(ident, desk.now)
    _give(desk, found, out, as_json=as_json)


def _give(desk: Desk, found: list[Document], out: Path | None, *, as_json: bool) -> None:
    """The newest as a file, or all of them in a table."""
    if out is not None:
        _write(desk, found[-1], out)
    elif as_json:
        desk.json([_told(one) for one in found])
    else:
        _table(desk, found)


def _write(desk: Desk, document: Document, out: Path) -> None:
    if out.suffix.lower() != ".docx":
        raise UsageError(
            f"--out {out}：请写以 .docx 结尾的文件名。", f"--out {out}: give a file name that ends in .docx."
        )
    try:
        out.write_bytes(document.body)
    except OSError as error:
        raise unwritable(out, error) from error
    size, digest = len(document.body), document.sha256
    desk.say(
        f"已写入 {out}（{size} 字节，SHA-256 {digest}）。",
        f"{out} is written: {size} bytes, SHA-256 {digest}.",
    )


def _told(one: Document) -> dict[str, object]:
    import orjson

    from notifier.documents import file_name
    from workflow.reading import plain

    own = {name: value for name, value in plain(one).items() if name not in ("body", "figures")}
    figures = orjson.loads(one.figures) if one.figures else None
    return {**own, "file": file_name(one), "figures": figures, "bytes": len(one.body)}


def _table(desk: Desk, found: list[Document]) -> None:
    from workflow.reading.screens import Block
    from workflow.text import same

    heading = (Text("名称", "Name"), Text("文件", "File"), Text("成文于", "Drawn up"), same("SHA-256"))
    with desk.frame() as frame:
        rows = [_row(frame, one) for one in found]
    desk.blocks([Block(rows=(heading, *rows))])
    desk.say("用 --out 文件.docx 取出。", "Take it out with --out FILE.docx.")


def _row(frame: Frame, one: Document) -> Row:
    from notifier.documents import file_name
    from workflow.reading.words import moment
    from workflow.text import same

    when = moment(frame.calendar(zone_of(frame)), one.made_at)
    return same(one.name), same(file_name(one)), same(when), same(one.sha256)


# --- bulletins --------------------------------------------------------------------------------------


@command(
    bulletins,
    "编发通报：按单位和专项任务统计亮灯、逾期、销号、排名，成文后不可改动。",
    "Draw up a bulletin: lights, what is late, what was struck off, ranks; it stays as it is.",
    "make",
)
def make(
    ctx: typer.Context,
    name: BulletinName,
    person: ActingPerson,
    campaign: OfCampaign = None,
    since: Annotated[
        str | None,
        option("从哪天算起，默认自上期。", "From which day on; the last one by default.", metavar="DATE"),
    ] = None,
    out: OutFile = None,
) -> None:
    from notifier.documents import keep_bulletin, make_bulletin
    from workflow.reading import person_id

    desk = desk_of(ctx)
    with desk.frame() as frame:
        calendar = frame.calendar(zone_of(frame))
        begin = None if since is None else calendar.start_of(day_of(since))
        drawn = make_bulletin(
            frame,
            _campaign(frame, campaign),
            name,
            person=person_id(frame.tx, person),
            since=begin,
            language=desk.language,
        )
    with desk.port.write("people") as tx:
        keep_bulletin(tx, drawn)
    desk.say(
        f"通报 {name} 已成文，SHA-256 {drawn.sha256}。请把这串散列另行留存。",
        f"The bulletin {name} is drawn up, SHA-256 {drawn.sha256}. Keep this hash elsewhere too.",
    )
    if out is not None:
        _write(desk, drawn, out)


@command(bulletins, "编发过的通报。", "The bulletins there are.", "list")
def list_(ctx: typer.Context, as_json: AsJson = False) -> None:
    from notifier.documents import every_bulletin

    desk = desk_of(ctx)
    with desk.frame() as frame:
        found = every_bulletin(frame)
    if as_json:
        desk.json([_told(one) for one in found])
    else:
        _table(desk, found)


@command(
    bulletins,
    "取出一期通报并核对散列。",
    "One bulletin, checked against its hash.",
    "show",
)
def show(
    ctx: typer.Context,
    name: BulletinName,
    campaign: OfCampaign = None,
    out: OutFile = None,
    as_json: AsJson = False,
) -> None:
    from notifier.documents import bulletin_named

    desk = desk_of(ctx)
    with desk.frame() as frame:
        found = bulletin_named(frame, _campaign(frame, campaign), name)
    _give(desk, [found], out, as_json=as_json)


def _campaign(frame: Frame, named: str | None) -> CampaignInForce:
    from workflow.reading.people import known

    name = campaign_named(frame, named)
    found = {one.name: one for one in frame.campaigns.values()}
    if name not in found:
        raise known(Text("专项行动", "campaign"), name, found)
    return found[name]
