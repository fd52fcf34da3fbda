"""Who asks, in which language, and what the page shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

from workflow.calendar import USUAL_ZONE, default_calendar
from workflow.definition.model import LIGHT_LABELS
from workflow.text import LANGUAGES, Language, Text

from ..accounts import Visitor
from ..accounts.administering import FIRST
from ..demonstration import PACES
from .addresses import address_of
from .guard import check_secret
from .place import Place

COOKIE = "duban"
LANGUAGE_COOKIE = "duban_language"
STATIC = Path(str(files("console") / "static"))
_SECTIONS = (
    ("/", "待办", "To do"),
    ("/board", "看板", "Board"),
    ("/ledger", "台账", "Ledger"),
    ("/campaigns", "专项行动", "Campaigns"),
    ("/dual-list", "双清单", "Dual list"),
    ("/definitions", "流程定义", "Definitions"),
    ("/organisation", "组织", "Organisation"),
    ("/deliveries", "消息", "Deliveries"),
    ("/search", "检索", "Search"),
    ("/settings", "设置", "Settings"),
)
_SHAPES = {"green": "●", "blue": "◆", "yellow": "▲", "red": "■"}


class SignInFirst(Exception):
    """Nobody is signed in: the page leads to the door, and what was typed comes back afterwards."""


class ChangeFirst(Exception):
    """Somebody else knows the password: nothing is shown but the page on which it is changed."""


@dataclass(kw_only=True)
class Visit:
    """One request."""

    place: Place
    request: Request
    now: int
    visitor: Visitor | None
    form: Mapping[str, Any] = field(default_factory=dict)
    files: Sequence[Any] = ()  # that came with the form as evidence

    @property
    def language(self) -> Language:
        """What was chosen here, else the person's own, else the browser's."""
        chosen = self.request.cookies.get(LANGUAGE_COOKIE)
        if chosen in LANGUAGES:
            return chosen
        if self.visitor is not None and self.visitor.account.person_id is not None:
            return self.visitor.account.language
        return "zh" if "zh" in self.request.headers.get("accept-language", "zh").lower() else "en"

    @property
    def who(self) -> Visitor:
        """Whoever is signed in.

        Raises:
            SignInFirst: nobody is.
        """
        if self.visitor is None:
            raise SignInFirst
        if self.visitor.account.must_change and self.visitor.account.duty != FIRST and not self._may_change:
            raise ChangeFirst
        return self.visitor

    @property
    def address(self) -> str:
        """From where it comes; what a proxy says is believed only of one that the settings name."""
        peer = self.request.client.host if self.request.client is not None else ""
        return address_of(self.request, proxied=peer in self.place.settings.proxies)

    @property
    def _may_change(self) -> bool:
        return self.request.url.path.startswith(("/account/password", "/sign-out")) or (
            self.request.url.path == "/account"
        )

    @property
    def here(self) -> str:
        """The page that is looked at, to come back to."""
        url = self.request.url
        path = url.path if self.request.method == "GET" else "/"
        return own_path(f"{path}?{url.query}" if url.query else path)

    @property
    def sections(self) -> Sequence[tuple[str, str, str]]:
        """What the main navigation offers to whoever is signed in: path, Chinese, English."""
        duty = self.visitor.account.duty if self.visitor is not None else FIRST
        if duty == "audit":
            return (("/accounts", "账号", "Accounts"), ("/accounts/log", "账号日志", "Log of accounts"))
        if duty == "security":
            return (("/accounts", "账号", "Accounts"),)
        if duty == "system":
            return (("/settings", "设置", "Settings"), ("/deliveries", "消息", "Deliveries"))
        if duty is not None:
            return ()
        return _SECTIONS

    @property
    def section(self) -> str:
        """Which of them the page belongs to."""
        return f"/{self.request.url.path.split('/')[1]}"

    @property
    def clock(self) -> str:
        """What time it is, where nobody can look at a clock of the wall."""
        at = default_calendar(USUAL_ZONE).local(self.now or self.place.now)
        return f"{at:%Y-%m-%d %H:%M}"

    def checked(self) -> Mapping[str, Any]:
        """The form of somebody who is signed in.

        Raises:
            SignInFirst: nobody is.
            NotAllowed: it isn't a form of this session.
        """
        check_secret(self.who.session.csrf, self.form.get("csrf"))
        return self.form

    def request_id(self, drawn: str) -> str | None:
        """By which the engine knows a form that is sent twice; None: none was drawn for it.

        Its sender is in it: what a browser sends can't stand in the way of a request of anybody else, or of
        one that the machine makes, and tells nothing of them.
        """
        if not drawn:
            return None
        return f"web:{sha256(f'{self.who.account.id}:{drawn}'.encode()).hexdigest()}"

    def say(self, zh: str, en: str) -> str:
        """A sentence in the reader's language."""
        return Text(zh, en).to(self.language)

    def page(self, name: str, /, status: int = 200, **view: Any) -> HTMLResponse:
        """A page from a template."""
        shown = (
            _environment()
            .get_template(name)
            .render(
                visit=self,
                t=self.say,
                w=lambda text: text.to(self.language),
                account=self.visitor.account if self.visitor else None,
                csrf=self.visitor.session.csrf if self.visitor else "",
                language=self.language,
                **view,
            )
        )
        return HTMLResponse(shown, status_code=status)

    def go(self, path: str) -> RedirectResponse:
        """Another page, after something was done."""
        return RedirectResponse(path, status_code=303)

    def remember(self, response: Response, token: str | None) -> None:
        """Give the browser a session's token, or take it away."""
        self.keep(response, self.cookie_name, token)

    def keep(
        self, response: Response, name: str, value: str | None, *, seconds: int | None = None, path: str = "/"
    ) -> None:
        """Give the browser a cookie that no script reads and no other site sends, or take it away.

        Args:
            seconds: for which it is kept; None: until the browser is closed.
        """
        https = self.place.settings.https
        if value is None:
            response.delete_cookie(name, path=path, secure=https, httponly=True, samesite="lax")
        else:
            response.set_cookie(
                name, value, max_age=seconds, path=path, secure=https, httponly=True, samesite="lax"
            )

    @property
    def cookie_name(self) -> str:
        """Of the session's cookie."""
        return self.of_this_host(COOKIE)

    def of_this_host(self, cookie: str) -> str:
        """A cookie's name: with https browsers see to it that only this host has set it."""
        return f"__Host-{cookie}" if self.place.settings.https else cookie


def own_path(path: str | None) -> str:
    """A path of this site; `/` for anything that would lead elsewhere."""
    fits = path is not None and path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if fits and path is not None and path.isprintable() else "/"


@cache
def _environment() -> Environment:
    found = Environment(
        loader=PackageLoader("console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals |= {
        "asset": _asset,
        "paces": PACES,
        "shape": lambda light: _SHAPES[light],
        "light_name": lambda light: LIGHT_LABELS[light],
    }
    found.filters["typed"] = lambda value: json.dumps(value, ensure_ascii=False)
    return found


def asset_name(name: str) -> str | None:
    """Where a file of ours is served; None for what isn't ours."""
    return _asset(name) if name in _ours() else None


@cache
def _ours() -> frozenset[str]:
    return frozenset(one.name for one in STATIC.iterdir() if one.is_file())


@cache
def _asset(name: str) -> str:
    """The address changes with the content, so a browser may keep it for ever."""
    mark = sha256((STATIC / name).read_bytes()).hexdigest()[:16]
    return f"/static/{mark}/{name}"
