"""To do in the browser: what waits, what happens if nobody acts, and several tasks at once."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from tests.stories.teller import Story
from tests.storing import Counting

from .test_console_tasks import HERE, Browsers, browsers, number, pack, story
from .test_reading import CHECK

__all__ = ["browsers", "pack", "story"]


def chosen(browser: TestClient, *numbers: str) -> dict[str, str]:
    """The form of the page with these tasks ticked, and no act chosen yet."""
    page = browser.get("/").text
    found = dict(re.findall(r'type="hidden" name="(csrf|request_id)" value="([^"]*)"', page))
    for one in numbers:
        ticked = re.search(rf'name="task.{one}" value="(\d+)"', page)
        found[f"task.{one}"] = ticked[1] if ticked else "1"
    return found


def together(browser: TestClient, form: dict[str, str], **more: str) -> str:
    answer = browser.post("/together", data={**form, **more}, headers=HERE)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def test_each_task_says_what_happens_if_nobody_acts_with_day_and_names(
    story: Story, browsers: Browsers
) -> None:
    page = browsers.of("handler of beiwan").get("/").text
    assert "If nobody acts: " in page
    assert re.search(r"(Mon|Tue|Wed|Thu|Fri) \d+ [A-Z][a-z]+[^<]*notice to the [A-Z]", page)


def test_several_are_done_at_once_each_judged_by_itself(story: Story, browsers: Browsers) -> None:
    mine, other = story.the(CHECK, "beiwan"), story.the(CHECK, "wanghe")
    browser = browsers.of("handler of beiwan")
    form = chosen(browser, number(story, mine), number(story, other))
    page = together(browser, form, act="sign_for")
    assert story.task(mine).acts["sign_for"] == 1
    assert "sign_for" not in story.task(other).acts
    done, failed = page.split('id="failed"')
    assert number(story, mine) in done
    assert number(story, other) in failed
    assert number(story, other) not in done
    together(browser, form, act="sign_for")  # sent once more
    assert story.task(mine).acts["sign_for"] == 1


def test_what_somebody_was_faster_with_is_told_and_what_was_typed_stays(
    story: Story, browsers: Browsers
) -> None:
    check = story.the(CHECK, "beiwan")
    browser = browsers.of("handler of beiwan")
    form = chosen(browser, number(story, check))
    story.does("handler of beiwan", "sign_for", check)
    page = together(browser, form, act="sign_for", **{"fact.reason": "because <b>"})
    assert 'id="failed"' in page
    assert "because &lt;b&gt;" in page
    assert story.task(check).acts["sign_for"] == 1


@pytest.mark.parametrize("lacks", ["act", "task"])
def test_without_a_choice_nothing_is_done_and_the_page_comes_back_as_it_was(
    story: Story, browsers: Browsers, lacks: str
) -> None:
    check = story.the(CHECK, "beiwan")
    browser = browsers.of("handler of beiwan")
    form = chosen(browser, *([number(story, check)] if lacks == "act" else []))
    more = {} if lacks == "act" else {"act": "sign_for"}
    before = story.everything()
    answer = browser.post("/together", data={**form, **more, "fact.reason": "typed"}, headers=HERE)
    assert answer.status_code == 422
    assert 'value="typed"' in answer.text
    assert story.everything() == before


def test_the_page_takes_as_many_statements_for_many_tasks_as_for_few(
    story: Story, browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, many, counting = browsers.of("leader of beiwan"), browsers.of("handler of beiwan"), Counting()
    for browser in (few, many):
        browser.get("/")  # the posts of every unit are known from here on
    monkeypatch.setattr(story.port, "_probe", counting)
    many.get("/")
    assert counting.total <= 48
    counts = []
    for more in range(2):
        counting.clear()
        many.get("/" if more else "/?page=2")
        counts.append(counting.total)
    assert counts[0] <= counts[1] <= 48
