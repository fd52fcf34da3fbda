"""Role × endpoint × other unit's task: generated from the paths of the API, and all denied.

Who may see what is reckoned here on its own, from posts alone: whoever holds a post at a unit sees that
unit's tasks; whoever holds one at the bureau sees all; administrators and strangers see none.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from commands.messaging import messages_of
from console.api.app import create_api
from console.api.shapes import Wanted
from console.messages import Messages
from tests.programs import API, Programs, act
from tests.stories.salts import counted_salts
from workflow.clock import VirtualClock
from workflow.definition import load_pack

from .messaging import settings
from .test_console_api import DECLARED, upload
from .test_console_evidence import photo
from .test_reading import CHECK, PACK, handed_out

OWN, OTHER = "beiwan", "wanghe"
MEMBERS = ("handler of beiwan", "leader of beiwan")
WATCHERS = ("supervisor of bureau", "leader of bureau")
DUTIES = ("system", "security", "audit")
NOBODY = "nobody"


class World:
    """Tasks of two units, each with something of everything; a client for every role."""

    def __init__(self, folder: Path, url: str) -> None:
        self.story = handed_out(url, load_pack(PACK))
        self.programs = Programs(self.story, folder, messages=self._messages(folder.parent))
        handler = self.programs.of(f"handler of {OTHER}")
        self.check = self.programs.number(self.story.the(CHECK, OTHER))
        assert act(handler, self.check, "sign_for").status_code == 200
        self.file = upload(handler, self.check, photo(), **DECLARED).json()["items"][0]["sha256"]
        report = act(handler, self.check, "report", facts={"progress": 35}, evidence=[self.file])
        assert report.status_code == 200
        listed = handler.get(f"{API}/tasks", params={"unit": OTHER, "limit": 200}).json()["items"]
        self.others = [one["number"] for one in listed]
        self.clients = {who: self.programs.of(who) for who in (*MEMBERS, *WATCHERS)}
        people = ("leader of chenguang", "leader of xinhe", "leader of changqiao")
        for duty, who in zip(DUTIES, people, strict=True):
            self.clients[duty] = self.programs.of(who, duty=duty)
        self.clients[NOBODY] = TestClient(self.programs.app)
        self.calls = list(_calls(self))

    def _messages(self, folder: Path) -> Messages:
        own, engine = settings(folder), self.story.engine
        return messages_of(engine, own, counted_salts(), VirtualClock(self.story.now))

    def call(self, who: str, method: str, path: str) -> Any:
        """A request that would be right if its sender were."""
        client, headers = self.clients[who], {"idempotency-key": "matrix-key-1"}
        if method == "GET":
            return client.get(path)
        if path.endswith("/evidence"):
            return client.post(path, files={"evidence": ("x.jpg", photo())}, data=DECLARED)
        return client.post(path, json=Wanted(revision=1).model_dump(), headers=headers)


def _calls(world: World) -> Iterator[tuple[str, str]]:
    """Every method and path that names a task, on every task of the other unit."""
    acts = [one["name"] for one in _acts_of(world)]
    for number in world.others:
        yield "GET", f"{API}/deliveries?state=all&task={number}"
    for path, ways in create_api(world.programs.place).openapi()["paths"].items():
        if "{number}" not in path:
            continue
        filled = [path.replace("{sha256}", world.file)]
        if "{act}" in path:
            filled = [path.replace("{act}", name) for name in acts]
        for number in world.others:
            for one in filled:
                for method in ways:
                    yield method.upper(), f"{API}{one.replace('{number}', number)}"


def _acts_of(world: World) -> list[dict[str, Any]]:
    handler = world.programs.of(f"handler of {OTHER}", "read")
    found: list[dict[str, Any]] = handler.get(f"{API}/tasks/{world.check}/acts").json()["items"]
    return found


@pytest.fixture(scope="module")
def world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("matrix")
    shutil.copytree(sqlite_template, folder / "ledger")
    found = World(folder / "evidence", f"sqlite:///{folder / 'ledger' / 'duban.db'}")
    yield found
    found.story.close()


@pytest.mark.parametrize("who", [*MEMBERS, *DUTIES, NOBODY])
def test_another_units_task_is_denied_on_every_path(world: World, who: str) -> None:
    before = world.story.everything()
    found = {(method, path): world.call(who, method, path) for method, path in world.calls}
    assert len(found) > 4 * 20
    expected = 401 if who == NOBODY else 403
    assert {answer.status_code for answer in found.values()} == {expected}
    said = " ".join(answer.text for answer in found.values())
    assert "handler" not in said
    assert world.file not in said
    assert world.story.everything() == before


@pytest.mark.parametrize("who", MEMBERS)
def test_another_units_tasks_are_listed_nowhere(world: World, who: str) -> None:
    client = world.clients[who]
    for path in ("tasks?limit=200", "tasks?limit=200&open=all", f"tasks?unit={OTHER}", "to-do?limit=200"):
        listed = {one["number"] for one in client.get(f"{API}/{path}").json()["items"]}
        assert not listed & set(world.others)
    assert client.get(f"{API}/tasks?unit={OWN}").json()["items"]


@pytest.mark.parametrize("who", WATCHERS)
def test_whoever_watches_over_all_units_reads_them_all(world: World, who: str) -> None:
    """Else the denials above would show nothing but that nobody gets in."""
    reading = [path for method, path in world.calls if method == "GET" and "/evidence/" not in path]
    assert {world.clients[who].get(path).status_code for path in reading} == {200}
    file = f"{API}/tasks/{world.check}/evidence/{world.file}"
    assert world.clients[who].get(file).status_code == 200


def test_every_path_of_the_api_asks_for_a_token(world: World) -> None:
    described = create_api(world.programs.place).openapi()["paths"]
    for path, ways in described.items():
        for method, way in ways.items():
            assert way["security"] == [{"token": []}]
            filled = path.replace("{number}", world.check).replace("{act}", "report").replace("{kind}", CHECK)
            answer = world.call(NOBODY, method.upper(), f"{API}{filled.replace('{sha256}', world.file)}")
            assert answer.status_code == 401, (method, path)
