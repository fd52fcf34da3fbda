"""Reading packs: what the models say, every problem at once and on its line, and the version."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.packs import CAMPAIGN, ERRAND, PEOPLE, SUPERVISION, changed, problems_of, write_pack
from workflow.calendar import parse_duration
from workflow.definition import load_pack, pack_from_source, terms, version_of
from workflow.definition.model import Deadline, Evidence, Opening, PlanPoint, Seat, Until
from workflow.definition.pack import MAX_FILES, Places, read_pack
from workflow.definition.yaml import Problem
from workflow.errors import PackError, Unknown
from workflow.text import Text

DEMONSTRATION = Path(__file__).parent.parent / "definitions" / "demonstration_site"


# --- what is read -----------------------------------------------------------------------------------


def test_a_definition_is_read(tmp_path: Path) -> None:
    check = load_pack(write_pack(tmp_path, **SUPERVISION)).definitions["self_check"]

    assert check.label == Text("地区自查", "Self-check")
    assert check.parties == {"unit": ("region",)}
    assert check.deadline == Deadline(how="milestone", milestone="self_check")
    assert check.plan["progress"] == (
        PlanPoint(at="start", value=0),
        PlanPoint(at=date(2026, 3, 31), value=60_000_000),
        PlanPoint(at="deadline", value=100_000_000),
    )
    assert check.roles["handler"].seat == Seat(party="unit")
    assert check.roles["supervisor"].seat == Seat(unit="bureau")
    assert check.facts["own_score"].max == 100_000_000
    assert check.lists["problems"].columns["due"].type == "date"
    assert check.first_state.name == "issued"
    assert check.first_party == "unit"
    assert check.draft_state is None


def test_states_are_read(tmp_path: Path) -> None:
    states = load_pack(write_pack(tmp_path, **SUPERVISION)).definitions["self_check"].states

    assert states["issued"].within == parse_duration("2 workdays")
    assert states["submitted"].stops_deadline
    assert not states["issued"].stops_deadline
    assert states["closed"].final == "accepted"
    passes = {"what": "what", "deadline": "due"}
    assert states["rectifying"].opens == (Opening(kind="rectification", each="problems", passes=passes),)


def test_transitions_are_read(tmp_path: Path) -> None:
    transitions = load_pack(write_pack(tmp_path, **SUPERVISION)).definitions["self_check"].transitions

    assert transitions["sign_for"].target == "working"
    assert transitions["report"].target is None
    assert transitions["withdraw"].sources == ("issued", "working", "submitted", "rectifying")
    assert transitions["submit"].evidence.files == 1
    assert transitions["review"].not_by == ("submit",)
    assert transitions["review"].evidence == Evidence()
    assert transitions["return"].sets[0].at_least == parse_duration("5 workdays")
    extension = transitions["extend"].confirmed_by
    assert extension is not None
    assert extension.stops_deadline
    after = transitions["rectified"].after
    assert after == terms.Tasks(quantifier="all", kind="rectification", status="ended", concerned=False)


def test_rules_are_read(tmp_path: Path) -> None:
    rules = load_pack(write_pack(tmp_path, **SUPERVISION)).definitions["self_check"].rules

    assert rules["poor"].until == Until(kind="special_supervision", status="ended")
    assert rules["poor"].gravity > rules["slow"].gravity > rules["near"].gravity
    assert rules["slow"].label == Text("推动缓慢", "slow")  # its `because`
    assert rules["late"].label == Text("已过期限", "past the deadline")  # its condition, in words
    assert rules["late"].again.duration == parse_duration("5 workdays")  # the campaign's default
    assert rules["sent_back"].again.how == "never"


@pytest.mark.parametrize(
    ("written", "term"),
    [
        ("overdue", terms.Overdue(clock="deadline", by=None)),
        ("step overdue by 3 days", terms.Overdue(clock="step", by=parse_duration("3 days"))),
        ("promised overdue", terms.Overdue(clock="promised", by=None)),
        ("due in 36 hours", terms.DueIn(clock="deadline", duration=parse_duration("36 hours"))),
        ("in state for 1 month", terms.InStateFor(duration=parse_duration("1 month"))),
        ("nothing reported for 2 days", terms.NothingReported(duration=parse_duration("2 days"))),
        ("score >= 79.5", terms.Compare(fact="score", operator=">=", value=79_500_000)),
        ("score < -0.5", terms.Compare(fact="score", operator="<", value=-500_000)),
        ("score > target", terms.Compare(fact="score", operator=">", value=0, other="target")),
        ("grade >= 中", terms.Compare(fact="grade", operator=">=", value=1, word="中")),
        ("grade in 低 or 高", terms.OneOf(fact="grade", values=("低", "高"))),
        ("key == yes", terms.Compare(fact="key", operator="==", value="yes")),
        ("promised > 2026-04-01", terms.Compare(fact="promised", operator=">", value="2026-04-01")),
        ("score behind plan by 20", terms.BehindPlan(fact="score", by=20_000_000)),
        ("score not reported", terms.NotReported(fact="score", duration=None)),
        ("score not reported for 5 days", terms.NotReported(fact="score", duration=parse_duration("5 days"))),
        ("open findings > 2", terms.OpenRows(list="findings", operator=">", number=2)),
        ("report happened", terms.Happened(transition="report", times=1)),
        ("report happened 3 times", terms.Happened(transition="report", times=3)),
        ("any errand open", terms.Tasks(quantifier="any", kind="errand", status="open", concerned=False)),
        (
            "all concerned errand accepted",
            terms.Tasks(quantifier="all", kind="errand", status="accepted", concerned=True),
        ),
        ("parent ended", terms.Parent(status="ended")),
        ("{not: overdue}", terms.Not(part=terms.Overdue(clock="deadline", by=None))),
        (
            "{any: [parent open, {all: [parent ended]}]}",
            terms.Any(parts=(terms.Parent(status="open"), terms.All(parts=(terms.Parent(status="ended"),)))),
        ),
    ],
)
def test_conditions_are_read(written: str, term: terms.Term, tmp_path: Path) -> None:
    errand = changed(_WITH_FACTS, "when: overdue", f"when: {written}")
    definition = load_pack(write_pack(tmp_path, errand=errand)).definitions["errand"]
    assert definition.rules["late"].when == term


_WITH_FACTS = changed(
    changed(
        ERRAND,
        "deadline: campaign completion",
        "deadline: campaign completion\nplan: {score: {start: 0, deadline: 9}}",
    ),
    "facts:\n",
    """lists:
  findings: {label: {zh: 问题, en: Findings}, columns: {what: text}}
