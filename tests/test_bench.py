"""The bench at its smallest: that it still measures what it says, on both databases. Not how fast."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bench import campaign, workbooks
from bench.pack import measured_pack
from bench.places import Place, PostgresPlace, SqlitePlace
from bench.recording import Meter
from bench.report import table, write
from bench.rounds import Bench, Figures
from bench.workloads import NAMES, TINY, jobs
from tests import postgres


def _measured(place: Place, folder: Path) -> list[Figures]:
    pack = measured_pack(folder, TINY.units)
    bench = Bench(place=place, pack=pack, profile=False, say=lambda _text: None)
    return [bench.measure(job) for job in jobs(TINY, NAMES)]


def _check(figures: list[Figures]) -> None:
    assert [one.workload for one in figures] == ["W1", "W2", "W3", "W3"]
    for one in figures:
        assert one.alike is not False, f"{one.workload}: the floor wrote other rows than the engine"
        assert one.rows > one.size
        assert len(one.engine) == len(one.floor) == TINY.rounds


def test_engine_and_floor_write_the_same_rows_to_sqlite(tmp_path: Path) -> None:
    figures = _measured(SqlitePlace(tmp_path), tmp_path)
    _check(figures)
    assert figures[0].commits == TINY.acts  # one transaction for each act
    write(tmp_path, figures, {"command": "test"})
    assert table(figures) in (tmp_path / "results.md").read_text(encoding="utf-8")
    assert len(json.loads((tmp_path / "results.json").read_bytes())["figures"]) == len(figures)


def test_engine_and_floor_write_the_same_rows_to_postgresql(
    postgres_server: postgres.Server, tmp_path: Path
) -> None:
    place = PostgresPlace(postgres_server)
    try:
        _check(_measured(place, tmp_path))
    finally:
        place.close()


def test_the_bench_of_workbooks_takes_and_gives_every_line(tmp_path: Path) -> None:
    figures = workbooks.measure(
        SqlitePlace(tmp_path), "sqlite", measured_pack(tmp_path, workbooks.UNITS), tmp_path, 20
    )
    page = workbooks.table(figures, {"command": "test"})
    for what in ("check (dry run)", "import", "the same again", "export .xlsx", "export .csv"):
        assert f"| {what} | sqlite | 20 |" in page


@pytest.mark.parametrize("sizes", [5, 50])
def test_the_meter_counts_by_transaction(sizes: int) -> None:
    meter = Meter()
    for text in ["BEGIN", *["SELECT 1"] * sizes, "COMMIT", "BEGIN", "COMMIT"]:
        meter("before", text)
        meter("after", text)
    assert (meter.transactions, meter.largest, meter.statements) == (2, sizes + 2, sizes + 4)


def test_the_bench_of_the_campaign_hands_out_eight_kinds_and_plays_on(tmp_path: Path) -> None:
    loaded, handed = campaign.fan_out(12, tmp_path)
    assert (loaded.tasks, handed.tasks) == (0, 12 * 10)
    assert handed.floor is not None
    played = list(campaign.year(12, 3, tmp_path, lambda _line: None))
    assert played[-1].events > played[-1].tasks > 12 * 5
