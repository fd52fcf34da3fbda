"""What is proven of a pack before it may run: each check with a pack that fails it and one that doesn't."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.packs import CAMPAIGN, ERRAND, PEOPLE, SUPERVISION, changed, problems_of, small_pack, write_pack
from workflow.calendar import default_calendar, parse_duration
from workflow.condition import View, compile_term
from workflow.definition import Definition, load_pack, pack_from_source, terms
from workflow.definition.model import Outcome
from workflow.errors import PackError
from workflow.proof import check_pack, prove
from workflow.proof.logic import Outlook, can_hold
from workflow.task import Related, Task

DEMONSTRATION = Path(__file__).parent.parent / "definitions" / "demonstration_site"

# A kind with one of everything that the checks look at; each test changes a line of it.
KIND = """\
task: errand
label: {zh: 任务, en: Errand}
parties: {unit: region}
deadline: campaign completion
plan: {progress: {start: 0, 2026-04-30: 60, deadline: 100}}
roles:
  handler: {label: {zh: 承办人, en: Handler}, is: handler at unit, else: supervisor}
  supervisor: {label: {zh: 督办员, en: Supervisor}, is: supervisor at bureau}
facts:
  progress: {type: percent, label: {zh: 进度, en: Progress}}
  score: {type: number, min: 0, max: 100, label: {zh: 得分, en: Score}}
  grade: {type: choice, choices: [low, high], label: {zh: 等级, en: Grade}}
  key: {type: yes/no, label: {zh: 重点, en: Key}}
  number: {type: count, label: {zh: 数量, en: Number}}
  promised: {type: date, label: {zh: 承诺, en: Promised}}
lists:
  findings: {label: {zh: 问题, en: Findings}, columns: {what: text, due: date}, closed_by: fix}
states:
  open: {label: {zh: 办理中, en: Open}, waits_for: handler, within: 5 workdays}
  review: {label: {zh: 审核, en: Review}, waits_for: supervisor}
  fixing:
    label: {zh: 整改, en: Fixing}
    opens: {fix: {each: findings, pass: {what: what, deadline: due}}}
  closed: {label: {zh: 销号, en: Closed}, final: accepted}
transitions:
  report: {label: {zh: 反馈, en: Report}, from: open, by: handler, asks: [progress, grade, key]}
  promise: {label: {zh: 承诺, en: Promise}, from: open, by: handler, optional: [number, promised]}
  submit: {label: {zh: 报送, en: Submit}, from: open, to: review, by: handler, asks: findings}
  judge: {label: {zh: 核定, en: Judge}, from: review, by: supervisor, asks: score, not_by: submit}
  fix: {label: {zh: 整改, en: Fix}, from: review, to: fixing, by: supervisor, when: open findings > 0}
  fixed: {from: fixing, to: review, after: all fix ended}
  close:
    label: {zh: 销号, en: Close}
    from: review
    to: closed
    by: supervisor
    when: score >= 60
escalations:
  slow: {when: progress behind plan by 20, light: yellow, tells: handler}
  late: {when: overdue, light: yellow, tells: supervisor}
  stuck: {when: step overdue, in: open, tells: supervisor}
"""

FIX = """\
task: fix
label: {zh: 整改, en: Fix}
parties: {unit: region}
deadline: given
roles:
  handler: {label: {zh: 承办人, en: Handler}, is: handler at unit}
facts:
  what: {type: text, label: {zh: 问题, en: Problem}}
states:
  open: {label: {zh: 办理中, en: Open}, waits_for: handler}
  closed: {label: {zh: 销号, en: Closed}, final: accepted}
transitions:
  close: {label: {zh: 销号, en: Close}, from: open, to: closed, by: handler}
escalations:
  late: {when: overdue, light: yellow, proposes: letter}
"""

LETTER = """\
task: letter
label: {zh: 督办函, en: Letter}
parties: {unit: any}
deadline: 10 workdays after opened
roles:
  head: {label: {zh: 领导, en: Head}, is: head at unit, else: supervisor}
  supervisor: {label: {zh: 督办员, en: Supervisor}, is: supervisor at bureau}
  boss: {label: {zh: 局领导, en: Boss}, is: boss at bureau}
states:
  drafted: {label: {zh: 草稿, en: Draft}, draft: yes}
  issued: {label: {zh: 已签发, en: Issued}, waits_for: head, within: 3 workdays}
  answered: {label: {zh: 已答复, en: Answered}, waits_for: supervisor}
  closed: {label: {zh: 办结, en: Closed}, final: accepted}
  dropped: {label: {zh: 作废, en: Dropped}, final: abandoned}
transitions:
  completed: {label: {zh: 送签, en: Complete}, from: drafted, to: issued, by: supervisor}
  answer: {label: {zh: 答复, en: Answer}, from: issued, to: answered, by: head}
  return: {label: {zh: 退回, en: Return}, from: answered, to: back, by: supervisor}
  close: {label: {zh: 办结, en: Close}, from: answered, to: closed, by: supervisor}
  drop:
    label: {zh: 撤销, en: Drop}
    from: any open
    to: dropped
    by: supervisor
    confirmed_by: {role: boss, within: 2 workdays, else: lapse}