facts:
  score: {type: number, label: {zh: 得分, en: Score}}
  target: {type: count, label: {zh: 目标, en: Target}}
  grade: {type: choice, choices: [低, 中, 高], label: {zh: 等级, en: Grade}}
  key: {type: yes/no, label: {zh: 重点, en: Key}}
  promised: {type: date, label: {zh: 承诺, en: Promised}}
  place: {type: unit, label: {zh: 单位, en: Place}}
""",
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("scroe > 5", "a declared fact (grade, key, place, progress, promised, score, target)"),
        ("score in 4 or 5", ">= <= == to compare numbers and dates"),
        ("score > promised", "a fact of the type of score"),
        ("key > no", "== or != (this type has no order)"),
        ("key == maybe", "a declared value (no, yes)"),
        ("grade == 极高", "a declared choice (中, 低, 高)"),
        ("promised > soon", "a date such as 2026-03-31, from 1949 to 2199"),
        ("place == bureau", "another fact of type unit"),
        ("progress behind plan by 5", "a declared fact with a plan (score)"),
        ("score behind plan by 0", "a number above 0"),
        ("score overdue", "a declared date fact (promised)"),
        ("overdue by 2 weeks", "a duration such as 2 workdays, 10 days, 36 hours, 15 minutes or 1 month"),
        ("{all: []}", "at least one condition"),
        ("{}", "a condition: overdue [by D]"),
        ("score >= ８０", "a number or a fact"),
    ],
)
def test_conditions_that_can_not_be_read(written: str, expected: str, tmp_path: Path) -> None:
    errand = changed(_WITH_FACTS, "when: overdue", f"when: {written}")
    (problem,) = problems_of(write_pack(tmp_path, errand=errand))
    assert problem.expected.en.startswith(expected)
    assert problem.key.startswith("escalations.late.when")
    assert problem.line == line_of(errand, f"when: {written}")


def test_a_deadline_that_is_set_later_can_be_asked_about(tmp_path: Path) -> None:
    later = changed(ERRAND, "deadline: campaign completion", "deadline: none")
    (problem,) = problems_of(write_pack(tmp_path, errand=later))
    assert problem.expected.en == "a task with a deadline (this kind has and sets none)"

    sets = changed(later, "asks: progress", "asks: [progress, until], sets: {deadline: until}")
    assert problems_of(write_pack(tmp_path, errand=sets)) == ()


def test_the_campaign_is_read(tmp_path: Path) -> None:
    campaign = load_pack(write_pack(tmp_path, **SUPERVISION)).campaign

    assert campaign.units["east"].kind == "region"
    assert campaign.units["east"].inside == "city"
    group = campaign.units["leading_group.east"]
    assert (group.group, group.group_of, group.label) == (
        "leading_group",
        "east",
        Text("东区领导小组", "East Leading Group"),
    )
    assert campaign.rounds["hand_out"].opens == (Opening(kind="self_check", each="region"),)
    assert campaign.rounds["hand_out"].tracks == ("service",)
    assert campaign.rounds["weekly_dispatch"].missed == "run once"
    assert campaign.milestones["self_check"] == date(2026, 4, 30)


def test_groups_may_stand_above_their_units(tmp_path: Path) -> None:
    text = changed(
        CAMPAIGN, "  bureau: {kind", "  teams: {of each: region, label: {zh: 组, en: Team}}\n  bureau: {kind"
    )
    assert "teams.west" in load_pack(write_pack(tmp_path, campaign=text, errand=ERRAND)).campaign.units


def test_people_are_read_and_are_no_part_of_the_version(tmp_path: Path) -> None:
    without = load_pack(write_pack(tmp_path))
    with_people = load_pack(write_pack(tmp_path, people=PEOPLE))

    assert [person.code for person in with_people.people] == ["li", "wang"]
    assert with_people.people[1].posts[1].deputy
    assert with_people.version == without.version
    assert "people.yaml" not in with_people.source


# --- the version ------------------------------------------------------------------------------------


@pytest.fixture(params=["small", "whole"])
def any_pack(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_pack(tmp_path, **(SUPERVISION if request.param == "whole" else {}))


def test_a_pack_comes_back_from_its_source(any_pack: Path) -> None:
    pack = load_pack(any_pack)
    stored = json.loads(json.dumps(pack.source))
    again = pack_from_source(stored)

    assert again.version == pack.version == version_of(stored)
    assert again.definitions == pack.definitions
    assert again.campaign == pack.campaign
    assert list(again.definitions["errand" if len(pack.definitions) == 1 else "self_check"].states) == list(
        pack.definitions["errand" if len(pack.definitions) == 1 else "self_check"].states
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("task: errand\n", "# 任务 a comment\ntask: errand   # and another\n\n"),
        ("parties: {unit: region}", "parties:\n  unit: region"),
        ("deadline: campaign completion", "deadline: 'campaign completion'"),
    ],
)
def test_comments_and_layout_change_no_version(old: str, new: str, tmp_path: Path) -> None:
    before = load_pack(write_pack(tmp_path)).version
    assert load_pack(write_pack(tmp_path, errand=changed(ERRAND, old, new))).version == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("zh: 办理中", "zh: 办理"),
        ("when: overdue", "when: overdue by 1 day"),
        ("by: [handler, supervisor]", "by: [supervisor, handler]"),
        ("late: {", "tardy: {"),
        ("light: yellow, ", ""),
    ],
)
def test_content_changes_the_version(old: str, new: str, tmp_path: Path) -> None:
    before = load_pack(write_pack(tmp_path)).version
    assert load_pack(write_pack(tmp_path, errand=changed(ERRAND, old, new))).version != before


def test_the_order_of_states_is_content(tmp_path: Path) -> None:
    """A task begins in the first state: to move a state up is to change what happens."""
    pack = load_pack(write_pack(tmp_path))
    turned = json.loads(json.dumps(pack.source))
    turned["errand.yaml"]["states"] = dict(reversed(turned["errand.yaml"]["states"].items()))
    assert version_of(turned) != pack.version


# --- every problem, on its line ---------------------------------------------------------------------


class Slip(NamedTuple):
    """One line of a good pack, changed, and the problem that it must give on that line."""

    file: str
    old: str
    new: str
    key: str
    expected: str  # how the sentence begins
    nearest: str | None = None


CHECK, LETTER = "self_check", "special_supervision"


def _tiers(typed: str) -> tuple[str, str]:
    """Evidence by a choice, where always one file was asked for."""
    return "evidence: 1", f"evidence: {{{typed}}}"


SLIPS = [
    # a definition's head
    Slip(CHECK, "task: self_check", "task: self_chek", "task", "the name of the file, self_check"),
    Slip(
        CHECK,
        "label: {zh: 地区自查, en: Self-check}",
        "label: {zh: 地区自查}",
        "label",
        "the required word en",
    ),
    Slip(CHECK, "label: {zh: 地区自查, en: Self-check}", "label: 地区自查", "label", "a mapping"),
    Slip(CHECK, "basis: 开展各地区自查", "bases: 开展各地区自查", "bases", "one of: task", "basis"),
    Slip(CHECK, "basis: 开展各地区自查", "basis: ''", "basis", "a text"),
    Slip(CHECK, "{unit: region}", "{unit: regions}", "parties.unit", "a declared kind of unit", "region"),
    Slip(CHECK, "{unit: region}", "{bureau: region}", "parties.bureau", "another name"),
    Slip(CHECK, "{unit: region}", "{unit: []}", "parties.unit", "at least one kind of unit"),
    Slip(CHECK, "{unit: region}", "{}", "parties", "at least one party"),
    Slip(
        CHECK, "campaign self_check", "campaign selfcheck", "deadline", "a declared milestone", "self_check"
    ),
    Slip(CHECK, "campaign self_check", "tomorrow", "deadline", "campaign MILESTONE, given, a date"),
    Slip(CHECK, "2026-03-31: 60", "2026-02-31: 60", "plan.progress.2026-02-31", "start, deadline or a date"),
    Slip(CHECK, "{start: 0, 2026", "{2026", "plan.progress", "a plan of at least two points"),
    Slip(
        CHECK, "{progress: {start", "{progres: {start", "plan.progres", "a declared numeric fact", "progress"
    ),
    Slip(CHECK, "2026-03-31: 60", "2026-03-31: 160", "plan.progress", "values that never fall"),
    # roles
    Slip(CHECK, "else: leader", "else: leder", "roles.handler.else", "a declared role", "leader"),
    Slip(CHECK, "else: leader", "else: handler", "roles.handler.else", "a declared role"),
    Slip(CHECK, "handler at unit", "handler of unit", "roles.handler.is", "POST at PARTY"),
    Slip(
        CHECK,
        "supervisor at bureau",
        "supervisor at burau",
        "roles.supervisor.is",
        "a declared party",
        "bureau",
    ),
    Slip(
        "referral",
        "leader at leading_group of unit",
        "leader at leading_groups of unit",
        "roles.group_leader.is",
        "a declared group",
        "leading_group",
    ),
    # facts and lists
    Slip(CHECK, "type: percent", "type: percentage", "facts.progress.type", "one of: text", "percent"),
    Slip(CHECK, "type: percent", "type: percent, choices: [a, b]", "facts.progress", "choices on facts"),
    Slip(
        CHECK,
        "max: 100, label: {zh: 自评",
        "max: 0, label: {zh: 自评",
        "facts.own_score",
        "a min below the max",
    ),
    Slip(
        CHECK,
        "{type: number, min: 0, max: 100, label: {zh: 自",
        "{type: text, min: 0, label: {zh: 自",
        "facts.own_score",
        "min and max only",
    ),
    Slip(CHECK, "own_score: {type", "until: {type", "facts.until", "another name: reason and until"),
    Slip(CHECK, "own_score: {type", "problems: {type", "facts.problems", "another name"),
    Slip(CHECK, "own_score: {type", "OwnScore: {type", "facts.OwnScore", "a name of at most 40"),
    Slip(LETTER, "[低, 中, 高]", "[低]", "facts.grade.choices", "at least two different words"),
    Slip(
        LETTER, "[低, 中, 高]", "[低, 中, very high]", "facts.grade.choices", "at least two different words"
    ),
    Slip(CHECK, "due: date", "due: dat", "lists.problems.columns.due", "one of: text", "date"),
    Slip(CHECK, "what: text", "how: text", "lists.problems.columns.how", "{type: …"),
    Slip(
        CHECK,
        "closed_by: rectification",
        "closed_by: rectify",
        "lists.problems.closed_by",
        "a declared kind",
        "rectification",
    ),
    # states
    Slip(CHECK, "within: 2 workdays", "within: 2 weeks", "states.issued.within", "a duration such as"),
    Slip(CHECK, "within: 2 workdays", "within: two workdays", "states.issued.within", "a duration such as"),
    Slip(
        CHECK,
        "Checking}, waits_for: handler",
        "Checking}, waits_for: handlr",
        "states.working.waits_for",
        "a declared role",
        "handler",
    ),
    Slip(
        CHECK,
        "Checking}, waits_for: handler",
        "Checking}, within: 1 day",
        "states.working",
        "waits_for beside within",
    ),
    Slip(CHECK, "final: accepted", "final: done", "states.closed.final", "one of: accepted, abandoned"),
    Slip(
        CHECK,
        "final: accepted",
        "final: accepted, draft: yes",
        "states.closed",
        "a final state with nothing but",
    ),
    Slip(
        CHECK,
        "    deadline: stopped\n    opens",
        "    dealine: stopped\n    opens",
        "states.rectifying.dealine",
        "one of: label",
        "deadline",
    ),
    Slip(
        CHECK,
        "{rectification: {each",
        "{rectificaton: {each",
        "states.rectifying.opens.rectificaton",
        "a declared kind",
        "rectification",
    ),
    Slip(
        CHECK,
        "each: problems, ",
        "each: problem, ",
        "states.rectifying.opens.rectification.each",
        "a declared list",
        "problems",
    ),
    Slip(
        CHECK,
        "{what: what",
        "{wat: what",
        "states.rectifying.opens.rectification.pass.wat",
        "a declared fact of rect",
        "what",
    ),
    Slip(
        CHECK,
        "deadline: due",
        "deadline: dew",
        "states.rectifying.opens.rectification.pass.deadline",
        "a declared fact, party, column",
        "due",
    ),
    Slip(
        CHECK,
        "opens: {rectification: {each: problems, pass: {what: what, deadline: due}}}",
        "opens: {}",
        "states.rectifying.opens",
        "at least one kind",
    ),
    Slip(LETTER, "stopped, draft: yes", "stopped, draft: true", "states.drafted.draft", "one of: yes, no"),
    # transitions
    Slip(
        CHECK, "from: issued", "from: isued", "transitions.sign_for.from", "a declared open state", "issued"
    ),
    Slip(CHECK, "from: issued", "from: closed", "transitions.sign_for.from", "a declared open state"),
    Slip(CHECK, "from: issued", "from: []", "transitions.sign_for.from", "at least one open state"),
    Slip(
        CHECK,
        "to: working, by: handler}",
        "to: wroking, by: handler}",
        "transitions.sign_for.to",
        "a declared state",
        "working",
    ),
    Slip(
        CHECK, "to: working, by: handler}", "to: working}", "transitions.sign_for", "by (who acts) or after"
    ),
    Slip(
        CHECK,
        "to: working, by: handler}",
        "to: working, by: []}",
        "transitions.sign_for.by",
        "at least one role",
    ),
    Slip(
        CHECK,
        "to: working, by: handler}",
        "to: working, by: [handler, handler]}",
        "transitions.sign_for.by",
        "at least one role",
    ),
    Slip(
        CHECK,
        "asks: [progress]",
        "asks: [progres]",
        "transitions.report.asks.1",
        "a declared fact, list, team, reason",
        "progress",
    ),
    Slip(
        CHECK,
        "asks: [progress]",
        "asks: progress, optional: progress",
        "transitions.report",
        "in asks or in optional",
    ),
    Slip(CHECK, "evidence: 1", "evidense: 1", "transitions.submit.evidense", "one of: label", "evidence"),
    Slip(CHECK, "evidence: 1", "evidence: one", "transitions.submit.evidence", "a whole number"),
    Slip(CHECK, "evidence: 1", "evidence: {}", "transitions.submit.evidence", "one fact"),
    Slip(LETTER, *_tiers("grad: {低: 1}"), "transitions.answer.evidence.grad", "a declared fact", "grade"),
    Slip(LETTER, *_tiers("exit_met: {yes: 1}"), "transitions.answer.evidence.exit_met", "a declared fact"),
    Slip(
        LETTER,
        *_tiers("grade: {低: 1, 中: 2}"),
        "transitions.answer.evidence.grade",
        "a number for every choice; 高",
    ),
    Slip(
        LETTER,
        *_tiers("grade: {低: 1, 中: 2, 高: many}"),
        "transitions.answer.evidence.grade.高",
        "a whole number",
    ),
    Slip(
        LETTER,
        *_tiers("grade: {低: 1, 中: 2, 高: 3, 很高: 4}"),
        "transitions.answer.evidence.grade.很高",
        "one of: 低",
    ),
    Slip(CHECK, "{not: overdue}", "{nt: overdue}", "transitions.extend.when", "a condition: "),
    Slip(CHECK, "{not: overdue}", "{not: overdu}", "transitions.extend.when.not", "a condition: ", "overdue"),
    Slip(
        CHECK,
        "{deadline: until}",
        "{deadlin: until}",
        "transitions.extend.sets.deadlin",
        "a declared fact, or deadline",
        "deadline",
    ),
    Slip(
        CHECK,
        "{deadline: until}",
        "{deadline: untill}",
        "transitions.extend.sets.deadline",
        "until, a date fact",
        "until",
    ),
    Slip(
        CHECK,
        "within: 3 workdays, else: lapse, deadline",
        "else: lapse, deadline",
        "transitions.extend.confirmed_by",
        "the required word within",
    ),
    Slip(
        CHECK,
        "verified_score >= 80",
        "verified_scor >= 80",
        "transitions.approve.when.all.1",
        "a declared fact",
        "verified_score",
    ),
    Slip(
        CHECK,
        "open problems == 0",
        "open problem == 0",
        "transitions.approve.when.all.2",
        "a declared list",
        "problems",
    ),
    Slip(
        CHECK,
        "    not_by: submit\n",
        "    not_by: submitt\n",
        "transitions.approve.not_by",
        "a declared transition",
        "submit",
    ),
    Slip(
        CHECK,
        "rectification ended}",
        "rectification finished}",
        "transitions.rectified.after",
        "a condition: ",
    ),
    Slip(
        CHECK,
        "to: submitted, after",
        "to: submitted, by: leader, after",
        "transitions.rectified",
        "nobody who acts",
    ),
    Slip(
        CHECK,
        "from: rectifying, to: submitted, after",
        "from: rectifying, after",
        "transitions.rectified",
        "a machine-made transition that leads",
    ),
    Slip(CHECK, "  sign_for: {", "  confirm: {", "transitions.confirm", "another name"),
    Slip(LETTER, "exit_met == yes", "exit_met == maybe", "transitions.close.when.any.1", "a declared value"),
    Slip(LETTER, "parent ended", "parent over", "transitions.close.when.any.2", "a condition: "),
    # rules
    Slip(CHECK, "due in 3 workdays", "due in 3 working days", "escalations.near.when", "a condition: "),
    Slip(CHECK, "due in 3 workdays", "due in 3 workingdays", "escalations.near.when", "a duration such as"),
    Slip(CHECK, "light: blue", "light: bleu", "escalations.near.light", "one of: blue, yellow, red", "blue"),
    Slip(
        CHECK,
        "light: blue, tells: handler",
        "again: never",
        "escalations.near",
        "at least one of light, tells",
    ),
    Slip(
        CHECK, "tells: handler}", "tells: handlers}", "escalations.near.tells", "a declared role", "handler"
    ),
    Slip(
        CHECK,
        "progress behind plan",
        "own_score behind plan",
        "escalations.slow.when",
        "a declared fact with a plan",
    ),
    Slip(
        CHECK,
        "lateness, proposes: dispatch",
        "lateness, proposes: dispach",
        "escalations.late.proposes",
        "a declared kind",
        "dispatch",
    ),
    Slip(
        CHECK,
        "supervision ended}",
        "supervision over}",
        "escalations.poor.until",
        "KIND ended or KIND accepted",
    ),
    Slip(
        CHECK,
        "return happened",
        "retrun happened",
        "escalations.sent_back.when",
        "a declared transition",
        "return",
    ),
    Slip(
        CHECK, "in: submitted", "in: submited", "escalations.slow_review.in", "a declared state", "submitted"
    ),
    Slip(CHECK, "again: never", "again: sometimes", "escalations.sent_back.again", "never, after DURATION"),
    Slip(
        CHECK,
        "ladder: lateness, opens",
        "ladder: too late, opens",
        "escalations.very_late.ladder",
        "a name of at most 40",
    ),
    # the campaign
    Slip("campaign", "zone: Asia/Shanghai", "zone: Asia/Beijing", "zone", "an IANA time zone"),
    Slip("campaign", "zone: Asia/Shanghai", "zone: Asia", "zone", "an IANA time zone"),
    Slip("campaign", "prefix: SFD", "prefix: sfd", "prefix", "1 to 6 capital letters"),
    Slip("campaign", "on: 2026-03-02", "on: March 2", "basis.on", "a date such as"),
    Slip(
        "campaign",
        "self_check: 2026-04-30",
        "self_check: 2026-4-30",
        "milestones.self_check",
        "a date such as",
    ),
    Slip(
        "campaign",
        "self_check: 2026-04-30",
        "self_check: 2026-W18-4",
        "milestones.self_check",
        "a date such as",
    ),
    Slip(
        "campaign",
        "self_check: 2026-04-30",
        "self_check: 9999-04-30",
        "milestones.self_check",
        "a date such as",
    ),
    Slip("campaign", "bureau, in: city", "bureau, in: cty", "units.bureau.in", "a declared unit", "city"),
    Slip("campaign", "kind: city,", "kind: city, in: bureau,", "units.city.in", "a unit above it"),
    Slip("campaign", "  bureau: {", "  Bureau 1: {", "units.Bureau 1", "a name of at most 40"),
    Slip(
        "campaign",
        "of each: region",
        "of each: regions",
        "units.leading_group.of each",
        "a declared kind of unit",
        "region",
    ),
    Slip("campaign", "mon 09:00", "monday 09:00", "rounds.weekly_dispatch.at", "a moment ("),
    Slip("campaign", "mon 09:00", "day 1 mon 09:00", "rounds.weekly_dispatch.at", "a moment ("),
    Slip(
        "campaign",
        "completes: dispatch",
        "completes: dispatches",
        "rounds.weekly_dispatch.completes",
        "a declared kind",
        "dispatch",
    ),
    Slip(
        "campaign",
        "completes: dispatch",
        "track: service",
        "rounds.weekly_dispatch",
        "either opens or completes",
    ),
    Slip(
        "campaign",
        "{each: region}",
        "{each: regio}",
        "rounds.hand_out.opens.self_check.each",
        "a declared kind of unit",
        "region",
    ),
    Slip(
        "campaign", "track: service", "track: servise", "rounds.hand_out.track", "a declared track", "service"
    ),
    Slip(
        "campaign", "missed: run once", "missed: run twice", "defaults.missed", "one of: run once", "run once"
    ),
    Slip(
        "campaign",
        "again: after 5 workdays",
        "again: after a while",
        "defaults.again",
        "never, after DURATION",
    ),
    # people
    Slip("people", "supervisor at bureau", "supervisor in bureau", "people.li.posts", "POST at UNIT"),
    Slip("people", "[handler at east", "[handler at eastt", "people.wang.posts.1", "a declared unit", "east"),
    Slip("people", "people:\n", "persons:\n", "persons", "one of: people", None),
]


def line_of(text: str, part: str) -> int:
    """The line on which a part of a text begins, that isn't space."""
    return text.count("\n", 0, text.index(part) + len(part) - len(part.lstrip())) + 1


