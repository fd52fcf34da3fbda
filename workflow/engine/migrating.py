"""Moving families onto another version of their pack: a report first, then family by family.

A family is a task with everything that is opened by it, directly or through others, as far as it is
still open: what has ended is history and stays where it ended. A draft that many tasks share has no
parent and is a family of its own, and so is each task that no other has opened: what only concerns
another task may be on another version, as it always may.

A family moves in one transaction or not at all. Whoever runs the same call again goes on where it
stopped, because families that are on the version are not looked at.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from ..decision import Decision, Loaded, Move, migrate
from ..definition.model import Source
from ..errors import NoCounterpart, Overtaken, StoreError, Undecidable, Unknown, UsageError
from ..store import organisation, tasks
from ..store.applying import Salts
from ..store.ports import Port, Transaction
from ..task import Task
from ..text import Text
from .asked import campaign_named, refuse_if_held
from .authority import check_authority
from .changes import TaskChange, change_of, told_of
from .claimed import tasks_of
from .replanning import check_basis
from .surroundings import Frame, Library
from .writing import write

BATCH = 250  # tasks that one transaction moves, unless one family has more
MIGRATE = Text("版本迁移", "move tasks onto another version")
SHORTEST_HASH = 6  # characters by which a version may be named
_SET_ASIDE_AT = tasks.COLUMNS.index("set_aside_at")
Ids = tuple[int, ...]

log = structlog.get_logger("duban.engine")


@dataclass(frozen=True, kw_only=True, slots=True)
class Migrate:
    """What shall move where, who decided so and on what basis."""

    campaign: str
    person_id: int
    basis: str
    to: str | None = None  # the beginning of a version's hash; None: the version in force
    task_id: int | None = None  # only the family of this task
    states: Mapping[str, str] = field(default_factory=dict)  # `state` or `kind.state` -> new state


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """One family: what changes on each of its tasks, or why it stays."""

    root: int  # the task from which all others come; it may have ended
    changes: tuple[TaskChange, ...]
    refused: Mapping[int, tuple[Text, ...]]  # task -> why it can't move; empty: the family moves


@dataclass(frozen=True, kw_only=True, slots=True)
class Migrated:
    """What becomes of every family that is not on the version yet."""

    campaign: str
    version: str  # hash
    families: tuple[Family, ...]
    applied: bool

    @property
    def moved(self) -> list[Family]:
        """Those that move, or have moved."""
        return [one for one in self.families if not one.refused]

    @property
    def refused(self) -> list[Family]:
        """Those that stay."""
        return [one for one in self.families if one.refused]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Target:
    """Where to, and the move that each task makes."""

    campaign_id: int
    move: Move


class _Both:
    """What must be read of other tasks for a decision under two versions: whatever either asks for."""

    def __init__(self, frame: Frame, version_id: int) -> None:
        self._frame, self._other = frame, version_id

    def is_draft(self, version_id: int, kind: str, state: str, /) -> bool:
        """Whether that state of that kind is a draft's, in its own version."""
        return self._frame.is_draft(version_id, kind, state)

    def parent_actors(self, version_id: int, kind: str, /) -> bool:
        """Whether who acted on the parent matters to a task of that kind."""
        return any(self._frame.parent_actors(one, kind) for one in (version_id, self._other))

    def read_of_children(self, version_id: int, kind: str, /) -> frozenset[str]:
        """The kinds of children whose facts a task of that kind copies."""
        own, other = (self._frame.read_of_children(one, kind) for one in (version_id, self._other))
        return frozenset((*own, *other))

    def counting(self, _version_id: int, _kind: str, _state: str, /) -> None:
        """No budget: a migration begins no inspection."""
        return

    def compared(self, version_id: int, kind: str, /) -> tuple[Source, ...]:
        """The sources that conditions of that kind compare."""
        own, other = (self._frame.compared(one, kind) for one in (version_id, self._other))
        return tuple(dict.fromkeys((*own, *other)))