"""

PACK = {
    "campaign": changed(CAMPAIGN, "rounds:\n", "rounds:\n  weekly: {at: mon 09:00, completes: letter}\n"),
    "people": PEOPLE,
    "errand": KIND,
    "fix": FIX,
    "letter": LETTER,
}


def test_the_packs_that_the_others_vary_are_fine(tmp_path: Path) -> None:
    assert problems_of(write_pack(tmp_path / "small")) == ()
    assert problems_of(write_pack(tmp_path / "one", **PACK)) == ()
    assert problems_of(write_pack(tmp_path / "whole", **SUPERVISION)) == ()


class Flaw(NamedTuple):
    """A change to `PACK` and the problem that it must give; `fine` is a like change that gives none."""

    name: str
    file: str
    old: str
    new: str
    key: str
    expected: str  # how the sentence begins
    fine: str | None = None  # instead of `new`


E = "errand"
FLAWS = [
    # states
    Flaw(
        "a state out of reach",
        E,
        "  closed: {label",
        "  lost: {label: {zh: 失, en: Lost}, waits_for: handler}\n  closed: {label",
        "states.lost",
        "a state that can be reached from the first, open",
    ),
    Flaw(
        "a state without a way out",
        E,
        "    to: closed\n",
        "    to: open\n",
        "states.review",
        "transitions that lead to a final state (closed)",
    ),
    Flaw(
        "no final state", E, "final: accepted}", "waits_for: handler}", "states", "at least one final state"
    ),
    Flaw(
        "a state that waits for nobody",
        E,
        "Review}, waits_for: supervisor}",
        "Review}}",
        "states.review",
        "waits_for, or a machine-made transition",
    ),
    Flaw(
        "a machine-made way out that never opens",
        E,
        "after: all fix ended}",
        "after: step overdue}",
        "states.fixing",
        "waits_for, or a machine-made transition",
        fine="after: in state for 5 days}",
    ),
    Flaw(
        "whoever is waited for can do nothing",
        E,
        "Review}, waits_for: supervisor}",
        "Review}, waits_for: handler}",
        "states.review.waits_for",
        "a role that can act here (a transition from review by handler)",
    ),
    Flaw(
        "back to where nobody came from",
        E,
        "from: open, to: review,",
        "from: [open, review], to: back,",
        "transitions.submit.to",
        "a state by name",
    ),
    # drafts
    Flaw(
        "two drafts",
        "letter",
        "Issued}, waits_for",
        "Issued}, draft: yes, waits_for",
        "states.issued.draft",
        "one draft state per kind (drafted is one)",
    ),
    Flaw(
        "a draft that is not the first state",
        E,
        "waits_for: supervisor}\n  fixing",
        "waits_for: supervisor, draft: yes}\n  fixing",
        "states.review.draft",
        "the draft as the first state",
    ),
    Flaw(
        "a draft that can't be abandoned",
        "letter",
        "final: abandoned",
        "final: accepted",
        "states.drafted.draft",
        "a state with final: abandoned",
    ),
    Flaw(
        "a draft that nobody completes",
        "campaign",
        "completes: letter",
        "opens: {letter: {each: region}}",
        "states.drafted",
        "waits_for, or a machine-made transition",
    ),
    Flaw(
        "a round that completes what is no draft",
        "campaign",
        "completes: letter",
        "completes: errand",
        "rounds.weekly.completes",
        "a kind with a draft state",
    ),
    Flaw(
        "a round that completes by another name",
        "letter",
        "  completed: {",
        "  finish: {",
        "rounds.weekly.completes",
        "a kind with a draft state",
    ),
    Flaw(
        "a completion that a round can't make",
        "letter",
        "from: drafted, to: issued, by: supervisor}",
        "from: drafted, to: issued, by: supervisor, asks: reason}",
        "rounds.weekly.completes",
        "a completed that a round can make alone",
        fine="from: drafted, to: issued, by: supervisor, optional: reason}",
    ),
    Flaw(
        "a proposal of what is no draft",
        "fix",
        "proposes: letter",
        "proposes: errand",
        "escalations.late.proposes",
        "a kind with a draft state",
    ),
    # the machine
    Flaw(
        "two machine-made transitions at once",
        E,
        "  close:\n",
        "  gone: {from: fixing, to: closed, after: overdue}\n  close:\n",
        "transitions.gone.after",
        "a condition that excludes the one of fixed",
    ),
    Flaw(
        "the machine in circles",
        E,
        "  close:\n",
        "  again: {from: review, to: fixing, after: open findings > 0}\n  close:\n",
        "transitions.fixed.after",
        "machine-made transitions that don't go in a circle",
    ),
    Flaw(
        "the machine in a circle of one",
        E,
        "  close:\n",
        "  wait: {from: review, to: review, after: in state for 9 days}\n  close:\n",
        "transitions.wait.after",
        "machine-made transitions that don't go in a circle",
        fine="  wait: {from: review, to: open, after: in state for 9 days}\n  close:\n",
    ),
    # roles
    Flaw(
        "roles in a circle",
        E,
        "is: supervisor at bureau}",
        "is: supervisor at bureau, else: handler}",
        "roles.handler.else",
        "else that comes to an end",
    ),
    Flaw(
        "a second person who is the first",
        "letter",
        "role: boss",
        "role: supervisor",
        "transitions.drop.confirmed_by.role",
        "a role whose post is another than that of by",
    ),
    Flaw(
        "a second role that is the first by another name",
        "letter",
        "is: boss at bureau",
        "is: supervisor at bureau",
        "transitions.drop.confirmed_by.role",
        "a role whose post is another than that of by",
    ),
    Flaw(
        "nobody is excluded by what the machine did",
        E,
        "not_by: submit",
        "not_by: fixed",
        "transitions.judge.not_by",
        "a transition that people make",
        fine="not_by: anyone",
    ),
    # facts and lists
    Flaw(
        "a fact that nobody is asked for",
        E,
        "by: supervisor, asks: score,",
        "by: supervisor,",
        "facts.score",
        "a fact that some transition asks for",
        fine="by: supervisor, optional: score,",
    ),
    Flaw(
        "a planned fact that nobody is asked for",
        E,
        "asks: [progress, grade, key]",
        "asks: [grade, key]",
        "facts.progress",
        "a fact that some transition asks for",
        fine="asks: [grade, key], sets: {progress: 100}",
    ),
    Flaw(
        "a date that nobody is asked for",
        E,
        "optional: [number, promised]",
        "sets: {deadline: promised}",
        "facts.promised",
        "a fact that some transition asks for",
        fine="asks: [number, promised], sets: {deadline: promised}",
    ),
    Flaw(
        "a list that nobody is asked for",
        E,
        "by: handler, asks: findings}",
        "by: handler}",
        "lists.findings",
        "a list in asks or optional",
    ),
    Flaw(
        "a list whose rows nothing closes",
        E,
        "closed_by: fix",
        "closed_by: letter",
        "lists.findings.closed_by",
        "a kind that is opened for each row (each: findings)",
    ),
    Flaw(
        "a list whose rows never close",
        "fix",
        "final: accepted",
        "final: abandoned",
        "lists.findings.closed_by",
        "a kind that has a state with final: accepted",
    ),
    Flaw(
        "an extension without a date",
        E,
        "optional: [number, promised]",
        "optional: [number, promised], sets: {deadline: until}",
        "transitions.promise.sets.deadline",
        "until among what this transition asks",
        fine="optional: [number, promised, until], sets: {deadline: until}",
    ),
    *(
        Flaw(
            f"a constant that is no {name}",
            E,
            "optional: [number, promised]",
            f"optional: [number, promised], sets: {{{name}: {wrong}}}",
            f"transitions.promise.sets.{name}",
            expected,
            fine=f"optional: [number, promised], sets: {{{name}: {right}}}",
        )
        for name, wrong, right, expected in (
            ("score", "101", "100", "a number within the range of score (0 to 100)"),
            ("progress", "much", "12.5", "a number within the range of progress (0 to 100)"),
            ("number", "2.5", "2", "a number within the range of number"),
            ("grade", "middle", "high", "one of: low, high"),
            ("key", "true", "yes", "one of: yes, no"),
            ("promised", "tomorrow", "2026-04-01", "a date such as"),
        )
    ),
    Flaw(
        "a plan beyond the fact's range",
        E,
        "deadline: 100}}",
        "deadline: 110}}",
        "plan.progress.deadline",
        "a number within the range of progress",
    ),
    # conditions
    Flaw(
        "a condition out of range",
        E,
        "when: score >= 60",
        "when: score > 100",
        "transitions.close.when",
        "one that can (parts that agree",
        fine="when: score == 100",
    ),
    Flaw(
        "a condition that contradicts itself",
        E,
        "when: score >= 60",
        "when: {all: [score >= 60, score < 60]}",
        "transitions.close.when",
        "one that can (parts that agree",
        fine="when: {any: [score >= 60, score < 60]}",
    ),
    Flaw(
        "a state without its clock",
        E,
        "when: step overdue, in: open",
        "when: step overdue, in: [open, review]",
        "escalations.stuck.when",
        "one that fits the state: step needs within",
        fine="when: {any: [step overdue, in state for 9 days]}, in: [open, review]",
    ),
    Flaw(
        "silence where nobody is waited for",
        E,
        "when: step overdue, in: open",
        "when: nothing reported for 5 days, in: fixing",
        "escalations.stuck.when",
        "one that fits the state",
        fine="when: nothing reported for 5 days, in: review",
    ),
    Flaw(
        "a rule for a state that is final",
        E,
        "when: step overdue, in: open",
        "when: overdue, in: [open, closed]",
        "escalations.stuck.in",
        "an open state",
    ),
    Flaw(
        "children that nobody opens",
        E,
        "after: all fix ended}",
        "after: all letter ended}",
        "transitions.fixed.after",
        "a kind that this one opens",
    ),
    Flaw(
        "a parent that does not exist",
        E,
        "when: overdue, light",
        "when: parent ended, light",
        "escalations.late.when",
        "a kind that other tasks open",
    ),
    Flaw(
        "a concern that does not exist",
        "letter",
        "  drop:\n",
        "  end: {from: answered, to: closed, after: all concerned errand ended}\n  drop:\n",
        "transitions.end.after",
        "a kind whose rules open or propose this one",
        fine="  end: {from: answered, to: closed, after: all concerned fix ended}\n  drop:\n",
    ),
    Flaw(
        "until of what the rule doesn't open",
        "fix",
        "proposes: letter",
        "proposes: letter, until: errand ended",
        "escalations.late.until",
        "a kind that this rule opens or proposes (letter)",
        fine="proposes: letter, until: letter ended",
    ),
    # openings
    Flaw(
        "no deadline for what needs one",
        E,
        "pass: {what: what, deadline: due}",
        "pass: {what: what}",
        "states.fixing.opens.fix",
        "a deadline passed on",
    ),
    Flaw(
        "a deadline for what has its own",
        "fix",
        "deadline: given",
        "deadline: 5 workdays after opened",
        "states.fixing.opens.fix.pass.deadline",
        "a deadline only for a kind with deadline: given",
    ),
    Flaw(
        "a deadline that is no date",
        E,
        "deadline: due}",
        "deadline: what}",
        "states.fixing.opens.fix.pass.deadline",
        "a fact or column of type date",
        fine="deadline: promised}",
    ),
    Flaw(
        "a fact of another type",
        E,
        "pass: {what: what,",
        "pass: {what: due,",
        "states.fixing.opens.fix.pass.what",
        "a fact or column of type text, like what",
    ),
    Flaw(
        "a unit of another kind",
        "fix",
        "parties: {unit: region}",
        "parties: {unit: bureau}",
        "states.fixing.opens.fix",
        "kinds of unit that fix allows as unit (bureau)",
        fine="parties: {unit: [region, bureau]}",
    ),
    Flaw(
        "a party that is not passed",
        "fix",
        "parties: {unit: region}",
        "parties: {unit: region, checker: any}",
        "states.fixing.opens.fix",
        "the parties checker in pass",
    ),
    Flaw(
        "a proposal without a deadline",
        "letter",
        "deadline: 10 workdays after opened",
        "deadline: given",
        "escalations.late.proposes",
        "a kind with a deadline of its own",
        fine="deadline: month end",
    ),
    Flaw(
        "a proposal without its parties",
        "letter",
        "parties: {unit: any}",
        "parties: {unit: any, other: any}",
        "escalations.late.proposes",
        "the parties other in pass",
    ),
    Flaw(
        "a round without a deadline",
        "campaign",
        "{errand: {each",
        "{fix: {each",
        "rounds.hand_out.opens.fix",
        "a kind with a deadline of its own: rounds pass none",
    ),
    Flaw(
        "a round for units of another kind",
        "campaign",
        "{errand: {each: region",
        "{errand: {each: bureau",
        "rounds.hand_out.opens.errand.each",
        "a kind of unit that errand allows (region)",
    ),
    Flaw(
        "a round without its parties",
        E,
        "parties: {unit: region}",
        "parties: {unit: region, checker: any}",
        "rounds.hand_out.opens.errand",
        "a kind with one party only",
    ),
    Flaw(
        "children of rows that may not exist",
        E,
        ", when: open findings > 0}",
        "}",
        "transitions.fix.to",
        "when: open findings > 0",
        fine=", when: {all: [score < 60, open findings >= 1]}}",
    ),
    # dates
    Flaw(
        "a task that is born late",
        "campaign",
        "at: start",
        "at: completion",
        "rounds.hand_out.opens.errand",
        "a kind that is due after 2026-05-31",
        fine="at: start 08:30",
    ),
    Flaw(
        "tasks that will be born late",
        "campaign",
        "at: start",
        "at: day 1 09:00",
        "rounds.hand_out.opens.errand",
        "a kind whose deadline counts from its opening",
    ),
    Flaw(
        "a rule that opens what is late",
        "fix",
        "deadline: given",
        "deadline: 2026-05-01",
        "states.fixing.opens.fix.pass.deadline",
        "a deadline only for a kind with deadline: given",
    ),
    Flaw(
        "a deadline before the beginning",
        E,
        "deadline: campaign completion",
        "deadline: 2026-03-01",
        "deadline",
        "a deadline after the campaign has begun (2026-03-02)",
    ),
    Flaw(
        "a milestone before the beginning",
        "campaign",
        "completion: 2026-05-31",
        "completion: 2026-05-31, early: 2026-02-01",
        "milestones.early",
        "a date not before start (2026-03-02)",
        fine="completion: 2026-05-31, early: 2026-03-02",
    ),
    Flaw(
        "a plan behind the deadline",
        E,
        "2026-04-30: 60",
        "2026-05-31: 60",
        "plan.progress.2026-05-31",
        "a date between start and deadline",
        fine="2026-05-30: 60",
    ),
    Flaw(
        "a plan before the beginning",
        E,
        "2026-04-30: 60",
        "2026-03-01: 60",
        "plan.progress.2026-03-01",
        "a date between start and deadline",
        fine="2026-03-02: 60",
    ),
]


@pytest.mark.parametrize("flaw", FLAWS, ids=[flaw.name for flaw in FLAWS])
def test_a_flaw_is_found_on_its_line(flaw: Flaw, tmp_path: Path) -> None:
    files = {**PACK, flaw.file: changed(PACK[flaw.file], flaw.old, flaw.new)}
    problems = problems_of(write_pack(tmp_path, **files))

    told = [one for one in problems if one.key == flaw.key and one.expected.en.startswith(flaw.expected)]
    assert told, [one.to_text().en for one in problems]
    assert told[0].line == _line_of_key(files[told[0].file.removesuffix(".yaml")], flaw.key)
    for text in (told[0].found.zh, told[0].expected.zh):
        assert text


@pytest.mark.parametrize("flaw", [flaw for flaw in FLAWS if flaw.fine], ids=lambda flaw: flaw.name)
def test_what_is_like_a_flaw_but_fine(flaw: Flaw, tmp_path: Path) -> None:
    files = {**PACK, flaw.file: changed(PACK[flaw.file], flaw.old, flaw.fine or "")}
    assert [one.to_text().en for one in problems_of(write_pack(tmp_path, **files))] == []


def _line_of_key(text: str, key: str) -> int:
    """The line of a dotted key, found by reading the text from above, word by word."""
    place = 0
    for word in key.split("."):
        starts = [text.find(f"{before}{word}:", place) for before in ("\n", " ", "{")]
        found = [start for start in starts if start >= 0]
        place = min(found) + 1 if found else place
    return text.count("\n", 0, place) + 1


# --- two machine-made transitions -------------------------------------------------------------------

EXCLUSIVE = [
    ("any fix open", "{not: any fix open}"),
    ("any fix open", "all fix ended"),
    (
        "all fix accepted",
        "{all: [step overdue, {not: any fix open}, {not: any fix accepted}]}",
    ),  # the design's
    ("score >= 60", "score < 60"),
    ("score >= 60", "{not: score >= 60}"),
    ("score > 60", "{all: [overdue, {any: [score < 10, score == 60]}]}"),
    ("grade == low", "grade == high"),
    ("grade in low", "grade > low"),
    ("key == yes", "key == no"),
    ("key == yes", "key not reported"),
    ("open findings > 0", "open findings == 0"),
    ("judge happened 2 times", "{not: judge happened}"),
    ("due in 3 days", "overdue"),
    ("overdue by 3 days", "{not: overdue}"),
    ("overdue by 3 days", "{not: overdue by 2 days}"),
    ("promised > 2026-04-01", "promised < 2026-04-01"),
    ("score > number", "score <= number"),
]
TOGETHER = [
    ("any fix ended", "any fix open"),
    ("all fix ended", "any fix accepted"),
    ("score >= 60", "score <= 60"),
    ("score >= 60", "key == yes"),
    ("score >= 60", "score not reported for 3 days"),
    ("progress >= 60", "{not: key == yes}"),
    ("grade in low or high", "grade == high"),
    ("overdue", "step overdue"),
    ("overdue by 3 days", "{not: overdue by 4 days}"),
    ("overdue by 3 workdays", "{not: overdue by 2 days}"),  # no order among working days and days
    ("in state for 3 days", "{not: overdue}"),
    ("{any: [overdue, key == yes]}", "{any: [{not: overdue}, key == no]}"),
    ("judge happened 2 times", "judge happened"),
]


_TWO = """\
  fix_now: {label: {zh: 改, en: Fix}, from: open, to: fixing, by: handler, when: open findings > 0}
  fixed: {from: fixing, to: review, after: FIRST}
  other: {from: fixing, to: closed, after: SECOND}
