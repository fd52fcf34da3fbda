"""Reviews: give out links or codes, print slips, count, tell."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.errors import BadValue, UsageError
from workflow.text import Text

from .arguments import (
    ActingPerson,
    AsJson,
    SomeTask,
    TaskNumber,
    argument,
    command,
    group,
    option,
    unreadable,
    unwritable,
)
from .desk import Desk, desk_of
from .speaking import both

if TYPE_CHECKING:
    from console.reviews.casting import Subject
    from console.reviews.conducting import Counted, Opened, Result, Together
    from console.reviews.sheet import Slip
    from workflow.definition.model import Fact

app = group(
    name="ballot",
    help=both("评议：发放、打印、计票、结果。", "Reviews: give out, print, count, tell."),
    no_args_is_help=True,
)
_LONGEST = 100  # characters of a name
_FORMULAS = ("=", "+", "-", "@", "\t")  # what a spreadsheet would reckon with
_COLUMNS = ("name", "code", "link")


# --- opening ----------------------------------------------------------------------------------------


@command(
    app,
    "开设评议：生成个人链接（保密）或抽签用的评议码（匿名），写入一个文件。",
    "Open a review: personal links (confidential) or codes for a lot (anonymous), into a file.",
    "open",
)
def open_review(
    ctx: typer.Context,
    task: TaskNumber,
    out: Annotated[
        Path, option("链接或评议码写到这个新的 CSV 文件。", "A new CSV file.", "--out", metavar="FILE")
    ],
    people: Annotated[
        Path | None,
        option(
            "名单，每行一人；超过方案的人数时抽签。",
            "Whom to invite, one a line; drawn by lot if there are more than the pack invites.",
            "--people",
            metavar="FILE",
        ),
    ] = None,
    codes: Annotated[
        int | None, option("生成多少个评议码。", "How many codes.", "--codes", min=1, max=100_000)
    ] = None,
    address: Annotated[
        str, option("网页的地址，默认取设置 [site] url。", "Of the web; [site] url otherwise.", "--address")
    ] = "",
) -> None:
    from console.reviews import conducting
    from console.reviews.casting import subject_of
    from workflow.reading import read_number

    desk = desk_of(ctx)
    if (people is None) == (codes is None):
        raise UsageError(
            "请写 --people 名单（个人链接），或 --codes 数量（评议码），二者取一。",
            "Give --people FILE for personal links, or --codes N for codes: one of the two.",
        )
    site = _site(desk, address)
    with desk.frame() as frame:
        ident = read_number(frame, task)
        subject = subject_of(frame, ident)
        names = (
            None if people is None else conducting.draw(_names(people), subject.ballot.sample, desk.salts())
        )
        count = (codes or 0) if names is None else len(names)
        opened = conducting.begin(frame, ident, "codes" if names is None else "links", count, _random(desk))
    _give_out(desk, ident, opened, _rows(opened, names, site), out)
    _tell_opened(desk, opened, out)


def _site(desk: Desk, address: str) -> str:
    settings = desk.settings
    found = address or (settings.site.url if settings is not None else None) or ""
    if not found.startswith(("https://", "http://")):
        raise UsageError(
            "不知道网页的地址。请加 --address https://…，或在设置文件 [site] 中写 url。",
            "Nobody knows the address of the web. Add --address https://…, or write url under [site] in the "
            "settings.",
        )
    return found.rstrip("/")


def _random(desk: Desk) -> Callable[[int], bytes]:
    return lambda size: b"".join(desk.salts() for _ in range(-(-size // 16)))[:size]


def _names(file: Path) -> list[str]:
    """The lines of a list of people."""
    from console.reviews.paper import readable

    try:
        typed = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise unreadable(file, error) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file} 不是 UTF-8 文本。请另存为 UTF-8。", f"{file} is no UTF-8 text. Save it as UTF-8."
        ) from error
    found = [name for name in (" ".join(readable(line).split()) for line in typed.splitlines()) if name]
    for name, times in Counter(found).items():
        if len(name) > _LONGEST or times > 1:
            raise BadValue(
                f"名单中“{name[:40]}”超过 {_LONGEST} 字，或出现两次。请改写，使每行不同。",
                f"{name[:40]!r} is longer than {_LONGEST} characters or stands twice. Tell the lines apart.",
            )
    return found


def _rows(opened: Opened, names: Sequence[str] | None, site: str) -> list[tuple[str, str, str]]:
    from console.reviews.secrets import in_groups

    links = [f"{site}/r/{one}" for one in opened.secrets]
    if names is None:
        return [("", in_groups(one), link) for one, link in zip(opened.secrets, links, strict=True)]
    return [(_harmless(name), "", link) for name, link in zip(names, links, strict=True)]


def _harmless(name: str) -> str:
    return f"'{name}" if name.startswith(_FORMULAS) else name


def _give_out(desk: Desk, task: int, opened: Opened, rows: Sequence[tuple[str, str, str]], out: Path) -> None:
    """First the file, which nobody else may read, then the roll: what went out can't be shown again."""
    from console.reviews import conducting

    written = StringIO()
    csv.writer(written).writerows([_COLUMNS, *rows])
    _write_private(out, "\ufeff" + written.getvalue())
    try:
        conducting.commit(desk.port, task, opened, desk.now)
    except BaseException:
        out.unlink()
        raise


