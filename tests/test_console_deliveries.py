"""Deliveries in the browser: who sees what of them, what is done about them, how one is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from console.store import accounts
from notifier.store import addresses
from notifier.store.deliveries import DELIVERY, PART, NewDelivery, draw_deliveries, new_deliveries
from tests.stories.teller import Story
from tests.storing import Counting
from workflow.definition import Pack, load_pack
from workflow.store.applying import OUTGOING
from workflow.store.sql import Statement

from .messaging import Connected, copy_of, settings
from .test_console_tasks import GOOD, HERE, QUICK, form_of, number
from .test_reading import CHECK, PACK

ADDRESS, WORDS = "wang.wu@example.org", "The roof leaks."
WHO, OTHER, WATCHER = "handler of beiwan", "handler of wanghe", "supervisor of bureau"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(morning: Path, tmp_path: Path, pack: Pack) -> Iterator[Story]:
    with copy_of(morning, tmp_path, pack) as found:
        yield found


@pytest.fixture
def browsers(story: Story, tmp_path: Path) -> Connected:
    return Connected(story, settings(tmp_path))


def delivery(
    story: Story, who: str | None, status: str = "waiting", task: int | None = None, **own: Any
) -> int:
    """A message as the office would have left it; with a task, one that tells of it."""
    person = None if who is None else story.person(who)
    with story.port.write("clock") as tx:
        (ident,) = draw_deliveries(tx, 1)
        row: dict[str, Any] = {
            "id": ident,
            "person_id": person,
            "channel": "files",
            "kind": "folder",
            "address": ADDRESS,
            "language": "en",
            "class_": "formal",
            "about": "notice",
            "due_at": story.now,
            "created_at": story.now,
            "message_id": f"<d{ident}.x@duban.example.org>",
            "body": f"Subject: To look at\n\n{WORDS} /a/{'t' * 43}".encode(),
        }
        new_deliveries(tx, [NewDelivery(**{**row, **own})])
        tx.run(Statement(update(DELIVERY).where(DELIVERY.c.id == ident).values(status=status)))
        if task is not None:
            (left,) = tx.draw("row_id", 1)
            told = (left, task, 1, row["person_id"], "handler", "assigned", None, story.now, "taken")
            tx.insert(OUTGOING, [told])
            tx.insert(PART, [(ident, left)])
    return ident


def status(story: Story, ident: int) -> str:
    with story.port.read() as tx:
        row = tx.one(
            Statement(DELIVERY.select().with_only_columns(DELIVERY.c.status).where(DELIVERY.c.id == ident))
        )
    assert row is not None
    return str(row[0])


def administrator(browsers: Connected, duty: str) -> TestClient:
    story = browsers.story
    person = story.person("leader of beiwan")
    with story.port.write("people") as tx:
        ident = accounts.add(tx, duty, person, duty, QUICK.hash("x"), story.now)
        found = accounts.by_id(tx, ident)
        assert found is not None
        accounts.set_password(tx, found, QUICK.hash(GOOD), story.now, must_change=False)
    browser = TestClient(browsers.app, follow_redirects=False, headers={"accept-language": "en"})
    browser.post("/sign-in", data={"login": duty, "password": GOOD}, headers=HERE)
    browser.cookies.set("duban_language", "en")
    return browser


def does(browser: TestClient, path: str, page: str, **more: str) -> Any:
    return browser.post(path, data={**form_of(browser, page), **more}, headers=HERE)


# --- who sees what ----------------------------------------------------------------------------------


def test_readers_see_what_was_sent_to_them_and_nothing_else(story: Story, browsers: Connected) -> None:
    task = story.the(CHECK, "beiwan")
    mine, others = delivery(story, WHO, "delivered", task), delivery(story, OTHER, "waiting", task)
    browser = browsers.of(WHO)
    page = browser.get("/deliveries").text
    assert f"#{mine}<" in page
    assert f"#{others}<" not in page
    for path in (
        "/deliveries?person=wanghe_handler",
        f"/deliveries?task={number(story, task)}&state=waiting",
    ):
        assert f"#{others}<" not in browser.get(path).text
    assert WORDS in browser.get(f"/deliveries/{mine}").text
    assert browser.get(f"/deliveries/{others}").status_code == 403
    assert "Channels" not in page


def test_the_system_administrator_sees_every_way_and_no_case(story: Story, browsers: Connected) -> None:
    task = story.the(CHECK, "beiwan")
    ident = delivery(story, WHO, "bounced", task)
    browser = administrator(browsers, "system")
    listed, opened = browser.get("/deliveries").text, browser.get(f"/deliveries/{ident}").text
    assert f"#{ident}<" in listed
    assert '<a href="/deliveries" aria-current="page">' in listed
    for page in (listed, opened):
        assert WORDS not in page
        assert number(story, task) not in page
    assert "1 of tasks that you may not look at" in opened
    assert browser.get(f"/deliveries?task={number(story, task)}").status_code == 403


def test_the_other_administrators_see_no_messages(browsers: Connected) -> None:
    assert administrator(browsers, "security").get("/deliveries").status_code == 403


def test_whoever_watches_over_all_units_reads_what_tells_of_their_tasks(
    story: Story,
    browsers: Connected,
) -> None:
    ident = delivery(story, WHO, "delivered", story.the(CHECK, "beiwan"))
    digest = delivery(story, WHO, "delivered", about="digest")
    browser = browsers.of(WATCHER)
    assert WORDS in browser.get(f"/deliveries/{ident}").text
    page = browser.get(f"/deliveries/{digest}")
    assert page.status_code == 200
    assert WORDS not in page.text


def test_no_page_shows_an_address_or_a_token(story: Story, browsers: Connected) -> None:
    ident = delivery(story, WHO, "given_up", story.the(CHECK, "beiwan"))
    for browser in (browsers.of(WHO), browsers.of(WATCHER), administrator(browsers, "system")):
        for path in ("/deliveries", f"/deliveries/{ident}"):
            page = browser.get(path).text
            assert ADDRESS not in page
            assert "t" * 43 not in page
            assert "w***@example.org" in page


# --- filters, and what it costs ---------------------------------------------------------------------


def test_messages_are_found_by_state_channel_person_and_task(story: Story, browsers: Connected) -> None:
    task = story.the(CHECK, "beiwan")
    one, two = delivery(story, WHO, "held", task), delivery(story, OTHER, "delivered", channel="text")
    browser, code = browsers.of(WATCHER), "beiwan_handler"
    for query, found in (
        ("", {one}),
        ("state=all", {one, two}),
        ("state=delivered", {two}),
        ("state=all&channel=text", {two}),
        (f"state=all&person={code}", {one}),
        (f"state=all&task={number(story, task)}", {one}),
    ):
        page = browser.get(f"/deliveries?{query}").text
        assert {ident for ident in (one, two) if f"#{ident}<" in page} == found, query
    assert browser.get("/deliveries?state=nonsense").status_code == 404


def test_a_page_takes_as_many_statements_for_many_messages_as_for_few(
    story: Story,
    browsers: Connected,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    browser, counting, task = browsers.of(WATCHER), Counting(), story.the(CHECK, "beiwan")
    browser.get("/deliveries")
    counts, sizes = [], []
    for many in (1, 60):
        for _ in range(many):
            delivery(story, WHO, "held", task)
        monkeypatch.setattr(story.port, "_probe", counting)
        counting.clear()
        sizes.append(len(browser.get("/deliveries").content))
        counts.append(counting.total)
        monkeypatch.undo()
    assert counts[0] == counts[1] <= 20
    assert sizes[-1] < 200_000


def test_what_reached_nobody_is_listed(story: Story, browsers: Connected) -> None:
    task = story.the(CHECK, "beiwan")
    with story.port.write("clock") as tx:
        (left,) = tx.draw("row_id", 1)
        tx.insert(OUTGOING, [(left, task, 1, None, "handler", "assigned", None, story.now, "nobody")])
    assert "Reached nobody" in browsers.of(WATCHER).get("/deliveries").text
    assert number(story, task) in browsers.of("leader of bureau").get("/deliveries").text
    page = administrator(browsers, "system").get("/deliveries").text
    assert "vacant" in page
    assert number(story, task) not in page


def test_where_nothing_is_sent_the_pages_say_so_and_what_to_do_instead(story: Story) -> None:
    silent = Connected(story, None)
    for browser in (silent.of(WHO), silent.of(WATCHER)):
        for path in ("/deliveries", PAGE):
            page = browser.get(path)
            assert page.status_code == 200
            assert "Nothing is sent" in page.text
            assert 'href="/account/tokens"' in page.text
            assert 'href="/deliveries"' in page.text, "the navigation stays as it is"
        assert PAGE in browser.get("/account").text
    page = administrator(silent, "system").get("/deliveries")
    assert page.status_code == 200
    assert "duban.toml" in page.text
    assert '<a href="/deliveries" aria-current="page">' in page.text


def test_where_nothing_is_sent_nothing_is_done_about_messages(story: Story) -> None:
    silent = Connected(story, None)
    handler, system = silent.of(WHO), administrator(silent, "system")
    assert does(handler, PAGE, "/account").status_code == 409
    assert does(system, "/deliveries/release-all", "/account").status_code == 409
    assert does(system, "/deliveries/channels/files/pause", "/account", reason="x").status_code == 409
    assert does(handler, "/deliveries/release-all", "/account").status_code == 403


# --- what is done about them ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "act", "after"),
    [("held", "release", "waiting"), ("bounced", "retry", "waiting"), ("waiting", "hold", "held")],
)
def test_messages_are_released_tried_again_and_held(
    story: Story,
    browsers: Connected,
    before: str,
    act: str,
    after: str,
) -> None:
    ident = delivery(story, WHO, before)
    browser = browsers.of(WATCHER)
    page = f"/deliveries/{ident}"
    assert f'action="{page}/{act}"' in browser.get(page).text
    answer = does(browser, f"{page}/{act}", page, reason="a wrong address")
    assert answer.status_code == 303
    assert status(story, ident) == after
    assert does(browser, f"{page}/{act}", page, reason="again").status_code in (303, 409)


def test_a_hold_says_why(story: Story, browsers: Connected) -> None:
    ident = delivery(story, WHO)
    browser, page = browsers.of(WATCHER), f"/deliveries/{ident}"
    assert does(browser, f"{page}/hold", page).status_code == 422
    assert status(story, ident) == "waiting"


def test_readers_do_nothing_about_messages(story: Story, browsers: Connected) -> None:
    ident = delivery(story, WHO, "held")
    browser, page = browsers.of(WHO), f"/deliveries/{ident}"
    for path in (f"{page}/release", "/deliveries/release-all", "/deliveries/channels/files/pause"):
        assert does(browser, path, page, reason="x").status_code == 403
    assert status(story, ident) == "held"
    assert browser.post(f"{page}/release", headers=HERE).status_code == 403


def test_a_channel_pauses_until_it_is_resumed(browsers: Connected) -> None:
    browser = administrator(browsers, "system")
    assert does(browser, "/deliveries/channels/files/pause", "/deliveries", reason=" ").status_code == 422
    for path, more in (("pause", {"reason": "the line <b> is cut"}), ("resume", {})):
        answer = does(browser, f"/deliveries/channels/files/{path}", "/deliveries", **more)
        assert answer.status_code == 303
        page = browser.get("/deliveries").text
        assert ("system: the line &lt;b&gt; is cut" in page) == (path == "pause")
    assert does(browser, "/deliveries/channels/files/resume", "/deliveries").status_code == 404
    assert does(browser, "/deliveries/channels/none/pause", "/deliveries", reason="x").status_code == 404


def test_everything_held_is_released_at_once(story: Story, browsers: Connected) -> None:
    held = [delivery(story, WHO, "held") for _ in range(3)]
    browser = administrator(browsers, "system")
    assert does(browser, "/deliveries/release-all", "/deliveries").status_code == 303
    assert {status(story, one) for one in held} == {"waiting"}


# --- my notices -------------------------------------------------------------------------------------

PAGE = "/account/notices"


def chosen(story: Story, who: str) -> tuple[addresses.Manner, tuple[str, ...]]:
    person = story.person(who)
    with story.port.read() as tx:
        manner = addresses.manners_of(tx, [person]).get(person, addresses.NO_MANNER)
        return manner, addresses.switched_off(tx, [person]).get(person, ())


def test_one_chooses_when_and_of_what_one_is_told(story: Story, browsers: Connected) -> None:
    browser = browsers.of(WHO)
    person = story.person(WHO)
    with story.port.write("people") as tx:
        addresses.put_address(tx, person, "mail", ADDRESS, 0, story.now)
    page = browser.get(PAGE).text
    assert "w***@example.org" in page
    assert ADDRESS not in page
    more = {"quiet_from": "20:00", "quiet_to": "08:00", "days": "working", "digest_at": "09:30"}
    assert does(browser, PAGE, PAGE, **more).status_code == 303
    manner, off = chosen(story, WHO)
    assert (manner.quiet_from, manner.quiet_to, manner.workdays_only, manner.digest_at) == (
        1200,
        480,
        True,
        570,
    )
    assert "notices" in off
    assert does(browser, PAGE, PAGE, **{"on.notices": "1", "no_quiet": "1"}).status_code == 303
    manner, off = chosen(story, WHO)
    assert (manner.quiet_from, manner.quiet_to, manner.workdays_only) == (0, 0, None)
    assert "notices" not in off
    assert chosen(story, OTHER) == (addresses.NO_MANNER, ())


def test_times_that_are_none_are_refused_and_stay_in_the_form(story: Story, browsers: Connected) -> None:
    browser = browsers.of(WHO)
    for more in ({"quiet_from": "25:00", "quiet_to": "08:00"}, {"quiet_from": "20:00"}):
        answer = does(browser, PAGE, PAGE, **more)
        assert answer.status_code == 422
        assert more["quiet_from"] in answer.text
    assert chosen(story, WHO) == (addresses.NO_MANNER, ())


def test_administrators_have_no_notices(browsers: Connected) -> None:
    assert administrator(browsers, "system").get(PAGE).status_code == 403