"""


def _with_two(first: str, second: str) -> str:
    two = _TWO.replace("FIRST", first).replace("SECOND", second)
    kind = changed(KIND, "  fixed: {from: fixing, to: review, after: all fix ended}\n", two)
    waits = "    waits_for: supervisor\n    within: 9 days\n    opens: {fix: {each"
    kind = changed(kind, "    opens: {fix: {each", waits)
    return changed(
        kind,
        "from: review, by: supervisor, asks: score",
        "from: [review, fixing], by: supervisor, asks: score",
    )


@pytest.mark.parametrize(("first", "second"), EXCLUSIVE)
def test_conditions_that_exclude_each_other(first: str, second: str, tmp_path: Path) -> None:
    files = {**PACK, "errand": _with_two(first, second)}
    assert [one.to_text().en for one in problems_of(write_pack(tmp_path, **files))] == []


@pytest.mark.parametrize(("first", "second"), TOGETHER)
def test_conditions_that_may_hold_together(first: str, second: str, tmp_path: Path) -> None:
    files = {**PACK, "errand": _with_two(first, second)}
    (problem,) = problems_of(write_pack(tmp_path, **files))
    assert problem.key == "transitions.other.after"
    assert problem.found.en == "may hold in fixing together with fixed"


def test_a_condition_with_too_many_cases_counts_as_possible(errand: Definition) -> None:
    """It can't hold, but to find that out would take 3 to the power of 60 steps."""
    apart: list[terms.Term] = [
        terms.Any(parts=tuple(terms.BehindPlan(fact="progress", by=3 * n + m) for m in range(1, 4)))
        for n in range(60)
    ]
    never = [terms.Parent(status="open"), terms.Parent(status="ended")]
    assert not can_hold(never, Outlook(definition=errand))
    assert can_hold([*apart, *never], Outlook(definition=errand))


