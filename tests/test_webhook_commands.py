"""The commands of webhooks, and the daemon that tells them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import main
from commands.desk import Desk
from commands.webhooks import telling
from tests.http_peer import Reply, http_peer
from workflow.clock import VirtualClock
from workflow.definition import load_pack

from .test_reading import CHECK, PACK, handed_out


@pytest.fixture
def url(sqlite_url: str) -> str:
    handed_out(sqlite_url, load_pack(PACK)).close()
    return sqlite_url


def run(url: str, *words: str, code: int = 0) -> str:
    answer = CliRunner().invoke(main.app, ["--database", url, "--lang", "en", *words])
    assert answer.exit_code == code, answer.output
    return answer.output


def test_a_webhook_is_added_tried_listed_enabled_and_removed(url: str) -> None:
    assert "There is none" in run(url, "webhook", "list")
    with http_peer(Reply(status=204)) as peer:
        said = run(url, "webhook", "add", "ledger", f"{peer.url}/in?key=1", "--near", "--kind", "act")
        assert "whsec_" in said
        assert "took it (HTTP 204)" in run(url, "webhook", "test", "ledger")
    assert "didn't take it" in run(url, "webhook", "test", "ledger", code=1)
    listed = run(url, "webhook", "list")
    assert "working" in listed
    assert "key=1" not in listed
    (told,) = json.loads(run(url, "webhook", "list", "--json"))
    assert (told["name"], told["kinds"], told["secret"]) == ("ledger", ["act"], None)
    run(url, "webhook", "enable", "ledger")
    run(url, "webhook", "remove", "ledger")
    for words in (("remove", "ledger"), ("enable", "ledger"), ("test", "ledger")):
        assert "There is no webhook" in run(url, "webhook", *words, code=1)


def test_what_the_daemon_rings_tells_it(url: str, tmp_path: Path) -> None:
    clock = VirtualClock(1_800_000_000_000)
    desk = Desk(
        language="en", url=url, evidence=tmp_path, clock=clock, salts=lambda: bytes(16), settings_file=None
    )
    with desk.stack, http_peer() as peer:
        run(url, "webhook", "add", "ledger", peer.url, "--near", "--from-start")
        (beside,) = telling(desk).values()
        beside.work(clock.now())
        beside.stop()
    kinds = {json.loads(one.body)["type"] for one in peer.asked}
    assert "duban.task.opened" in kinds
    assert json.loads(peer.asked[0].body)["source"] == "urn:duban:demonstration_site"
    assert CHECK in json.dumps([json.loads(one.body)["data"] for one in peer.asked])
