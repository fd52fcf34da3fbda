"""A console on a socket over a story, and people who open it in a browser."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from argon2 import PasswordHasher
from playwright.sync_api import Browser, BrowserContext, Page

from commands.serving import Served, address
from console.accounts import Passwords
from console.accounts.administering import DUTIES
from console.accounts.signing_in import hashed
from console.store import accounts, sessions
from console.web import Place
from workflow.clock import VirtualClock
from workflow.engine import Engine
from workflow.reading import people

GOOD = "rattle-orchid-7-lantern"
LANGUAGES = ("zh", "en")
DESK, PHONE = 1440, 360  # pixels
_QUICK = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


class Site:
    """The console at an address. Everybody has an account named by their code, with one password."""

    def __init__(self, engine: Engine, now: int, **more: Any) -> None:
        self._tokens = itertools.count(1)
        self.engine, self.clock = engine, VirtualClock(now)
        self.place = Place(engine=engine, clock=self.clock, randomness=self._random, passwords=_QUICK, **more)
        self.url = ""
        made = _QUICK.hash(GOOD)
        with self.place.frame() as frame:
            everybody = {one.code: one.id for one in people(frame)}
        with engine.port.write("people") as tx:
            for login, person in everybody.items():
                accounts.add_known(tx, login, person, None, made, now)
            for duty in DUTIES:
                accounts.add_known(tx, duty, None, duty, made, now)

    def _random(self, size: int) -> bytes:
        return next(self._tokens).to_bytes(size, "big")

    @contextmanager
    def served(self) -> Iterator[Site]:
        """The console answers for as long as the block lasts."""
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.url = address(listening)
            with Served(self.place, listening, lambda: None):
                yield self

    def context(
        self, browser: Browser, who: str, *, language: str = "en", width: int = DESK, **more: Any
    ) -> BrowserContext:
        """A browser in which somebody is signed in already; nobody with an empty login."""
        found: BrowserContext = browser.new_context(
            base_url=self.url, viewport={"width": width, "height": 900}, locale=_LOCALES[language], **more
        )
        found.set_default_timeout(20_000)
        cookies = {"duban_language": language, **({"duban": self._signed_in(who)} if who else {})}
        found.add_cookies(
            [{"name": name, "value": value, "url": self.url} for name, value in cookies.items()]
        )
        return found

    def _signed_in(self, login: str) -> str:
        token, csrf = self.place.token(), self.place.token()
        with self.engine.port.write("people") as tx:
            account = accounts.by_login(tx, login)
            assert account is not None, login
            sessions.begin(tx, hashed(token), account.id, csrf, self.clock.now())
        return token

    def end_sessions(self, login: str) -> None:
        """Every session of somebody ends, as after half an hour without a click."""
        with self.engine.port.write("people") as tx:
            account = accounts.by_login(tx, login)
            assert account is not None
            sessions.end_all(tx, account.id, self.clock.now())


_LOCALES = {"zh": "zh-CN", "en": "en-GB"}


def watched(context: BrowserContext) -> Page:
    """A page on which an error of a script or a breach of the policy fails the test at its next look."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda one: complaints.append(one.text) if "Content Security Policy" in one.text else None,
    )
    page.complaints = complaints  # type: ignore[attr-defined]
    return page


def is_too_wide(page: Page) -> bool:
    """Whether one has to scroll sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