# --- a proof is never wrong -------------------------------------------------------------------------

NOW = 1_780_000_000_000  # in May 2026
HOUR = 3_600_000
CALENDAR = default_calendar(first=2025, last=2027)
DURATIONS = [parse_duration(text) for text in ("5 hours", "2 days", "5 days", "1 workday", "3 workdays")]
COMPARED: dict[str, list[int] | list[str]] = {
    "score": [0, 10_000_000, 59_999_999, 60_000_000, 100_000_000],
    "number": [0, 1_000_000, 2_000_000],
    "grade": [0, 1],
    "key": ["yes", "no"],
    "promised": ["2026-05-28", "2026-05-29"],
}
REPORTED: dict[str, st.SearchStrategy[int | str]] = {
    "score": st.sampled_from([0, 10, 60, 100]),
    "number": st.integers(0, 3),
    "grade": st.sampled_from(["low", "high"]),
    "key": st.sampled_from(["yes", "no"]),
    "promised": st.sampled_from(["2026-05-27", "2026-05-28", "2026-05-29"]),
    "progress": st.sampled_from([0, 50, 100]),
}


OPERATORS: list[terms.Operator] = ["==", "!=", "<", ">="]
STATUSES: list[terms.Status] = ["open", "ended", "accepted"]
OUTCOMES: list[Outcome | None] = [None, "abandoned", "accepted"]


