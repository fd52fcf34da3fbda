"""The book of people: who holds which post at which unit, from when to when. A line is one post."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from workflow.calendar import Calendar
from workflow.store import importing, organisation
from workflow.store.ports import Transaction
from workflow.text import LANGUAGES, Text

from . import cells
from .columns import Book, Column
from .problems import NAMESAKE, Wrong, shown
from .sheet import Line, Sheet

MOST = 60_000  # lines
_POST = ("post", "unit", "deputy", "from", "to")  # columns that only a post has
_DAY = timedelta(days=1)


def book(posts: Collection[str], units: Mapping[str, Text]) -> Book:
    """The book, with what its drop-down lists offer.

    Args:
        posts: those that the definitions in force ask for; any word is taken while there are none.
    """
    return Book(
        name="people",
        sheet="人员 People",
        title=Text("人员", "People"),
        most=MOST,
        columns=(*_who(), *_post_columns(posts, units)),
    )


def _who() -> tuple[Column, ...]:
    return (
        Column(
            code="code",
            label=Text("人员代码", "Person's code"),
            note=Text(
                "同一人各行相同；小写字母开头，只含小写字母、数字、下划线",
                "The same on each line of a person; lower-case letters, digits, underscores",
            ),
            read=cells.code,
            required=True,
            examples=("example_wang", "example_li"),
        ),
        Column(
            code="zh",
            label=Text("中文姓名", "Name in Chinese"),
            note=Text("同一人各行相同", "The same on each line of a person"),
            read=cells.label,
            required=True,
            examples=("王某", "李某"),
        ),
        Column(
            code="en",
            label=Text("英文姓名", "Name in English"),
            note=Text("界面为英文时显示，可用拼音", "Shown to readers of English"),
            read=cells.label,
            required=True,
            examples=("Wang Mou", "Li Mou"),
        ),
        Column(
            code="language",
            label=Text("语言", "Language"),
            note=Text("zh 或 en，通知用哪种语言；空白为 zh", "zh or en: of messages; zh if blank"),
            read=_language,
            choices=LANGUAGES,
            examples=("zh", "en"),
        ),
    )


def _post_columns(posts: Collection[str], units: Mapping[str, Text]) -> tuple[Column, ...]:
    return (
        Column(
            code="post",
            label=Text("岗位", "Post"),
            note=Text(
                "方案包所用的岗位名；没有岗位则本列及以后各列都留空",
                "As the packs call it; blank, with all that follows, for somebody without one",
            ),
            read=_post(posts),
            choices=tuple(sorted(posts)),
            examples=("handler", "leader"),
        ),
        Column(
            code="unit",
            label=Text("任职单位", "Unit"),
            note=Text("单位代码", "Code of a unit"),
            read=cells.one_of(units, Text("单位", "unit")),
            choices=tuple(f"{code} {name.zh}" for code, name in units.items()),
            examples=("example_county", "example_town"),
        ),
        Column(
            code="deputy",
            label=Text("副职", "Deputy"),
            note=Text("是或否，空白为否", "Yes or no; no if blank"),
            read=cells.yes_no,
            choices=("是", "否"),
            examples=("否", "是"),
        ),
        Column(
            code="from",
            label=Text("任职日期", "From"),
            note=Text(
                "第一天，如 2026-03-02；有岗位则必填", "The first day, such as 2026-03-02; needed for a post"
            ),
            read=cells.day,
            examples=(date(2026, 3, 2), date(2026, 3, 2)),
        ),
        Column(
            code="to",
            label=Text("离任日期", "To"),
            note=Text("最后一天；未定则留空", "The last day; blank if it isn't known"),
            read=cells.day,
            examples=(None, date(2026, 12, 31)),
        ),
    )


def _language(cell: cells.Cell) -> str:
    found = cells.plain(cell).casefold()
    if found not in LANGUAGES:
        raise Wrong(Text("zh 或 en", "zh or en"))
    return found


def _post(posts: Collection[str]) -> cells.Reader:
    def read(cell: cells.Cell) -> str:
        found = cells.code(cell)
        if posts and found not in posts:
            listed = sorted(posts)
            raise Wrong(Text(f"岗位之一：{'、'.join(listed)}", f"one of the posts {', '.join(listed)}"))
        return found

    return read


# --- what is known, what is planned ------------------------------------------------------------------


class Key(NamedTuple):
    """A post of somebody at a unit."""

    person: str
    post: str
    unit: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A time in which somebody holds a post."""

    deputy: bool
    begin: int
    end: int | None  # first instant in which it holds no more
    ident: int | None = None  # None: it comes with the book
    row: int = 0

    def meets(self, other: Held) -> bool:
        """Whether both hold at some instant."""
        return (self.end is None or other.begin < self.end) and (other.end is None or self.begin < other.end)


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What the database has."""

    names: Mapping[str, Text]  # person -> name
    languages: Mapping[str, str]
    posts: Mapping[Key, Sequence[Held]]
    calendar: Calendar
    now: int


@dataclass(kw_only=True, slots=True)
class Plan:
    """What the book brings."""

    people: dict[str, tuple[Text, str]] = field(default_factory=dict)  # code -> name, language
    languages: dict[str, str] = field(default_factory=dict)  # of known people
    posts: list[tuple[Key, Held]] = field(default_factory=list)
    ends: list[tuple[int | None, int]] = field(default_factory=list)  # new end, post
    unchanged: int = 0  # lines


def known_people(tx: Transaction, calendar: Calendar, now: int) -> Known:
    """Everybody, with every post that was ever given."""
    rows = organisation.persons(tx)
    codes = {row[0]: row[1] for row in rows}
    units = {row[0]: row[1] for row in organisation.units(tx)}
    posts: dict[Key, list[Held]] = defaultdict(list)
    for ident, person, name, unit, deputy, begin, end, _ in importing.posts(tx):
        held = Held(deputy=bool(deputy), begin=begin, end=end, ident=ident)
        posts[Key(codes[person], name, units[unit])].append(held)
    return Known(
        names={row[1]: Text(row[2], row[3]) for row in rows},
        languages={row[1]: row[4] for row in rows},
        posts=posts,
        calendar=calendar,
        now=now,
    )


def judge(sheet: Sheet, known: Known) -> Plan:
    """What a sheet of people says; what is wrong with it is added to its problems."""
    plan = Plan()
    given: dict[Key, list[Held]] = defaultdict(list)
    firsts: dict[str, Line] = {}
    for line in sheet.lines:
        if not line.whole:
            continue
        before = len(sheet.problems)
        _person(sheet, line, firsts, known, plan)
        held = _held(sheet, line, known)
        if held is not None and len(sheet.problems) == before:
            key = Key(line.values["code"], line.values["post"], line.values["unit"])
            _add_post(sheet, line, key, held, known.posts.get(key, ()), given[key], known.now, plan)
        elif held is None:
            plan.unchanged += line.values["code"] not in plan.people
    _refuse_namesakes(sheet, firsts, known)
    return plan


def _person(sheet: Sheet, line: Line, firsts: dict[str, Line], known: Known, plan: Plan) -> None:
    """A person is one and the same on every line, and whom the database knows by that code."""
    values, code = line.values, line.values["code"]
    name, language = Text(values["zh"], values["en"]), values.get("language", "zh")
    first = firsts.setdefault(code, line)
    if first is line:
        expected, row = known.names.get(code), None
    else:
        expected, row = Text(first.values["zh"], first.values["en"]), first.row
        if language != first.values.get("language", "zh"):
            same = Text(f"与第 {row} 行相同", f"the same as in row {row}")
            sheet.wrong(line.row, "language", shown(language), same)
    if expected is not None and name != expected:
        where = (
            Text(f"（第 {row} 行）", f" (row {row})")
            if row
            else Text("（该代码现有的人）", " (who has this code)")
        )
        told = Text(f"{expected.zh} / {expected.en}{where.zh}", f"{expected.zh} / {expected.en}{where.en}")
        sheet.wrong(line.row, "zh", shown(f"{name.zh} / {name.en}"), told)
    if code not in known.names:
        plan.people[code] = (name, language)
    elif "language" in values and known.languages[code] != language:
        plan.languages[code] = language


def _held(sheet: Sheet, line: Line, known: Known) -> Held | None:
    """The time of a line's post; None if it has none, or is wrong."""
    values = line.values
    if not any(name in values for name in _POST):
        return None
    for name in ("post", "unit", "from"):
        if name not in values:
            needed = Text("有岗位则必填的值", "a value: a post needs it")
            sheet.wrong(line.row, name, shown(None), needed)
            return None
    end = values.get("to")
    if end is not None and end < values["from"]:
        after = Text(f"{values['from']} 或以后的日期", f"{values['from']} or a later day")
        sheet.wrong(line.row, "to", shown(end), after)
        return None
    return Held(
        deputy=values.get("deputy", False),
        begin=known.calendar.start_of(values["from"]),
        end=None if end is None else known.calendar.start_of(end + _DAY),
        row=line.row,
    )