def _write_private(file: Path, text: str) -> None:
    """A new file that only its owner may read."""
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UsageError(
            f"{file} 已存在，未写入，也没有开设。请换一个文件名。",
            f"{file} is there already: nothing was written, nothing opened. Name another file.",
        ) from None
    except OSError as error:
        raise unwritable(file, error) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as target:
            target.write(text)
            target.flush()
            os.fsync(target.fileno())
    except OSError as error:
        with suppress(OSError):
            file.unlink()
        raise unwritable(file, error) from error


def _tell_opened(desk: Desk, opened: Opened, out: Path) -> None:
    count, subject = len(opened.secrets), opened.subject
    if opened.way == "links":
        desk.say(
            f"已开设：{count} 个个人链接在 {out}（仅本人可读）。只有它记着姓名和链接，发出后请删除。",
            f"Opened: {count} personal links are in {out}, which only you may read. It alone knows names and "
            "links together: send them, then delete it.",
        )
    else:
        desk.say(
            f"已开设：{count} 个评议码在 {out}（仅本人可读）。打印后折好，由各人抽取，不要记谁抽到哪一个。",
            f"Opened: {count} codes are in {out}, which only you may read. Print them (duban ballot sheet), "
            "fold them, let everybody draw one, and note nobody's.",
        )
    desk.say(f"{subject.first} 至 {subject.last} 可以投票。", f"Votes: {subject.first} to {subject.last}.")


# --- printing ---------------------------------------------------------------------------------------


@command(
    app,
    "把链接或评议码印成带二维码的纸条（网页文件，可打印）。",
    "Slips with QR codes, as a page to be printed.",
)
def sheet(
    ctx: typer.Context,
    given: Annotated[Path, argument("ballot open 写出的 CSV。", "What ballot open wrote.", metavar="CSV")],
    out: Annotated[Path, argument("新的 HTML 文件。", "A new HTML file.", metavar="HTML")],
    title: Annotated[str, option("纸条上的标题。", "What stands on each slip.")] = "评议",
) -> None:
    from console.reviews.sheet import sheet as drawn

    desk = desk_of(ctx)
    slips = _slips(given)
    _write_private(out, drawn(title, slips))
    desk.say(f"{len(slips)} 张纸条在 {out}。", f"{len(slips)} slips are in {out}.")


def _slips(file: Path) -> list[Slip]:
    from console.reviews.sheet import Slip

    try:
        with file.open(encoding="utf-8-sig", newline="") as source:
            rows = list(csv.DictReader(source))
    except OSError as error:
        raise unreadable(file, error) from error
    except (UnicodeDecodeError, csv.Error):
        rows = []
    if not rows or any(set(_COLUMNS) - set(row) or not row["link"] for row in rows):
        raise BadValue(
            f"{file} 不是 duban ballot open 写出的文件，没有打印。请指明那个文件。",
            f"{file} is not what duban ballot open wrote; nothing was printed. Name that file.",
        )
    return [Slip(address=row["link"], code=row["code"] or None, name=row["name"] or None) for row in rows]


# --- counting ---------------------------------------------------------------------------------------