def leaves() -> st.SearchStrategy[terms.Term]:
    """A condition without parts, on a task of `KIND`."""
    fact, operator = st.sampled_from(sorted(COMPARED)), st.sampled_from(OPERATORS)
    clock, duration = st.sampled_from(["deadline", "step", "promised"]), st.sampled_from(DURATIONS)
    status, count = st.sampled_from(STATUSES), st.integers(0, 3)
    compared = fact.flatmap(
        lambda name: st.builds(
            terms.Compare, fact=st.just(name), operator=operator, value=st.sampled_from(COMPARED[name])
        )
    )
    return st.one_of(
        compared,
        st.builds(
            terms.Compare, fact=st.just("score"), operator=operator, value=st.just(0), other=st.just("number")
        ),
        st.just(terms.OneOf(fact="grade", values=("high",))),
        st.builds(terms.NotReported, fact=fact, duration=st.none() | duration),
        st.builds(terms.BehindPlan, fact=st.just("progress"), by=st.sampled_from([5_000_000, 40_000_000])),
        st.builds(terms.DueIn, clock=clock, duration=duration),
        st.builds(terms.Overdue, clock=clock, by=st.none() | duration),
        st.builds(terms.InStateFor, duration=duration),
        st.builds(terms.NothingReported, duration=duration),
        st.builds(terms.OpenRows, list=st.just("findings"), operator=operator, number=count),
        st.builds(terms.Happened, transition=st.just("judge"), times=st.integers(1, 4)),
        st.builds(
            terms.Tasks,
            quantifier=st.sampled_from(["all", "any"]),
            kind=st.just("fix"),
            status=status,
            concerned=st.booleans(),
        ),
        st.builds(terms.Parent, status=status),
    )


def conditions() -> st.SearchStrategy[terms.Term]:
    """Any condition on a task of `KIND`."""
    return st.recursive(leaves(), _combined, max_leaves=6)


def _combined(inner: st.SearchStrategy[terms.Term]) -> st.SearchStrategy[terms.Term]:
    several = st.lists(inner, min_size=1, max_size=3).map(tuple)
    return st.one_of(
        several.map(lambda parts: terms.All(parts=parts)),
        several.map(lambda parts: terms.Any(parts=parts)),
        inner.map(lambda part: terms.Not(part=part)),
    )