@pytest.mark.parametrize("slip", SLIPS, ids=[f"{slip.key}-{n}" for n, slip in enumerate(SLIPS)])
def test_a_slip_is_found_on_its_line(slip: Slip, tmp_path: Path) -> None:
    text = changed(SUPERVISION[slip.file], slip.old, slip.new)
    problems = problems_of(write_pack(tmp_path, **{**SUPERVISION, slip.file: text}))

    told = [one for one in problems if one.key == slip.key and one.expected.en.startswith(slip.expected)]
    assert told, [one.to_text().en for one in problems]
    assert {one.file for one in told} == {f"{slip.file}.yaml"}
    assert told[0].line == line_of(SUPERVISION[slip.file], slip.old)
    assert told[0].nearest == slip.nearest or slip.nearest is None
    assert any("\u4e00" <= letter <= "\u9fff" for letter in told[0].to_text().zh)


def test_there_are_slips_enough() -> None:
    assert len({(slip.file, slip.new) for slip in SLIPS}) >= 50


def test_all_problems_of_all_files_at_once(tmp_path: Path) -> None:
    files = dict(SUPERVISION)
    files["campaign"] = changed(files["campaign"], "prefix: SFD", "prefix: sfd")
    files["people"] = changed(files["people"], "supervisor at bureau", "supervisor at buero")
    files["self_check"] = changed(files["self_check"], "light: blue", "light: orange")
    files["self_check"] = changed(files["self_check"], "from: issued", "from: isued")
    files["dispatch"] = changed(files["dispatch"], "draft: yes", "draft: yes, draft: no")

    problems = problems_of(write_pack(tmp_path, **files))

    assert [(one.file, one.key) for one in problems] == [
        ("campaign.yaml", "prefix"),
        ("dispatch.yaml", "states.drafted.draft"),
        ("people.yaml", "people.li.posts"),
        ("self_check.yaml", "transitions.sign_for.from"),
        ("self_check.yaml", "escalations.near.light"),
    ]


