"""What works beside the engine: rung alike, in threads of its own, held with the clock."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from workflow import daemon
from workflow.clock import VirtualClock
from workflow.daemon import Beside
from workflow.engine import Engine, Ran
from workflow.errors import DatabaseFull
from workflow.simulation.dice import Dice
from workflow.store import open_port, organisation
from workflow.text import Text

START = 1_772_400_000_000
SOON = 20  # seconds: more than any machine needs


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    port = open_port(sqlite_url)
    yield Engine(port, salts=Dice(1).salt)
    port.close()


class Watch:
    """A daemon in a thread, with something beside it."""

    def __init__(self, engine: Engine, **beside: Beside) -> None:
        self.rings = threading.Semaphore(0)
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=daemon.run,
            args=(engine,),
            kwargs={
                "settings": daemon.Settings(interval=0.01),
                "clock": VirtualClock(START),
                "stop": self._stop,
                "on_ring": self._rung,
                "beside": beside,
            },
        )

    def _rung(self, _ran: Ran | None) -> None:
        self.rings.release()

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(SOON)
        assert not self._thread.is_alive()

    def rings_again(self, times: int) -> None:
        """So many further rings of the engine."""
        for _ in range(times):
            assert self.rings.acquire(timeout=SOON)


def test_it_is_rung_with_the_engine_at_the_same_clock(engine: Engine) -> None:
    told: list[int] = []
    twice = threading.Event()

    def work(now: int) -> None:
        told.append(now)
        if len(told) == 2:
            twice.set()

    with Watch(engine, office=Beside(work=work)):
        assert twice.wait(SOON)
    assert set(told) == {START}


def test_a_slow_one_keeps_neither_the_engine_nor_another_waiting(engine: Engine) -> None:
    begun, ended, other, at_once = threading.Event(), threading.Event(), threading.Event(), []

    def slow(_now: int) -> None:
        at_once.append(1)
        begun.set()
        assert ended.wait(SOON)

    beside = {"slow": Beside(work=slow, stop=ended.set), "other": Beside(work=lambda _now: other.set())}
    with Watch(engine, **beside) as watch:
        assert begun.wait(SOON)
        watch.rings_again(5)
        assert other.wait(SOON)
        assert at_once == [1], "its rings are folded into one"
    assert ended.is_set(), "it was asked to stop, and waited for"


@pytest.mark.parametrize(
    "error", [DatabaseFull("磁盘已满。", "The disk is full."), RuntimeError("unforeseen")]
)
def test_what_fails_is_said_and_tried_again_at_the_next_ring(
    engine: Engine, error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    tries, again = [], threading.Event()

    def work(_now: int) -> None:
        tries.append(1)
        if len(tries) == 1:
            raise error
        again.set()

    with Watch(engine, office=Beside(work=work)) as watch:
        assert again.wait(SOON)
        watch.rings_again(2)
    said = capsys.readouterr().out
    assert "office" in said
    assert str(error) in said


def test_it_rests_while_the_clock_is_held(engine: Engine) -> None:
    worked = threading.Event()
    with engine.port.write("clock") as tx:
        organisation.add_hold(tx, Text("时钟跳变", "the clock jumped"), START)
    with Watch(engine, office=Beside(work=lambda _now: worked.set())) as watch:
        watch.rings_again(10)
        assert not worked.is_set()
        with engine.port.write("people") as tx:
            assert organisation.release_hold(tx, "an administrator", START)
        assert worked.wait(SOON)