@st.composite
def views(draw: st.DrawFn) -> View:
    """Any task of `KIND` at one instant."""
    past = st.integers(1, 300).map(lambda hours: NOW - hours * HOUR)
    facts = draw(st.fixed_dictionaries({}, optional=REPORTED))
    opened = NOW - 400 * HOUR
    task = Task(
        id=1, campaign_id=1, version_id=1, kind="errand", track=None, unit_id=1, parent_id=None,
        row_id=None, moment_id=None, state=draw(st.sampled_from(["open", "review", "fixing"])), visit=1,
        came_from=None, opened_at=opened, state_since=draw(past), reported_at=draw(past),
        deadline=NOW + draw(st.integers(-300, 300)) * HOUR, deadline_set_at=opened, deadline_anchor=opened,
        deadline_basis="", revision=1, seq=1, head=b"", facts=facts,
        fact_times={name: draw(past) for name in facts}, acts={"judge": draw(st.integers(0, 4))},
    )  # fmt: skip
    return View(
        now=NOW,
        task=task,
        calendar=CALENDAR,
        children=draw(st.lists(related(), max_size=3)),
        concerned=draw(st.lists(related(), max_size=3)),
        parent=draw(st.none() | related()),
        open_rows={"findings": draw(st.integers(0, 4))},
    )


@st.composite
def related(draw: st.DrawFn) -> Related:
    """Another task: open, abandoned or accepted."""
    outcome = draw(st.sampled_from(OUTCOMES))
    return Related(id=2, kind="fix", ended_at=NOW - HOUR if outcome else None, outcome=outcome)


@pytest.fixture(scope="module")
def errand(tmp_path_factory: pytest.TempPathFactory) -> Definition:
    """The definition of `KIND`."""
    return small_pack(tmp_path_factory.mktemp("errand"), **PACK).definitions["errand"]


@given(parts=st.lists(conditions(), min_size=1, max_size=3), view=views())
def test_what_holds_is_never_proven_impossible(
    parts: list[terms.Term], view: View, errand: Definition
) -> None:
    """Against the meaning that `workflow.condition` gives: what is true of a task is never refused."""
    # Turned so that they hold: what is known and false holds under `not`.
    looks = [compile_term(part, errand)(view).truth for part in parts]
    holding = [
        part if truth else terms.Not(part=part)
        for part, truth in zip(parts, looks, strict=True)
        if truth is not None
    ]
    assert can_hold(holding, Outlook(definition=errand))
    assert can_hold(holding, Outlook(definition=errand, state=view.task.state))
    if not view.task.facts and not view.open_rows["findings"] and not view.task.acts["judge"]:
        assert can_hold(holding, Outlook(definition=errand, untouched=True))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (terms.InStateFor(duration=DURATIONS[2]), terms.InStateFor(duration=DURATIONS[1])),
        (terms.NothingReported(duration=DURATIONS[2]), terms.NothingReported(duration=DURATIONS[1])),
        (
            terms.NotReported(fact="key", duration=DURATIONS[2]),
            terms.NotReported(fact="key", duration=DURATIONS[1]),
        ),
        (terms.BehindPlan(fact="progress", by=2), terms.BehindPlan(fact="progress", by=1)),
        (
            terms.DueIn(clock="step", duration=DURATIONS[1]),
            terms.DueIn(clock="step", duration=DURATIONS[2]),
        ),
    ],
)
def test_the_longer_implies_the_shorter(one: terms.Term, other: terms.Term, errand: Definition) -> None:
    outlook = Outlook(definition=errand)
    assert not can_hold([one, terms.Not(part=other)], outlook)
    assert can_hold([other, terms.Not(part=one)], outlook)


# --- circles of the machine -------------------------------------------------------------------------


def test_a_circle_is_fine_where_only_an_act_turns_the_condition(tmp_path: Path) -> None:
    """A task that pauses while a letter is open, and goes on when it has ended."""
    pauses = changed(
        changed(KIND, "  close:\n", _PAUSES),
        "  slow: {",
        "  grave: {when: overdue by 5 days, light: red, opens: letter}\n  slow: {",
    )
    paused = changed(
        pauses, "  closed: {label", "  paused: {label: {zh: 暂停, en: Paused}}\n  closed: {label"
    )
    assert [one.to_text().en for one in problems_of(write_pack(tmp_path, **{**PACK, "errand": paused}))] == []


_PAUSES = """\
  pause: {from: review, to: paused, after: any letter open}
  resume: {from: paused, to: back, after: all letter ended}
  close:
"""


@pytest.mark.parametrize(
    "both", [("overdue", "{not: overdue}"), ("in state for 1 day", "in state for 2 days")]
)
def test_clocks_do_not_break_a_circle(both: tuple[str, str], tmp_path: Path) -> None:
    """Time alone would turn it for ever."""
    circle = """\
  there: {from: review, to: open, after: FIRST}
  hence: {from: open, to: review, after: SECOND}
  close:
"""
    circle = circle.replace("FIRST", both[0]).replace("SECOND", both[1])
    files = {**PACK, "errand": changed(KIND, "  close:\n", circle)}
    (problem,) = problems_of(write_pack(tmp_path, **files))
    assert problem.key == "transitions.there.after"
    assert problem.found.en == "review → open → review"


def test_what_the_machine_sets_itself_does_not_break_a_circle(tmp_path: Path) -> None:
    circle = """\
  there: {from: review, to: open, after: key == yes, sets: {key: no}}
  hence: {from: open, to: review, after: key == no, sets: {key: yes}}
  close:
"""
    files = {**PACK, "errand": changed(KIND, "  close:\n", circle)}
    assert any(one.found.en == "review → open → review" for one in problems_of(write_pack(tmp_path, **files)))


# --- rules that open themselves ---------------------------------------------------------------------


