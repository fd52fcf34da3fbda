"""The access log: who looked at what, and what is never written down."""

# ruff: noqa: F811  (fixtures are imported by their names)
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

import main
from console import accesses
from console.accesses import LEAST_DAYS, Accesses
from console.store import logs
from console.store.logs import Access
from console.web import Place
from console.web.noting import _UNNOTED
from notifier.settings import read_settings
from tests.storing import raw
from workflow.errors import DatabaseLocked
from workflow.store import Port, open_port

from .test_console_door import (  # noqa: F401
    FIRST,
    NOW,
    browser,
    place,
    sign_in,
)

LINE = (NOW, 1, "GET", "/tasks/{number}", "S-1", 200)


@pytest.fixture
def port(database_url: str) -> Iterator[Port]:
    found = open_port(database_url)
    yield found
    found.close()


def kept(port: Port) -> list[Access]:
    with port.read() as tx:
        return logs.access_after(tx, 0, 100_000)


def test_lines_are_written_in_sets_in_their_order(port: Port) -> None:
    gathered = Accesses(port)
    for n in range(50):
        assert not gathered.add((NOW + n, n, "GET", "/", "", 200))
    assert kept(port) == []
    assert gathered.write() == 50
    assert [one.account_id for one in kept(port)] == list(range(50))
    assert gathered.write() == 0


def test_looking_takes_none_of_the_ids_by_which_the_engines_work_is_followed(port: Port) -> None:
    """Whoever follows the history would look for events behind every page that somebody opened."""
    with port.write("people") as tx:
        (before,) = tx.draw("row_id", 1)
    gathered = Accesses(port)
    for _ in range(3):
        gathered.add(LINE)
    assert gathered.write() == 3
    with port.write("people") as tx:
        (after,) = tx.draw("row_id", 1)
    assert after == before + 1


def test_a_clean_stop_loses_none(port: Port) -> None:
    gathered = Accesses(port)
    gathered.start(lambda: NOW)
    for _ in range(20):
        gathered.add(LINE)
    gathered.stop()
    assert len(kept(port)) == 20


def test_what_cant_be_written_waits_on_and_the_oldest_give_way(
    port: Port, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object) -> None:
        raise DatabaseLocked("锁", "locked")

    gathered = Accesses(port, most=10)
    for n in range(15):
        gathered.add((NOW, n, "GET", "/", "", 200))
    with monkeypatch.context() as patch:
        patch.setattr(logs, "add_access", locked)
        assert gathered.write() == 0
    assert gathered.write() == 10
    assert [one.account_id for one in kept(port)] == list(range(5, 15))


def test_somebody_is_told_to_write_when_many_wait(port: Port) -> None:
    gathered = Accesses(port)
    assert sum(gathered.add(LINE) for _ in range(accesses._FULL)) == 1


def test_lines_are_kept_as_long_as_the_settings_say_and_half_a_year_at_least(port: Port) -> None:
    gathered = Accesses(port, kept_days=1)
    gathered.add(LINE)
    gathered.add((NOW + 185 * accesses.DAY, 1, "GET", "/", "", 200))
    gathered.run_once(NOW + 100 * accesses.DAY)
    assert len(kept(port)) == 2
    gathered.run_once(NOW + 185 * accesses.DAY)
    assert [one.at for one in kept(port)] == [NOW + 185 * accesses.DAY]


def test_a_request_leaves_its_route_and_nothing_that_was_typed(
    browser: TestClient,
    place: Place,
) -> None:
    sign_in(browser)
    browser.get("/accounts?login=wang&words=hush")
    browser.get("/tasks/S-12/evidence/abc?hush=1")
    browser.get("/nothing/hush")
    browser.app.state.accesses.write()  # type: ignore[attr-defined]
    lines = kept(place.engine.port)
    assert [(one.login, one.method, one.route, one.object, one.status) for one in lines] == [
        (None, "POST", "/sign-in", "", 303),
        ("first", "GET", "/accounts", "", 200),
        ("first", "GET", "/tasks/{number}/evidence/{sha256}", "S-12", lines[2].status),
        (None, "GET", "-", "", 404),
    ]
    assert "hush" not in repr(lines)


def test_nothing_of_ballots_is_written_down(browser: TestClient, place: Place) -> None:
    """A line with an instant, beside the roll, would tell who voted."""
    sign_in(browser)
    for path in ("/r", "/r/", "/r/abcdef", "/r/abcdef?language=en", "/static/0/x.css", "/healthz"):
        browser.get(path)
    browser.post("/r/abcdef", data={"x": "y"})
    browser.app.state.accesses.write()  # type: ignore[attr-defined]
    assert [one.route for one in kept(place.engine.port)] == ["/sign-in"]
    assert not _UNNOTED.match("/receipts")


def test_the_log_is_exported_and_the_export_goes_on_where_it_was(sqlite_url: str, tmp_path: Path) -> None:
    port, file = open_port(sqlite_url), tmp_path / "access.jsonl"
    with port.write("people") as tx:
        logs.add_access(tx, [LINE] * 3)
    port.close()
    how = ["access", "export", str(file), "--database", sqlite_url, "--lang", "en"]
    done = CliRunner().invoke(main.app, how)
    assert done.exit_code == 0, done.output
    lines = [json.loads(one) for one in file.read_text("utf-8").splitlines()]
    assert [(one["route"], one["object"], one["status"]) for one in lines] == [
        ("/tasks/{number}", "S-1", 200)
    ] * 3
    last = lines[-1]["id"]
    assert f"--after {last}" in done.output
    assert CliRunner().invoke(main.app, [*how, "--after", str(last)]).exit_code == 0
    assert file.read_text("utf-8") == ""


def test_an_operator_lets_a_locked_out_administrator_in(sqlite_url: str, browser: TestClient) -> None:
    for _ in range(6):
        sign_in(browser, password="wrong")
    assert sign_in(browser).status_code == 403
    how = ["--database", sqlite_url, "--lang", "en"]
    assert CliRunner().invoke(main.app, ["account", "unlock", "first", *how]).exit_code == 0
    assert sign_in(browser).status_code == 303
    told = CliRunner().invoke(main.app, ["account", "reset", "first", *how])
    assert sign_in(browser, password=FIRST).status_code == 403
    once = told.output.split("password ")[1].split(";")[0]
    assert sign_in(browser, password=once).status_code == 303
    assert "first" in CliRunner().invoke(main.app, ["account", "list", "--json", *how]).output
    assert CliRunner().invoke(main.app, ["account", "disable", "first", *how]).exit_code == 0
    assert browser.get("/account").status_code == 401
    assert CliRunner().invoke(main.app, ["account", "unlock", "nobody", *how]).exit_code == 1
    with raw(sqlite_url) as connection:
        found = connection.execute("SELECT act FROM account_log WHERE via = 'machine' ORDER BY id").fetchall()
    assert [one[0] for one in found] == ["opened", "unlocked", "reset", "closed"]


def test_logs_are_kept_for_no_less_than_the_tables_keep_them(tmp_path: Path) -> None:
    file = tmp_path / "duban.toml"
    file.write_text(f"[console]\naccess_days = {LEAST_DAYS}\n", encoding="utf-8")
    assert read_settings(file).console.access_days == LEAST_DAYS
    file.write_text(f"[console]\naccess_days = {LEAST_DAYS - 1}\n", encoding="utf-8")
    refused = CliRunner().invoke(main.app, ["console", "--settings", str(file), "--lang", "en"])
    assert refused.exit_code == 2
    assert "[console] access_days" in refused.stderr