class Migration:
    """One call: first on copies, or in earnest."""

    def __init__(
        self, port: Port, library: Library, salts: Salts, wanted: Migrate, now: int, *, apply: bool
    ) -> None:
        self._port, self._library, self._salts = port, library, salts
        self._wanted, self._now, self._apply = wanted, now, apply

    def run(self) -> Migrated:
        """Every family, in batches."""
        check_basis(self._wanted.basis)
        with self._port.read() as tx:
            frame = self._library.frame(tx, self._now)
            refuse_if_held(frame)
            target = _target(frame, self._wanted)
            if self._apply:
                check_authority(frame, self._wanted.person_id, MIGRATE, frame.campaigns[target.campaign_id])
            roots = _families(tx, target, self._wanted.task_id)
        found: list[Family] = []
        for batch in _batches(roots):
            found.extend(self._batch(target, batch))
        return Migrated(
            campaign=self._wanted.campaign,
            version=target.move.hash,
            families=tuple(found),
            applied=self._apply,
        )

    def _batch(self, target: _Target, roots: Mapping[int, Ids]) -> list[Family]:
        """Several families in one transaction; where that fails, each in one of its own."""
        try:
            return self._attempt(target, roots)
        except StoreError:
            raise
        except Exception as error:
            if len(roots) == 1:
                return [_failed(root, ids, error) for root, ids in roots.items()]
            log.warning("migrating family by family", families=len(roots), error=str(error))
        return [family for root, ids in roots.items() for family in self._batch(target, {root: ids})]

    def _attempt(self, target: _Target, roots: Mapping[int, Ids]) -> list[Family]:
        if not self._apply:
            with self._port.read() as tx:
                return [family for family, _ in self._decide(tx, target, roots)]
        with self._port.write("clock") as tx:
            decided = self._decide(tx, target, roots)
            decisions = [one for family, own in decided if not family.refused for one in own]
            write(self._library.frame(tx, self._now), decisions, self._salts)
        return [family for family, _ in decided]

    def _decide(
        self, tx: Transaction, target: _Target, roots: Mapping[int, Ids]
    ) -> list[tuple[Family, list[Decision]]]:
        frame = self._library.frame(tx, self._now)
        refuse_if_held(frame)
        wanted = [ident for ids in roots.values() for ident in ids]
        rows = tasks.claim_these(tx, wanted) if self._apply else tasks.read_these(tx, wanted)
        aside = {row[0] for row in rows if row[_SET_ASIDE_AT] is not None}
        known, broken = tasks_of(tx, [row for row in rows if row[0] not in aside])
        open_still = [one for one in known if _moves(one, target)]
        loaded = tasks.load(tx, open_still, _Both(frame, target.move.version_id))
        frame.know(loaded)
        frame.know(replace(one, task=_as_of(one.task, target.move.version_id)) for one in loaded)
        by_id = {one.task.id: one for one in loaded}
        unfit = {**dict.fromkeys(aside, _ASIDE), **{ident: told_of(error) for ident, error in broken.items()}}
        found = [_family(frame, target, root, ids, by_id, unfit) for root, ids in roots.items()]
        return [one for one in found if one is not None]


# --- where to ---------------------------------------------------------------------------------------


def _target(frame: Frame, wanted: Migrate) -> _Target:
    campaign = campaign_named(frame, wanted.campaign)
    versions = organisation.pack_versions(frame.tx)
    ident = campaign.version_id if wanted.to is None else _named(versions, wanted.to)
    pack = frame.version(ident).pack
    if pack.campaign.name != campaign.name:
        raise Unknown(
            f"版本 {pack.version[:12]} 属于专项行动 {pack.campaign.name}，不属于 {campaign.name}。",
            f"The version {pack.version[:12]} is one of {pack.campaign.name}, not of {campaign.name}.",
        )
    move = Move(
        version_id=ident,
        hash=pack.version,
        person_id=wanted.person_id,
        basis=wanted.basis.strip(),
        states=wanted.states,
    )
    return _Target(campaign_id=campaign.id, move=move)


