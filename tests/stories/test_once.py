"""What happens once: a row's task however many ask for it, and what a person hands in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.packs import CAMPAIGN, PEOPLE, write_pack
from tests.stories.teller import Story, told
from workflow.decision import Act
from workflow.definition import load_pack
from workflow.errors import BadValue

_ERRAND = """
task: errand
label: {zh: 任务, en: Errand}
parties: {unit: region}
deadline: campaign completion
roles:
  handler: {label: {zh: 承办人, en: Handler}, is: handler at unit, else: supervisor}
  supervisor: {label: {zh: 督办员, en: Supervisor}, is: supervisor at bureau}
lists:
  problems: {label: {zh: 问题, en: Problems}, columns: {what: text, due: date}, closed_by: fix}
states:
  open: {label: {zh: 办理中, en: Open}, waits_for: handler}
  fixing:
    label: {zh: 整改中, en: Fixing}
    waits_for: supervisor
    opens: {fix: {each: problems, pass: {deadline: due}}}
  closed: {label: {zh: 已销号, en: Closed}, final: accepted}
transitions:
  submit: {label: {zh: 报送, en: Submit}, from: open, to: fixing, by: handler, asks: problems}
  close:
    label: {zh: 销号, en: Close}
    from: [open, fixing]
    to: closed
    by: handler
    confirmed_by: {role: supervisor, within: 3 workdays, else: lapse}
escalations:
  many:
    when: open problems > 1
    in: fixing
    light: red
    opens: {fix: {each: problems, pass: {deadline: due}}}
"""
_FIX = """
task: fix
label: {zh: 整改, en: Fix}
parties: {unit: region}
deadline: given
roles:
  handler: {label: {zh: 承办人, en: Handler}, is: handler at unit}
states:
  open: {label: {zh: 整改中, en: Open}, waits_for: handler}
  closed: {label: {zh: 已销号, en: Closed}, final: accepted}
transitions:
  close: {label: {zh: 销号, en: Close}, from: open, to: closed, by: handler}
"""


@pytest.fixture
def story(database_url: str, tmp_path: Path) -> Iterator[Story]:
    pack = load_pack(write_pack(tmp_path, campaign=CAMPAIGN, errand=_ERRAND, fix=_FIX, people=PEOPLE))
    with told(database_url, pack, at="2026-03-02 00:00") as made:
        made.run()
        yield made


def test_a_row_begins_one_task_though_a_state_and_a_rule_ask_for_it(story: Story) -> None:
    errand = story.the("errand", "east")
    rows = [{"what": "甲", "due": "2026-04-01"}, {"what": "乙", "due": "2026-04-02"}]
    story.does("handler of east", "submit", errand, rows={"problems": rows})
    assert len(story.find("fix")) == 2


def test_evidence_handed_in_with_a_confirmation_is_refused_not_dropped(story: Story) -> None:
    errand = story.the("errand", "east")
    story.does("handler of east", "close", errand)
    answer = Act(name="confirm:close", person_id=story.person("li"), evidence=story.store_evidence(1))
    with pytest.raises(BadValue, match="not evidence"):
        story.engine.act(errand, answer, story.now)
    story.does("li", "confirm:close", errand)
    story.expect_state(errand, "closed")