def test_the_refusal_counts_its_problems(tmp_path: Path) -> None:
    path = write_pack(tmp_path, errand=changed(ERRAND, "light: yellow", "light: pink"))
    with pytest.raises(PackError, match=r"1 problem\(s\)") as refusal:
        load_pack(path)
    (problem,) = refusal.value.problems
    assert isinstance(problem, Problem)
    assert problem.to_text() == Text(
        "errand.yaml:17: escalations.late.light: 见到 'pink'；应为 blue、yellow、red 之一",
        "errand.yaml:17: escalations.late.light: found 'pink'; expected one of: blue, yellow, red",
    )


def test_broken_syntax_hides_what_would_only_follow_from_it(tmp_path: Path) -> None:
    files = {**SUPERVISION, "dispatch": "task: [dispatch\n"}
    (problem,) = problems_of(write_pack(tmp_path, **files))
    assert (problem.file, problem.key) == ("dispatch.yaml", "(syntax)")


def test_what_is_missing_altogether(tmp_path: Path) -> None:
    problems = problems_of(write_pack(tmp_path, campaign="prefix: A\n", errand="task: errand\n"))
    told = {(one.file, one.expected.en) for one in problems}
    for word in ("campaign", "label", "basis", "units", "milestones"):
        assert ("campaign.yaml", f"the required word {word}") in told
    for word in ("label", "parties", "deadline", "states"):
        assert ("errand.yaml", f"the required word {word}") in told
    assert all(one.line == 1 for one in problems)


