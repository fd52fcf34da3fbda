"""The engine: load, decide, apply, each in one transaction.

`act` is what people do, `wake` one batch of what the clock and nudges owe, `run_once` everything that
is due now: re-planning first, then tasks, then rounds. `now` is always an argument.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from .. import rounds
from ..calendar import default_calendar
from ..decision import Act, Decision, Loaded, NewTask, Surroundings, act, replan, wake
from ..definition.model import Opening, Pack, Round
from ..errors import BadValue, NotNow, Overtaken, Refused, Stale, StoreError, Unknown
from ..store import organisation, tasks
from ..store.applying import Salts
from ..store.organisation import CampaignInForce
from ..store.ports import Port, Transaction
from ..task import Task
from .surroundings import Frame, Library
from .writing import open_new, write

BATCH = 250  # tasks per transaction of the clock: about 50 ms of the write lock on SQLite
ATTEMPTS = 5  # of a person's act that was overtaken
TRIES = 5  # failed decisions after which a task is set aside
RETRY_MS = 1_000  # before the second try; four times as long before each further one
MAX_BATCHES = 100_000  # of one run_once: a run that needs more reports and goes on at the next ring

log = structlog.get_logger("duban.engine")
Decide = Callable[[Loaded, Surroundings], Decision]
Claim = Callable[[Transaction], tasks.Rows]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a person is told after an act; a repeated request gets the first one."""

    task_id: int
    act: str
    seq: int  # of the last event
    revision: int
    state: str
    at: int
    repeated: bool = False


@dataclass(kw_only=True, slots=True)
class Ran:
    """What one run did."""

    decided: int = 0  # tasks
    events: int = 0
    opened: int = 0  # tasks
    messages: int = 0
    failed: int = 0  # decisions that went wrong
    set_aside: list[int] = field(default_factory=list)
    moments: int = 0  # rounds fired
    held: bool = False

    def count(self, decisions: Sequence[Decision]) -> None:
        """Add what was written."""
        self.decided += sum(1 for one in decisions if not one.is_new)
        self.opened += sum(1 for one in decisions if one.is_new)
        self.events += sum(len(one.events) for one in decisions)
        self.messages += sum(len(event.messages) for one in decisions for event in one.events)


@dataclass(frozen=True, kw_only=True, slots=True)
class Loading:
    """What loading a pack changed."""

    campaign: str
    version: str
    version_is_new: bool
    units: int
    people: int


