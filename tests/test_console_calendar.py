"""The feed of one's deadlines, and the page on which tokens are made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from icalendar import Calendar
from sqlalchemy import update
from starlette.testclient import TestClient

from console.store import logs
from tests.programs import API, Programs
from tests.stories.teller import Story
from workflow.definition import Pack, load_pack
from workflow.redaction import shown_path
from workflow.store.sql import Statement
from workflow.store.tasks import TASK

from .test_console_tasks import HERE, Browsers, form_of, number
from .test_reading import CHECK, PACK, copied


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(morning: Path, tmp_path: Path, pack: Pack) -> Iterator[Story]:
    _, found = copied(morning, tmp_path / "ledger", pack)
    yield found
    found.verify()
    found.close()


@pytest.fixture
def programs(story: Story) -> Programs:
    return Programs(story)


def feed(programs: Programs, token: str) -> Any:
    answer = TestClient(programs.app).get(f"/calendar/{token}.ics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/calendar")
    return Calendar.from_ical(answer.content)


def test_the_feed_shows_what_waits_for_its_owner_by_its_deadline(programs: Programs, story: Story) -> None:
    found = feed(programs, programs.token("handler of beiwan", "calendar"))
    assert (found["method"], found["version"]) == ("PUBLISH", "2.0")
    events = {str(one["uid"]): one for one in found.walk("VEVENT")}
    check = number(story, story.the(CHECK, "beiwan"))
    event = events[f"{check}.demonstration_site@duban"]
    assert (str(event.decoded("dtstart")), str(event.decoded("dtend"))) == ("2026-04-30", "2026-05-01")
    assert (event["status"], event["transp"]) == ("CONFIRMED", "TRANSPARENT")
    assert check in str(event["summary"])
    assert not any(number(story, story.the(CHECK, "wanghe")) in uid for uid in events)


def test_a_deadline_keeps_its_entry_when_it_moves(programs: Programs, story: Story) -> None:
    token, check = programs.token("handler of beiwan", "calendar"), story.the(CHECK, "beiwan")
    before = {str(one["uid"]): one for one in feed(programs, token).walk("VEVENT")}
    story.does("handler of beiwan", "sign_for", check)
    after = {str(one["uid"]): one for one in feed(programs, token).walk("VEVENT")}
    uid = f"{number(story, check)}.demonstration_site@duban"
    assert before.keys() == after.keys()
    assert after[uid]["sequence"] > before[uid]["sequence"]


def test_a_deadline_in_a_year_that_nobody_has_published_is_marked(programs: Programs, story: Story) -> None:
    check = story.the(CHECK, "beiwan")
    with story.port.write("people") as tx:
        tx.run(Statement(update(TASK).where(TASK.c.id == check).values(provisional=1)))
    events = feed(programs, programs.token("handler of beiwan", "calendar")).walk("VEVENT")
    marked = [one for one in events if one["status"] == "TENTATIVE"]
    assert [("暂定" in str(one["summary"])) for one in marked] == [True]
    with story.port.write("people") as tx:  # the story's end compares it with what is derived
        tx.run(Statement(update(TASK).where(TASK.c.id == check).values(provisional=0)))


def test_a_token_of_the_feed_opens_nothing_else_and_no_other_opens_the_feed(programs: Programs) -> None:
    own, other = programs.token("handler of beiwan", "calendar"), programs.token("handler of beiwan", "act")
    assert programs.with_token(own).get(f"{API}/me").status_code == 401
    stranger = TestClient(programs.app)
    for path in (other, "duban_00", "x", ""):
        assert stranger.get(f"/calendar/{path}.ics").status_code == 404
    assert stranger.post(f"/calendar/{own}.ics").status_code == 405


def test_the_token_stands_in_no_log(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    token = programs.token("handler of beiwan", "calendar")
    monkeypatch.setattr("console.api.calendar.ledger", lambda *_: 1 / 0)
    client = TestClient(programs.app, raise_server_exceptions=False)
    with structlog.testing.capture_logs() as lines:
        assert client.get(f"/calendar/{token}.ics").status_code == 500
    assert [one["path"] for one in lines] == ["/calendar/…"]
    assert shown_path("/tasks/SFD-1") == "/tasks/SFD-1"


# --- the page ---------------------------------------------------------------------------------------


def test_a_token_is_made_on_a_page_shown_once_and_revoked(story: Story) -> None:
    browsers = Browsers(story)
    browser = browsers.of("handler of beiwan")
    form = form_of(browser, "/account/tokens")
    page = browser.post(
        "/account/tokens", data={**form, "label": "ledger", "purpose": "act", "days": "30"}, headers=HERE
    )
    (token,) = re.findall(r"<code class=\"secret\">(duban_[0-9a-f]{64})</code>", page.text)
    program = TestClient(browsers.app, headers={"authorization": f"Bearer {token}"})
    assert program.get(f"{API}/me").status_code == 200
    page = browser.get("/account/tokens")
    assert "ledger" in page.text
    assert token not in page.text
    (ident,) = re.findall(r'name="token" value="([0-9]+)"', page.text)
    stranger = browsers.of("handler of wanghe")
    theirs = form_of(stranger, "/account/tokens")
    denied = stranger.post("/account/tokens/revoke", data={**theirs, "token": ident}, headers=HERE)
    assert denied.status_code == 404
    assert program.get(f"{API}/me").status_code == 200
    browser.post("/account/tokens/revoke", data={**form, "token": ident}, headers=HERE)
    assert program.get(f"{API}/me").status_code == 401
    with story.port.read() as tx:
        acts = [one.act for one in logs.wanted(tx, login="handler_of_beiwan", act="", before=2**60, most=2)]
    assert acts == ["token_revoked", "token_made"]


def test_the_page_says_what_is_wrong_and_loses_nothing_typed(story: Story) -> None:
    browser = Browsers(story).of("handler of beiwan")
    form = form_of(browser, "/account/tokens")
    for wrong in ({"days": "999"}, {"days": "x"}, {"purpose": "all"}, {"label": "  "}):
        given = {"label": "ledger", "purpose": "read", "days": "30", **wrong}
        page = browser.post("/account/tokens", data={**form, **given}, headers=HERE)
        assert page.status_code == 422
        assert 'role="alert"' in page.text
        assert f'value="{given["days"]}"' in page.text
    ours = {**form, "label": "mine", "purpose": "calendar", "days": "30"}
    page = browser.post("/account/tokens", data=ours, headers=HERE)
    (path,) = re.findall(r"<code class=\"secret\">(/calendar/[^<]*)</code>", page.text)
    assert browser.get(path).status_code == 200
    assert browser.post("/account/tokens", data={**ours, "csrf": "x"}, headers=HERE).status_code == 403