@command(
    app,
    "截止后计票：汇总由引擎记为填报项，名册随即清除。",
    "Count once it is over: totals become facts through the engine, and the roll is erased.",
)
def close(ctx: typer.Context, task: TaskNumber, person: ActingPerson, as_json: AsJson = False) -> None:
    from console.reviews import conducting
    from workflow.reading import person_id, read_number

    desk = desk_of(ctx)
    with desk.frame() as frame:
        ident, who = read_number(frame, task), person_id(frame.tx, person)
    counted = conducting.close(desk.engine, desk.folder, ident, who, desk.now)
    if as_json:
        desk.json({"returned": counted.returned, "means": counted.means, "reported": bool(counted.answer)})
        return
    _tell_counted(desk, counted)


def _tell_counted(desk: Desk, counted: Counted) -> None:
    desk.say(
        f"已计票：收回 {counted.returned} 份。名册已清除。",
        f"Counted: {counted.returned} ballots were returned. The roll is erased.",
    )
    if counted.answer is None:
        desk.say("事项已办结，没有填报。", "The task had ended: nothing was reported on it.")
    elif not counted.means:
        desk.say(
            "份数不足，只填报份数，选票已清除。", "Too few: only their number was reported; they are erased."
        )


# --- telling ----------------------------------------------------------------------------------------


@command(
    app,
    "计票后的结果；不写事项则列出全部，份数不足的不显示。",
    "Results once counted; of all without a task. Of too few nothing is shown.",
)
def results(
    ctx: typer.Context,
    task: SomeTask = None,
    words: Annotated[bool, option("也列出意见。", "What was written too.", "--words")] = False,
    as_json: AsJson = False,
) -> None:
    from console.reviews import conducting
    from console.reviews.casting import subject_of
    from workflow.reading import read_number

    desk = desk_of(ctx)
    with desk.frame() as frame:
        if task is None:
            found = list(conducting.together(frame))
            if as_json:
                desk.json([_plain(one) for one in found])
            else:
                _tell_all(desk, found)
            return
        ident = read_number(frame, task)
        told, subject = conducting.result(frame, ident), subject_of(frame, ident)
    if as_json:
        desk.json({"returned": told.returned, "means": told.means, "words": told.said if words else ()})
    else:
        _tell_one(desk, told, subject, words=words)


def _tell_one(desk: Desk, told: Result, subject: Subject, *, words: bool) -> None:
    facts = subject.definition.facts
    lines = [(told.unit, Text("", "")), (facts[subject.ballot.returned].label, _plainly(told.returned))]
    lines += [(facts[name].label, _plainly(value)) for name, value in told.means.items()]
    if not told.means:
        few = subject.ballot.at_least
        lines.append((Text(f"不足 {few} 份，不显示结果", f"fewer than {few}: no result"), Text("", "")))
    desk.lines(Text(f"{label.zh}　{value.zh}", f"{label.en}  {value.en}") for label, value in lines)
    for said in told.said if words else ():
        desk.say(f"— {said}", f"- {said}")


def _tell_all(desk: Desk, found: Sequence[Together]) -> None:
    if not found:
        desk.say("还没有开设评议。", "No review was opened so far.")
    for one in found:
        facts = next(iter(one.subjects.values())).definition.facts
        desk.lines([one.label])
        for task, means in one.means.items():
            desk.lines(
                [_line(one.subjects[task].unit, one.published.shown[task].returned, means, facts)], "  "
            )
        for task in sorted(one.published.hidden):
            desk.lines([_hidden(one.subjects[task].unit)], "  ")
        if one.published.total is not None:
            together = Text("以上合计（不含未显示的）", "together, without those not shown")
            desk.lines([_line(together, one.published.total.returned, one.total, facts)], "  ")
        if one.waiting:
            desk.say(f"  另有 {one.waiting} 个尚未计票", f"  {one.waiting} not counted yet")


def _line(name: Text, returned: int, means: Mapping[str, str], facts: Mapping[str, Fact]) -> Text:
    zh = "　".join(f"{facts[each].label.zh} {value}" for each, value in means.items())
    en = ", ".join(f"{facts[each].label.en} {value}" for each, value in means.items())
    return Text(f"{name.zh}　{returned} 份　{zh}", f"{name.en}: {returned} ballots, {en}")


def _hidden(name: Text) -> Text:
    return Text(f"{name.zh}　份数不足，不显示", f"{name.en}: too few, not shown")


def _plain(one: Together) -> dict[str, object]:
    return {
        "kind": one.kind,
        "shown": one.means,
        "hidden": sorted(one.published.hidden),
        "total": one.total,
        "waiting": one.waiting,
    }


def _plainly(value: object) -> Text:
    return Text(str(value), str(value))
