"""What people do to a task: transitions, confirmations, lifting an episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..definition.model import CONFIRM, REFUSE, Confirmation, Definition, Transition
from ..definition.sentences import sentence
from ..definition.task import BUILT_IN
from ..errors import BadValue, NotAllowed, NotNow, Unknown
from ..people import NOBODY, Actor, acting_as, excluded, touches
from ..task import Pending
from ..text import Text
from .case import Case
from .outcome import EventDraft, EventKind, Message
from .reporting import apply_rows, check_new_deadline, facts_of, rows_of
from .settings import apply_settings
from .values import check_value

LIFT = "lift"  # `lift:RULE`
COMPLETED = "completed"  # the one act that a round does
SUPERVISOR = "supervisor"  # the role that may lift an episode
REASON = BUILT_IN["reason"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """What a person asks for. `name` is a transition, `confirm:T`, `refuse:T` or `lift:RULE`."""

    name: str
    person_id: int | None  # None: a round of the scheduler
    facts: Mapping[str, Any] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    evidence: Sequence[str] = ()  # SHA-256 of stored files, hex
    round: str | None = None  # the round that acts, where no person does


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


# --- transitions ------------------------------------------------------------------------------------


def _transit(case: Case, act: Act) -> None:
    transition = _transition(case, act.name)
    role, actor = _authorise(case, transition, act)
    _check_state(case, transition)
    facts = facts_of(case, transition, act.facts)
    rows = rows_of(case, transition, act.rows)
    _check_evidence(transition, act)
    if transition.confirmed_by is None:
        _take(case, transition, role, actor, facts, rows, act)
    else:
        _ask(case, transition, transition.confirmed_by, role, actor, facts, rows, act)


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
    without = excluded(case.task, transition.not_by)
    if act.person_id in without:
        raise NotAllowed(
            f"不能由你“{transition.label.zh}”：你（或你所代表的人）办理过本事项的"
            f" {'、'.join(transition.not_by)}，须由他人办理。",
            f"You may not {transition.label.en!r}: you, or the person you stand in for, did "
            f"{', '.join(transition.not_by)} on this task. Somebody else must.",
        )
    return _role_of(case, transition.by, act.person_id, transition.label, without)


def _round(transition: Transition, act: Act) -> str:
    """Nobody acts but people, and rounds that complete drafts."""
    if act.round is None or transition.name != COMPLETED:
        raise NotAllowed(
            f"“{transition.label.zh}”须由人办理：没有办理人，已拒绝。请登录后办理。",
            f"{transition.label.en!r} was refused: only a person does that, and nobody was named. Sign in.",
        )
    return "round"


def _role_of(
    case: Case, roles: Sequence[str], person: int, label: Text, without: frozenset[int] = NOBODY
) -> tuple[str, Actor]:
    directory, definition = case.around.directory, case.book.definition
    found = acting_as(directory, definition, roles, case.task, person, case.now, without)
    if found is None:
        names = [case.book.definition.roles[role].label for role in roles]
        raise NotAllowed(
            f"不能由你“{label.zh}”：该操作由{'、'.join(name.zh for name in names)}办理。"
            "请由其本人或其受托人办理。",
            f"You may not {label.en!r}: it is for the {', '.join(name.en for name in names)}. "
            "Ask them or their delegate.",
        )
    return found


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


def _check_evidence(transition: Transition, act: Act) -> None:
    if len(set(act.evidence)) < transition.evidence:
        raise BadValue(
            f"“{transition.label.zh}”须附 {transition.evidence} 份佐证材料，"
            f"现有 {len(set(act.evidence))} 份。请补齐。",
            f"{transition.label.en!r} needs {transition.evidence} file(s) of evidence, "
            f"{len(set(act.evidence))} given. Attach what is missing.",
        )


def _move(case: Case, transition: Transition) -> str:
    """The state that it leads to, judged with what was just reported."""
    target = case.book.movement.move(transition.name, case.view)
    if target is None:
        raise _guarded(case.book.definition, transition)
    return target


def _guarded(definition: Definition, transition: Transition) -> NotNow:
    labels = {name: fact.label for name, fact in definition.facts.items()}
    labels |= {name: rows.label for name, rows in definition.lists.items()}
    term = transition.when
    needed = sentence(term, labels) if term is not None else Text("能够返回的状态", "a state to go back to")
    return NotNow(
        f"现在不能“{transition.label.zh}”：条件未满足，须{needed.zh}。",
        f"You can't {transition.label.en!r} now: its condition doesn't hold. It needs: {needed.en}.",
    )


def _take(
    case: Case,
    transition: Transition,
    role: str,
    actor: Actor | None,
    facts: dict[str, Any],
    rows: dict[str, list[dict[str, Any]]],
    act: Act,
    *,
    confirmed: bool = False,
) -> None:
    origin = case.task.state
    case.report(facts)
    apply_rows(case, rows)
    target = origin if confirmed and transition.target is None else _target(case, transition, confirmed)
    event = case.record("act", case.now, transition=transition.name, role=role)
    _sign(event, actor, act)
    event.header |= {"from": origin, "to": target}
    event.values |= facts | {f"{name}[]": listed for name, listed in rows.items()}
    _count(case, transition, role, actor)
    case.evidence.extend(act.evidence)
    case.open_all(transition.opens, event, {"transition": transition.name})
    if transition.target is not None:
        case.enter(target, case.now, event)
    apply_settings(case, transition.sets, facts)


def _target(case: Case, transition: Transition, confirmed: bool) -> str:
    """`when` is judged when an act is asked for; a confirmed one only moves."""
    if not confirmed:
        return _move(case, transition)
    if transition.target == "back":
        return case.task.came_from or case.task.state
    return transition.target or case.task.state


def _sign(event: EventDraft, actor: Actor | None, act: Act) -> None:
    if actor is None:
        event.header["round"] = act.round
    else:
        event.header["actor"] = actor.person_id
        if actor.on_behalf is not None:
            event.header["on_behalf"] = actor.on_behalf
    if act.evidence:
        event.header["evidence"] = sorted(set(act.evidence))


def _count(case: Case, transition: Transition, role: str, actor: Actor | None) -> None:
    task, name = case.task, transition.name
    task.acts = {**task.acts, name: task.acts.get(name, 0) + 1}
    if actor is not None:
        _note_actor(case, name, actor)
        _heard(case, transition, role, actor)


def _note_actor(case: Case, name: str, actor: Actor) -> None:
    """Whoever did it is kept, for `not_by`: the person and the principal."""
    persons = dict.fromkeys([*case.task.actors.get(name, []), actor.person_id])
    if actor.on_behalf is not None:
        persons[actor.on_behalf] = None
    case.task.actors = {**case.task.actors, name: list(persons)}


def _heard(case: Case, transition: Transition, role: str, actor: Actor) -> None:
    """An act by whom the state waits for restarts `nothing reported for`."""
    waits = case.book.definition.states[case.task.state].waits_for
    if waits is None:
        return
    without = excluded(case.before, transition.not_by)
    persons = {*case.resolve(waits).persons, *case.resolve(waits, without).persons}
    if role == waits or actor.person_id in persons:
        case.task.reported_at = case.now


# --- confirmations ----------------------------------------------------------------------------------


def _ask(
    case: Case,
    transition: Transition,
    confirmation: Confirmation,
    role: str,
    actor: Actor | None,
    facts: dict[str, Any],
    rows: dict[str, list[dict[str, Any]]],
    act: Act,
) -> None:
    if actor is None:
        raise NotAllowed(
            f"“{transition.label.zh}”须经确认，只能由人提出。请由承办人提出。",
            f"{transition.label.en!r} needs confirmation: only a person asks for it. Let its role ask.",
        )
    if any(one.transition == transition.name for one in case.task.pending):
        raise NotNow(
            f"“{transition.label.zh}”已经提出，正等待确认。请等待答复。",
            f"{transition.label.en!r} was already asked for and waits to be confirmed. Wait for the answer.",
        )
    _judge_when(case, transition, facts, rows)
    pending = Pending(
        transition=transition.name,
        asked_by=actor.person_id,
        on_behalf=actor.on_behalf,
        role=role,
        asked_at=case.now,
        expires_at=case.view.calendar.add(case.now, confirmation.within),
        facts=facts,
        rows=rows,
        evidence=tuple(act.evidence),
        stops=confirmation.stops_deadline and not case.task.stop_used,
    )
    event = case.record(
        "asked", case.now, transition=transition.name, role=role, expires_at=pending.expires_at
    )
    _sign(event, actor, act)
    event.values |= facts | {f"{name}[]": listed for name, listed in rows.items()}
    case.tell(event, [confirmation.role], "to confirm", without=_askers(pending))
    _heard(case, transition, role, actor)
    case.hold(pending)


def _judge_when(
    case: Case, transition: Transition, facts: dict[str, Any], rows: Mapping[str, list[dict[str, Any]]]
) -> None:
    """Judge the guard as if facts and rows were already reported, then put them back."""
    kept, kept_rows = (case.task.facts, case.task.fact_times), dict(case.view.open_rows)
    case.report(facts)
    for name, listed in rows.items():
        added = sum(1 for values in listed if "id" not in values)
        case.view.open_rows[name] = kept_rows.get(name, 0) + added
    _move(case, transition)
    case.task.facts, case.task.fact_times = kept
    case.view.open_rows = kept_rows


def _answer(case: Case, act: Act, verb: str, name: str) -> None:
    transition = _transition(case, name)
    pending = next((one for one in case.task.pending if one.transition == name), None)
    if pending is None or transition.confirmed_by is None:
        raise NotNow(
            f"没有等待确认的“{transition.label.zh}”：可能已答复或已失效。请查看留痕。",
            f"No {transition.label.en!r} waits for confirmation: it was answered or has lapsed. "
            "See the history.",
        )
    if act.person_id is None:
        raise NotAllowed("确认须由人作出。", "Only a person confirms.")
    role, actor = _confirmer(case, transition, pending, transition.confirmed_by.role, act.person_id)
    reason = _optional_reason(act, required=verb == REFUSE)
    if verb == CONFIRM:
        check_new_deadline(case, transition, pending.facts)  # it may have passed while it waited
        _note_actor(case, act.name, actor)
    case.release(pending)
    asker = Actor(pending.asked_by, pending.on_behalf)
    kind: EventKind = "confirmed" if verb == CONFIRM else "refused"
    event = case.record(kind, case.now, transition=name, role=role, asked_by=pending.asked_by)
    _sign(event, actor, Act(name=act.name, person_id=act.person_id))
    event.values |= reason
    _tell_asker(event, pending)
    if verb == CONFIRM:
        asked = Act(name=name, person_id=pending.asked_by, evidence=pending.evidence)
        _take(case, transition, pending.role, asker, pending.facts, pending.rows, asked, confirmed=True)


def _askers(pending: Pending) -> frozenset[int]:
    """Who asked: the person and the principal. They count as absent where it is confirmed."""
    return frozenset(one for one in (pending.asked_by, pending.on_behalf) if one is not None)


def _confirmer(
    case: Case, transition: Transition, pending: Pending, role: str, person: int
) -> tuple[str, Actor]:
    directory, definition, askers = case.around.directory, case.book.definition, _askers(pending)
    found = acting_as(directory, definition, [role], case.task, person, case.now, askers)
    if found is not None:
        return found
    holding = acting_as(directory, definition, [role], case.task, person, case.now)
    if person in askers or (holding is not None and touches(holding[1], askers)):
        raise NotAllowed(
            f"不能确认自己（或自己所代表的人）提出的“{transition.label.zh}”，须由他人确认。",
            f"Nobody confirms their own act: {transition.label.en!r} was asked for by you, or by the person "
            "you stand in for. Somebody else must answer.",
        )
    return _role_of(case, [role], person, transition.label, askers)


def _tell_asker(event: EventDraft, pending: Pending) -> None:
    event.messages.append(Message(person_id=pending.asked_by, role=pending.role, reason="answered"))


def _optional_reason(act: Act, *, required: bool) -> dict[str, Any]:
    unknown = sorted({*act.facts, *act.rows} - {REASON.name}) + ["evidence"] * bool(act.evidence)
    if unknown:
        raise BadValue(
            f"未被接受：这里只收理由（reason），不收 {'、'.join(unknown)}。",
            f"Refused: only a reason is taken here, not {', '.join(unknown)}.",
        )
    if REASON.name in act.facts:
        return {REASON.name: check_value(REASON, act.facts[REASON.name])}
    if required:
        raise BadValue("未被接受：须说明理由（reason）。", "Refused: give a reason (reason).")
    return {}


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
    role, actor = _role_of(case, [SUPERVISOR], act.person_id, Text("免责", "lift"))
    event = case.record("lifted", case.now, rule=name, role=role, why="lifted")
    _sign(event, actor, act)
    event.values |= _optional_reason(act, required=True)
    case.still(episode, case.now, "lifted")
