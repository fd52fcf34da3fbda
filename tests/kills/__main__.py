"""`python -m tests.kills`: one storm, its figures as JSON; exit code 1 if anything was lost or doubled."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from tests import postgres
from tests.kills.harness import Storm, rage
from tests.kills.storm import prepare
from tests.kills.verdict import judge


def main() -> int:
    """Run a storm as the arguments say."""
    parser = argparse.ArgumentParser(prog="python -m tests.kills", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--url", help="an empty database to use, instead of making one")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--tasks", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="duban-kills-")))
        folder.chmod(0o711)
        url = options.url or _database(options.database, folder, stack)
        prepare(url, folder, options.tasks)
        daemons = 1 if options.database == "sqlite" else 3
        storm = Storm(url=url, folder=folder, daemons=daemons, kills=options.kills, seed=options.seed)
        rage(storm, lambda line: print(f"\r{line}", end="", file=sys.stderr, flush=True))
        verdict = judge(url, folder, storm.killed)
    figures = {"database": options.database, "seed": options.seed, **asdict(verdict)}
    print(json.dumps(figures))
    return 0 if verdict.clean else 1


def _database(kind: str, folder: Path, stack: ExitStack) -> str:
    if kind == "sqlite":
        return f"sqlite:///{folder / 'storm.db'}"
    server = stack.enter_context(postgres.start(folder / "pg", durable=True))
    return server.create("storm", template="template0").libpq_url


sys.exit(main())
