"""A pack as a whole: its files read together, its version, its source for the database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..audit import canonical
from ..errors import PackError, Unknown
from ..text import Text
from . import model
from .campaign import campaign, people, units_of
from .cursor import Cursor, bilingual
from .task import World, definition
from .yaml import Node, Plain, Problem, from_plain, nearest, read

CAMPAIGN, PEOPLE = "campaign.yaml", "people.yaml"
MAX_FILES = 200


def load_pack(path: Path) -> model.Pack:
    """Read the folder of a pack.

    Raises:
        Unknown: there is no such folder, or no campaign.yaml in it.
        PackError: with every problem that was found in any of its files.
    """
    if not (path / CAMPAIGN).is_file():
        raise Unknown(
            f"没有读取方案包：{path} 下没有 {CAMPAIGN}。请给出方案包所在的文件夹。",
            f"No pack was read: there is no {CAMPAIGN} in {path}. Give the folder of a pack.",
        )
    problems: list[Problem] = []
    files = sorted(path.glob("*.yaml"))[:MAX_FILES]
    nodes = {file.name: read(file.name, file.read_bytes(), problems) for file in files}
    _raise(problems)
    return _pack({name: node for name, node in nodes.items() if node is not None})


def pack_from_source(source: Mapping[str, Plain]) -> model.Pack:
    """The pack that `Pack.source` came from; its version is the same."""
    return _pack({file: from_plain(value) for file, value in source.items()})


def version_of(source: Mapping[str, Plain]) -> str:
    """The version of a pack: SHA-256 over the canonical JSON (RFC 8785) of its files, hex."""
    return hashlib.sha256(canonical(dict(source))).hexdigest()


def _pack(nodes: dict[str, Node]) -> model.Pack:
    problems: list[Problem] = []
    tops = {file: Cursor(file=file, path=(), node=node, problems=problems) for file, node in nodes.items()}
    persons_top, campaign_top = tops.pop(PEOPLE, None), tops.pop(CAMPAIGN)
    kinds = _kinds(tops.values())
    read_campaign = campaign(campaign_top, kinds)
    world = _world(campaign_top, tops, kinds, read_campaign)
    found = [definition(top, world) for top in tops.values()]
    units = units_of(campaign_top)
    persons = people(persons_top, units) if persons_top else ()
    _raise(problems)
    assert read_campaign is not None
    source = {file: node.plain() for file, node in nodes.items() if file != PEOPLE}
    return model.Pack(
        version=version_of(source),
        source=source,
        campaign=read_campaign[0],
        definitions={item.kind: item for item in found if item is not None},
        people=persons,
    )


def _raise(problems: list[Problem]) -> None:
    if problems:
        n = len(problems)
        found = tuple(sorted(problems, key=lambda problem: (problem.file, problem.line)))
        raise PackError(
            f"方案包未通过：有 {n} 处问题，改正后再试。",
            f"The pack is refused: {n} problem(s). Mend them and try again.",
            found,
        )


def _kinds(tops: Iterable[Cursor]) -> dict[str, Text]:
    kinds: dict[str, Text] = {}
    for top in tops:
        entry, label = top.get("task"), top.get("label")
        name = entry.node.value if entry else None
        if not isinstance(name, str) or entry is None:
            top.fail("task: 事项类型", "task: the kind of task", found="nothing")
            continue
        if f"{name}.yaml" != top.file:
            entry.fail(f"与文件同名的 {top.file[:-5]}", f"the name of the file, {top.file[:-5]}")
        quiet = Cursor(file=top.file, path=(), node=label.node, problems=[]) if label else None
        kinds[name] = (bilingual(quiet) if quiet else None) or Text(name, name)
    return kinds


def _world(
    top: Cursor,
    tops: Mapping[str, Cursor],
    kinds: Mapping[str, Text],
    read_campaign: tuple[model.Campaign, model.Again] | None,
) -> World:
    units = units_of(top)
    names = {file[:-5]: cursor for file, cursor in tops.items()}
    milestones = top.get("milestones")

    def declared(word: str) -> dict[str, tuple[str, ...]]:
        found = {}
        for kind, cursor in names.items():
            entry = cursor.get(word)
            found[kind] = entry.keys() if entry else ()
        return found

    return World(
        kinds=kinds,
        facts=declared("facts"),
        parties=declared("parties"),
        unit_names=[code for code, unit in units.items() if unit.group is None],
        unit_kinds=sorted({unit.kind for unit in units.values()}),
        groups=sorted({unit.group for unit in units.values() if unit.group}),
        milestones=milestones.keys() if milestones else (),
        again=read_campaign[1] if read_campaign else model.Again(how="never"),
    )


__all__ = ["CAMPAIGN", "PEOPLE", "load_pack", "nearest", "pack_from_source", "version_of"]
