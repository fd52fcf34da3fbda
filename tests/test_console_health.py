"""What operators' programs ask for: whether it works, and figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from console.store.figures import count
from console.web import Place, Settings
from console.web.app import create_app
from tests.programs import API, Programs
from tests.storing import Counting, raw
from workflow.definition import Pack, load_pack
from workflow.errors import DatabaseUnreachable
from workflow.store import life

from .test_reading import CHECK, PACK, copied, handed_out


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def programs(morning: Path, tmp_path: Path, pack: Pack) -> Iterator[Programs]:
    _, story = copied(morning, tmp_path / "ledger", pack)
    yield Programs(story)
    story.close()


def beat(programs: Programs) -> None:
    with programs.story.port.write("clock") as tx:
        life.beat(tx, "node:1", programs.clock.now())


def near(place: Place, host: str = "127.0.0.1") -> TestClient:
    return TestClient(create_app(place), client=(host, 50_000))


def figures(client: TestClient) -> dict[str, float]:
    text = client.get("/metrics").text
    return {name: float(value) for name, value in re.findall(r"(?m)^([^#]\S*(?:\{[^}]*\})?) (\S+)$", text)}


def test_the_process_is_alive_whatever_else_is_wrong(programs: Programs) -> None:
    assert near(programs.place).get("/healthz").text == "ok\n"


def test_it_is_ready_while_a_daemon_is_at_work(programs: Programs) -> None:
    client = near(programs.place)
    assert client.get("/readyz").json()["daemon"] == "never"
    beat(programs)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        200,
        {"ready": True, "database": "reachable", "migrations": "current", "daemon": "working"},
    )
    programs.clock.advance(121_000)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["daemon"]) == (503, "silent")


def test_it_is_not_ready_on_tables_of_another_version(programs: Programs, tmp_path: Path) -> None:
    beat(programs)
    with raw(f"sqlite:///{tmp_path / 'ledger' / 'duban.db'}") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    answer = near(programs.place).get("/readyz")
    assert (answer.status_code, answer.json()["migrations"]) == (503, "outdated")


def test_it_says_that_the_database_is_gone(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    client = near(programs.place)

    def gone() -> None:
        raise DatabaseUnreachable("没有", "gone")

    monkeypatch.setattr(programs.story.port, "read", gone)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["database"]) == (503, "unreachable")
    assert client.get("/healthz").status_code == 200


def test_figures_tell_of_requests_by_the_template_of_their_path(programs: Programs) -> None:
    client = near(programs.place)
    token = {"authorization": f"Bearer {programs.token('handler of beiwan')}"}
    number = programs.number(programs.story.the(CHECK, "beiwan"))
    for path in (
        f"/tasks/{number}",
        f"{API}/tasks/{number}",
        f"{API}/nothing",
        "/nothing",
        "/account/tokens",
    ):
        client.get(path, headers=token)
    found = figures(client)
    one = 'duban_http_requests_total{method="GET",route="%s",status="%s"}'
    assert found[one % ("/api/v1/tasks/{number}", 200)] == 1
    assert found[one % ("/tasks/{number}", 401)] == 1
    assert found[one % ("/account/tokens", 401)] == 1
    assert found[one % ("none", 404)] >= 1
    assert not any(number in name or "nothing" in name for name in found)
    assert found['duban_http_request_seconds_count{route="/api/v1/tasks/{number}"}'] == 1


def test_figures_tell_what_waits(programs: Programs) -> None:
    beat(programs)
    programs.clock.advance(5_000)
    found = figures(near(programs.place))
    assert found['duban_open_tasks{light="green",state="issued"}'] > 40
    assert found['duban_outgoing{status="waiting"}'] > 0
    assert found["duban_daemon_heartbeat_age_seconds"] == 5
    assert found["duban_oldest_due_seconds"] == 0
    assert found['duban_webhooks{state="disabled"}'] == 0
    assert not any(name.startswith("duban_deliveries") for name in found)
    sending = replace(programs.place, deliveries=lambda _tx: {"held": 3})
    assert figures(near(sending))['duban_deliveries{state="held"}'] == 3


def test_what_waits_is_counted_on_both_databases(database_url: str, pack: Pack) -> None:
    story = handed_out(database_url, pack)
    try:
        with story.port.read() as tx:
            found = count(tx)
    finally:
        story.close()
    assert sum(found.open_tasks.values()) == 42
    assert set(found.outgoing) == {"waiting", "nobody"}
    assert found.next_wake is not None


def test_figures_are_counted_once_in_ten_seconds(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    client, counting = near(programs.place), Counting()
    client.get("/metrics")
    monkeypatch.setattr(programs.story.port, "_probe", counting)
    client.get("/metrics")
    again = counting.total
    programs.clock.advance(10_000)
    counting.clear()
    client.get("/metrics")
    assert again < counting.total <= 20


def test_figures_are_for_this_machine_or_who_bears_their_token(programs: Programs) -> None:
    place = programs.place
    assert near(place).get("/metrics").status_code == 200
    assert near(place, "192.0.2.7").get("/metrics").status_code == 403
    assert near(place).get("/metrics", headers={"x-forwarded-for": "192.0.2.7"}).status_code == 403
    behind = replace(place, settings=Settings(https=True, metrics_token="of-the-settings"))
    assert near(behind).get("/metrics").status_code == 403
    for token, status in (("of-the-settings", 200), ("another", 403), ("", 403)):
        headers = {"authorization": f"Bearer {token}"}
        assert near(behind, "192.0.2.7").get("/metrics", headers=headers).status_code == status
    own = {"authorization": f"Bearer {programs.token('handler of beiwan')}"}
    assert near(behind).get("/metrics", headers=own).status_code == 403