def _named(versions: Mapping[int, str], typed: str) -> int:
    if len(typed) < SHORTEST_HASH:
        raise UsageError(
            f"版本 {typed} 太短。请写出至少 {SHORTEST_HASH} 位。",
            f"{typed!r} is too short for a version. Write at least {SHORTEST_HASH} characters.",
        )
    found = [ident for ident, own in versions.items() if own.startswith(typed.lower())]
    if len(found) != 1:
        listed = ", ".join(own[:12] for own in versions.values())
        raise Unknown(
            f"{'没有' if not found else '不止一个'}以 {typed} 开头的版本。已载入的有：{listed}。"
            "请先用 duban load 载入。",
            f"{'No' if not found else 'More than one'} version begins with {typed}. Loaded are: {listed}. "
            "Load it with duban load first.",
        )
    return found[0]


def _families(tx: Transaction, target: _Target, task_id: int | None) -> dict[int, Ids]:
    """root -> its open tasks on other versions. A parent tree: whoever has one root is one family."""
    parents: dict[int, int | None] = tasks.on_other_versions(tx, target.campaign_id, target.move.version_id)
    open_tasks = list(parents)
    wanted = None if task_id is None else _with_parents(tx, {task_id: None}, [task_id])
    parents = _with_parents(tx, parents, [])
    found: dict[int, list[int]] = defaultdict(list)
    for task in open_tasks:
        found[_root(task, parents)].append(task)
    if wanted is not None and task_id is not None:
        only = _root(task_id, wanted)
        found = defaultdict(list, {only: found[only]} if only in found else {})
    return {root: tuple(ids) for root, ids in sorted(found.items())}


def _with_parents(
    tx: Transaction, known: Mapping[int, int | None], first: Sequence[int]
) -> dict[int, int | None]:
    """These tasks and everything above them: one statement for each generation."""
    found = dict(known)
    missing = sorted(
        {*first, *(above for above in found.values() if above is not None and above not in found)}
    )
    while missing:
        above = tasks.parents_of(tx, missing)
        found.update(above)
        missing = sorted({one for one in above.values() if one is not None and one not in found})
    return found


def _root(task: int, parents: Mapping[int, int | None]) -> int:
    above = parents.get(task)
    while above is not None:
        task, above = above, parents.get(above)
    return task


def _batches(roots: Mapping[int, Ids]) -> Iterator[dict[int, Ids]]:
    batch: dict[int, Ids] = {}
    count = 0
    for root, ids in roots.items():
        if batch and count + len(ids) > BATCH:
            yield batch
            batch, count = {}, 0
        batch[root] = ids
        count += len(ids)
    if batch:
        yield batch


# --- one family -------------------------------------------------------------------------------------

_ASIDE = Text(
    "已搁置待查，请先处理原因并运行 duban release",
    "it is set aside: deal with the reason and run duban release first",
)


def _as_of(task: Task, version_id: int) -> Task:
    twin = task.copied()
    twin.version_id = version_id
    return twin


def _moves(task: Task, target: _Target) -> bool:
    return task.ended_at is None and task.version_id != target.move.version_id


def _family(
    frame: Frame,
    target: _Target,
    root: int,
    ids: Ids,
    loaded: Mapping[int, Loaded],
    unfit: Mapping[int, Text],
) -> tuple[Family, list[Decision]] | None:
    """What becomes of a family; None if somebody else has moved or ended all of it meanwhile."""
    refused: dict[int, tuple[Text, ...]] = {ident: (unfit[ident],) for ident in ids if ident in unfit}
    decisions: list[Decision] = []
    for one in (loaded[ident] for ident in ids if ident in loaded):
        around = frame.around(one.task.version_id), frame.around(target.move.version_id)
        try:
            decisions.append(migrate(one, *around, target.move))
        except NoCounterpart as error:
            refused[one.task.id] = error.reasons
        except Undecidable as error:
            refused[one.task.id] = (error.text,)
    if not decisions and not refused:
        return None
    changes = tuple(
        change_of(one, tuple(each.rule for each in loaded[one.task.id].episodes)) for one in decisions
    )
    return Family(root=root, changes=changes, refused=refused), decisions


def _failed(root: int, ids: Ids, error: BaseException) -> Family:
    """Nothing of it was written: it stays whole where it was, and the same call tries it again."""
    told = Text("他人正在办理，请再次运行", "somebody is at work on it: run this again")
    why = told if isinstance(error, Overtaken) else told_of(error)
    return Family(root=root, changes=(), refused=dict.fromkeys(ids, (why,)))
