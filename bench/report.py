"""The figures as a table for people and as JSON for programs."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

import orjson

from .rounds import Figures

TARGETS: Mapping[tuple[str, str], float] = {
    ("W1", "sqlite"): 0.4,
    ("W1", "postgresql"): 0.5,
    ("W2", "sqlite"): 0.3,
    ("W2", "postgresql"): 0.2,
}
_HEADER = (
    "| | database | what | engine | floor | floor ÷ engine | wanted | CPU only | tasks/s | idle tick "
    "| statements | bytes/task | floor's | peak RSS | same rows |"
)
_NOTES = """
`engine` and `floor`: median of the rounds for all tasks of a round, with the quickest and the slowest.
`floor ÷ engine`: the median of the rounds' own ratios, likewise; 1 would mean that the engine costs
nothing beside the driver. `CPU only`: the same of this process's processor time (the database's own on
SQLite included, on PostgreSQL not), by the least of the rounds, and the engine's own per task: where
others use the machine too, this is the steadier figure. `statements`: the most in one transaction, BEGIN
and COMMIT included; it must not grow with the number of tasks. `bytes/task`: what was handed to the disk,
checkpoints included on SQLite, WAL on PostgreSQL. `same rows`: whether both databases held the same rows
in the end; compared at the smallest size of W3 only. What the floor does, and why it is one: docs/bench.md.
"""


def machine() -> dict[str, str]:
    """What it ran on."""
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return {
        "cores": str(os.cpu_count()),
        "machine": f"{platform.system()} {platform.release()}, {_processor()}",
        "Python": platform.python_version(),
        "load at the end": load,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def table(figures: Sequence[Figures]) -> str:
    """The table, with how flat W3 is below it."""
    columns = _HEADER.count("|") - 1
    lines = [_HEADER, "|" + "---|" * columns, *map(_line, figures)]
    return "\n".join([*lines, *_flatness(figures)]) + "\n"


def _line(one: Figures) -> str:
    wanted = TARGETS.get((one.workload, one.database))
    reached = "" if wanted is None else f"≥ {wanted} {'✓' if one.ratio >= wanted else '✗'}"
    cells = [
        one.workload,
        one.database,
        f"{one.size:,} {one.what}",
        _times(one.engine),
        _times(one.floor),
        f"**{one.ratio:.2f}** ({min(one.ratios):.2f}–{max(one.ratios):.2f})",
        "flat" if one.workload == "W3" else reached,
        f"{one.cpu_ratio:.2f}, {min(one.engine_cpu) / one.size * 1e6:,.0f} µs",
        f"{one.per_second:,.0f}",
        f"{statistics.median(one.idle) * 1e3:.2f} ms" if one.idle else "",
        str(one.largest),
        f"{one.engine_bytes / one.size:,.0f}",
        f"{one.floor_bytes / one.size:,.0f}",
        f"{one.peak_kib / 1024:.0f} MiB",
        {None: "", True: "yes", False: "**NO**"}[one.alike],
    ]
    return f"| {' | '.join(cells)} |"


def _times(seconds: Sequence[float]) -> str:
    low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
    return f"{middle * 1e3:,.0f} ms ({low * 1e3:,.0f}–{high * 1e3:,.0f})"


def _flatness(figures: Sequence[Figures]) -> list[str]:
    lines = []
    for database in dict.fromkeys(one.database for one in figures):
        found = [one for one in figures if one.workload == "W3" and one.database == database]
        if len(found) > 1:
            small, large = found[0], found[-1]
            grown = statistics.median(large.engine) / statistics.median(small.engine)
            idle = statistics.median(large.idle) / statistics.median(small.idle)
            lines.append(
                f"W3 on {database}: {large.population // small.population:,} times as many open tasks make a "
                f"tick take {grown:.2f} times as long, an idle one {idle:.2f} times."
            )
    return ["", *lines] if lines else []


def write(folder: Path, figures: Sequence[Figures], facts: Mapping[str, str]) -> None:
    """results.md and results.json."""
    known = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    text = f"# Bench\n\n{known}\n\n{table(figures)}\n{_NOTES.lstrip()}"
    (folder / "results.md").write_text(text, encoding="utf-8")
    plain = {"facts": dict(facts), "figures": [one.plain() for one in figures]}
    (folder / "results.json").write_bytes(orjson.dumps(plain, option=orjson.OPT_INDENT_2) + b"\n")
