"""Fifty packs with one thing wrong in each: what, in which file, and whether a schema can see it.

All of them are the small pack of tests/packs.py with a place changed. A schema sees words, shapes and
forms; names that must be declared, order, and whether a task can ever end, only the reader sees.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.packs import CAMPAIGN, ERRAND, PEOPLE, changed

_TEXTS = {"campaign": CAMPAIGN, "errand": ERRAND, "people": PEOPLE}


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """A pack in which one thing is wrong."""

    name: str  # what is wrong
    file: str  # in which file, without .yaml
    old: str
    new: str
    schema: bool  # whether the schema sees it

    def files(self) -> dict[str, str]:
        """The texts of the pack."""
        return {**_TEXTS, self.file: changed(_TEXTS[self.file], self.old, self.new)}


def _seen(file: str, name: str, old: str, new: str) -> Broken:
    return Broken(name=name, file=file, old=old, new=new, schema=True)


def _unseen(file: str, name: str, old: str, new: str) -> Broken:
    return Broken(name=name, file=file, old=old, new=new, schema=False)


_BASIS = "basis: {document: 试发1号, decided_by: bureau, on: 2026-01-01}\n"
_HANDLER = "is: handler at unit"
_BY = "from: open, by: handler"
_CLOSE = "to: closed, by: [handler, supervisor]"
_OPEN = "waits_for: handler}"
_LATE = "light: yellow, tells: [handler, supervisor]"
_SOURCE = "sources: {own: errand"
_BURDEN = "burden: {counts: errand, per unit per month:"
_CHECKLIST = "indicators: {version: 1, chapters: {a: {zh: 甲, en: A}}, items:"
_ITEM = "{id: a1, label: {zh: 甲, en: A}, chapter: a, scored_by: errand}"
_SHARED = "escalations: {slow: {of: errand, when: overdue"
_BALLOT = """ballot: {from: campaign start, to: campaign completion, invites: everybody,
  gives: {progress: mean}, returned: progress,"""
_DIGEST = "digests: {daily: {label: {zh: 日报, en: Daily}"
_PROGRESS = "{type: percent, label"
_LETTER = "letter: {label: {zh: 函, en: Letter}, title: {zh: 函, en: Letter}, on: close"

BROKEN: tuple[Broken, ...] = (
    # what a schema sees: words
    _seen("errand", "a word that does not exist", "waits_for: handler", "wait_for: handler"),
    _seen("errand", "a word at the wrong place", "deadline: campaign", "light: red\ndeadline: campaign"),
    _seen("errand", "no label", "label: {zh: 任务, en: Errand}", "basis: 任务"),
    _seen("errand", "a label in one language", "{zh: 任务, en: Errand}", "{zh: 任务}"),
    _seen("errand", "a label that is a word", "{zh: 任务, en: Errand}", "任务"),
    _seen("errand", "an empty label", "{zh: 任务, en: Errand}", '{zh: 任务, en: ""}'),
    _seen("errand", "no parties", "parties: {unit: region}", "basis: 无"),
    _seen("errand", "parties without a party", "parties: {unit: region}", "parties: {}"),
    _seen("errand", "no deadline", "deadline: campaign completion", "basis: 无"),
    _seen("errand", "a state without a label", "{label: {zh: 办理中, en: Open}, ", "{"),
    _seen("errand", "a name with a capital", "closed: {label", "Closed: {label"),
    # what a schema sees: forms of values
    _seen("errand", "a deadline in no form", "campaign completion", "soon"),
    _seen("errand", "a deadline in weeks", "campaign completion", "2 weeks after opened"),
    _seen("errand", "a time without its unit", _OPEN, "waits_for: handler, within: 2}"),
    _seen("errand", "a time of nothing", _OPEN, "waits_for: handler, within: 0 days}"),
    _seen("errand", "within without waits_for", _OPEN, "within: 2 days}"),
    _seen("errand", "a deadline that is running", _OPEN, "waits_for: handler, deadline: running}"),
    _seen("errand", "a draft that is true", _OPEN, "waits_for: handler, draft: true}"),
    _seen("errand", "a final state that waits", "final: accepted", "final: accepted, waits_for: handler"),
    _seen("errand", "an end that does not exist", "final: accepted", "final: done"),
    _seen("errand", "a role nowhere", _HANDLER, "is: handler"),
    _seen("errand", "a joint signature of one", _BY, f"{_BY}, quorum: 1"),
    _seen("errand", "so many of a post", _HANDLER, f"{_HANDLER}, min: 2"),
    _seen("errand", "an interest in nothing", _HANDLER, f"{_HANDLER}, recused: interest"),
    _seen("errand", "a role without is", f"{_HANDLER}, ", ""),
    _seen("errand", "a type that does not exist", _PROGRESS, "{type: percentage, label"),
    _seen("errand", "bounds of a text", _PROGRESS, "{type: text, min: 1, label"),
    _seen("errand", "a bound that is no number", _PROGRESS, "{type: percent, max: most, label"),
    _seen("errand", "a choice without choices", _PROGRESS, "{type: choice, label"),
    _seen("errand", "a choice of one", _PROGRESS, "{type: choice, choices: [one], label"),
    _seen("errand", "choices of a number", _PROGRESS, "{type: number, choices: [a, b], label"),
    _seen("errand", "nobody acts", _BY, "from: open"),
    _seen("errand", "an act without from", _BY, "by: handler"),
    _seen("errand", "the machine acts for somebody", _CLOSE, f"{_CLOSE}, after: overdue"),
    _seen("errand", "the machine acts and leads nowhere", _BY, "from: open, after: overdue"),
    _seen("errand", "evidence without a number", _BY, f"{_BY}, evidence: some"),
    _seen("errand", "evidence by nothing", _BY, f"{_BY}, evidence: {{}}"),
    _seen("errand", "a confirmation without a time", _BY, f"{_BY}, confirmed_by: {{role: supervisor}}"),
    _seen("errand", "a condition in no form", "when: overdue", "when: overdue soon"),
    _seen("errand", "a condition of nothing", "when: overdue", "when: {all: []}"),
    _seen("errand", "a combination that does not exist", "when: overdue", "when: {none: overdue}"),
    _seen("errand", "a light that does not exist", "light: yellow", "light: orange"),
    _seen("errand", "a rule that does nothing", f"{{when: overdue, {_LATE}}}", "{when: overdue}"),
    _seen("errand", "a rule without a condition", "when: overdue, ", ""),
    _seen("errand", "a repetition in no form", _LATE, f"{_LATE}, again: daily"),
    _seen("errand", "the same role twice", "tells: [handler, supervisor]", "tells: [handler, handler]"),
    _seen(
        "campaign",
        "a campaign without basis",
        "basis: {document: 试发1号, decided_by: bureau, on: 2026-01-01}\n",
        "",
    ),
    _seen("campaign", "a prefix in small letters", "prefix: TR", "prefix: tr"),
    _seen("campaign", "no start", "milestones: {start: 2026-03-02, ", "milestones: {"),
    _seen("campaign", "a date that is none", "completion: 2026-05-31", "completion: end of May"),
    _seen("campaign", "a moment in no form", "at: start,", "at: sometimes at nine,"),
    _seen("campaign", "a round that does two things", "at: start,", "at: start, completes: errand,"),
    _seen("campaign", "a unit without a kind", "{kind: bureau, label", "{label"),
    _seen("campaign", "a source in no form", "milestones:", "sources: {own: errand}\nmilestones:"),
    _seen("campaign", "a formula in no form", "milestones:", "scores: {region: own}\nmilestones:"),
    _seen("campaign", "no checks at all", "milestones:", f"{_BURDEN} 0}}\nmilestones:"),
    _seen("campaign", "a checklist of nothing", "milestones:", f"{_CHECKLIST} []}}\nmilestones:"),
    _seen("campaign", "a checklist without weights", "milestones:", f"{_CHECKLIST} [{_ITEM}]}}\nmilestones:"),
    _seen("campaign", "pairs of nothing", "{each: region}", "{each: region, of: region}"),
    _seen("campaign", "a shared rule without effect", "milestones:", f"{_SHARED}}}}}\nmilestones:"),
    _seen("people", "somebody without a name", "{name: {zh: 李某, en: Li}, posts", "{posts"),
    _seen("people", "a post nowhere", "supervisor at bureau", "supervisor"),
    _seen(
        "errand",
        "a letter without an addressee",
        "states:\n",
        f"{_LETTER}, text: {{zh: a, en: a}}}}\nstates:\n",
    ),
    _seen(
        "errand",
        "a letter that computes",
        "states:\n",
        f'{_LETTER}, to: unit, text: {{zh: "{{{{n}}}}", en: a}}}}\nstates:\n',
    ),
    _unseen("errand", "evidence by no choice", _BY, f"{_BY}, evidence: {{progress: {{low: 1}}}}"),
    _unseen(
        "errand",
        "a letter that names no fact",
        "states:\n",
        f'{_LETTER}, to: unit, text: {{zh: "{{prgress}}", en: a}}}}\nstates:\n',
    ),
    _seen("errand", "a number without a place for it", _BY, f"{_BY}, number: 文件号"),
    _seen("errand", "a number with a place for the day", _BY, f'{_BY}, number: "{{day}}{{n}}"'),
    _seen("errand", "rows of no list", _BY, f"{_BY}, opens: {{errand: {{where: progress > 5}}}}"),
    _seen("errand", "a ballot that shows a single vote", "roles:", f"{_BALLOT} at_least: 1}}\nroles:"),
    _seen(
        "campaign",
        "a digest at no time",
        "milestones:",
        f"{_DIGEST}, for: handler, shows: due}}}}\nmilestones:",
    ),
    _seen(
        "campaign",
        "a digest of nothing",
        "milestones:",
        f"{_DIGEST}, for: handler, at: 'mon 08:00', shows: []}}}}\nmilestones:",
    ),
    _seen("campaign", "quiet hours for nobody", "milestones:", "notices: {at_any_hour: green}\nmilestones:"),
    # what only the reader sees
    _unseen(
        "campaign",
        "a digest of a kind that nobody has",
        "milestones:",
        f"{_DIGEST}, for: handler, at: 'mon 08:00', shows: errands}}}}\nmilestones:",
    ),
    _unseen(
        "campaign",
        "a digest for a post that nobody has",
        "milestones:",
        f"{_DIGEST}, for: handlers, at: 'mon 08:00', shows: due}}}}\nmilestones:",
    ),
    _unseen(
        "campaign",
        "a digest for a post at no unit",
        "milestones:",
        f"{_DIGEST}, for: handler at north, at: 'mon 08:00', shows: due}}}}\nmilestones:",
    ),
    _unseen("campaign", "a source that nobody reports", "milestones:", f"{_SOURCE}.points}}\nmilestones:"),
    _unseen(
        "campaign",
        "a budget of no kind",
        "milestones:",
        f"{_BURDEN.replace('errand', 'errands')} 1}}\nmilestones:",
    ),
    _unseen("errand", "a role that is not declared", "waits_for: handler", "waits_for: handlers"),
    _unseen("errand", "a fact that is not declared", "asks: progress", "asks: progres"),
    _unseen("errand", "a state that is not declared", "to: closed", "to: close"),
    _unseen("errand", "a milestone that is not declared", "campaign completion", "campaign completed"),
    _unseen("errand", "a file that is called otherwise", "task: errand", "task: errands"),
    _unseen("errand", "a kind of unit that nobody has", "{unit: region}", "{unit: regions}"),
    _unseen("errand", "bounds the wrong way round", _PROGRESS, "{type: percent, min: 90, max: 10, label"),
    _unseen("errand", "a state that nobody can leave", "from: open, to: closed", "from: open"),
    _unseen("errand", "a role that steps in for itself", "else: supervisor", "else: handler"),
    _unseen("campaign", "a unit under itself", "in: bureau", "in: east"),
    _unseen("campaign", "a zone that does not exist", "milestones:", "zone: Asia/Nowhere\nmilestones:"),
    _unseen("people", "a unit that is not declared", "supervisor at bureau", "supervisor at office"),
)
