"""`python -m bench`: measure, and write bench/results.md and bench/results.json."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import get_args

import structlog

from workflow.engine.memory import calm

from .pack import measured_pack
from .places import Kind, place
from .report import machine, table, write
from .rounds import Bench, Figures
from .workloads import FULL, NAMES, QUICK, TINY, Sizes, jobs

HERE = Path(__file__).resolve().parent


def measure(
    sizes: Sizes, only: list[str], kinds: list[Kind], folder: Path, *, profile: bool = False
) -> tuple[list[Figures], dict[str, str]]:
    """Every workload on every database; the figures, and the versions of the databases."""
    pack = measured_pack(folder, sizes.units)
    figures: list[Figures] = []
    versions: dict[str, str] = {}
    for kind in kinds:
        with place(kind, folder) as found:
            versions[kind] = found.version()
            for job in jobs(sizes, only):
                say = partial(_say, f"{job.workload} {kind}")
                figures.append(Bench(place=found, pack=pack, profile=profile, say=say).measure(job))
    return figures, versions


def _say(title: str, text: str) -> None:
    print(f"[{title}] {text}", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, a minute at most")
    parser.add_argument("--tiny", action="store_true", help=argparse.SUPPRESS)  # for tests
    parser.add_argument("--only", default=",".join(NAMES), help="which workloads, as in W1,W3")
    parser.add_argument("--database", choices=[*get_args(Kind), "both"], default="both")
    parser.add_argument("--profile", action="store_true", help="print where the engine's time goes")
    parser.add_argument("--date", help="the date to write down; today's without it")
    parser.add_argument("--note", default="", help="a remark to write down, as about the machine's load")
    parser.add_argument(
        "--folder", type=Path, help="where databases lie meanwhile; a temporary folder without it"
    )
    parser.add_argument("--results", type=Path, default=HERE, help="where results.md and results.json go")
    chosen = parser.parse_args()
    chosen.only = chosen.only.upper().split(",")
    if unknown := set(chosen.only) - set(NAMES):
        parser.error(f"no such workload: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    return chosen


def main() -> None:
    """Measure as the command line says."""
    chosen = _arguments()
    sizes = TINY if chosen.tiny else QUICK if chosen.quick else FULL
    kinds: list[Kind] = list(get_args(Kind)) if chosen.database == "both" else [chosen.database]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    calm()  # as the daemon does
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="duban-bench-", dir=chosen.folder) as name:
        folder = Path(name)
        folder.chmod(0o711)  # as root, PostgreSQL runs as somebody else, who must get through here
        figures, versions = measure(sizes, chosen.only, kinds, folder, profile=chosen.profile)
    facts = {
        "command": " ".join(["python -m bench", *sys.argv[1:]]),
        "date": chosen.date or datetime.now(UTC).date().isoformat(),
        "took": f"{time.perf_counter() - start:.0f} s",
        **machine(),
        **versions,
        **({"note": chosen.note} if chosen.note else {}),
    }
    write(chosen.results, figures, facts)
    print(table(figures))


if __name__ == "__main__":
    main()
