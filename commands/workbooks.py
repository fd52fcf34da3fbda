"""Workbooks: templates to fill in, what was filled in, the ledger as a file."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workflow.errors import BadValue, UsageError
from workflow.text import LANGUAGES, Text

from .arguments import ActingPerson, AsJson, OfCampaign, argument, command, group, option
from .desk import Desk, desk_of
from .filters import filtered
from .ledger import whole

if TYPE_CHECKING:
    from workbooks.problems import Problem
    from workbooks.taking import Name, Outcome
    from workflow.reading import Wanted

app = group()
SHOWN = 200  # wrong cells that are printed; the marked copy and --json have all

WhichBook = Annotated[str, argument("units、people、tasks。", "units, people or tasks.", metavar="BOOK")]
KindOfTask = Annotated[
    str | None, option("事项类型，tasks 必填。", "Kind of task; needed for tasks.", "--kind")
]


@command(app, "生成导入模板：单位、人员、事项。", "Write a workbook to fill in: units, people, tasks.")
def template(
    ctx: typer.Context,
    book: WhichBook,
    file: Annotated[Path, argument("写到哪里（.xlsx）。", "Where to (.xlsx).", metavar="FILE")],
    kind: KindOfTask = None,
    campaign: OfCampaign = None,
) -> None:
    from workbooks.taking import book_of
    from workbooks.template import template as made

    desk, name = desk_of(ctx), _book(book)
    _check_ending(file, ".xlsx")
    if file.exists():
        raise UsageError(
            f"文件 {file} 已存在，没有覆盖。请另写文件名。",
            f"{file} exists and was left alone. Name another.",
        )
    with desk.frame() as frame:
        found = made(book_of(frame, name, kind, campaign))
    _save(file, found.save)
    desk.say(f"模板已写入 {file}。", f"The template is in {file}.")


@command(
    app,
    "导入工作簿：先逐格检查，全部正确才导入。",
    "Take a workbook: every cell is checked, and all of it is taken or nothing.",
    "import",
)
def import_(
    ctx: typer.Context,
    book: WhichBook,
    file: Annotated[Path, argument("工作簿（.xlsx）。", "The workbook (.xlsx).", metavar="FILE")],
    person: ActingPerson,
    kind: KindOfTask = None,
    campaign: OfCampaign = None,
    dry_run: Annotated[bool, option("只检查，不导入。", "Check only, take nothing.", "--dry-run")] = False,
    marked: Annotated[
        Path | None,
        option("把标出错误的副本写到哪里。", "Where a copy with marked cells goes.", metavar="FILE"),
    ] = None,
    accept_namesakes: Annotated[
        bool, option("确认同名者是不同的人。", "People of one name are different people.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    from workbooks.taking import Wish, take

    desk = desk_of(ctx)
    if marked is not None:
        _check_ending(marked, ".xlsx")
        if marked.resolve() == file.resolve():
            raise UsageError(
                "--marked 不能写回原文件。请另写文件名。", "--marked is the file itself. Name another."
            )
    wish = Wish(
        book=_book(book),
        kind=kind,
        campaign=campaign,
        file=file,
        person=person,
        dry_run=dry_run,
        accept_namesakes=accept_namesakes,
    )
    with desk.progress("读取工作簿", "Reading the workbook") as progress:
        progress(0, 1)
        found = take(desk.engine, wish, desk.now, progress)
    if found.problems and marked is not None:
        _mark(file, found.problems, marked)
    left = _open_all(desk, found) if found.waits else 0
    if as_json:
        desk.json(_plain(found, left))
    else:
        _tell(desk, found, wish.dry_run, left)
    if found.refused:
        raise _refusal(found, marked)


def _book(name: str) -> Name:
    from workbooks.taking import NAMES
    from workflow.reading.people import known

    if name not in NAMES:
        raise UsageError(*known(Text("工作簿", "book"), name, NAMES).text)
    return name


def _check_ending(file: Path, *endings: str) -> None:
    if file.suffix.lower() not in endings:
        listed = " / ".join(endings)
        raise UsageError(
            f"文件名 {file.name} 应以 {listed} 结尾。请改写。",
            f"{file.name} must end with {listed}: rename it.",
        )


def _save(file: Path, write: Any) -> Any:
    """Write a file whole or not at all."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        answer = write(beside)
        beside.replace(file)
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(
            f"文件 {file} 写不了（{why}）。请检查路径和权限。",
            f"{file} can't be written ({why}). Check the path.",
        ) from error
    finally:
        beside.unlink(missing_ok=True)
    return answer


