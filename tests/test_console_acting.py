"""Acting in the browser: what is signed, entries from a paper, everyday acts, and sessions that end."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from console.web import create_app
from tests.stories.teller import Story
from workflow.evidence import Folder

from .test_console_evidence import photo
from .test_console_organisation import code_of
from .test_console_tasks import GOOD, HERE, Browsers, form_of, number, pack, send, story
from .test_reading import CHECK

__all__ = ["pack", "story"]


@pytest.fixture
def browsers(story: Story, tmp_path: Path) -> Browsers:
    found = Browsers(story)
    found.app = create_app(replace(found.app.state.place, folder=Folder(tmp_path / "evidence")))
    return found


@pytest.fixture
def check(story: Story) -> int:
    return story.the(CHECK, "beiwan")


def test_who_confirms_sees_what_they_confirm_and_the_hash_it_is_tied_to(
    story: Story,
    browsers: Browsers,
    check: int,
) -> None:
    story.does("handler of beiwan", "sign_for", check)
    story.does("handler of beiwan", "extend", check, until="2026-05-20", reason="道路中断")
    browser = browsers.of("supervisor of bureau")
    page = browser.get(f"/tasks/{number(story, check)}/do/confirm:extend").text
    asked = story.history(check)[-1]
    assert asked.header["transition"] == "extend"
    for word in ("2026-05-20", "道路中断", asked.hash.hex()):
        assert word in page
    assert "2026-05-20" in browser.get(f"/tasks/{number(story, check)}").text


def entry(story: Story, browser: TestClient, task: int, **more: str) -> Any:
    path = f"/tasks/{number(story, task)}/enter/sign_for"
    typed = {
        "entered_for": code_of(story, "handler of beiwan"),
        "effective": "2026-03-02",
        "nothing_classified": "1",
    }
    files = {"paper": ("scan.jpg", photo(), "image/jpeg")}
    return browser.post(path, data={**form_of(browser, path), **typed, **more}, files=files, headers=HERE)


def test_a_paper_is_entered_with_its_date_and_its_scan(
    story: Story,
    browsers: Browsers,
    check: int,
) -> None:
    browser = browsers.of("supervisor of bureau")
    own = number(story, check)
    assert f"/tasks/{own}/enter/sign_for" in browser.get(f"/tasks/{own}").text
    wrong = entry(story, browser, check, effective="2027-01-01")
    assert wrong.status_code == 422
    assert 'value="2027-01-01"' in wrong.text
    assert entry(story, browser, check).status_code == 303
    (pending,) = story.task(check).pending
    assert pending.stage == "entry"
    assert pending.entry is not None
    assert pending.entry.effective == "2026-03-02"
    page = browser.get(f"/tasks/{own}").text
    assert f"/tasks/{own}/evidence/{pending.entry.paper}" in page


def test_only_a_supervisor_enters_from_a_paper(
    story: Story,
    browsers: Browsers,
    check: int,
) -> None:
    browser, own = browsers.of("leader of beiwan"), number(story, check)
    assert "/enter/" not in browser.get(f"/tasks/{own}").text
    assert browser.get(f"/tasks/{own}/enter/sign_for").status_code == 403


@pytest.mark.parametrize(
    ("who", "act", "typed"),
    [
        ("handler of beiwan", "comment:", {"text": "明日现场核查"}),
        ("supervisor of bureau", "urge:", {"reason": "请抓紧"}),
        ("handler of beiwan", "copy:", {"persons": "leader of beiwan"}),
        ("supervisor of bureau", "transfer:", {"unit": "wanghe", "reason": "区划调整"}),
    ],
)
def test_everyday_acts_are_done_from_the_page(
    story: Story,
    browsers: Browsers,
    check: int,
    who: str,
    act: str,
    typed: dict[str, str],
) -> None:
    browser, path = browsers.of(who), f"/tasks/{number(story, check)}/do/{act}"
    if "persons" in typed:
        typed = {"persons": code_of(story, typed["persons"])}
    assert path in browser.get(f"/tasks/{number(story, check)}").text
    facts = {f"fact.{name}": value for name, value in typed.items()}
    answer = send(browser, path, {**form_of(browser, path), **facts})
    assert answer.status_code == 303, answer.text
    assert story.history(check)[-1].kind in ("commented", "urged", "copied", "transferred")


def test_a_mistyped_fact_is_corrected_from_a_list_of_what_was_reported(
    story: Story,
    browsers: Browsers,
    check: int,
) -> None:
    story.does("handler of beiwan", "sign_for", check)
    story.does("handler of beiwan", "report", check, progress=4)
    browser, path = browsers.of("handler of beiwan"), f"/tasks/{number(story, check)}/do/correct:"
    assert '<option value="progress">' in browser.get(path).text
    typed = {"fact.fact": "progress", "fact.value": "40", "fact.reason": "少写一个零"}
    assert send(browser, path, {**form_of(browser, path), **typed}).status_code == 303
    assert story.task(check).facts["progress"] == 40


def test_after_a_session_ended_the_form_comes_back_with_every_field(
    story: Story,
    browsers: Browsers,
    check: int,
) -> None:
    browser, own = browsers.of("handler of beiwan"), number(story, check)
    story.does("handler of beiwan", "sign_for", check)
    path = f"/tasks/{own}/do/submit"
    rows = {f"row.problems.{n}.what": f"第{n}处 <漏水> & “破损”" for n in range(60)}
    typed = {**form_of(browser, path), "fact.own_score": "88", **rows}
    browsers.clock.advance(31 * 60_000)
    big = {"evidence": ("a.pdf", b"%PDF-1.7" + b"x" * 3_000_000)}
    ended = browser.post(path, data=typed, files=big, headers=HERE)
    assert ended.status_code == 401
    kept = re.search(r'name="typed" value="([^"]*)"', ended.text)
    assert kept is not None
    back = re.findall(r'name="back" value="([^"]*)"', ended.text)[-1:]
    form = {"login": "handler_of_beiwan", "password": GOOD, "back": back[0], "typed": html.unescape(kept[1])}
    handed = browser.post("/sign-in", data=form, headers=HERE)
    assert handed.status_code == 200
    hidden = re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', handed.text)
    again = {html.unescape(name): html.unescape(value) for name, value in hidden}
    before = story.everything()
    shown = browser.post(path, data=again, headers=HERE)
    assert shown.status_code == 200
    assert story.everything() == before
    assert html.escape(rows["row.problems.59.what"]) in shown.text
    assert 'value="88"' in shown.text


def test_who_was_slower_sees_who_was_faster(
    story: Story,
    browsers: Browsers,
    check: int,
) -> None:
    browser, path = browsers.of("handler of beiwan"), f"/tasks/{number(story, check)}/do/sign_for"
    form = form_of(browser, path)
    story.does("handler of beiwan", "sign_for", check)
    late = send(browser, path, form)
    assert late.status_code == 409
    assert re.search(r"the task is at \d+: \w+ ", late.text)


def test_an_id_that_a_browser_makes_up_is_nobody_elses(story: Story, browsers: Browsers, check: int) -> None:
    """Ids of programs and of the machine can be guessed: whoever took one first would stop the other."""
    other = story.the(CHECK, "wanghe")
    story.does("handler of wanghe", "sign_for", other, request_id="of a program")
    browser, own = browsers.of("handler of beiwan"), number(story, check)
    path = f"/tasks/{own}/do/sign_for"
    answer = send(browser, path, {**form_of(browser, path), "request_id": "of a program"})
    assert answer.status_code == 303, answer.text
    sent = {"csrf": form_of(browser, path)["csrf"], "request_id": "taken", "fact.text": "x"}
    said = send(browser, f"/tasks/{own}/do/comment:", {**sent, "revision": str(story.task(check).revision)})
    assert said.status_code == 303, said.text
    story.does("handler of wanghe", "report", other, progress=5, request_id="taken")
