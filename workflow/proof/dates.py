"""Nothing is born late: deadlines, plans, milestones and rounds lie in order."""

from __future__ import annotations

from datetime import date

from ..definition import terms
from ..definition.model import PAIR, Campaign, Deadline, Definition, Opening, Pack, Round
from ..moment import parse_moment
from ..text import Text
from .logic import COMPLETED
from .movement import completion
from .report import Report, Subject

START, END = "start", "end"  # the milestones between which a campaign runs


def fixed_day(deadline: Deadline, campaign: Campaign) -> date | None:
    """The day of a deadline that is the same for every task, None where it depends on the task."""
    return campaign.milestones[deadline.milestone] if deadline.milestone is not None else deadline.day


# --- of a definition --------------------------------------------------------------------------------


def check_dates(subject: Subject) -> None:
    """The deadline, the plan, and what is opened once the deadline has passed."""
    definition, campaign = subject.definition, subject.pack.campaign
    start, due = campaign.milestones[START], fixed_day(definition.deadline, campaign)
    if due is not None and due <= start:
        zh, en = f"专项行动开始（{start}）以后的期限", f"a deadline after the campaign has begun ({start})"
        subject.report.fail("deadline", str(due), zh, en)
    for name, points in definition.plan.items():
        for day in (point.at for point in points if isinstance(point.at, date)):
            _plan_day(subject, f"plan.{name}.{day}", day, due)
    if due is not None:
        _opened_late(subject, due)


def _plan_day(subject: Subject, key: str, day: date, due: date | None) -> None:
    start = subject.pack.campaign.milestones[START]
    if day < start or (due is not None and day >= due):
        until = due or "…"
        zh, en = (
            f"开始与期限之间的日期（{start} 至 {until}）",
            f"a date between start and deadline ({start} to {until})",
        )
        subject.report.fail(key, str(day), zh, en)


def _opened_late(subject: Subject, due: date) -> None:
    """A rule that waits for the deadline to pass must not open what was due by then."""
    pack = subject.pack
    for rule in subject.definition.rules.values():
        for opening in rule.opens if _needs_overdue(rule.when) else ():
            day = fixed_day(pack.definitions[opening.kind].deadline, pack.campaign)
            if day is not None and day <= due:
                zh, en = f"期限晚于 {due} 的事项类型", f"a kind that is due after {due}"
                key = f"escalations.{rule.name}.opens.{opening.kind}"
                subject.report.fail(key, _late(opening.kind, day), zh, en)


def _needs_overdue(term: terms.Term) -> bool:
    if isinstance(term, terms.All):
        return any(_needs_overdue(part) for part in term.parts)
    if isinstance(term, terms.Any):
        return all(_needs_overdue(part) for part in term.parts)
    return isinstance(term, terms.Overdue) and term.clock == "deadline"


def _late(kind: str, day: date) -> Text:
    return Text(f"{kind}（期限 {day}）一开出就已逾期", f"{kind}, due {day}: late from the beginning")


# --- of the campaign --------------------------------------------------------------------------------


def check_campaign(pack: Pack, report: Report) -> None:
    """Milestones and rounds."""
    start = pack.campaign.milestones[START]
    for name, day in pack.campaign.milestones.items():
        if day < start:
            zh, en = f"不早于 start（{start}）的日期", f"a date not before start ({start})"
            report.fail(f"milestones.{name}", str(day), zh, en)
    for one in pack.campaign.rounds.values():
        if one.completes is not None:
            _completes(report, one, pack.definitions[one.completes])
        for opening in one.opens:
            _opens(pack, report, one, opening)


def _completes(report: Report, one: Round, definition: Definition) -> None:
    key, found = f"rounds.{one.name}.completes", completion(definition)
    if found is None:
        zh = f"有草稿状态（draft: yes）且有流转 {COMPLETED} 由草稿通往别的状态的类型"
        en = f"a kind with a draft state (draft: yes) and a transition {COMPLETED} that leads out of it"
        report.fail(key, definition.kind, zh, en)
    elif found.asks or found.evidence.most or found.confirmed_by or found.quorum:
        words = [
            *found.asks,
            *(["evidence"] if found.evidence.most else []),
            *(["confirmed_by"] if found.confirmed_by else []),
            *(["quorum"] if found.quorum else []),
        ]
        shown = Text(f"{COMPLETED} 要求 {'、'.join(words)}", f"{COMPLETED} asks for {', '.join(words)}")
        report.fail(key, shown, f"轮次能独自完成的 {COMPLETED}", f"a {COMPLETED} that a round can make alone")


def _opens(pack: Pack, report: Report, one: Round, opening: Opening) -> None:
    key, target = f"rounds.{one.name}.opens.{opening.kind}", pack.definitions[opening.kind]
    if target.deadline.how == "given":
        found = Text(f"{opening.kind}（deadline: given）", f"{opening.kind} (deadline: given)")
        zh, en = "自有期限规定的类型：轮次给不出期限", "a kind with a deadline of its own: rounds pass none"
        report.fail(key, found, zh, en)
    if opening.each == PAIR:
        _two_parties(report, key, opening, target)
    else:
        _one_party(report, key, opening, target)
    day = fixed_day(target.deadline, pack.campaign)
    if day is not None:
        _in_time(pack.campaign, report, key, one, (opening.kind, day))


def _one_party(report: Report, key: str, opening: Opening, target: Definition) -> None:
    allowed, *others = target.parties.values()
    if others:
        found = ", ".join(target.parties)
        report.fail(key, found, "只有一个当事方的类型", "a kind with one party only")
    if opening.each is not None and allowed and opening.each not in allowed:
        zh = f"{opening.kind} 所允许的单位类别（{'、'.join(allowed)}）"
        en = f"a kind of unit that {opening.kind} allows ({', '.join(allowed)})"
        report.fail(f"{key}.each", opening.each, zh, en, word=opening.each, words=allowed)


def _two_parties(report: Report, key: str, opening: Opening, target: Definition) -> None:
    """The first is checked by the second; units that are drawn must be allowed as both."""
    if len(target.parties) != 2:
        found = ", ".join(target.parties)
        zh, en = "有两个当事方的类型（被检查、检查）", "a kind with two parties: the checked, the checker"
        report.fail(f"{key}.each", found, zh, en)
        return
    for party, allowed in target.parties.items():
        if opening.of is not None and allowed and opening.of not in allowed:
            zh = f"{opening.kind} 的 {party} 所允许的单位类别（{'、'.join(allowed)}）"
            en = f"a kind of unit that {opening.kind} allows as {party} ({', '.join(allowed)})"
            report.fail(f"{key}.of", opening.of, zh, en, word=opening.of, words=allowed)


def _in_time(campaign: Campaign, report: Report, key: str, one: Round, due: tuple[str, date]) -> None:
    """What a round opens must be due after it, of a round that goes on until the end after each time."""
    moment, (_, day) = parse_moment(one.at, campaign.milestones), due
    if moment.kind == "milestone":
        last = campaign.milestones[moment.milestone]
        if day <= last:
            report.fail(key, _late(*due), f"期限晚于 {last} 的类型", f"a kind that is due after {last}")
    elif END not in campaign.milestones or day < campaign.milestones[END]:
        zh = "期限从交办时算起的类型：轮次反复发生，固定期限终会过去"
        en = (
            "a kind whose deadline counts from its opening: the round comes again when a fixed one has passed"
        )
        report.fail(key, _late(*due), zh, en)
