"""P4: every due moment is acted on, in time, or late and marked late.

A campaign is played with a daemon that is down again and again, for up to four days. The same acts are
then done again, at the same instants, beside a daemon that never sleeps. On every creation task the
same rules must have opened and ended at the same instants; in the sleepy campaign some were recorded
later, never later than the daemon was down.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select

from workflow.calendar import default_calendar
from workflow.decision import Act
from workflow.definition import Pack, load_pack
from workflow.engine import Answer, Engine, Ran
from workflow.evidence import Stored, record
from workflow.simulation import Crowd, Simulation
from workflow.simulation.dice import Dice
from workflow.store import migrate, open_port, tasks
from workflow.store.applying import EVENT
from workflow.store.ports import Port
from workflow.store.sql import Statement

PACK = Path(__file__).resolve().parent / "definitions" / "spring"
DAY = 86_400_000
DAYS = 120
# What these rules open is answered by people whose acts are not done again: their ends may differ.
_ANSWERED = {"poor", "no_effect", "sent_back"}
_EPISODES = Statement(
    select(tasks.EPISODE.c.task_id, tasks.EPISODE.c.rule, tasks.EPISODE.c.opened_at, tasks.EPISODE.c.ended_at)
    .join(tasks.TASK, tasks.TASK.c.id == tasks.EPISODE.c.task_id)
    .where(tasks.TASK.c.kind == "creation_task")
    .order_by(tasks.EPISODE.c.task_id, tasks.EPISODE.c.opened_at, tasks.EPISODE.c.rule)
)
_OPENINGS = Statement(select(EVENT.c.at, EVENT.c.recorded_at).where(EVENT.c.kind == "episode_opened"))
_KINDS = Statement(select(tasks.TASK.c.id).where(tasks.TASK.c.kind == "creation_task"))


class Done(NamedTuple):
    """An act that somebody did."""

    at: int
    task_id: int
    act: Act


class Sleepy(Engine):
    """An engine whose daemon is down for days, as chance has it; people act all the while."""

    def __init__(self, port: Port, dice: Dice) -> None:
        super().__init__(port, salts=dice.salt)
        self._dice = dice
        self.done: list[Done] = []

    def down_until(self, now: int) -> int:
        """The end of the downtime in which `now` lies; `now` itself while the daemon is up."""
        for back in range(5):
            day = now // DAY - back
            if self._dice.roll("down", day) < 0.12:
                end = int((day + self._dice.between(0.2, 4, "for", day)) * DAY)
                if now < end:
                    return end
        return now

    def run_once(self, now: int) -> Ran:
        return super().run_once(now) if self.down_until(now) == now else Ran()

    def next_due(self, now: int) -> int | None:
        due = super().next_due(now)
        return due if due is None else max(due, self.down_until(now))

    def act(self, task_id: int, wanted: Act, now: int, **given: Any) -> Answer:
        answer = super().act(task_id, wanted, now, **given)
        self.done.append(Done(now, task_id, wanted))
        return answer


def _played(pack: Pack, url: str, seed: int, crowd: Crowd) -> list[Done]:
    """A campaign with a sleepy daemon, and what people did in it."""
    migrate(url)
    port = open_port(url)
    engine = Sleepy(port, Dice(seed))
    game = Simulation(pack, port, seed, crowd, engine=engine)
    engine.down_until = lambda now: now  # type: ignore[method-assign]
    game.play(1, lambda _done, _total: None, None)  # the hand-out is in time
    del engine.down_until
    game.play(DAYS, lambda _done, _total: None, None)
    engine.down_until = lambda now: now  # type: ignore[method-assign]
    engine.run_once(game._clock.now())  # it wakes up at last
    port.close()
    return engine.done


def _repeated(pack: Pack, url: str, done: list[Done]) -> None:
    """The same acts on creation tasks, beside a daemon that never sleeps."""
    migrate(url)
    port = open_port(url)
    engine = Engine(port, salts=Dice(0).salt)
    begin = default_calendar(pack.campaign.zone).instant(pack.campaign.milestones["start"], 8)
    engine.load(pack, begin)
    with port.write("people") as tx:
        papers = {paper for one in done for paper in one.act.evidence}
        record(tx, [Stored(sha256=paper, size=1) for paper in sorted(papers)], begin)
    now = begin
    for one in [*done, Done(begin + DAYS * DAY, 0, Act(name="", person_id=0))]:
        while (due := engine.next_due(now)) is not None and due <= one.at:
            now = max(now, due)
            engine.run_once(now)
        now = one.at
        if one.task_id in _creation_tasks(port):
            engine.act(one.task_id, one.act, now)
    port.close()


def _creation_tasks(port: Port) -> set[int]:
    with port.read() as tx:
        return {row[0] for row in tx.all(_KINDS)}


def _episodes(url: str) -> list[tuple[Any, ...]]:
    port = open_port(url)
    with port.read() as tx:
        rows = [row for row in tx.all(_EPISODES) if row[1] not in _ANSWERED]
    port.close()
    return rows


def _lateness(url: str) -> list[int]:
    port = open_port(url)
    with port.read() as tx:
        late = [recorded - at for at, recorded in tx.all(_OPENINGS)]
    port.close()
    return late


def _every_moment_is_kept(folder: Path, seed: int, crowd: Crowd) -> None:
    pack = load_pack(PACK)
    sleepy, punctual = f"sqlite:///{folder / 'sleepy.db'}", f"sqlite:///{folder / 'punctual.db'}"
    done = _played(pack, sleepy, seed, crowd)
    _repeated(pack, punctual, done)
    assert _episodes(sleepy) == _episodes(punctual)
    if crowd == "lazy":  # the others may have given it nothing to sleep through
        assert max(_lateness(sleepy)) > DAY
    assert max(_lateness(sleepy)) <= 12 * DAY, "nothing is later than the daemon was down"
    assert max(_lateness(punctual)) == 0


def test_what_was_slept_through_is_recorded_as_if_nobody_had_slept(tmp_path: Path) -> None:
    _every_moment_is_kept(tmp_path, seed=1, crowd="lazy")


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 7))
@pytest.mark.parametrize("crowd", ["mixed", "lazy", "diligent"])
def test_for_many_campaigns(tmp_path: Path, seed: int, crowd: Crowd) -> None:
    _every_moment_is_kept(tmp_path, seed, crowd)
