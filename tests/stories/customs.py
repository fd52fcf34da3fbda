"""What units usually do, for stories that are about something else."""

from __future__ import annotations

from typing import Any

from tests.stories.teller import Story
from workflow.store import organisation

DILIGENT = (
    ("2026-03-02 10:00", 0),
    ("2026-03-11 10:00", 30),
    ("2026-03-20 10:00", 50),
    ("2026-04-01 10:00", 70),
    ("2026-04-14 10:00", 85),
    ("2026-04-23 10:00", 95),
)


def keeps_to_the_plan(story: Story, unit: str, task: int, *, until: str) -> None:
    """A unit that signs at once and reports in time."""
    for when, progress in DILIGENT:
        if when > until:
            break
        story.at(when)
        if progress == 0:
            story.does(f"handler of {unit}", "sign_for", task)
        else:
            story.does(f"handler of {unit}", "report", task, progress=progress)
    story.at(until)


def submits(story: Story, unit: str, task: int, *problems: str, due: str = "2026-05-29") -> None:
    """The self-check is handed in with its problems."""
    listed = [{"what": one, "due": due} for one in problems]
    story.does(f"handler of {unit}", "submit", task, own_score=90, rows={"problems": listed}, evidence=1)


def reviews(story: Story, who: str, task: int, score: int) -> None:
    """A supervisor verifies the self-check."""
    story.does(who, "review", task, verified_score=score, rows={"problems": []})


def unit_id(story: Story, code: str) -> int:
    """The id of a unit, as parties and facts hold it."""
    with story.port.read() as tx:
        return organisation.unit_ids(tx, [code])[code]


def self_checked(story: Story, unit: str, points: int, *problems: str, due: str = "2026-05-29") -> int:
    """The self-check of a unit, handed in with the same points for every indicator."""
    check = story.the("self_check", unit)
    story.does(f"handler of {unit}", "sign_for", check)
    listed = [{"what": one, "due": due} for one in problems]
    rows = {"standards": standards(story, points), "problems": listed}
    story.does(f"handler of {unit}", "submit", check, rows=rows, evidence=1)
    return check


def standards(story: Story, points: int) -> list[dict[str, Any]]:
    """The same points for every indicator of the checklist."""
    checklist = story.pack.campaign.indicators
    assert checklist is not None
    return [{"indicator": one, "points": points} for one in checklist.items]


def corrects(story: Story, task: int, handler: str) -> None:
    """A problem is corrected, and the bureau strikes it off."""
    story.does(handler, "sign_for", task)
    story.does(handler, "submit", task, result="已改", evidence=1)
    story.does("supervisor_one", "approve", task)
    story.expect_state(task, "closed")


def regions(story: Story) -> list[str]:
    """The codes of the regions."""
    return [code for code, unit in story.pack.campaign.units.items() if unit.kind == "region"]


def pairs(story: Story) -> dict[str, str]:
    """Who checks whom, by the codes of the regions: checked -> checker."""
    with story.port.read() as tx:
        codes = {ident: code for code, ident in organisation.unit_ids(tx, regions(story)).items()}
    found = [story.task(one).parties for one in story.find("cross_check")]
    return {codes[one["checked"]]: codes[one["checker"]] for one in found}


def cross_checked(story: Story, unit: str, score: int, *findings: str) -> int:
    """The cross-check of a unit, its conclusion signed by both of the team."""
    check, checker = story.the("cross_check", unit), pairs(story)[unit]
    first, second = f"{checker}_inspector_one", f"{checker}_inspector_two"
    story.does(f"leader of {checker}", "name_team", check, inspector=story.people(first, second))
    found = {"findings": [{"what": one, "due": "2026-05-25"} for one in findings]}
    story.does(first, "conclude", check, score=score, rows=found, evidence=1)
    story.does(second, "confirm:conclude", check)
    story.expect_state(check, "fed_back")
    return check


def supervised(story: Story, letter: int, unit: str) -> None:
    """A special supervision is sent, answered and closed."""
    story.does("supervisor_one", "completed", letter)
    story.does("supervisor_two", "sign", letter, requirements="逐条整改", exit_conditions="回访满意")
    story.does(f"leader of {unit}", "answer", letter, measures="已逐条落实", evidence=1)
    story.does("supervisor_one", "review", letter, exit_met="yes")
    story.does("supervisor_one", "close", letter)