@pytest.mark.parametrize(
    "text", ["", "- a\n", "just words\n", "states: 1\ntransitions: []\nfacts: x\nlists: y\n"]
)
def test_files_of_another_shape(text: str, tmp_path: Path) -> None:
    assert problems_of(write_pack(tmp_path, errand=text))
    assert problems_of(write_pack(tmp_path, errand=ERRAND, campaign=text))
    assert problems_of(write_pack(tmp_path, campaign=CAMPAIGN, errand=ERRAND, people=text or "- a"))


# --- folders ----------------------------------------------------------------------------------------


def test_no_pack_there(tmp_path: Path) -> None:
    with pytest.raises(Unknown, match=r"no campaign\.yaml"):
        load_pack(tmp_path / "nowhere")


def test_a_pack_without_kinds(tmp_path: Path) -> None:
    problems = problems_of(write_pack(tmp_path, campaign=CAMPAIGN))
    assert any(one.expected.en == "at least one file of a kind of task (KIND.yaml)" for one in problems)


def test_files_that_would_be_passed_over(tmp_path: Path) -> None:
    path = write_pack(tmp_path)
    (path / "other.yml").write_text("task: other\n")
    (path / "Kind.YAML").write_text("task: kind\n")
    (path / "notes.md").write_text("not a definition\n")
    (path / ".hidden.yaml").write_text("not: [read\n")
    problems = problems_of(path)
    assert {one.file for one in problems} == {"other.yml", "Kind.YAML"}


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    path = write_pack(tmp_path)
    (path / "folder.yaml").mkdir()
    (problem,) = problems_of(path)
    assert (problem.file, problem.expected.en) == ("folder.yaml", "a file that can be read")


