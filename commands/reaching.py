"""How people are reached: their addresses, and when they wish to hear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.errors import NotAllowed, NotNow, UsageError
from workflow.text import Text

from .arguments import AsJson, PersonCode, argument, command, option
from .desk import Desk, desk_of
from .people import roster

if TYPE_CHECKING:
    from notifier.store.addresses import Address, Manner

__all__ = ["roster"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """An address as it is listed."""

    kind: str
    address: str  # masked, unless it may be shown
    rank: int
    broken: Text | None  # why nothing arrives there


@command(
    roster,
    "地址：列出（打码）、添加、--remove 删除。",
    "Where a person is reached: list (masked), add, --remove.",
    "address",
)
def people_address(
    ctx: typer.Context,
    person: PersonCode,
    kind: Annotated[
        str | None, argument("类别：mail、sms、chat、folder。", "mail, sms, chat or folder.", metavar="KIND")
    ] = None,
    value: Annotated[str | None, argument("地址。", "The address.", metavar="VALUE")] = None,
    remove: Annotated[bool, option("删除该地址。", "Forget this address.", "--remove")] = False,
    rank: Annotated[
        int, option("次序，小者先用。", "The smaller is tried first.", "--rank", min=0, max=99)
    ] = 0,
    unmask: Annotated[
        bool, option("显示全文；设置须允许，并记录在案。", "In full, if the settings allow; it is noted.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    desk = desk_of(ctx)
    if kind is None:
        _list_addresses(desk, person, unmask=unmask, as_json=as_json)
    elif value is None:
        raise UsageError(
            "缺少地址：请在类别之后写上地址。", "The address is missing: write it after its kind."
        )
    else:
        _change_address(desk, person, kind, value, remove=remove, rank=rank)


def _change_address(desk: Desk, person: str, kind: str, value: str, *, remove: bool, rank: int) -> None:
    from notifier.addresses import address_of
    from notifier.masking import masked
    from notifier.store.addresses import put_address, remove_address
    from workflow.reading import person_id

    address = address_of(kind, value)
    shown = masked(address)
    with desk.port.write("people") as tx:
        who = person_id(tx, person)
        if remove and not remove_address(tx, who, kind, address):
            raise NotNow(
                f"{person} 没有这个地址（{shown}），无可删除。请用 duban people address {person} 查看。",
                f"{person} has no such address ({shown}): nothing to remove. See them with duban people "
                f"address {person}.",
            )
        new = not remove and put_address(tx, who, kind, address, rank, desk.now)
    if remove:
        desk.say(f"已删除 {person} 的地址 {shown}。", f"The address {shown} of {person} is removed.")
    elif new:
        desk.say(f"已添加 {person} 的地址 {shown}。", f"The address {shown} of {person} is added.")
    else:
        desk.say(
            f"{person} 的地址 {shown} 已更新，重新启用。",
            f"The address {shown} of {person} is brought up to date, and used again.",
        )


def _list_addresses(desk: Desk, person: str, *, unmask: bool, as_json: bool) -> None:
    from notifier.store.addresses import addresses_of
    from workflow.reading import person_id

    with desk.frame() as frame:
        who = person_id(frame.tx, person)
        found = addresses_of(frame.tx, [who]).get(who, [])
    if unmask:
        _note_unmasking(desk, person, who)
    listed = [_reached(one, unmask=unmask) for one in found]
    if as_json:
        desk.json(listed)
        return
    from workflow.reading.screens import Block
    from workflow.text import same

    broken = Text("不通", "broken")
    rows = tuple(
        (
            same(one.kind),
            same(one.address),
            same(str(one.rank)),
            Text("", "")
            if one.broken is None
            else Text(*(f"{a}: {b}" for a, b in _pairs(broken, one.broken))),
        )
        for one in listed
    )
    desk.blocks([Block(rows=rows)] if rows else [])
    if not rows:
        desk.warn(
            f"{person} 没有地址，通知无法送达。请用 duban people address {person} mail 地址 添加。",
            f"{person} has no address, and no notice arrives. Add one: duban people address {person} mail "
            "ADDRESS.",
        )


def _pairs(first: Text, second: Text) -> tuple[tuple[str, str], tuple[str, str]]:
    return (first.zh, second.zh), (first.en, second.en)


def _reached(one: Address, *, unmask: bool) -> Reached:
    from notifier.masking import masked

    shown = one.value if unmask else masked(one.value)
    return Reached(kind=one.kind, address=shown, rank=one.rank, broken=one.broken_why)


def _note_unmasking(desk: Desk, person: str, who: int) -> None:
    """Whoever looks at personal data is noted before it is shown.

    Raises:
        NotAllowed: the settings don't allow it.
    """
    from workflow.store.organisation import remember

    from .health import account

    if desk.settings is None or not desk.settings.operators.unmask:
        raise NotAllowed(
            "不能显示完整地址：设置未允许。请在设置文件 [operators] 写 unmask = true；每次查看都会记录。",
            "Addresses are not shown in full: the settings don't allow it. Set unmask = true in [operators]; "
            "every look is noted.",
        )
    now, by = desk.now, account()
    with desk.port.write("people") as tx:
        remember(tx, f"unmasked:{now}:{who}", by)
    desk.warn(
        f"已记录：{by} 查看了 {person} 的完整地址。", f"Noted: {by} has seen the addresses of {person}."
    )


@command(
    roster,
    "接收习惯：免打扰、工作日、简报时刻。",
    "When a person wishes to hear; without options: show.",
    "manner",
)
def people_manner(
    ctx: typer.Context,
    person: PersonCode,
    quiet: Annotated[
        str | None,
        option(
            "免打扰时段；起止相同为不设。", "Quiet hours; the same time twice: none.", metavar="21:00-07:30"
        ),
    ] = None,
    workdays_only: Annotated[
        bool | None, option("只在工作日。", "On working days only.", "--workdays-only/--any-day")
    ] = None,
    digest_at: Annotated[
        str | None, option("简报时刻。", "When digests are wanted.", metavar="08:00")
    ] = None,
    empty_digests: Annotated[
        bool | None,
        option("没有内容的简报也要。", "Empty digests too.", "--empty-digests/--no-empty-digests"),
    ] = None,
    as_usual: Annotated[
        bool, option("恢复为本单位的规定。", "As the organisation says again.", "--as-usual")
    ] = False,
    as_json: AsJson = False,
) -> None:
    from notifier.addresses import minutes_of, quiet_of
    from notifier.store.addresses import NO_MANNER, manners_of, put_manner
    from workflow.reading import person_id

    desk = desk_of(ctx)
    changes: dict[str, object] = {}
    if quiet is not None:
        changes |= dict(zip(("quiet_from", "quiet_to"), quiet_of(quiet), strict=True))
    if digest_at is not None:
        changes["digest_at"] = minutes_of(digest_at)
    wishes = {"workdays_only": workdays_only, "empty_digests": empty_digests}
    changes |= {name: wish for name, wish in wishes.items() if wish is not None}
    with desk.frame() as frame:
        who = person_id(frame.tx, person)
        before = manners_of(frame.tx, [who]).get(who, NO_MANNER)
    after = _changed(NO_MANNER if as_usual else before, changes)
    if after != before:
        with desk.port.write("people") as tx:
            put_manner(tx, who, after)
    _show_manner(desk, after, as_json=as_json)


def _changed(manner: Manner, changes: dict[str, object]) -> Manner:
    from dataclasses import replace
    from typing import Any, cast

    return replace(manner, **cast("dict[str, Any]", changes))


def _show_manner(desk: Desk, manner: Manner, *, as_json: bool) -> None:
    if as_json:
        desk.json(manner)
        return
    from notifier.addresses import written

    usual = Text("照本单位规定", "as the organisation says")
    quiet, days, digest = usual, usual, usual
    if manner.quiet_from is not None and manner.quiet_to is not None:
        hours = f"{written(manner.quiet_from)}-{written(manner.quiet_to)}"
        quiet = Text("不设", "none") if manner.quiet_from == manner.quiet_to else Text(hours, hours)
    if manner.workdays_only is not None:
        days = Text("工作日", "working days") if manner.workdays_only else Text("每天", "any day")
    if manner.digest_at is not None:
        digest = Text(*[written(manner.digest_at)] * 2)
    empty = Text("也要", "wanted") if manner.empty_digests else Text("不要", "not wanted")
    desk.say(f"免打扰：{quiet.zh}", f"Quiet hours: {quiet.en}")
    desk.say(f"日子：{days.zh}", f"Days: {days.en}")
    desk.say(f"简报时刻：{digest.zh}", f"Digests at: {digest.en}")
    desk.say(f"空简报：{empty.zh}", f"Empty digests: {empty.en}")