def _opening_each_other(errand_when: str, letter_when: str) -> dict[str, str]:
    errand = changed(
        KIND, "  slow: {", f"  grave: {{when: {errand_when}, light: red, opens: letter}}\n  slow: {{"
    )
    letter = LETTER + f"escalations:\n  more: {{when: {letter_when}, light: red, opens: task}}\n"
    errand = errand.replace("task: errand", "task: task").replace(
        "deadline: campaign completion", "deadline: month end"
    )
    errand = changed(errand, "{start: 0, 2026-04-30: 60, deadline: 100}", "{start: 0, deadline: 100}")
    letter = letter.replace("parties: {unit: any}", "parties: {unit: region}")
    campaign = PACK["campaign"].replace("{errand: {each", "{task: {each")
    return {"campaign": campaign, "task": errand, "fix": FIX, "letter": letter}


@pytest.mark.parametrize(
    ("errand_when", "letter_when"),
    [
        ("overdue", "overdue"),
        ("overdue", "step overdue"),  # the round completes the draft, and nobody answers
        ("progress behind plan by 20", "in state for 9 days"),
        ("key not reported for 9 days", "nothing reported for 9 days"),
        ("{any: [key == yes, overdue]}", "overdue"),
        ("{not: submit happened}", "overdue"),
        ("open findings == 0", "overdue"),
    ],
)
def test_rules_that_open_each_other_for_ever(errand_when: str, letter_when: str, tmp_path: Path) -> None:
    problems = problems_of(write_pack(tmp_path, **_opening_each_other(errand_when, letter_when)))
    (problem,) = problems
    assert (problem.file, problem.key) == ("letter.yaml", "escalations.more.opens.task")
    assert problem.found.en == "letter → task → letter"
    assert problem.expected.en.startswith("openings that come to an end")


@pytest.mark.parametrize(
    ("errand_when", "letter_when"),
    [
        ("score < 60", "overdue"),  # somebody reports a score each time
        ("key == yes", "overdue"),
        ("submit happened", "overdue"),
        ("open findings > 0", "overdue"),
        ("progress >= 20", "overdue"),
        ("overdue", "{all: [overdue, answer happened]}"),
        ("overdue", "overdue, in: answered"),
    ],
)
def test_a_circle_of_openings_with_an_act_in_it(errand_when: str, letter_when: str, tmp_path: Path) -> None:
    files = _opening_each_other(errand_when, letter_when)
    assert [one.to_text().en for one in problems_of(write_pack(tmp_path, **files))] == []


def test_a_kind_that_opens_itself(tmp_path: Path) -> None:
    letter = LETTER + "escalations:\n  more: {when: overdue, light: red, proposes: letter}\n"
    (problem,) = problems_of(write_pack(tmp_path, **{**PACK, "letter": letter}))
    assert (problem.key, problem.found.en) == ("escalations.more.proposes", "letter → letter")


def test_a_state_that_opens_its_own_kind(tmp_path: Path) -> None:
    letter = changed(LETTER, "Draft}, draft: yes}", "Draft}, draft: yes, opens: letter}")
    (problem,) = problems_of(write_pack(tmp_path, **{**PACK, "letter": letter}))
    assert (problem.key, problem.found.en) == ("states.drafted.opens.letter", "letter → letter")


# --- groups, passed facts, parties, ladders, late openings ------------------------------------------


GROUPED = changed(
    CAMPAIGN, "milestones:", "  team: {of each: region, label: {zh: 组, en: Team}}\nmilestones:"
)
TEAM = "  team: {label: {zh: 组长, en: Team}, is: head at team of unit}\nstates:"


def test_a_group_that_some_units_lack(tmp_path: Path) -> None:
    errand = changed(ERRAND, "states:", "states:").replace("facts:", "facts:")
    errand = changed(errand, "parties: {unit: region}", "parties: {unit: any}")
    errand = changed(errand, "facts:\n", TEAM.removesuffix("states:") + "facts:\n")
    (problem,) = problems_of(write_pack(tmp_path, campaign=GROUPED, errand=errand))
    assert (problem.key, problem.found.en) == ("roles.team", "no team at bureau")

    fallback = changed(errand, "head at team of unit", "head at team of unit, else: supervisor")
    assert problems_of(write_pack(tmp_path / "else", campaign=GROUPED, errand=fallback)) == ()
    regions = changed(errand, "parties: {unit: any}", "parties: {unit: region}")
    assert problems_of(write_pack(tmp_path / "region", campaign=GROUPED, errand=regions)) == ()


def test_a_fact_that_is_passed_needs_nobody_to_be_asked(tmp_path: Path) -> None:
    fix = FIX + "  known: {when: {not: what == nothing}, light: yellow, tells: handler}\n"
    assert problems_of(write_pack(tmp_path / "passed", **{**PACK, "fix": fix})) == ()

    errand = changed(KIND, "pass: {what: what, deadline: due}", "pass: {deadline: due}")
    (problem,) = problems_of(write_pack(tmp_path / "not", **{**PACK, "fix": fix, "errand": errand}))
    assert (problem.file, problem.key) == ("fix.yaml", "facts.what")


def test_parties_that_are_passed(tmp_path: Path) -> None:
    fix = changed(FIX, "parties: {unit: region}", "parties: {unit: region, checker: bureau}")
    errand = changed(KIND, "parties: {unit: region}", "parties: {unit: region, side: bureau}")
    errand = changed(errand, "pass: {what: what,", "pass: {what: what, checker: side,")
    campaign = changed(PACK["campaign"], "  hand_out: {at: start, opens: {errand: {each: region}}}\n", "")
    files = {**PACK, "campaign": campaign, "fix": fix, "errand": errand}
    assert [one.to_text().en for one in problems_of(write_pack(tmp_path / "good", **files))] == []

    wrong = {**files, "errand": changed(errand, "checker: side", "checker: unit")}
    (problem,) = problems_of(write_pack(tmp_path / "kind", **wrong))
    assert problem.expected.en == "kinds of unit that fix allows as checker (bureau)"
    fact = {**files, "errand": changed(errand, "checker: side", "checker: promised")}
    (problem,) = problems_of(write_pack(tmp_path / "fact", **fact))
    assert problem.expected.en == "a party, or a fact of type unit"


