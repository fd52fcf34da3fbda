"""What people do to a task: transitions, confirmations, lifting an episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..definition.model import CONFIRM, REFUSE, Transition
from ..definition.sentences import tier_of
from ..errors import BadValue, NotAllowed, NotNow, Unknown
from ..people import Actor
from ..task import Pending
from ..text import Text
from .attempt import Attempt
from .authority import SUPERVISOR, role_of
from .burden import check_begin
from .case import Case
from .entering import entry_of
from .guards import target_of
from .reporting import apply_rows, facts_of, optional_reason, rows_of
from .settings import apply_settings
from .teams import choose, split
from .traces import count, sign, trace
from .waiting import ask, begin_signing, confirm, countersign, enter, refuse

LIFT = "lift"  # `lift:RULE`
COMPLETED = "completed"  # the one act that a round does


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """What a person asks for.

    `name` is a transition, `confirm:T`, `refuse:T`, `lift:RULE`, or an act of `everyday`.
    """

    name: str
    person_id: int | None  # None: a round of the scheduler
    facts: Mapping[str, Any] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    evidence: Sequence[str] = ()  # SHA-256 of stored files, hex
    round: str | None = None  # the round that acts, where no person does
    entered_for: int | None = None  # 代录: the person for whom it is entered from a paper
    paper: str | None = None  # SHA-256 of the stored scan, hex
    effective: str | None = None  # the date on the paper, ISO


def perform(case: Case, act: Act) -> None:
    """Do what was asked for, or refuse.

    Raises:
        Unknown: no such transition, rule, waiting confirmation.
        NotAllowed: the person may not.
        NotNow: the state or the condition forbids it.
        BadValue: something reported is missing or wrong.
    """
    case.view.now = case.now  # catching up left it at the last instant at which something changed
    verb, _, name = act.name.partition(":")
    if name and verb in (CONFIRM, REFUSE):
        _answer(case, act, verb, name)
    elif name and verb == LIFT:
        _lift(case, act, name)
    else:
        _transit(case, act)
    if act.person_id is not None:
        case.task.revision += 1


def take_for_granted(case: Case, name: str) -> None:
    """Take a transition as the first who may, with nothing reported, confirmed if it must be.

    Raises:
        Unknown: no such transition.
        NotAllowed: nobody may.
    """
    case.view.now = case.now
    transition = _transition(case, name)
    role, actor = _anybody(case, transition)
    _check_state(case, transition)
    agreed = Pending(
        transition=name,
        asked_by=actor.person_id,
        on_behalf=actor.on_behalf,
        role=role,
        asked_at=case.now,
        expires_at=None,
        facts={},
        rows={},
        evidence=(),
        stops=False,
    )
    act = Act(name=name, person_id=actor.person_id)
    _take(case, Attempt(transition=transition, role=role, actor=actor, facts={}, rows={}, act=act), agreed)


def _anybody(case: Case, transition: Transition) -> tuple[str, Actor]:
    without = case.excluded(transition.not_by)
    for role in transition.by:
        found = case.resolve(role, without)
        if found.actors:
            return found.role, found.actors[0]
    raise NotAllowed(
        f"现在没有人可以“{transition.label.zh}”：相应岗位及其替补都空缺，或须回避。请先任命。",
        f"Nobody may {transition.label.en!r} now: its roles are vacant or excluded. Fill the post first.",
    )


# --- transitions ------------------------------------------------------------------------------------


def _transit(case: Case, act: Act) -> None:
    transition = _transition(case, act.name)
    entry = entry_of(case, act)
    doer = act if entry is None else replace(act, person_id=act.entered_for)
    role, actor = _authorise(case, transition, doer)
    _check_state(case, transition)
    facts = facts_of(case, transition, act.facts)
    rows = rows_of(case, transition, act.rows)
    _check_evidence(case, transition, act, facts)
    attempt = Attempt(transition=transition, role=role, actor=actor, facts=facts, rows=rows, act=act)
    if entry is None or actor is None:
        _go_on(case, attempt)
    else:
        enter(case, attempt, entry)


def _go_on(case: Case, attempt: Attempt, after: Pending | None = None) -> None:
    """What comes next of an act: other signatures, a confirmation, or that it takes place."""
    transition = attempt.transition
    if transition.quorum is not None and (after is None or after.stage == "entry"):
        _resume(case, transition, begin_signing(case, attempt, after))
    elif transition.confirmed_by is not None and (after is None or after.stage != "confirmation"):
        ask(case, attempt, transition.confirmed_by, after)
    else:
        _take(case, attempt, after)


def _transition(case: Case, name: str) -> Transition:
    found = case.book.definition.transitions.get(name)
    if found is None or found.after is not None:
        acts = [one.name for one in case.book.definition.transitions.values() if one.after is None]
        raise Unknown(
            f"没有“{name}”这个操作。{case.book.definition.label.zh}的操作有：{'、'.join(acts)}。",
            f"There is no act {name!r} on {case.book.definition.label.en}. There are: {', '.join(acts)}.",
        )
    return found


def _authorise(case: Case, transition: Transition, act: Act) -> tuple[str, Actor | None]:
    if act.person_id is None:
        return _round(transition, act), None
    without = case.excluded(transition.not_by)
    if act.person_id in without:
        raise NotAllowed(
            f"不能由你“{transition.label.zh}”：你（或你所代表的人）办理过本事项的"
            f" {'、'.join(transition.not_by)}，须由他人办理。",
            f"You may not {transition.label.en!r}: you, or the person you stand in for, did "
            f"{', '.join(transition.not_by)} on this task. Somebody else must.",
        )
    return role_of(case, transition.by, act.person_id, transition.label, without)


def _round(transition: Transition, act: Act) -> str:
    """Nobody acts but people, and rounds that complete drafts."""
    if act.round is None or transition.name != COMPLETED:
        raise NotAllowed(
            f"“{transition.label.zh}”须由人办理：没有办理人，已拒绝。请登录后办理。",
            f"{transition.label.en!r} was refused: only a person does that, and nobody was named. Sign in.",
        )
    return "round"


def _check_state(case: Case, transition: Transition) -> None:
    if case.task.state in transition.sources:
        return
    states = case.book.definition.states
    now, froms = states[case.task.state].label, [states[name].label for name in transition.sources]
    raise NotNow(
        f"现在不能“{transition.label.zh}”：事项处于“{now.zh}”，该操作只在"
        f"“{'、'.join(one.zh for one in froms)}”时可办。请刷新后再看。",
        f"You can't {transition.label.en!r} now: the task is {now.en!r}, the act belongs to "
        f"{', '.join(repr(one.en) for one in froms)}. Look at the task again.",
    )


def _check_evidence(case: Case, transition: Transition, act: Act, reported: Mapping[str, Any]) -> None:
    """Whether there are files enough; what is reported with the act counts already."""
    given, facts = len(set(act.evidence)), {**case.task.facts, **reported}
    needed = transition.evidence.needed(facts)
    if given < needed:
        why = tier_of(case.book.definition, transition.evidence, facts)
        raise BadValue(
            f"“{transition.label.zh}”须附 {needed} 份佐证材料{why.zh}，现有 {given} 份。请补齐。",
            f"{transition.label.en!r} needs {needed} file(s) of evidence{why.en}, {given} given. Attach what "
            "is missing.",
        )


def _take(case: Case, attempt: Attempt, after: Pending | None = None) -> None:
    """It takes place. `when` is judged when an act is asked for, and where many signed at the end as well."""
    transition, role, facts, rows = attempt.transition, attempt.role, attempt.facts, attempt.rows
    judged = after is not None and after.stage != "quorum"
    origin = case.task.state
    case.report(facts)
    found = apply_rows(case, rows)
    target = origin if judged and transition.target is None else target_of(case, transition, judged)
    check_begin(case, target, facts)
    event = case.record("act", case.now, transition=transition.name, role=role)
    sign(event, attempt.actor, attempt.act)
    event.header |= {"from": origin, "to": target}
    values, teams = split(case.book.definition, facts)
    event.values |= values | found | {f"{name}[]": listed for name, listed in rows.items()}
    case.number(event, transition)
    choose(case, event, teams)
    count(case, transition, role, attempt.actor)
    if after is not None:
        trace(case, event, transition, after)
    case.evidence.extend(attempt.act.evidence)
    case.open_all(transition.opens, event, {"transition": transition.name})
    if transition.target is not None:
        case.enter(target, case.now, event)
    apply_settings(case, transition.sets, facts, event)


# --- acts that wait for other people ----------------------------------------------------------------


def _answer(case: Case, act: Act, verb: str, name: str) -> None:
    transition = _transition(case, name)
    pending = next((one for one in case.task.pending if one.transition == name), None)
    if pending is None:
        raise NotNow(
            f"没有等待确认的“{transition.label.zh}”：可能已答复或已失效。请查看留痕。",
            f"No {transition.label.en!r} waits for confirmation: it was answered or has lapsed. "
            "See the history.",
        )
    if act.person_id is None:
        raise NotAllowed("确认须由人作出。", "Only a person confirms.")
    if act.entered_for is not None:
        raise NotAllowed(
            "确认、签署不能代录，须由本人作出。", "Answers are not entered for others: give your own."
        )
    if verb == REFUSE:
        refuse(case, act, transition, pending, act.person_id)
    elif pending.stage == "quorum":
        _resume(case, transition, countersign(case, act, transition, pending, act.person_id))
    else:
        _resume(case, transition, confirm(case, act, transition, pending, act.person_id))


def _resume(case: Case, transition: Transition, pending: Pending | None) -> None:
    """Go on with an act that has waited, if it waits no longer."""
    if pending is None:
        return
    asked = Act(name=transition.name, person_id=pending.asked_by, evidence=pending.evidence)
    attempt = Attempt(
        transition=transition,
        role=pending.role,
        actor=Actor(pending.asked_by, pending.on_behalf),
        facts=pending.facts,
        rows=pending.rows,
        act=asked,
    )
    _go_on(case, attempt, pending)


# --- lifting ----------------------------------------------------------------------------------------


def _lift(case: Case, act: Act, name: str) -> None:
    """免责: the supervisor ends an episode with a reason while its condition still holds."""
    if name not in case.book.definition.rules:
        rules = ", ".join(case.book.definition.rules)
        raise Unknown(
            f"没有预警规则“{name}”。本类事项的规则有：{rules}。",
            f"There is no rule {name!r}. The rules of this kind of task: {rules}.",
        )
    episode = case.live.get(name)
    label = case.book.definition.rules[name].label
    if episode is None or episode.inert_at is not None:
        raise NotNow(
            f"预警“{label.zh}”现在没有亮着，无可免除。", f"The rule {label.en!r} has no open episode to lift."
        )
    if act.person_id is None or SUPERVISOR not in case.book.definition.roles:
        raise NotAllowed(
            f"预警只能由角色 {SUPERVISOR} 免除，而本类事项没有这个角色。请在流程定义的 roles 中加上它。",
            f"Only the role {SUPERVISOR} lifts an episode; this kind of task has none. Add it to the roles "
            "of the definition.",
        )
    role, actor = role_of(case, [SUPERVISOR], act.person_id, Text("免责", "lift"))
    event = case.record("lifted", case.now, rule=name, role=role, why="lifted")
    sign(event, actor, act)
    event.values |= optional_reason(act, required=True)
    case.still(episode, case.now, "lifted")