def _add_post(
    sheet: Sheet,
    line: Line,
    key: Key,
    held: Held,
    has: Sequence[Held],
    given: list[Held],
    now: int,
    plan: Plan,
) -> None:
    """A post is known by its first day; two of the same may not overlap."""
    same = next((one for one in has if one.begin == held.begin), None)
    if same is not None:
        _change(sheet, line, held, same, now, plan)
    others = [one for one in (*has, *given) if one is not same and one.meets(held)]
    for one in others[:1]:
        where = (
            Text(f"第 {one.row} 行", f"row {one.row}") if one.row else Text("已有任职", "a post on record")
        )
        found = Text(f"与{where.zh}的任职时间重叠", f"a time that overlaps {where.en}")
        expected = Text("同一人同一单位同一岗位不重叠的起止日期", "times of one post that don't overlap")
        sheet.wrong(line.row, "from", found, expected)
    if same is None and not others:
        plan.posts.append((key, held))
    given.append(held)


def _change(sheet: Sheet, line: Line, held: Held, same: Held, now: int, plan: Plan) -> None:
    """An end that has not passed may be set or moved; what was held stays."""
    if held.deputy != same.deputy:
        is_now = Text("是", "yes") if same.deputy else Text("否", "no")
        expected = Text(
            f"{is_now.zh}（先终止这一任职，再另起一行）", f"{is_now.en}: end this post, then begin another"
        )
        sheet.wrong(line.row, "deputy", shown(line.values.get("deputy")), expected)
    elif held.end == same.end:
        plan.unchanged += 1
    elif any(one is not None and one <= now for one in (held.end, same.end)):
        expected = Text("未过去的日期（过去的任职不能改写）", "a day to come: what was held stays as it was")
        sheet.wrong(line.row, "to", shown(line.values.get("to")), expected)
    elif same.ident is not None:
        plan.ends.append((held.end, same.ident))


