"""Programs that use the API: a client for each person, who has a token."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from starlette.testclient import TestClient

from console.accounts import Passwords, tokens
from console.store import accounts
from console.store.accounts import Account
from console.web import Place, create_app
from tests.stories.teller import Story
from workflow.clock import VirtualClock
from workflow.evidence import Folder
from workflow.reading import number_of

QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
API = "/api/v1"


class Programs:
    """An installation with its API, and whoever uses it."""

    def __init__(self, story: Story, folder: Path | None = None, **place: Any) -> None:
        self.story = story
        self.clock = VirtualClock(story.now)
        self._made = itertools.count(1)
        self.place = Place(
            engine=story.engine,
            clock=self.clock,
            randomness=lambda size: next(self._made).to_bytes(size, "big"),
            passwords=QUICK,
            folder=None if folder is None else Folder(folder),
            **place,
        )
        self.app = create_app(self.place)
        self._accounts: dict[str, Account] = {}

    def change(self, **place: Any) -> None:
        """Another installation over the same database."""
        self.place = replace(self.place, **place)
        self.app = create_app(self.place)

    def account(self, who: str, duty: str | None = None) -> Account:
        """The account of `POST of UNIT`, who knows its password alone."""
        if who not in self._accounts:
            login, person = who.replace(" ", "_"), self.story.person(who)
            with self.story.port.write("people") as tx:
                ident = accounts.add(tx, login, person, duty, "nobody's password", self.story.now)
                found = accounts.by_id(tx, ident)
                assert found is not None
                accounts.set_password(tx, found, "another", self.story.now, must_change=False)
                changed = accounts.by_id(tx, ident)
            assert changed is not None
            self._accounts[who] = changed
        return self._accounts[who]

    def token(self, who: str, purpose: str = "act", days: int = 30, duty: str | None = None) -> str:
        """A new token of `POST of UNIT`."""
        own, secret = self.account(who, duty), self.place.token()
        return tokens.make(self.story.port, own, purpose, "a program", days, secret, self.clock.now())

    def of(self, who: str, purpose: str = "act", duty: str | None = None) -> TestClient:
        """A client that bears a token of `POST of UNIT`."""
        return self.with_token(self.token(who, purpose, duty=duty))

    def with_token(self, token: str) -> TestClient:
        """A client that bears this token."""
        headers = {"authorization": f"Bearer {token}", "accept-language": "en"}
        return TestClient(self.app, follow_redirects=False, headers=headers, raise_server_exceptions=False)

    def number(self, task: int) -> str:
        """A task's number."""
        campaign = self.story.task(task).campaign_id
        with self.place.frame() as frame:
            return number_of(frame, task, campaign)


_keys = itertools.count(1)


def act(
    client: TestClient, number: str, name: str, *, revision: int | None = None, key: str = "", **body: Any
) -> Any:
    """Do an act as a program does: looked at, then sent with a key."""
    if revision is None:
        revision = client.get(f"{API}/tasks/{number}").json()["task"]["revision"]
    headers = {"idempotency-key": key or f"key-of-test-{next(_keys)}"}
    return client.post(
        f"{API}/tasks/{number}/acts/{name}", json={"revision": revision, **body}, headers=headers
    )
