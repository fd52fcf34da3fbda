"""The draw of pairs: made in public, shown, and made again by whoever doubts it."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from workflow.errors import BadValue, NotNow, Unknown, UsageError
from workflow.text import Text

from .arguments import ActingPerson, AsJson, argument, command, group, option, readable, unreadable
from .desk import Desk, desk_of
from .speaking import both

if TYPE_CHECKING:
    from workflow.definition.model import Opening, Pack
    from workflow.draws import Outcome, Place, StoredDraw, Wishes
    from workflow.engine import Frame
    from workflow.pairing import Pair
    from workflow.store.organisation import CampaignInForce

app = group(
    name="pairing",
    help=both("互查抽签：抽取、查看、复核。", "The draw of pairs: draw, show, verify."),
    no_args_is_help=True,
)
RoundName = Annotated[str, argument("轮次名。", "A round.", metavar="ROUND")]
DRAW = Text("抽签", "draw pairs")
_FORBIDDEN = re.compile(r"(?P<checker>[a-z0-9_.]+):(?P<checked>[a-z0-9_.]+)(=(?P<why>.+))?")


class _Found(NamedTuple):
    """A round that opens pairs."""

    campaign: CampaignInForce
    place: Place
    pack: Pack
    opening: Opening


@command(
    app,
    "抽签：种子先公布，谁都可以照此重抽。--forbid A:B=理由 表示 A 不查 B。",
    "Draw under a published seed. --forbid A:B=WHY: A does not check B.",
    "draw",
)
def pairing_draw(
    ctx: typer.Context,
    name: RoundName,
    seed: Annotated[str, option("事先公布的种子。", "The seed, published before.", metavar="TEXT")],
    person: ActingPerson,
    forbid: Annotated[
        list[str] | None, option("回避：A 不查 B。", "A does not check B.", metavar="A:B=WHY")
    ] = None,
    allow: Annotated[
        list[str] | None,
        option("上一轮的这一对可以再抽。", "This pair of the last round may come again.", metavar="A:B"),
    ] = None,
    distances: Annotated[
        Path | None,
        option(
            "距离表：每行 单位,单位,公里；总里程最小。",
            "Lines of UNIT,UNIT,KM: least total.",
            metavar="FILE.csv",
        ),
    ] = None,
    within: Annotated[
        int | None, option("只限制最远公里数，不求总里程最小。", "Cap the distance instead, in km.", min=1)
    ] = None,
    most: Annotated[int | None, option("每家最多查几个。", "How many one may check.", min=1)] = None,
    dry_run: Annotated[bool, option("只看结果，不保存。", "Show only, keep nothing.", "--dry-run")] = False,
    as_json: AsJson = False,
) -> None:
    from workflow import draws
    from workflow.engine.authority import check_authority
    from workflow.reading import person_id

    desk = desk_of(ctx)
    wishes = _wishes(forbid or [], allow or [], distances, within, most)
    with desk.frame() as frame:
        who, found, names = person_id(frame.tx, person), _round(frame, name), draws.names_of(frame.tx)
        _check_units(wishes, names)
        place, text = found.place, readable("--seed", seed)
        problem = draws.problem_for(frame.tx, found.pack, found.opening, place, text, wishes)
    outcome = draws.solve(problem, names)
    if not dry_run:
        with desk.port.write("people") as tx:
            check_authority(desk.engine.library.frame(tx, desk.now), who, DRAW, found.campaign)
            draws.record(tx, place, outcome, who, desk.now)
    _show_outcome(desk, outcome, names, as_json)
    if outcome.drawn is None:
        raise typer.Exit(1)
    if not as_json:
        _say_next(desk, place, dry_run)


def _say_next(desk: Desk, place: Place, dry_run: bool) -> None:
    if dry_run:
        desk.say("试抽，未保存。", "A trial: nothing was kept.")
    else:
        desk.say(
            f"已保存，供轮次 {place.round}（{place.label or '下一次'}）使用。",
            f"Kept for the round {place.round} ({place.label or 'its next moment'}).",
        )


def _wishes(
    forbid: list[str], allow: list[str], distances: Path | None, within: int | None, most: int | None
) -> Wishes:
    from workflow.draws import Wishes

    if within is not None and distances is None:
        raise UsageError(
            "--within 需要距离表。请同时给出 --distances。", "--within needs distances: give --distances too."
        )
    barred = dict(map(_typed, forbid))
    return Wishes(
        barred=barred,
        allowed=frozenset(pair for pair, _ in (_typed(one) for one in allow)),
        distances={} if distances is None else _read_distances(distances),
        within=within,
        most=most,
    )


def _typed(written: str) -> tuple[Pair, Text]:
    from workflow.pairing import Pair

    match = _FORBIDDEN.fullmatch(readable("--forbid", written))
    if match is None:
        raise UsageError(
            f"看不懂“{written}”。应写 检查单位:被检查单位=理由，用单位代码。",
            f"{written!r} was not understood. Write CHECKER:CHECKED=WHY, with codes of units.",
        )
    why = match["why"]
    reason = Text("未写理由", "no reason given") if why is None else Text(why, why)
    return Pair(match["checker"], match["checked"]), reason


def _read_distances(file: Path) -> dict[frozenset[str], int]:
    try:
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise unreadable(file, error) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file} 不是 UTF-8 文本。请另存为 UTF-8。", f"{file} is no UTF-8 text. Save it as UTF-8."
        ) from error
    found: dict[frozenset[str], int] = {}
    for number, row in enumerate(csv.reader(io.StringIO(text)), start=1):
        if row:
            _add_distance(found, f"{file}:{number}", row)
    return found


def _add_distance(found: dict[frozenset[str], int], place: str, row: list[str]) -> None:
    cells = [cell.strip() for cell in row]
    if len(cells) != 3 or not re.fullmatch(r"[0-9]{1,6}", cells[2]):
        raise BadValue(
            f"{place}：应为“单位代码,单位代码,整公里数”。请更正。",
            f"{place}: expected UNIT,UNIT,KM in whole km. Correct it.",
        )
    two, km = frozenset(cells[:2]), int(cells[2])
    if found.setdefault(two, km) != km:
        raise BadValue(
            f"{place}：{cells[0]} 与 {cells[1]} 的距离前面写的是 {found[two]}。请只留一个。",
            f"{place}: {cells[0]} and {cells[1]} stand above with {found[two]} km. Keep one.",
        )


def _check_units(wishes: Wishes, names: dict[str, Text]) -> None:
    from workflow.definition.yaml import nearest

    used = {code for pair in (*wishes.barred, *wishes.allowed) for code in pair}
    used.update(code for two in wishes.distances for code in two)
    for code in sorted(used - names.keys()):
        near = nearest(code, names)
        raise Unknown(
            f"没有单位 {code}{f'，是否想写 {near}' if near else ''}？单位见 duban units。",
            f"There is no unit {code}{f'. Did you mean {near}' if near else ''}? duban units lists them.",
        )


def _round(frame: Frame, name: str) -> _Found:
    """The round of that name that opens pairs, with the moment that its next draw is for."""
    from workflow import rounds
    from workflow.definition.model import PAIR
    from workflow.draws import Place

    for campaign in frame.campaigns.values():
        pack = frame.version(campaign.version_id).pack
        round_ = pack.campaign.rounds.get(name)
        opening = next((one for one in round_.opens if one.each == PAIR), None) if round_ else None
        if round_ is None or opening is None:
            continue
        label = rounds.next_label(
            frame.tx, campaign.id, round_, pack.campaign, frame.calendar(pack.campaign.zone)
        )
        place = Place(
            campaign_id=campaign.id, campaign=campaign.name, round=name, kind=opening.kind, label=label or ""
        )
        return _Found(campaign, place, pack, opening)
    raise Unknown(
        f"没有互查轮次 {name}：轮次须写 opens: {{事项类型: {{each: pair}}}}。轮次见 duban rounds。",
        f"No round {name!r} draws pairs: it needs opens: {{KIND: {{each: pair}}}}. See duban rounds.",
    )


# --- what was drawn ---------------------------------------------------------------------------------


@command(app, "查看一轮互查的抽签结果、种子和历次抽签。", "The draws of a round, with seeds.", "show")
def pairing_show(ctx: typer.Context, name: RoundName, as_json: AsJson = False) -> None:
    from workflow import draws

    desk = desk_of(ctx)
    with desk.frame() as frame:
        made, names = (
            draws.draws_of(frame.tx, _round(frame, name).place.campaign_id, name),
            draws.names_of(frame.tx),
        )
    if as_json:
        desk.json(made)
        return
    if not made:
        desk.say("还没有抽签。", "Nothing has been drawn yet.")
    for number, one in enumerate(made, start=1):
        _show_draw(desk, number, one, names)


def _show_draw(desk: Desk, number: int, one: StoredDraw, names: dict[str, Text]) -> None:
    used = Text("已用于交办", "used") if one.moment_id is not None else Text("未用", "not used")
    by = Text("轮次自动", "the round itself") if one.person_id is None else Text("人工", "a person")
    desk.say(
        f"第 {number} 次 {one.label}（{by.zh}，{used.zh}） 种子：{one.seed}",
        f"Draw {number} for {one.label} ({by.en}, {used.en}). Seed: {one.seed}",
    )
    _show_pairs(desk, one.pairs, names)
    if one.conflict is not None:
        desk.lines([one.conflict], indent="  ")


def _show_pairs(desk: Desk, pairs: tuple[Pair, ...], names: dict[str, Text]) -> None:
    from workflow.reading.screens import Block
    from workflow.text import same

    rows = tuple(
        (
            names.get(pair.checker, same(pair.checker)),
            same("→"),
            names.get(pair.checked, same(pair.checked)),
        )
        for pair in pairs
    )
    desk.blocks([Block(title=Text("检查单位 → 被检查单位", "checker → checked"), rows=rows)] if rows else [])


def _show_outcome(desk: Desk, outcome: Outcome, names: dict[str, Text], as_json: bool) -> None:
    if as_json:
        desk.json({"drawn": outcome.drawn, "conflict": outcome.conflict and outcome.conflict.text})
    elif outcome.drawn is not None:
        _show_pairs(desk, outcome.drawn.pairs, names)
    elif outcome.conflict is not None:
        desk.warn(*outcome.conflict.text)


@command(
    app,
    "复核：按公布的种子和限制重抽，与保存的结果比较。",
    "Draw again from what was published, and compare.",
    "verify",
)
def pairing_verify(ctx: typer.Context, name: RoundName, as_json: AsJson = False) -> None:
    from workflow import draws
    from workflow.pairing import faults_of

    desk = desk_of(ctx)
    with desk.frame() as frame:
        made = draws.draws_of(frame.tx, _round(frame, name).place.campaign_id, name)
    drawn = [one for one in made if one.status == draws.DRAWN]
    if not drawn:
        raise NotNow(
            f"轮次 {name} 还没有抽签结果，无从复核。", f"Nothing was drawn for {name}: nothing to verify."
        )
    faults = {one.id: faults_of(one.to_problem(), one.pairs) for one in drawn}
    if as_json:
        desk.json(faults)
    for one in drawn if not as_json else ():
        _say_verdict(desk, one, faults[one.id])
    if any(faults.values()):
        raise typer.Exit(1)


def _say_verdict(desk: Desk, one: StoredDraw, faults: tuple[Text, ...]) -> None:
    if faults:
        desk.lines([Text(f"{one.label}（{one.seed}）不符：", f"{one.label} ({one.seed}) does not fit:")])
        desk.lines(faults, indent="  ")
    else:
        desk.say(
            f"{one.label}（种子 {one.seed}）：{len(one.pairs)} 对，重抽一致。",
            f"{one.label} (seed {one.seed}): {len(one.pairs)} pairs, drawn again alike.",
        )
