"""What is measured: one person's transition, a storm, and a tick among ever more open tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workflow.decision import Act
from workflow.engine import Engine

from .population import EVIDENCE, Population
from .rounds import Job

NAMES = ("W1", "W2", "W3")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How much of everything."""

    units: int
    rounds: int
    acts: int  # W1, per round
    storm: int  # W2, due in one moment
    due: int  # W3
    open: tuple[int, ...]  # W3


FULL = Sizes(units=250, rounds=5, acts=500, storm=10_000, due=1_000, open=(10_000, 100_000, 1_000_000))
QUICK = Sizes(units=250, rounds=3, acts=200, storm=2_000, due=500, open=(10_000, 50_000))
TINY = Sizes(units=5, rounds=1, acts=5, storm=20, due=10, open=(50, 100))


def jobs(sizes: Sizes, only: Sequence[str]) -> list[Job]:
    """What to measure, in order."""
    stripes = sizes.rounds + 2  # one for each round, and for each of the two that warm up
    found = [
        Job(
            workload="W1",
            what="one person's transition",
            population=_whole(max(sizes.acts * stripes, sizes.open[0]), sizes.acts),
            size=sizes.acts,
            rounds=sizes.rounds,
            due=False,
            work=_act,
        ),
        Job(
            workload="W2",
            what="due in one moment",
            population=_whole(sizes.storm * stripes, sizes.units),
            size=sizes.storm,
            rounds=sizes.rounds,
            due=True,
            work=_tick,
        ),
        *(
            Job(
                workload="W3",
                what=f"due among {count:,} open",
                population=count,
                size=sizes.due,
                rounds=min(sizes.rounds, count // sizes.due - 2),
                due=True,
                work=_tick,
                idle=True,
                compare=count == sizes.open[0],
            )
            for count in sizes.open
        ),
    ]
    return [job for job in found if job.workload in only]


def _whole(count: int, of: int) -> int:
    return -(-count // of) * of


def _act(engine: Engine, population: Population, ids: Sequence[int], at: int) -> None:
    """The handler hands their work in: two values, a file, a message to the supervisor."""
    facts = {"own_score": 92, "summary": "按要求落实，已见成效，材料附后"}
    for task_id in ids:
        wanted = Act(name="submit", person_id=population.handler(task_id), facts=facts, evidence=[EVIDENCE])
        engine.act(task_id, wanted, at, revision=population.revision, request_id=f"bench-{at}-{task_id}")


def _tick(engine: Engine, _population: Population, ids: Sequence[int], at: int) -> None:
    """The clock: each due task opens an episode and a supervision, and tells two people."""
    ran = engine.run_once(at)
    if (ran.decided, ran.opened, ran.failed) != (len(ids), len(ids), 0):
        raise RuntimeError(f"the engine did something else than was to be measured: {ran}")