def test_too_many_files(tmp_path: Path) -> None:
    path = write_pack(tmp_path)
    for n in range(MAX_FILES):
        (path / f"kind_{n:03}.yaml").write_text(ERRAND.replace("task: errand", f"task: kind_{n:03}"))
    problems = problems_of(path)
    assert [one.file for one in problems] == ["kind_198.yaml", "kind_199.yaml"]


def test_a_kind_is_named_like_its_file(tmp_path: Path) -> None:
    path = write_pack(tmp_path)
    (path / "Other Kind.yaml").write_text(ERRAND.replace("task: errand", "task: Other Kind"))
    (problem,) = problems_of(path)
    assert problem.expected.en.startswith("the name of the file, Other Kind (lower-case letters")


# --- places -----------------------------------------------------------------------------------------


def test_places_know_the_lines_of_keys(tmp_path: Path) -> None:
    _, places = read_pack(write_pack(tmp_path))
    assert places.line("errand.yaml", "task") == 1
    assert places.line("errand.yaml", "states.closed") == line_of(ERRAND, "closed: {")
    assert places.line("errand.yaml", "transitions.close.by.2") == line_of(ERRAND, "close: {")


def test_a_key_that_is_not_written_is_placed_at_the_one_above_it(tmp_path: Path) -> None:
    _, places = read_pack(write_pack(tmp_path))
    assert places.line("errand.yaml", "states.closed.within.nothing") == line_of(ERRAND, "closed: {")
    assert places.line("errand.yaml", "nothing") == 1
    assert places.line("nowhere.yaml", "task") == 0
    assert Places().line("errand.yaml", "task") == 0