def test_a_ladder_misspelt(tmp_path: Path) -> None:
    rungs = """\
  a: {when: overdue by 1 day, light: yellow, tells: handler, ladder: lateness}
  b: {when: overdue by 2 days, light: yellow, tells: handler, ladder: lateness}
  c: {when: overdue by 3 days, light: red, tells: handler, ladder: latenes}
"""
    (problem,) = problems_of(write_pack(tmp_path / "near", errand=ERRAND + rungs))
    assert (problem.key, problem.nearest) == ("escalations.c.ladder", "lateness")
    alone = changed(rungs, "ladder: latenes}", "ladder: other}")
    assert problems_of(write_pack(tmp_path / "far", errand=ERRAND + alone)) == ()


def test_a_rule_that_opens_what_is_already_late(tmp_path: Path) -> None:
    opens = "  grave: {when: {all: [overdue, key == yes]}, light: red, opens: fix}\n  slow: {"
    fix = changed(FIX, "deadline: given", "deadline: 2026-05-31")
    errand = changed(changed(KIND, "  slow: {", opens), "what: what, deadline: due", "what: what")
    (problem,) = problems_of(write_pack(tmp_path / "late", **{**PACK, "errand": errand, "fix": fix}))
    assert (problem.key, problem.expected.en) == (
        "escalations.grave.opens.fix",
        "a kind that is due after 2026-05-31",
    )

    later = {**PACK, "errand": errand, "fix": changed(fix, "2026-05-31", "2026-06-30")}
    assert problems_of(write_pack(tmp_path / "later", **later)) == ()
    unsure = {**PACK, "errand": changed(errand, "{all: [overdue, key", "{any: [overdue, key"), "fix": fix}
    assert problems_of(write_pack(tmp_path / "unsure", **unsure)) == ()


def test_a_round_until_the_end_of_the_campaign(tmp_path: Path) -> None:
    campaign = changed(CAMPAIGN, "at: start", "at: mon 09:00")
    ends = changed(campaign, "completion: 2026-05-31", "completion: 2026-05-31, end: 2026-05-31")
    assert problems_of(write_pack(tmp_path, campaign=ends, errand=ERRAND)) == ()


def test_back_may_lead_where_it_must_not(tmp_path: Path) -> None:
    """From review a task may go back to fixing, out of which it came with all rows closed."""
    undo = "  undo: {label: {zh: 退, en: Undo}, from: review, to: back, by: supervisor}\n  close:\n"
    (problem,) = problems_of(write_pack(tmp_path, **{**PACK, "errand": changed(KIND, "  close:\n", undo)}))
    assert (problem.key, problem.found.en) == (
        "transitions.undo.to",
        "fixing, perhaps without any open row of findings",
    )


def test_children_that_are_never_accepted(tmp_path: Path) -> None:
    errand = changed(KIND, "after: all fix ended", "after: all fix accepted")
    errand = changed(errand, ", closed_by: fix}", "}")
    assert problems_of(write_pack(tmp_path / "good", **{**PACK, "errand": errand})) == ()

    fix = changed(FIX, "final: accepted", "final: abandoned")
    (problem,) = problems_of(write_pack(tmp_path / "never", **{**PACK, "errand": errand, "fix": fix}))
    assert problem.key == "transitions.fixed.after"
    assert problem.expected.en == "a kind that has a state with final: accepted"


# --- the whole --------------------------------------------------------------------------------------


def test_all_flaws_at_once(tmp_path: Path) -> None:
    errand = changed(KIND, "by: supervisor, asks: score,", "by: supervisor,")
    errand = changed(errand, "when: step overdue, in: open", "when: overdue, in: closed")
    campaign = changed(PACK["campaign"], "at: start", "at: completion")
    problems = problems_of(write_pack(tmp_path, **{**PACK, "errand": errand, "campaign": campaign}))
    assert [(one.file, one.key) for one in problems] == [
        ("campaign.yaml", "rounds.hand_out.opens.errand"),
        ("errand.yaml", "facts.score"),
        ("errand.yaml", "escalations.stuck.in"),
    ]


def test_a_pack_that_can_not_be_read_is_not_proven(tmp_path: Path) -> None:
    errand = changed(KIND, "by: supervisor, asks: score,", "by: supervisor,")
    errand = changed(errand, "light: yellow, tells: handler", "light: pink, tells: handler")
    (problem,) = problems_of(write_pack(tmp_path, **{**PACK, "errand": errand}))
    assert problem.key == "escalations.slow.light"


def test_reading_alone_proves_nothing(tmp_path: Path) -> None:
    path = write_pack(tmp_path, errand=changed(ERRAND, "at bureau}", "at bureau, else: handler}"))
    assert load_pack(path).definitions.keys() == {"errand"}
    with pytest.raises(PackError):
        check_pack(path)


def test_a_pack_from_the_database_has_no_lines(tmp_path: Path) -> None:
    errand = changed(ERRAND, "at bureau}", "at bureau, else: handler}")
    pack = pack_from_source(load_pack(write_pack(tmp_path, errand=errand)).source)
    (problem,) = prove(pack)
    assert problem.line == 0
    assert problem.to_text().en.startswith(
        "errand.yaml: roles.handler.else: found handler → supervisor → handler"
    )


def test_a_proven_pack_is_the_pack_that_was_read(tmp_path: Path) -> None:
    path = write_pack(tmp_path)
    assert check_pack(path) == load_pack(path) == small_pack(tmp_path)


def test_the_demonstration_pack_is_proven() -> None:
    assert [one.to_text().en for one in problems_of(DEMONSTRATION)] == []
    assert check_pack(DEMONSTRATION).definitions
