"""The API keeps to its description: schemathesis invents requests; no 5xx, no status that isn't described.

What it invents are tasks that aren't there and acts that don't exist: of the requests, therefore, most name a
real task, and an act of its kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks

from commands.messaging import messages_of
from console.api.app import create_api
from tests.programs import API, Programs, act
from tests.stories.salts import counted_salts
from workflow.clock import VirtualClock
from workflow.definition import load_pack

from .messaging import settings as in_file
from .test_console_api import DECLARED, upload
from .test_console_evidence import photo
from .test_reading import CHECK, PACK, handed_out

QUICK, LONG = 5, 150  # examples of each operation and mode
SEEN_TO = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
_OPERATIONS = (
    "GET /me",
    "GET /units",
    "GET /people",
    "GET /to-do",
    "GET /tasks",
    "GET /tasks/{number}",
    "GET /tasks/{number}/explanation",
    "GET /tasks/{number}/history",
    "GET /tasks/{number}/forecast",
    "GET /tasks/{number}/acts",
    "POST /tasks/{number}/acts/{act}",
    "POST /tasks/{number}/evidence",
    "GET /tasks/{number}/evidence/{sha256}",
    "GET /definitions",
    "GET /definitions/{kind}",
    "GET /deliveries",
)


class World:
    """A campaign under way, with something on one task of everything that can be read."""

    def __init__(self, folder: Path, url: str) -> None:
        self.story = handed_out(url, load_pack(PACK))
        clock, own = VirtualClock(self.story.now), in_file(folder.parent)
        messages = messages_of(self.story.engine, own, counted_salts(), clock)
        self.programs = Programs(self.story, folder, messages=messages)
        self.token = self.programs.token("handler of beiwan")
        client = self.programs.with_token(self.token)
        self.own = self.programs.number(self.story.the(CHECK, "beiwan"))
        act(client, self.own, "sign_for")
        self.file = upload(client, self.own, photo(), **DECLARED).json()["items"][0]["sha256"]
        act(client, self.own, "report", facts={"progress": 35}, evidence=[self.file])
        other = self.programs.number(self.story.the(CHECK, "wanghe"))
        self.numbers = [self.own, other, "1", "SFD-1", "SFD-99999", "XYZ-1"]
        listed = client.get(f"{API}/tasks/{self.own}/acts").json()["items"]
        self.acts = [one["name"] for one in listed]
        self.schema = schemathesis.openapi.from_dict(create_api(self.programs.place).openapi())
        self.schema.app = self.programs.app

    def operation(self, label: str) -> APIOperation[Any, Any, Any, Any]:
        method, _, path = label.partition(" ")
        return self.schema[path][method]

    def real(self) -> st.SearchStrategy[dict[str, str]]:
        """Names of what there is, to stand in a path instead of what was invented; or none."""
        named = {
            "number": st.sampled_from(self.numbers),
            "act": st.sampled_from(self.acts),
            "sha256": st.just(self.file),
            "kind": st.sampled_from([CHECK, "dispatch"]),
        }
        return st.one_of(st.fixed_dictionaries(named), st.just({"number": self.own}), st.just({}))


@pytest.fixture(scope="module")
def world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    import shutil

    folder = tmp_path_factory.mktemp("described")
    shutil.copytree(sqlite_template, folder / "ledger")
    found = World(folder / "evidence", f"sqlite:///{folder / 'ledger' / 'duban.db'}")
    yield found
    found.story.close()


def try_out(world: World, label: str, examples: int) -> None:
    operation = world.operation(label)
    for mode in GenerationMode:
        _try(world, operation, mode, examples)


def _try(
    world: World, operation: APIOperation[Any, Any, Any, Any], mode: GenerationMode, examples: int
) -> None:
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy(generation_mode=mode), real=world.real(), known=st.booleans())
    def one(case: Any, real: dict[str, str], known: bool) -> None:
        for name in case.path_parameters or {}:
            case.path_parameters[name] = real.get(name, case.path_parameters[name])
        headers = {"Authorization": f"Bearer {world.token}"} if known or real else {}
        answer = case.call(headers=headers)
        case.validate_response(answer, checks=SEEN_TO)

    one()


@pytest.mark.parametrize("label", _OPERATIONS)
def test_every_answer_is_one_that_is_described(world: World, label: str) -> None:
    try_out(world, label, QUICK)


@pytest.mark.long
@pytest.mark.parametrize("label", _OPERATIONS)
def test_every_answer_is_one_that_is_described_at_length(world: World, label: str) -> None:
    try_out(world, label, LONG)


def test_every_operation_is_tried_out(world: World) -> None:
    described = world.programs.of("handler of wanghe").get(f"{API}/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    found = {f"{method.upper()} {path}" for path, ways in described["paths"].items() for method in ways}
    assert found == set(_OPERATIONS)


def test_every_refusal_that_is_described_is_a_problem(world: World) -> None:
    paths = create_api(world.programs.place).openapi()["paths"]
    for ways in paths.values():
        for way in ways.values():
            assert {"401", "403", "422", "503"} <= set(way["responses"])
            refusals = [said for status, said in way["responses"].items() if int(status) >= 400]
            assert {media for said in refusals for media in said["content"]} == {"application/problem+json"}
