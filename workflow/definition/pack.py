"""A pack as a whole: its files read together, its version, its source for the database."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..audit import canonical
from ..errors import PackError, Unknown
from ..text import Text, same
from . import model
from .burden import burden
from .campaign import campaign, people, units_of
from .checklist import checklist
from .cursor import NAME, Cursor, bilingual
from .figures import scores, sources
from .shared_rules import SharedRules
from .task import World, definition
from .yaml import MAX_BYTES, NOTHING, Node, Plain, Problem, from_plain, nearest, read

CAMPAIGN, PEOPLE, INDICATORS = "campaign.yaml", "people.yaml", "indicators.yaml"
TEMPLATE = ".docx"  # the organisation's own Word templates of letters
MAX_FILES = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """Where the keys of a pack stand. A pack from the database has no lines: they are all 0."""

    lines: Mapping[tuple[str, str], int] = field(default_factory=dict)  # (file, dotted key) -> line

    def line(self, file: str, key: str) -> int:
        """The line of a key, or of the nearest key above it that stands in the file."""
        while key and (file, key) not in self.lines:
            key = key.rpartition(".")[0]
        return self.lines.get((file, key), 0)


def load_pack(path: Path) -> model.Pack:
    """Read the folder of a pack. Whether it may run, `workflow.proof.check_pack` says.

    Raises:
        Unknown: there is no such folder, or no campaign.yaml in it.
        PackError: with every problem that was found in any of its files.
    """
    return read_pack(path)[0]


def read_pack(path: Path) -> tuple[model.Pack, Places]:
    """Read the folder of a pack, and where its keys stand. Raises like `load_pack`."""
    if not (path / CAMPAIGN).is_file():
        raise Unknown(
            f"没有读取方案包：{path} 下没有 {CAMPAIGN}。请给出方案包所在的文件夹。",
            f"No pack was read: there is no {CAMPAIGN} in {path}. Give the folder of a pack.",
        )
    problems: list[Problem] = []
    found = {file.name: _read_file(file, problems) for file in _files(path, problems)}
    nodes = {name: node for name, node in found.items() if node is not None}
    if len(nodes) < len(found):
        refuse(problems)  # what is said of the other files would be hearsay
    nodes |= _templates(path, nodes, problems)
    return _pack(nodes, problems), Places(lines=dict(_lines(nodes)))


def _files(path: Path, problems: list[Problem]) -> list[Path]:
    found = sorted(file for file in path.iterdir() if not file.name.startswith("."))
    files = [file for file in found if file.suffix == ".yaml"]
    alike = [file for file in found if file.suffix.lower() in (".yaml", ".yml") and file not in files]
    name = Text("以 .yaml 结尾的文件名", "a file name that ends in .yaml")
    problems.extend(_about(file.name, name) for file in alike)
    few = Text(f"最多 {MAX_FILES} 个文件", f"at most {MAX_FILES} files")
    problems.extend(_about(file.name, few) for file in files[MAX_FILES:])
    return files[:MAX_FILES]


def _templates(path: Path, nodes: Mapping[str, Node], problems: list[Problem]) -> dict[str, Node]:
    """The Word templates that letters name; any other Word file of the folder is left alone."""
    tops = (Cursor(file=file, path=(), node=node, problems=[]) for file, node in nodes.items())
    letters = (top.get("letter") for top in tops)
    named = (one.get("template") for one in letters if one is not None)
    wanted = {str(one.node.value) for one in named if one is not None and one.is_text}
    files = (path / name for name in sorted(wanted) if _is_template(name) and (path / name).exists())
    read = {file.name: _bytes_of(file, problems) for file in files}
    return {name: Node(value=base64.b64encode(data).decode()) for name, data in read.items() if data}


def _is_template(name: str) -> bool:
    return name.endswith(TEMPLATE) and Path(name).name == name


def template_of(pack: model.Pack, name: str) -> bytes:
    """A Word template that travels with a pack, as it lay in its folder."""
    return base64.b64decode(str(pack.source[name]))


def _read_file(file: Path, problems: list[Problem]) -> Node | None:
    data = _bytes_of(file, problems)
    return None if data is None else read(file.name, data, problems)


def _bytes_of(file: Path, problems: list[Problem]) -> bytes | None:
    try:
        # A folder has nothing to read, a pipe may keep us waiting for ever, a link may lead out of the
        # pack: an error message would then show what it found there.
        if file.is_symlink() or not file.is_file():
            raise IsADirectoryError
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError:
        problems.append(_about(file.name, Text("可读的文件", "a file that can be read")))
        return None
    if len(data) > MAX_BYTES and _is_template(file.name):
        few = Text(f"最多 {MAX_BYTES} 字节的模板", f"a template of at most {MAX_BYTES} bytes")
        problems.append(_about(file.name, few))
        return None
    return data


def _about(file: str, expected: Text) -> Problem:
    return Problem(file=file, line=0, key="(file)", found=same(repr(file)), expected=expected)


def _lines(nodes: Mapping[str, Node]) -> Iterator[tuple[tuple[str, str], int]]:
    for file, top in nodes.items():
        waiting: list[tuple[str, Node]] = [("", top)]
        while waiting:
            key, node = waiting.pop()
            yield (file, key), node.line
            prefix = f"{key}." if key else ""
            waiting.extend((f"{prefix}{name}", below) for name, below in node.below())


def pack_from_source(source: Mapping[str, Plain]) -> model.Pack:
    """The pack that `Pack.source` came from; its version is the same.

    The order of the keys is part of a pack (a task begins in the first state): keep it, by storing
    the source as JSON text, not as a JSON type that sorts keys.
    """
    return _pack({file: from_plain(value) for file, value in source.items()}, [])


def version_of(source: Mapping[str, Plain]) -> str:
    """The version of a pack: SHA-256 over the canonical JSON (RFC 8785) of its files, hex.

    Mappings are hashed as lists of pairs, because the order of their keys means something.
    """
    files = [[file, _ordered(content)] for file, content in sorted(source.items())]
    return hashlib.sha256(canonical(files)).hexdigest()


def _ordered(value: Plain) -> object:
    if isinstance(value, dict):
        return {"entries": [[key, _ordered(item)] for key, item in value.items()]}
    return [_ordered(item) for item in value] if isinstance(value, list) else value


def _pack(nodes: Mapping[str, Node], earlier: list[Problem]) -> model.Pack:
    problems: list[Problem] = []
    tops = {file: Cursor(file=file, path=(), node=node, problems=problems) for file, node in nodes.items()}
    persons_top, campaign_top = tops.pop(PEOPLE, None), tops.pop(CAMPAIGN)
    indicators_top = tops.pop(INDICATORS, None)
    templates = [name for name in tops if _is_template(name)]
    tops = {file: top for file, top in tops.items() if file not in templates}
    kinds = _kinds(campaign_top, tops.values())
    read_campaign = campaign(campaign_top, kinds)
    checklist_top = _indicators(campaign_top, indicators_top)
    world = _world(campaign_top, tops, kinds, read_campaign, checklist_top, templates)
    found = [definition(top, world) for top in tops.values()]
    if world.rules is not None:
        world.rules.finish()
    budget = burden(campaign_top, kinds, world.facts)
    formulas = scores(campaign_top, world.sources, world.unit_kinds)
    persons = people(persons_top, units_of(campaign_top)) if persons_top else ()
    refuse([*earlier, *(problem for problem in problems if not _follows(problem, earlier))])
    if read_campaign is None:
        raise TypeError("a campaign that was neither read nor refused")
    source = {file: node.plain() for file, node in nodes.items() if file != PEOPLE}
    return model.Pack(
        version=version_of(source),
        source=source,
        campaign=replace(
            read_campaign[0],
            sources=world.sources,
            scores=formulas,
            burden=budget,
            indicators=world.indicators,
            rules=world.rules.names if world.rules is not None else frozenset(),
        ),
        definitions={item.kind: item for item in found if item is not None},
        people=persons,
    )


def _indicators(campaign_top: Cursor, own_file: Cursor | None) -> Cursor | None:
    """Where the checklist stands: in the campaign, or in a file of its own."""
    inside = campaign_top.get("indicators")
    if inside is not None and own_file is not None:
        zh, en = f"只写在一处：这里或 {INDICATORS}", f"the indicators in one place: here, or in {INDICATORS}"
        inside.fail(zh, en, found="indicators")
    return own_file or inside


def _follows(problem: Problem, earlier: list[Problem]) -> bool:
    """Whether something wrong was already found at this key, or above it: this only follows from it."""
    return any(problem.file == one.file and f"{problem.key}.".startswith(f"{one.key}.") for one in earlier)


def refuse(problems: Iterable[Problem]) -> None:
    """Raise a PackError with all problems, by file and line; without any, do nothing."""
    found = tuple(sorted(problems, key=lambda problem: (problem.file, problem.line)))
    if found:
        n = len(found)
        raise PackError(
            f"方案包未通过：有 {n} 处问题，改正后再试。",
            f"The pack is refused: {n} problem(s). Mend them and try again.",
            found,
        )


def _kinds(campaign_top: Cursor, tops: Iterable[Cursor]) -> dict[str, Text]:
    kinds: dict[str, Text] = {}
    for top in tops:
        entry, label = top.get("task"), top.get("label")
        name = entry.node.value if entry else None
        if entry is None or not isinstance(name, str):
            top.fail("task: 事项类型", "task: the kind of task", found=NOTHING)
            continue
        if f"{name}.yaml" != top.file or not NAME.fullmatch(name):
            zh = f"与文件同名的 {top.file[:-5]}（小写字母、数字、下划线）"
            entry.fail(zh, f"the name of the file, {top.file[:-5]} (lower-case letters, digits, underscores)")
        kinds[top.file[:-5]] = (bilingual(label.quiet()) if label else None) or Text(name, name)
    if not kinds:
        zh, en = "至少一个事项类型文件（事项类型.yaml）", "at least one file of a kind of task (KIND.yaml)"
        campaign_top.fail(zh, en, found=NOTHING)
    return kinds


def _world(
    top: Cursor,
    tops: Mapping[str, Cursor],
    kinds: Mapping[str, Text],
    read_campaign: tuple[model.Campaign, model.Again] | None,
    indicators: Cursor | None,
    templates: Collection[str],
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

    facts = {kind: _types(cursor) for kind, cursor in names.items()}
    return World(
        kinds=kinds,
        facts=facts,
        parties=declared("parties"),
        unit_names=[code for code, unit in units.items() if unit.group is None],
        unit_kinds=sorted({unit.kind for unit in units.values()}),
        groups=_groups(top),
        milestones=milestones.keys() if milestones else (),
        again=read_campaign[1] if read_campaign else model.Again(how="never"),
        sources=sources(top, facts),
        indicators=checklist(indicators, kinds),
        rules=SharedRules(top, kinds),
        templates=templates,
    )


def _types(top: Cursor) -> dict[str, str]:
    """The facts that a kind declares, with the types that stand beside them."""
    facts = top.get("facts")
    entries = facts.quiet().entries() if facts is not None else []
    types = {name: entry.get("type") for name, entry in entries}
    return {name: str(found.node.value) if found is not None else "" for name, found in types.items()}


def _groups(top: Cursor) -> list[str]:
    entry = top.get("units")
    return sorted(name for name, item in entry.quiet().entries() if item.has("of each")) if entry else []


__all__ = [
    "CAMPAIGN",
    "INDICATORS",
    "PEOPLE",
    "Places",
    "load_pack",
    "nearest",
    "pack_from_source",
    "read_pack",
    "refuse",
    "template_of",
    "version_of",
]