def _refuse_namesakes(sheet: Sheet, firsts: Mapping[str, Line], known: Known) -> None:
    """Two people of one name may be one person by two codes: somebody must have looked."""
    codes: dict[str, list[str]] = defaultdict(list)
    for code, name in known.names.items():
        codes[name.zh].append(code)
    for code, line in firsts.items():
        if code in known.names:
            continue
        name = line.values["zh"]
        if codes[name]:
            other = codes[name][0]
            found = Text(f"“{name}”，与 {other} 同名", f"{name!r}, the name of {other} too")
            expected = Text(
                "同一人用同一代码；确是同名的另一人，请加 --accept-namesakes",
                "one code for one person; --accept-namesakes if these are two",
            )
            sheet.wrong(line.row, "zh", found, expected, NAMESAKE)
        codes[name].append(code)


# --- writing ----------------------------------------------------------------------------------------


def apply(tx: Transaction, plan: Plan, now: int) -> None:
    """Write what the book brings, in a few statements."""
    importing.add_people(
        tx,
        [
            {"code": code, "zh": name.zh, "en": name.en, "language": language}
            for code, (name, language) in plan.people.items()
        ],
    )
    importing.speak_to(tx, [(language, code) for code, language in plan.languages.items()])
    importing.end_posts(tx, plan.ends)
    importing.add_posts(tx, list(_post_rows(tx, plan, now)))


def _post_rows(tx: Transaction, plan: Plan, now: int) -> Iterator[dict[str, Any]]:
    people = {row[1]: row[0] for row in organisation.persons(tx)}
    units = organisation.unit_ids(tx, {key.unit for key, _ in plan.posts})
    for key, held in plan.posts:
        yield {
            "person_id": people[key.person],
            "name": key.post,
            "unit_id": units[key.unit],
            "deputy": int(held.deputy),
            "valid_from": held.begin,
            "valid_to": held.end,
            "recorded_at": now,
        }
