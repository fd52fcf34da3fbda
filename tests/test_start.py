"""Daemon and console in one process: one stop ends both; a demonstration, whose time can be hurried."""

from __future__ import annotations

import fcntl
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import main
from commands.desk import Desk
from commands.watch import notifying
from console.demonstration import hurry
from console.web import Place, create_app
from workflow.clock import VirtualClock
from workflow.definition import load_pack
from workflow.engine import Engine
from workflow.errors import NotNow
from workflow.simulation import Live
from workflow.simulation.dice import Dice
from workflow.store import life, open_port

from .test_main import duban
from .test_reading import PACK

ROOT = Path(__file__).resolve().parent.parent
HERE = {"sec-fetch-site": "same-origin"}
SOON = 60  # seconds: more than any machine needs
DAY = 86_400_000


@pytest.fixture
def url(sqlite_url: str) -> str:
    port = open_port(sqlite_url)
    Engine(port, salts=Dice(1).salt).load(load_pack(PACK), 1_772_000_000_000)
    port.close()
    return sqlite_url


def taken() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def free_port() -> int:
    with taken() as one:
        return int(one.getsockname()[1])


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/sign-in", timeout=SOON) as page:
            return bool(page.status == 200)
    except OSError:
        return False


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_one_stop_ends_daemon_and_console(url: str, how: signal.Signals) -> None:
    port = free_port()
    command = (sys.executable, str(ROOT / "main.py"), "--lang", "en", "--database", url)
    process = subprocess.Popen(
        [*command, "start", "--port", str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    told = iter(process.stdout.readline, "")
    assert any(f"Open at http://127.0.0.1:{port}" in line for line in told)
    assert any("started" in line for line in iter(process.stderr.readline, ""))
    assert answers(port)
    process.send_signal(how)
    _, log = process.communicate(timeout=SOON)
    assert (process.returncode, "stopped" in log, answers(port)) == (0, True, False)


def test_a_port_that_is_taken_is_said_before_anything_begins(url: str) -> None:
    with taken() as other:
        port = other.getsockname()[1]
        refused = duban("start", "--port", str(port), "--database", url)
    assert refused.exit_code == 2
    assert f"127.0.0.1:{port} can't be had" in refused.stderr
    assert not Path(url.removeprefix("sqlite:///") + ".daemon").exists()


def test_a_second_daemon_is_refused_and_no_console_is_left(url: str) -> None:
    port = free_port()
    file = Path(url.removeprefix("sqlite:///"))
    with file.with_name(file.name + ".daemon").open("a") as place:
        fcntl.flock(place, fcntl.LOCK_EX)
        refused = duban("start", "--port", str(port), "--database", url)
    assert (refused.exit_code, "a daemon already works on" in refused.stderr) == (1, True)
    assert not answers(port)


def test_a_console_that_fails_stops_the_daemon_and_says_so(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken:
        should_exit = False

        def run(self, **_: Any) -> None:
            raise SystemExit(3)

    monkeypatch.setattr("commands.serving.server_of", lambda _place: Broken())
    ended = duban("start", "--port", str(free_port()), "--database", url)
    assert ended.exit_code == 1
    assert "The console stopped by itself, and the daemon was stopped with it" in ended.stderr
    assert "SystemExit: 3" in ended.stderr


def test_the_console_answers_until_the_daemon_has_finished_its_batch(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, seen = free_port(), []

    def batch(*_: object, **__: object) -> None:
        seen.append(answers(port))

    monkeypatch.setattr("commands.start.keep_watch", batch)
    assert duban("start", "--port", str(port), "--database", url).exit_code == 0
    assert seen == [True]
    assert not answers(port)


# --- a demonstration ----------------------------------------------------------------------------------


class Played:
    """The demonstration as `duban demo` leaves it, on a fixed day, with a daemon that waits to be told."""

    def __init__(self) -> None:
        self.place: Any = None
        self.live: Any = None
        self.machine = VirtualClock(1_790_000_000_000)  # 2026-09-21 21:33
        self.told = ""

    def together(self, desk: Desk, place: Place, _listening: Any, _ring: float, *, live: Live) -> None:
        self.place, self.live = place, live
        with notifying(desk) as beside:
            for later in (0, 10 * 60_000):  # gathered, then sent
                for one in beside.values():
                    one.work(place.clock.now() + later)

    def browser(self, login: str) -> TestClient:
        found = re.search(r"with the password ([0-9a-f-]+)", self.told)
        assert found is not None
        client = TestClient(create_app(self.place), follow_redirects=False)
        client.cookies.set("duban_language", "en")
        signed = client.post("/sign-in", data={"login": login, "password": found[1]}, headers=HERE)
        assert signed.status_code == 303, signed.text
        return client


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    found = Played()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("played"))
        patch.setattr(main, "CLOCK", found.machine)
        patch.setattr("commands.demo.together", found.together)
        patch.setattr("commands.demo.DAYS", 20)
        with taken() as other:  # a free port is found instead
            done = duban("demo", "--port", str(other.getsockname()[1]))
        assert done.exit_code == 0, done.stderr
        found.told = done.stdout
        port = open_port("sqlite:///var/demo.db")
        engine = Engine(port, salts=Dice(2).salt)
        found.live._engine = found.live._players._engine = engine  # the command has closed its own
        found.live._players._port = port
        found.place = replace(found.place, engine=engine)
        yield found
        port.close()


def test_a_port_that_is_taken_is_replaced_by_a_free_one(played: Played) -> None:
    assert "is taken: a free one is used" in played.told
    assert re.search(r"Open at http://127\.0\.0\.1:\d+", played.told)


def test_everybody_signs_in_with_one_password_and_every_page_says_what_this_is(played: Played) -> None:
    logins = [one.login for one in played.place.demonstration.known]
    assert {"system", "security", "audit"} < set(logins)
    assert len(logins) > 8
    for login in logins[::4]:
        browser = played.browser(login)
        page = browser.get("/account")
        assert page.status_code == 200
        assert "Demonstration" in page.text
        assert "somebody else knows" not in page.text


def test_links_in_its_messages_lead_to_where_it_is_open(played: Played) -> None:
    opened = re.search(r"Open at (http://127\.0\.0\.1:\d+);", played.told)
    assert opened is not None
    written = "\n".join(
        one.read_text(encoding="utf-8") for one in Path("var/mail").rglob("*") if one.is_file()
    )
    link = re.search(r"(http://[^/\s]+)(/a/[\w-]+)", written)
    assert link is not None
    assert link[1] == opened[1]
    page = TestClient(create_app(played.place)).get(link[2])
    assert page.status_code == 200
    assert f'action="{link[2]}"' in page.text or "/sign-in" in page.text


def test_time_can_be_hurried_and_invented_people_act_on(played: Played) -> None:
    browser = played.browser(played.place.demonstration.known[0].login)
    page = browser.get("/ledger").text
    found = re.search(r'name="csrf" value="(\w+)"', page)
    assert found is not None
    form = {"csrf": found[1], "pace": "86400", "back": "/ledger"}
    assert browser.post("/demonstration/pace", data={**form, "csrf": "x"}, headers=HERE).status_code == 403
    assert browser.post("/demonstration/pace", data={**form, "pace": "7"}, headers=HERE).status_code == 422
    before, acts = played.place.clock.now(), played.live._players.tally.acts
    assert browser.post("/demonstration/pace", data=form, headers=HERE).headers["location"] == "/ledger"
    for _ in range(12):
        played.machine.advance(250)
        played.live.go_on()
    assert played.place.clock.now() == before + 3 * DAY
    assert played.live._players.tally.acts > acts
    assert 'value="86400" aria-pressed="true"' in browser.get("/ledger").text


def test_a_pause_stands_still_and_a_long_sleep_is_not_made_up_for(played: Played) -> None:
    for pace, passes in ((0, 0), (1, 1_000), (3_600, 3_600_000)):
        played.live.pace = pace
        before = played.place.clock.now()
        played.machine.advance(60_000)
        played.live.go_on()
        assert played.place.clock.now() == before + passes


def test_what_is_invented_is_never_used_in_earnest(played: Played) -> None:
    with played.place.engine.port.read() as tx:
        assert life.is_demonstration(tx)
    file = played.place.engine.port.path
    for command in (("daemon",), ("console",), ("start",)):
        refused = duban(*command, "--database", f"sqlite:///{file}")
        assert refused.exit_code == 1
        assert "this is a demonstration's database" in refused.stderr


def test_a_database_in_use_becomes_no_demonstration(url: str) -> None:
    refused = duban("demo", "--database", url)
    assert refused.exit_code == 1
    assert "is in use already" in refused.stderr


def test_elsewhere_time_is_left_alone() -> None:
    with pytest.raises(NotNow, match="Time was left alone"):
        hurry(None, "1")


@pytest.mark.long
def test_make_run_ends_with_the_console_open(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, str(ROOT / "main.py"), "--lang", "en", "demo", "--port", str(port)]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert any("Open at" in line for line in iter(process.stdout.readline, ""))
    assert answers(port)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=SOON)
    assert process.returncode == 0
