"""Tasks that people open by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.stories.teller import Story
from workflow.errors import BadValue, DubanError, NotAllowed, Refused, Unknown


def test_whoever_holds_the_role_opens_a_task_and_is_on_record(checking: Story) -> None:
    story = checking
    check = story.opens(
        "pan",
        "cross_check",
        checked="east",
        checker="west",
        deadline="2026-06-30",
        track="service",
        facts={"scope": "台账"},
        rows={"problems": [{"what": "上次未改"}]},
    )
    story.expect_due(check, "2026-06-30 23:59")
    task = story.task(check)
    assert (task.track, task.facts, task.actors) == (
        "service",
        {"scope": "台账"},
        {"opened": [story.person("pan")]},
    )
    assert [row["what"] for row in story.rows(check, "problems")] == ["上次未改"]
    (opened,) = story.happened(check, "opened")
    assert (opened.header["actor"], opened.header["role"]) == (story.person("pan"), "planner")
    assert opened.values["scope"] == "台账"
    story.expect_told("west_head", check, "assigned")


def test_whoever_opened_it_is_among_anyone_and_can_be_named(checking: Story) -> None:
    story = checking
    story.goes_on_leave("pan", "2026-03-03 00:00", delegate="su")
    errand = story.opens("tao", "errand", unit="east")
    story.does("east_clerk", "submit", errand, progress=100)
    story.does("east_head", "confirm:submit", errand)
    story.expect_refused(NotAllowed, "tao", "approve", errand)  # not_by: opened
    story.does("su", "approve", errand)


REFUSALS: tuple[tuple[str, type[DubanError], dict[str, Any], str], ...] = (
    ("by nobody's hand", NotAllowed, {"kind": "objection", "unit": "east"}, "opened_by"),
    ("not their role", NotAllowed, {"who": "su"}, "Planner"),
    ("no such kind", Unknown, {"kind": "checks"}, "There is no kind"),
    ("a party is missing", BadValue, {"checker": None}, "missing parties: checker"),
    ("a party too many", Unknown, {"unit": "east"}, "no party 'unit'"),
    ("another kind of unit", BadValue, {"checker": "east_station"}, "of the kind station"),
    ("one unit twice", BadValue, {"checker": "east"}, "two parties"),
    ("no deadline", BadValue, {"deadline": None}, "wants a deadline"),
    ("a deadline that has passed", BadValue, {"deadline": "2026-03-01"}, "or a later date"),
    ("no date", BadValue, {"deadline": "tomorrow"}, "is not a date"),
    (
        "a deadline of one's own",
        BadValue,
        {"kind": "errand", "unit": "east", "who": "pan"},
        "Leave yours out",
    ),
    ("no such track", Unknown, {"track": "peace"}, "no track 'peace'"),
    ("no such fact", Unknown, {"facts": {"skore": 5}}, "no fact 'skore'"),
    ("a wrong fact", BadValue, {"facts": {"score": 500}}, "at most 100"),
    ("no such list", Unknown, {"rows": {"problem": []}}, "no list 'problem'"),
    ("a wrong row", BadValue, {"rows": {"problems": [{"wat": "?"}]}}, "Fill in every column"),
)


@pytest.mark.parametrize(
    ("error", "changes", "says"), [one[1:] for one in REFUSALS], ids=[one[0] for one in REFUSALS]
)
def test_what_no_task_can_be_is_refused_and_leaves_nothing(
    checking: Story, error: type[DubanError], changes: dict[str, Any], says: str
) -> None:
    story, wanted = checking, {"who": "pan", "kind": "cross_check", "deadline": "2026-06-30"} | changes
    own = {} if "unit" in changes and "kind" in changes else {"checked": "east", "checker": "west"}
    asked = {name: value for name, value in {**own, **wanted}.items() if value is not None}
    before = story.everything()
    with pytest.raises(error) as refusal:
        story.opens(asked.pop("who"), asked.pop("kind"), **asked)
    assert says in refusal.value.text.en
    assert story.everything() == before


def test_a_repeat_opens_nothing_more(checking: Story) -> None:
    story = checking
    first = story.opens("pan", "errand", unit="east", request_id="o-1")
    assert story.opens("pan", "errand", unit="east", request_id="o-1") == first
    assert story.find("errand") == [first]
    with pytest.raises(BadValue):
        story.opens("su", "errand", unit="east", request_id="o-1")


def test_ten_repeats_at_once_open_one(checking: Story) -> None:
    story = checking
    wish: Callable[[], int] = lambda: story.opens("pan", "errand", unit="east", request_id="o-1")  # noqa: E731
    found = story.together(*[wish] * 10)
    assert story.find("errand") == sorted(set(found))
    assert len(set(found)) == 1


def test_nothing_is_opened_while_the_clock_is_in_doubt(checking: Story) -> None:
    checking.puts_on_hold()
    with pytest.raises(Refused):
        checking.opens("pan", "errand", unit="east")
