"""Units, people, posts, and who acts for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from workflow.errors import BadValue, NotNow, UsageError
from workflow.text import Text

from .arguments import AsJson, OfUnit, PersonCode, UnitCode, argument, command, group, option, readable
from .dates import day_of, span, zone_of
from .desk import Desk, desk_of
from .speaking import both

if TYPE_CHECKING:
    from workflow.engine import Frame

app = group()
roster = group(
    name="people",
    help=both("人员、岗位、外出。", "People, their posts, when they are away."),
    invoke_without_command=True,
)
posts = group(name="post", help=both("任免岗位。", "Give somebody a post, or end it."), no_args_is_help=True)


PostName = Annotated[str, argument("岗位，照角色里的写法。", "A post, as roles name it.", metavar="POST")]
Starting = Annotated[
    str | None, option("自哪天起，默认即刻。", "From that day; now by default.", "--from", metavar="DATE")
]


@command(app, "单位一览。", "The tree of units.")
def units(
    ctx: typer.Context,
    kind: Annotated[str | None, option("单位类别。", "Kind of unit.")] = None,
    as_json: AsJson = False,
) -> None:
    from workflow.reading import screens
    from workflow.reading import units as tree

    desk = desk_of(ctx)
    with desk.frame() as frame:
        found = tree(frame, kind)
    if as_json:
        desk.json(found)
    else:
        desk.blocks(screens.units(found))


@roster.callback()
def people(ctx: typer.Context, unit: OfUnit = None, as_json: AsJson = False) -> None:
    if ctx.invoked_subcommand is not None:
        return
    from workflow.reading import people as everybody
    from workflow.reading import screens

    desk = desk_of(ctx)
    with desk.frame() as frame:
        found, calendar = everybody(frame, unit), frame.calendar(zone_of(frame))
    if as_json:
        desk.json(found)
    else:
        desk.blocks(screens.people(found, calendar))


@command(roster, "添加人员，再用 duban post give 任命。", "Add a person; then give them a post.", "add")
def people_add(
    ctx: typer.Context,
    code: PersonCode,
    zh: Annotated[str, option("中文姓名。", "Name in Chinese.")],
    en: Annotated[str, option("英文姓名。", "Name in English.")],
) -> None:
    from workflow.definition.cursor import NAME
    from workflow.store import organisation

    desk = desk_of(ctx)
    if not NAME.fullmatch(code):
        raise BadValue(
            f"人员代码“{code}”不能用：小写字母开头，只含小写字母、数字、下划线。",
            f"{code!r} is no code: lower-case letters, digits and underscores, a letter first.",
        )
    if not readable("--zh", zh).strip() or not readable("--en", en).strip():
        raise BadValue(
            "姓名是空的。--zh 和 --en 都请写上姓名。", "The name is empty. Give it with both --zh and --en."
        )
    with desk.port.write("people") as tx:
        if organisation.person_id(tx, code) is not None:
            raise BadValue(
                f"人员代码 {code} 已有人使用，请另取。", f"The code {code} is taken. Choose another."
            )
        organisation.add_person(tx, code, Text(zh, en))
        organisation.move_organisation(tx, organisation.stamp(tx))
    desk.say(f"已添加 {zh}（{code}）。", f"{en} ({code}) is added.")


@command(
    app,
    "委托：外出期间由他人代行；不写受托人则只记外出；--end 终止。",
    "While somebody is away, another acts for them, or nobody. --end: they are back.",
)
def delegate(
    ctx: typer.Context,
    principal: PersonCode,
    substitute: Annotated[
        str | None, argument("受托人代码。", "Who acts: a code.", metavar="DELEGATE")
    ] = None,
    start: Starting = None,
    end: Annotated[
        str | None, option("至哪天（含）。", "Until that day, inclusive.", "--to", metavar="DATE")
    ] = None,
    reason: Annotated[str, option("理由。", "Why.")] = "",
    is_back: Annotated[
        bool, option("终止当时的外出和委托；记录保留。", "They are back; the record stays.", "--end")
    ] = False,
) -> None:
    from workflow.reading import person_id
    from workflow.store import organisation

    desk = desk_of(ctx)
    if is_back:
        if substitute is not None or end is not None or reason:
            raise UsageError(
                "--end 只能与 --from 同用。请去掉受托人、--to 和 --reason。",
                "--end takes only --from. Leave out the delegate, --to and --reason.",
            )
        _end_absence(desk, principal, start)
        return
    readable("--reason", reason)
    with desk.frame() as frame:
        begin, finish = span(frame, start, end)
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


def _end_absence(desk: Desk, principal: str, start: str | None) -> None:
    """Somebody is back, now or from the first moment of a day that has not passed."""
    from workflow.reading import person_id
    from workflow.store.delegations import end_delegations

    with desk.frame() as frame:
        today = frame.calendar(zone_of(frame)).day_of(frame.now)
        day = day_of(start) if start else today
        if day < today:
            raise BadValue(
                f"日期 {day} 已过，过去的委托不能改写。今天是 {today}，请改写或不写。",
                f"The day {day} has passed, and what held then stays. Today is {today}: choose a later day, "
                "or leave it out.",
            )
        begin, _ = span(frame, start, None)
        who, at = person_id(frame.tx, principal), max(begin, frame.now)
    with desk.port.write("people") as tx:
        ended = end_delegations(tx, who, at)
    if not ended:
        when = Text("目前", "now") if day == today else Text(f"{day} ", f"on {day}")
        raise NotNow(
            f"{principal} {when.zh}没有外出，无可终止。请用 duban people 查看外出起止。",
            f"{principal} is not away {when.en}: nothing to end. See the absences with duban people.",
        )
    desk.say(
        f"已记：{principal} 自 {day} 起不再外出，终止 {ended} 项。",
        f"{principal} is back from {day} on; absences ended: {ended}.",
    )


@command(
    posts, "任命：某人自某日起担任某单位的某岗位。", "Somebody holds a post at a unit from a day on.", "give"
)
def post_give(
    ctx: typer.Context,
    person: PersonCode,
    post: PostName,
    unit: UnitCode,
    deputy: Annotated[bool, option("副职。", "As a deputy.", "--deputy")] = False,
    start: Starting = None,
) -> None:
    from workflow.store import organisation

    desk = desk_of(ctx)
    called = Text(f"副 {post}", f"deputy {post}") if deputy else Text(f" {post}", post)
    with desk.frame() as frame:
        who, where = _post_of(frame, person, post, unit)
        begin, _ = span(frame, start, None)
    with desk.port.write("people") as tx:
        if (post, where, int(deputy)) in organisation.posts_of(tx, who):
            raise NotNow(
                f"{person} 已担任 {unit} 的{called.zh}。", f"{person} holds {called.en} at {unit} already."
            )
        held = organisation.holdings(tx, [where]).get((post, where), ())
        begun = {one.valid_from for one in held if one.person_id == who}
        while begin in begun:  # the post itself after the deputy's: no two of a person's begin at once
            begin += 1
        organisation.add_post(tx, who, post, where, begin, desk.now, deputy=deputy)
        organisation.move_organisation(tx, organisation.stamp(tx))
    desk.say(f"已任命：{person} 任 {unit} 的{called.zh}。", f"{person} holds {called.en} at {unit}.")


@command(posts, "免职：某人不再担任某岗位。", "Somebody holds a post no longer.", "end")
def post_end(
    ctx: typer.Context,
    person: PersonCode,
    post: PostName,
    unit: UnitCode,
    last_day: Annotated[
        str | None, option("最后一天，默认即刻。", "Its last day; now by default.", metavar="DATE")
    ] = None,
) -> None:
    from notifier.store.links import revoke_of_person
    from workflow.store import organisation

    desk = desk_of(ctx)
    with desk.frame() as frame:
        who, where = _post_of(frame, person, post, unit)
        _, finish = span(frame, None, last_day)
    with desk.port.write("people") as tx:
        if not organisation.end_post(tx, who, post, where, desk.now if finish is None else finish):
            raise NotNow(f"{person} 没有担任 {unit} 的 {post}。", f"{person} doesn't hold {post} at {unit}.")
        revoke_of_person(tx, who, desk.now)  # what notices offered them was offered to the post
        organisation.move_organisation(tx, organisation.stamp(tx))
    desk.say(f"已免去 {person} 在 {unit} 的 {post}。", f"{person} no longer holds {post} at {unit}.")


def _post_of(frame: Frame, person: str, post: str, unit: str) -> tuple[int, int]:
    from workflow.reading import person_id, post_names, unit_id
    from workflow.reading.people import known

    posts = post_names(frame)
    if posts and post not in posts:
        raise known(Text("岗位", "post"), post, posts)
    where = unit_id(frame.tx, unit)
    if where in frame.merged:
        raise NotNow(
            f"{unit} 已撤并，没有岗位可任免。请用 duban units 查看并入何处。",
            f"{unit} has merged into another unit and has no posts. See into which with duban units.",
        )
    return person_id(frame.tx, person), where