class Engine:
    """Loads, decides and applies, over one database. Safe to share between threads."""

    def __init__(self, port: Port, *, salts: Salts, batch: int = BATCH) -> None:
        self.port = port
        self.library = Library()
        self._salts = salts
        self._batch = batch

    # --- packs ------------------------------------------------------------------------------------

    def load(self, pack: Pack, now: int) -> Loading:
        """Bring a pack into force: its version, units, people, campaign. Twice changes nothing."""
        with self.port.write("people") as tx:
            before = organisation.stamp(tx)
            version_id, is_new = organisation.pack_version(tx, pack, now)
            units = organisation.add_units(tx, pack.campaign.units.values())
            since = _since(pack)
            people = organisation.add_people(tx, pack.people, min(since, now), now)
            moved = self._move_campaign(tx, pack, version_id)
            if units or people:
                organisation.move_organisation(tx, before)
            if moved:
                organisation.new_epoch(tx, f"pack {pack.campaign.name} {pack.version[:12]}", now)
        return Loading(
            campaign=pack.campaign.name,
            version=pack.version,
            version_is_new=is_new,
            units=units,
            people=people,
        )

    def _move_campaign(self, tx: Transaction, pack: Pack, version_id: int) -> bool:
        known = {one.name: one for one in organisation.campaigns(tx)}.get(pack.campaign.name)
        if known is not None and known.version_id == version_id:
            return False
        organisation.put_campaign(tx, pack, version_id)
        return True

    # --- people act -------------------------------------------------------------------------------

    def act(
        self,
        task_id: int,
        wanted: Act,
        now: int,
        *,
        revision: int | None = None,
        request_id: str | None = None,
    ) -> Answer:
        """Do what a person asks for, after what the clock already owed this task.

        Args:
            revision: the one that the person's form showed; None skips the check.
            request_id: a repeat with the same id gets the first answer and does nothing.

        Raises:
            Refused: with the reason; everything stays as it was.
        """
        for _ in range(ATTEMPTS - 1):
            try:
                return self._act(task_id, wanted, now, revision, request_id)
            except Overtaken:
                log.info("overtaken", task=task_id, act=wanted.name)
        return self._act(task_id, wanted, now, revision, request_id)

    def _act(
        self, task_id: int, wanted: Act, now: int, revision: int | None, request_id: str | None
    ) -> Answer:
        with self.port.write("people") as tx:
            frame = self.library.frame(tx, now)
            rows = tasks.claim_these(tx, [task_id])
            first = self._first_answer(tx, task_id, wanted, request_id)
            if first is not None:
                return first
            task = self._actable(frame, task_id, rows, revision)
            self._check_evidence(tx, wanted)
            (loaded,) = tasks.load(tx, [task], frame.is_draft)
            frame.know([loaded])
            decision = act(loaded, frame.around(task.version_id), wanted)
            write(frame, [decision], self._salts)
            answer = _answer(decision, wanted, now)
            if request_id is not None:
                tx.insert(organisation.REQUEST, [_request_row(request_id, answer, wanted)])
            return answer

    def _first_answer(
        self, tx: Transaction, task_id: int, wanted: Act, request_id: str | None
    ) -> Answer | None:
        """The answer that this request got before. Read after the lock: of two at once, one waits."""
        row = organisation.request(tx, request_id) if request_id is not None else None
        if row is None:
            return None
        _, task, person, name, seq, revision, state, at = row
        if (task, person, name) != (task_id, wanted.person_id, wanted.name):
            raise BadValue(
                f"请求编号 {request_id} 已用于事项 {task} 的“{name}”。请为新的操作另用一个编号。",
                f"The request id {request_id} was used for {name!r} on task {task}. Use a new one for a new act.",
            )
        return Answer(task_id=task, act=name, seq=seq, revision=revision, state=state, at=at, repeated=True)

    def _actable(self, frame: Frame, task_id: int, rows: tasks.Rows, revision: int | None) -> Task:
        if not rows:
            raise unknown_task(task_id)
        if frame.stamp.held:
            raise _held()
        if rows[0][_SET_ASIDE_AT] is not None:
            raise NotNow(
                f"事项 {task_id} 的数据无法处理，已搁置待查。请系统管理员运行 duban doctor 查看原因。",
                f"Task {task_id} is set aside: its data can't be handled. An administrator finds out why with "
                "duban doctor.",
            )
        task = tasks.task_of(rows[0])
        if revision is not None and revision != task.revision:
            raise Stale(
                f"未办理：你看到的是第 {revision} 版，事项已到第 {task.revision} 版，有人先办了。请刷新后再决定。",
                f"Not done: you looked at revision {revision}, the task is at {task.revision}: somebody was "
                "faster. Look again, then decide.",
            )
        return task

    def _check_evidence(self, tx: Transaction, wanted: Act) -> None:
        missing = sorted(set(wanted.evidence) - organisation.stored_evidence(tx, list(wanted.evidence)))
        if missing:
            raise BadValue(
                f"佐证材料 {missing[0][:12]}… 尚未存入。请先上传，再办理。",
                f"The evidence {missing[0][:12]}… isn't stored. Store the file first.",
            )

    # --- the clock acts ---------------------------------------------------------------------------

    def run_once(self, now: int) -> Ran:
        """Everything that is due by now: plans of an older calendar, tasks, then rounds."""
        ran = Ran()
        if self._is_held():
            ran.held = True
            return ran
        self._drain(now, ran)
        while self._fire(now, ran):
            self._drain(now, ran)
        return ran

    def _is_held(self) -> bool:
        with self.port.read() as tx:
            return organisation.stamp(tx).held

    def _drain(self, now: int, ran: Ran) -> None:
        for _ in range(MAX_BATCHES):
            if self.wake(now, ran) == 0:
                return

    def wake(self, now: int, ran: Ran | None = None) -> int:
        """One batch: plans first, then nudges, then what is due; how many tasks were claimed."""
        counted = ran if ran is not None else Ran()
        most = self._batch
        return (
            self._plan(now, counted)
            or self._sweep(lambda tx: tasks.claim_nudged(tx, most), wake, now, counted)
            or self._sweep(lambda tx: tasks.claim_due(tx, now, most), wake, now, counted)
        )

    def _plan(self, now: int, ran: Ran) -> int:
        with self.port.read() as tx:
            epoch = organisation.stamp(tx).epoch
        return self._sweep(lambda tx: tasks.claim_planned(tx, epoch, self._batch), replan, now, ran)

    def _sweep(self, claim: Claim, decide: Decide, now: int, ran: Ran) -> int:
        """One batch in one transaction. What goes wrong is narrowed down to the task it is about."""
        claimed: list[int] = []
        failed: dict[int, BaseException] = {}
        try:
            written = self._batch_of(claim, decide, now, claimed, failed)
        except StoreError:
            raise
        except Exception as error:
            self._bisect(claimed, decide, now, ran, error)
            return len(claimed)
        ran.count(written)
        for task_id, error in failed.items():
            self._failed(task_id, error, now, ran)
        return len(claimed)

    def _batch_of(
        self, claim: Claim, decide: Decide, now: int, claimed: list[int], failed: dict[int, BaseException]
    ) -> list[Decision]:
        with self.port.write("clock") as tx:
            frame = self.library.frame(tx, now)
            if frame.stamp.held:
                return []
            rows = claim(tx)
            claimed.extend(row[0] for row in rows)
            if not rows:
                return []
            decisions = self._decide(frame, self._parse(rows, failed), decide, failed)
            return write(frame, decisions, self._salts)

    def _parse(self, rows: tasks.Rows, failed: dict[int, BaseException]) -> list[Task]:
        found = []
        for row in rows:
            try:
                found.append(tasks.task_of(row))
            except Exception as error:  # whatever is wrong with one row must not stop the others
                failed[row[0]] = error
        return found

    def _decide(
        self, frame: Frame, found: list[Task], decide: Decide, failed: dict[int, BaseException]
    ) -> list[Decision]:
        loaded = tasks.load(frame.tx, found, frame.is_draft)
        frame.know(loaded)
        decisions = []
        for one in loaded:
            try:
                decisions.append(decide(one, frame.around(one.task.version_id)))
            except StoreError:
                raise
            except Exception as error:
                failed[one.task.id] = error
        return decisions

    def _bisect(self, ids: list[int], decide: Decide, now: int, ran: Ran, error: BaseException) -> None:
        """An error in applying: halve the batch until it is alone with its task."""
        if len(ids) <= 1:
            if ids and not isinstance(error, Overtaken):  # overtaken: somebody else has dealt with it
                self._failed(ids[0], error, now, ran)
            return
        log.warning("bisecting", tasks=len(ids), error=str(error))
        middle = len(ids) // 2
        for half in (ids[:middle], ids[middle:]):
            self._sweep(lambda tx, half=half: tasks.claim_free(tx, half), decide, now, ran)  # type: ignore[misc]

    def _failed(self, task_id: int, error: BaseException, now: int, ran: Ran) -> None:
        """Count the try in a transaction of its own, and set the task aside after the last one."""
        ran.failed += 1
        why = str(error) or type(error).__name__
        with self.port.write("clock") as tx:
            tries = tasks.count_try(tx, task_id, now + RETRY_MS)
            if tries >= TRIES:
                tasks.set_aside(tx, task_id, now, why)
                ran.set_aside.append(task_id)
        log.error(
            "undecidable",
            task=task_id,
            tries=tries,
            set_aside=tries >= TRIES,
            error=why,
            kind=type(error).__name__,
        )

    # --- rounds -----------------------------------------------------------------------------------

    def _fire(self, now: int, ran: Ran) -> bool:
        """Work off one open moment, or record the next one that is due; whether there was any."""
        try:
            if self._work_off(now, ran):
                return True
            return self._record_next(now, ran)
        except Overtaken:
            return False  # another daemon has this moment

    def _record_next(self, now: int, ran: Ran) -> bool:
        with self.port.write("clock") as tx:
            frame = self.library.frame(tx, now)
            due = self._next_due_moment(frame)
            if due is None:
                return False
            campaign, one = due
            earlier = tasks.next_wake(tx)
            if earlier is not None and earlier < one.at:
                return False  # a round waits until nothing is due before its moment
            items = self._items(frame, campaign, one.round) if one.runs else []
            rounds.record_moment(tx, one, campaign.id, campaign.version_id, items, now)
            ran.moments += 1
            log.info("round", round=one.round.name, nominal=one.nominal, items=len(items), note=one.note)
            return True

    def _next_due_moment(self, frame: Frame) -> tuple[CampaignInForce, rounds.DueMoment] | None:
        found: list[tuple[CampaignInForce, rounds.DueMoment]] = []
        for campaign in frame.campaigns.values():
            pack = frame.version(campaign.version_id).pack
            calendar = frame.calendar(pack.campaign.zone)
            last = rounds.last_moments(frame.tx, campaign.id)
            found.extend(
                (campaign, one) for one in rounds.due_moments(pack.campaign, calendar, last, frame.now)
            )
        return min(found, key=lambda pair: (pair[1].at, pair[0].id, pair[1].round.name), default=None)

    def _items(self, frame: Frame, campaign: CampaignInForce, round_: Round) -> list[list[Any]]:
        """What a moment does, frozen: tasks to open, or drafts to complete."""
        pack = frame.version(campaign.version_id).pack
        if round_.completes is not None:
            drafts = _drafts(frame, campaign.id, round_.completes)
            return [["complete", draft] for draft in drafts]
        tracks: Sequence[str] = round_.tracks or ("",)
        return [
            ["open", opening.kind, unit, track]
            for opening in round_.opens
            for track in tracks
            for unit in self._units(frame, pack, opening)
        ]

    def _units(self, frame: Frame, pack: Pack, opening: Opening) -> list[int]:
        return organisation.units_of_kind(frame.tx, list(pack.campaign.units), opening.each or "")

    def _work_off(self, now: int, ran: Ran) -> bool:
        """One batch of an open moment."""
        with self.port.write("clock") as tx:
            frame = self.library.frame(tx, now)
            moment = rounds.open_moment(tx)
            if moment is None:
                return False
            batch = moment.items[moment.cursor : moment.cursor + self._batch]
            news = [_new_task(frame, moment, item) for item in batch if item[0] == "open"]
            decisions = open_new(frame, news) if news else []
            decisions += self._completions(
                frame, moment, [item[1] for item in batch if item[0] == "complete"]
            )
            ran.count(write(frame, decisions, self._salts))
            if not rounds.advance(tx, moment, moment.cursor + len(batch)):
                raise Overtaken("轮次已由他人执行。", "The round is being worked off by somebody else.")
            return True

    def _completions(self, frame: Frame, moment: rounds.OpenMoment, ids: list[int]) -> list[Decision]:
        if not ids:
            return []
        found = [tasks.task_of(row) for row in tasks.claim_these(frame.tx, ids)]
        loaded = tasks.load(frame.tx, found, frame.is_draft)
        frame.know(loaded)
        wanted = Act(name="completed", person_id=None, round=moment.round)
        decisions = []
        for one in loaded:
            try:
                decisions.append(act(one, frame.around(one.task.version_id), wanted))
            except Refused as refusal:  # signed or ended meanwhile: the round has nothing to do
                log.info("round passes over", task=one.task.id, why=str(refusal))
        return decisions

    # --- when to look again -----------------------------------------------------------------------

    def next_due(self, now: int) -> int | None:
        """The first instant at which the clock has something to do; it may have passed."""
        with self.port.read() as tx:
            frame = self.library.frame(tx, now)
            if tasks.any_nudge(tx):
                return now
            instants = [tasks.next_wake(tx)]
            for campaign in frame.campaigns.values():
                own = frame.version(campaign.version_id).pack.campaign
                calendar = frame.calendar(own.zone)
                last = rounds.last_moments(tx, campaign.id)
                instants.extend(
                    rounds.next_moment(one, own, calendar, last.get(one.name)) for one in own.rounds.values()
                )
        known = [instant for instant in instants if instant is not None]
        return min(known) if known else None


