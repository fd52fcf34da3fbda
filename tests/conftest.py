"""Fixtures for all tests: databases to work on, and how hypothesis looks for examples.

`database_url` runs a test twice, on SQLite and on PostgreSQL, each time on a database of its own with
the newest schema; `sqlite_url` and `postgresql_url` give one of the two; `empty_database_url` gives
databases that no migration has touched. `morning` is a campaign that was handed out, to be copied.
`postgres_server` is the server, for what needs more than one database or the libpq address. With CI set,
a PostgreSQL that can't be had fails the tests; without, they are skipped, and the last lines of the run
say so.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import structlog

from tests import postgres
from tests.databases import Run, prepare

# A deadline per example would test the machine's load. `ci` draws the same examples in every run.
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.register_profile("dev", deadline=None)
hypothesis.settings.register_profile("long", deadline=None, max_examples=2_000)
hypothesis.settings.load_profile(
    os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
)

DATABASES = ("sqlite", "postgresql")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "alone")
RUN = pytest.StashKey[Run]()
_numbers = itertools.count(1)


# ------------------------------------------------------------------ the run


def pytest_configure(config: pytest.Config) -> None:
    given = getattr(config, "workerinput", None)
    config.stash[RUN] = Run.begin() if given is None else Run(folder=Path(given["duban_run"]))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """xdist, in the controller: tell a worker which run it belongs to."""
    node.workerinput["duban_run"] = str(node.config.stash[RUN].folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput") and RUN in config.stash:
        config.stash[RUN].end()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if reason := config.stash[RUN].unavailable():
        title = "NOT TESTED ON POSTGRESQL · 未在 PostgreSQL 上测试"
        terminalreporter.section(title, sep="!", red=True, bold=True)
        terminalreporter.line(reason, red=True)


@pytest.fixture(autouse=True)
def log_of_its_own() -> Iterator[None]:
    """A command sets up the log for its process: other tests in this one must not write to its stderr."""
    yield
    structlog.reset_defaults()


# ------------------------------------------------------------------ PostgreSQL


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> postgres.Server:
    """The server that all workers of this run share."""
    try:
        return request.config.stash[RUN].server()
    except postgres.Unavailable as reason:
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse(f"no PostgreSQL: {reason}")


@pytest.fixture(scope="session")
def postgres_template(postgres_server: postgres.Server, request: pytest.FixtureRequest) -> str:
    """The database that those of the tests are copied from."""
    return request.config.stash[RUN].template(postgres_server)


@pytest.fixture
def postgresql_database(
    postgres_server: postgres.Server, postgres_template: str
) -> Iterator[postgres.Database]:
    """A database of the test's own, with the newest schema, by both its addresses."""
    database = postgres_server.create(_new_name(), template=postgres_template)
    yield database
    postgres_server.drop(database.name)


@pytest.fixture
def postgresql_url(postgresql_database: postgres.Database) -> str:
    """A PostgreSQL database of the test's own, with the newest schema."""
    return postgresql_database.url


@pytest.fixture
def empty_postgresql_url(postgres_server: postgres.Server) -> Iterator[str]:
    """A PostgreSQL database that no migration has touched."""
    database = postgres_server.create(_new_name())
    yield database.url
    postgres_server.drop(database.name)


def _new_name() -> str:
    return f"test_{WORKER}_{next(_numbers)}"


# ------------------------------------------------------------------ SQLite


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder whose database those of the tests are copied from."""
    folder = tmp_path_factory.mktemp("template") / "ledger"
    folder.mkdir()
    prepare(_sqlite(folder))
    return folder


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A SQLite database of the test's own, with the newest schema, in a folder of its own."""
    folder = tmp_path / "ledger"
    shutil.copytree(sqlite_template, folder)
    return _sqlite(folder)


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    """A SQLite database that no migration has touched: the file does not exist yet."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return _sqlite(folder)


def _sqlite(folder: Path) -> str:
    return f"sqlite:///{folder / 'duban.db'}"


# ------------------------------------------------------------------ both


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """A database of the test's own, with the newest schema: the test runs once on each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=DATABASES)
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """A database that no migration has touched: the test runs once on each kind."""
    url: str = request.getfixturevalue(f"empty_{request.param}_url")
    return url


# ------------------------------------------------------------------ a campaign's first morning


@pytest.fixture(scope="session")
def morning(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a SQLite database in which everything has been handed out, to make copies of."""
    from tests.test_reading import PACK, prepared
    from workflow.definition import load_pack

    return prepared(sqlite_template, tmp_path_factory.mktemp("morning") / "ledger", load_pack(PACK))