# --- importing --------------------------------------------------------------------------------------


def _mark(file: Path, problems: Sequence[Problem], to: Path) -> None:
    from workbooks.marking import marked

    _save(to, marked(file, problems).save)


def _open_all(desk: Desk, found: Outcome) -> int:
    """Open what is frozen; how many are left to somebody else who is at it."""
    from workflow.engine import Ran
    from workflow.store import importing

    ran, total = Ran(), found.added + found.changed
    with desk.progress("交办事项", "Opening tasks") as progress:
        while desk.engine.importing.work(desk.now, ran):
            progress(min(ran.opened, total), total)
    if found.import_id is None:
        return 0
    with desk.port.read() as tx:
        return importing.how_many_wait(tx, found.import_id)


def _plain(found: Outcome, left: int) -> dict[str, Any]:
    return {
        "book": found.book,
        "lines": found.lines,
        "added": found.added,
        "changed": found.changed,
        "unchanged": found.unchanged,
        "overdue": found.overdue,
        "import": found.import_id,
        "waiting": left,
        "problems": [
            {"sheet": one.sheet, "cell": one.cell, "found": one.found, "expected": one.expected}
            for one in found.problems
        ],
    }


def _tell(desk: Desk, found: Outcome, dry_run: bool, left: int) -> None:
    for one in found.problems[:SHOWN]:  # in both languages: whoever mends it may read the other
        told = one.to_text()
        typer.echo(f"{told.zh}\n    {told.en}")
    if found.refused:
        return
    counts = Text(
        f"{found.lines} 行：新增 {found.added}，更改 {found.changed}，未变 {found.unchanged}",
        f"{found.lines} lines: {found.added} added, {found.changed} changed, {found.unchanged} as they were",
    )
    if dry_run:
        desk.say(f"检查通过，没有写入。{counts.zh}。", f"Nothing is wrong; nothing was written. {counts.en}.")
    elif not (found.added or found.changed):
        desk.say(
            f"没有变化：此前已导入。{counts.zh}。", f"Nothing has changed: it was taken before. {counts.en}."
        )
    else:
        desk.say(f"已导入。{counts.zh}。", f"Taken. {counts.en}.")
    if found.overdue:
        desk.say(f"其中 {found.overdue} 件期限已过。", f"The deadline of {found.overdue} has passed already.")
    if left:
        desk.warn(
            f"还有 {left} 行待交办，由守护进程继续（duban daemon）；未能交办的见 duban doctor。",
            f"{left} lines are still to be opened: the daemon goes on (duban daemon). duban doctor lists "
            "those that can't be.",
        )


def _refusal(found: Outcome, marked: Path | None) -> BadValue:
    count = len(found.problems)
    copy = (
        Text(f"错误已标在 {marked}。", f"They are marked in {marked}.")
        if marked
        else Text(
            "加 --marked 文件.xlsx 可得到标出错误的副本。", "--marked FILE.xlsx gives a copy that marks them."
        )
    )
    return BadValue(
        f"没有导入：{count} 处有误，全部改正后再导入。{copy.zh}",
        f"Nothing was taken: {count} cells are wrong. Correct all of them and try again. {copy.en}",
    )


# --- exporting --------------------------------------------------------------------------------------


@command(whole, "台账导出为 .xlsx 或 .csv。", "The ledger as .xlsx or .csv.", "export")
@filtered
def ledger_export(
    ctx: typer.Context,
    file: Annotated[Path, argument("写到哪里。", "Where to.", metavar="FILE")],
    chosen: Wanted,
    language: Annotated[
        str, option("列名和内容的语言：zh 或 en。", "Language of the file: zh or en.")
    ] = "zh",
) -> None:
    from workbooks.giving import export

    desk = desk_of(ctx)
    _check_ending(file, ".xlsx", ".csv")
    if language not in LANGUAGES:
        raise UsageError(
            f"没有语言 {language}。可选：zh、en。", f"There is no language {language!r}: zh or en."
        )
    is_csv = file.suffix.lower() == ".csv"
    with desk.progress("导出台账", "Exporting the ledger") as progress:
        count = _save(
            file, lambda to: export(desk.engine, chosen, to, language, desk.now, progress, as_csv=is_csv)
        )
    desk.say(f"已导出 {count} 件到 {file}。", f"{count} tasks are in {file}.")
