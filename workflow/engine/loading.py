"""Bringing a pack into force, and a newer version of it over an older one.

What the database knows already stays what it is: a unit that would become another one and a person of
another name are refused before anything is written. Labels are taken, posts are added, and a round that
the former version did not have begins now: renaming one hands nothing out twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from .. import rounds
from ..calendar import default_calendar
from ..definition.model import Pack, Unit
from ..definition.pack import CAMPAIGN
from ..errors import BadValue
from ..store import organisation, units
from ..store.milestones import moved_milestones
from ..store.ports import Transaction
from ..text import Text
from .milestones import in_force, newest
from .report import Loading
from .surroundings import Library


def load_in(tx: Transaction, library: Library, pack: Pack, now: int) -> Loading:
    """Bring a pack into force.

    Raises:
        BadValue: a known unit or person is another one in the pack.
    """
    before = organisation.stamp(tx)
    named_otherwise = _check_units(tx, pack)
    known = _check_people(tx, pack)
    version_id, is_new = organisation.pack_version(tx, pack, now)
    added = organisation.add_units(tx, pack.campaign.units.values())
    for ident, label in named_otherwise:
        units.rename(tx, ident, label, None, now)
    posts = organisation.add_missing_posts(tx, [one for one in pack.people if one.code in known], now)
    people = organisation.add_people(tx, pack.people, min(_since(pack), now), now)
    said_anew = _said_anew(tx, pack)
    moved = _move_campaign(tx, library, pack, version_id, now)
    if added or named_otherwise or people or posts:
        organisation.move_organisation(tx, before)
    if moved:
        organisation.new_epoch(tx, f"pack {pack.campaign.name} {pack.version[:12]}", now)
    return Loading(
        campaign=pack.campaign.name,
        version=pack.version,
        version_is_new=is_new,
        units=added,
        people=people,
        relabelled=len(named_otherwise),
        posts=posts,
        said_anew=said_anew,
    )


def _since(pack: Pack) -> int:
    """Posts of a pack are held from the day of its basis."""
    return default_calendar(pack.campaign.zone).start_of(pack.campaign.basis.on)


# --- units and people -------------------------------------------------------------------------------


def _check_units(tx: Transaction, pack: Pack) -> list[tuple[int, Text]]:
    """The known units whose label the pack changes, with that label.

    A name that a unit bore before is not taken again: it was renamed since the pack was written.
    """
    rows, former = organisation.units(tx), units.former_names(tx)
    codes = {row[0]: row[1] for row in rows}
    stands_for = {codes[closed]: codes[into] for closed, into in units.merged(tx).items()}
    wanted = {code: _followed(unit, stands_for) for code, unit in pack.campaign.units.items()}
    relabelled: list[tuple[int, Text]] = []
    problems: list[Text] = []
    for ident, code, kind, parent, group_of, group, zh, en in rows:
        if code not in wanted:
            continue
        own = Unit(
            code=code,
            kind=kind,
            label=Text(zh, en),
            inside=codes.get(parent),
            group_of=codes.get(group_of),
            group=group,
        )
        problems.extend(_changes(own, wanted[code]))
        if own.label != wanted[code].label and wanted[code].label not in former.get(code, ()):
            relabelled.append((ident, wanted[code].label))
    if problems:
        raise BadValue(
            f"没有载入：{'；'.join(one.zh for one in problems)}。"
            "已有单位的类别和隶属不能更改。请改回原样，或为新单位另取代码。",
            f"Not loaded: {'; '.join(one.en for one in problems)}. A known unit stays what and where it is. "
            "Put it back as it was, or give the new unit another code.",
        )
    return relabelled


def _followed(unit: Unit, stands_for: Mapping[str, str]) -> Unit:
    """Where the unit above it has merged into another, that one is above it."""
    return replace(unit, inside=stands_for.get(unit.inside or "", unit.inside))


def _changes(own: Unit, wanted: Unit) -> Iterator[Text]:
    for zh, en, old, new in (
        ("类别（kind）", "kind", own.kind, wanted.kind),
        ("上级（in）", "place (in)", own.inside, wanted.inside),
        ("所属单位（of each）", "owner (of each)", own.group_of, wanted.group_of),
        ("组名", "group", own.group, wanted.group),
    ):
        if old != new:
            yield Text(
                f"单位 {own.code} 的{zh}现为 {old or '无'}，方案包写为 {new or '无'}",
                f"the {en} of the unit {own.code} is {old or 'none'}, and {new or 'none'} in the pack",
            )


def _check_people(tx: Transaction, pack: Pack) -> set[str]:
    """The codes of the people of the pack that are known."""
    names = {code: Text(zh, en) for _, code, zh, en, *_ in organisation.persons(tx)}
    others = [one for one in pack.people if one.code in names and names[one.code] != one.name]
    if others:
        zh = "；".join(
            f"代码 {one.code} 现为 {_both(names[one.code])}，方案包写为 {_both(one.name)}" for one in others
        )
        en = "; ".join(
            f"{one.code} is {_both(names[one.code])}, and {_both(one.name)} in the pack" for one in others
        )
        raise BadValue(
            f"没有载入：{zh}。若是同一人，请在 people.yaml 中写数据库里的姓名；若是另一人，请另取代码。",
            f"Not loaded: {en}. If this is the same person, write the name that the database has in "
            "people.yaml; give another person another code.",
        )
    return {one.code for one in pack.people if one.code in names}


def _both(name: Text) -> str:
    return f"{name.zh} / {name.en}"


# --- the campaign -----------------------------------------------------------------------------------


def _move_campaign(tx: Transaction, library: Library, pack: Pack, version_id: int, now: int) -> bool:
    former = {one.name: one for one in organisation.campaigns(tx)}.get(pack.campaign.name)
    if former is not None and former.version_id == version_id:
        return False
    campaign = organisation.put_campaign(tx, pack, version_id)
    if former is not None:
        moves = [one for one in moved_milestones(tx) if one.campaign_id == campaign.id]
        own, calendar = in_force(pack.campaign, moves), library.frame(tx, now).calendar(pack.campaign.zone)
        had = _rounds_of(tx, former.version_id)
        last = rounds.last_moments(tx, campaign.id)
        for name, round_ in pack.campaign.rounds.items():
            if name not in had:
                for one in rounds.before_force(round_, own, calendar, last.get(name), now):
                    rounds.record_moment(tx, one, campaign.id, version_id, (), now)
    return True


def _said_anew(tx: Transaction, pack: Pack) -> tuple[str, ...]:
    """The milestones whose move holds for the version so far; this one says another date, which counts."""
    former = {one.name: one for one in organisation.campaigns(tx)}.get(pack.campaign.name)
    if former is None:
        return ()
    moves = [one for one in moved_milestones(tx) if one.campaign_id == former.id]
    said = (organisation.pack_source(tx, former.version_id) or {}).get(CAMPAIGN, {}).get("milestones", {})
    held = {one.name for one in moves if one.said.isoformat() == said.get(one.name)}
    holds = {one.name for one in newest(pack.campaign, moves)}
    return tuple(name for name in pack.campaign.milestones if name in held - holds)


def _rounds_of(tx: Transaction, version_id: int) -> set[str]:
    """The rounds of a version, from its source: this program may be unable to read it as a pack."""
    source = organisation.pack_source(tx, version_id) or {}
    return set(source.get(CAMPAIGN, {}).get("rounds") or {})