_SET_ASIDE_AT = tasks.COLUMNS.index("set_aside_at")


def unknown_task(task_id: int) -> Unknown:
    """There is no such task."""
    return Unknown(
        f"没有编号为 {task_id} 的事项。请用 duban tasks 查看编号。",
        f"There is no task {task_id}. See the numbers with duban tasks.",
    )


def _held() -> NotNow:
    return NotNow(
        "时钟存疑，一切办理暂停，待人工确认。请运行 duban doctor 查看原因，再运行 duban release。",
        "The clock is in doubt and everything waits for a person. See why with duban doctor, then run "
        "duban release.",
    )


def _since(pack: Pack) -> int:
    """Posts of a pack are held from the day of its basis."""
    return default_calendar(pack.campaign.zone).start_of(pack.campaign.basis.on)


def _answer(decision: Decision, wanted: Act, now: int) -> Answer:
    task = decision.task
    return Answer(
        task_id=task.id, act=wanted.name, seq=task.seq, revision=task.revision, state=task.state, at=now
    )


def _request_row(request_id: str, answer: Answer, wanted: Act) -> tuple[Any, ...]:
    own: Mapping[str, Any] = {
        "id": request_id,
        "task_id": answer.task_id,
        "person_id": wanted.person_id,
        "act": answer.act,
        "seq": answer.seq,
        "revision": answer.revision,
        "state": answer.state,
        "at": answer.at,
    }
    return tuple(own[column.name] for column in organisation.REQUEST.columns)


def _drafts(frame: Frame, campaign_id: int, kind: str) -> list[int]:
    return tasks.drafts_of(frame.tx, campaign_id, kind, frame.is_draft)


def _new_task(frame: Frame, moment: rounds.OpenMoment, item: Sequence[Any]) -> NewTask:
    _, kind, unit, track = item
    definition = frame.version(moment.version_id).books[kind].definition
    return NewTask(
        kind=kind,
        campaign_id=moment.campaign_id,
        version_id=moment.version_id,
        parties={definition.first_party: unit},
        unit_id=unit,
        track=track or None,
        parent_id=None,
        moment_id=moment.id,
        origin={"round": moment.round},
    )