# --- anything at all --------------------------------------------------------------------------------


@given(data=st.binary(max_size=300), name=st.sampled_from(["campaign", "errand", "people"]))
def test_any_bytes_are_read_or_refused(
    data: bytes, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write_pack(tmp_path_factory.mktemp("bytes"))
    (path / f"{name}.yaml").write_bytes(data)
    problems_of(path)


@given(data=st.data())
def test_a_mangled_pack_is_read_or_refused(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = {file.name: file.read_text(encoding="utf-8") for file in sorted(DEMONSTRATION.glob("*.yaml"))}
    name = data.draw(st.sampled_from(sorted(files)))
    files[name] = _mangled(files[name], files, data)
    path = tmp_path_factory.mktemp("mangled")
    for file, text in files.items():
        (path / file).write_text(text, encoding="utf-8")
    for problem in problems_of(path):
        assert problem.line <= files.get(problem.file, "").count("\n") + 2
        assert problem.expected.zh
        assert problem.expected.en


def _mangled(text: str, files: dict[str, str], data: st.DataObject) -> str:
    """The text with words exchanged, taken out or put in: from the same pack, so that many fit."""
    words = sorted(
        {word for one in files.values() for word in one.replace("{", " ").replace("}", " ").split()}
    )
    lines = text.splitlines()
    for _ in range(data.draw(st.integers(1, 4))):
        n = data.draw(st.integers(0, len(lines) - 1))
        parts = lines[n].split(" ")
        place = data.draw(st.integers(0, len(parts) - 1))
        new = data.draw(
            st.sampled_from(words) | st.text(max_size=3) | st.sampled_from(["{", "}", "[", "]", ",", ":"])
        )
        how = data.draw(st.sampled_from(["exchange", "put in", "take out", "drop", "double"]))
        if how == "exchange":
            parts[place] = new
        elif how == "put in":
            parts.insert(place, new)
        elif how == "take out":
            del parts[place]
        lines[n] = " ".join(parts)
        if how in ("drop", "double"):
            lines[n : n + 1] = [] if how == "drop" and len(lines) > 1 else [lines[n], lines[n]]
    return "\n".join(lines) + "\n"
