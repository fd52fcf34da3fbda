"""The everyday acts, which every kind of task has without declaring them.

    urge:     催办  whoever is waited for is told            comment:  批注  a remark, on the record
    copy:     抄送  named people are told                    correct:  更正  a mistyped value, both kept
    transfer: 转办  another unit becomes a party             merge:    并案  this task ends in another

Their names end in a colon, so that no transition of a definition can bear one of them. What they take
stands in `Act.facts`. Urging, commenting and copying change nothing that a form shows: they leave its
revision alone, and nobody's open form grows stale because of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..definition.facts import BUILT_IN
from ..definition.model import ANYONE, Fact, Rows
from ..errors import BadValue, NotAllowed, NotNow, Unknown
from ..people import NOBODY, Actor, acting_as
from ..task import Row
from ..text import Text
from . import acts
from .acts import Act
from .authority import SUPERVISOR, role_of
from .case import Case
from .outcome import EventDraft, Message
from .reporting import becomes_deadline
from .traces import note_actor, sign
from .values import check_covered, check_value

URGE, COMMENT, COPY = "urge:", "comment:", "copy:"
CORRECT, TRANSFER, MERGE = "correct:", "transfer:", "merge:"
MAX_COPIES = 100  # people in one act

REASON = BUILT_IN["reason"]
TEXT = Fact(name="text", type="text", label=Text("批注", "Comment"))
FACT = Fact(name="fact", type="text", label=Text("填报项或列", "Fact or column"))
VALUE = Fact(name="value", type="text", label=Text("更正后的值", "New value"))
ROW = Fact(name="row", type="count", label=Text("清单行号", "Number of the row"))
UNIT = Fact(name="unit", type="unit", label=Text("单位", "Unit"))
PARTY = Fact(name="party", type="text", label=Text("当事方", "Party"))
INTO = Fact(name="into", type="count", label=Text("并入的事项", "The task to merge into"))
PERSONS = Fact(name="persons", type="person", label=Text("抄送人员", "People to copy to"))


def perform(case: Case, act: Act) -> None:
    """Do what was asked for, whether an everyday act or one of the definition's own, or refuse.

    Raises:
        Refused: as `acts.perform`; everything stays as it was.
    """
    verb = VERBS.get(act.name)
    if verb is None:
        acts.perform(case, act)
        return
    case.view.now = case.now
    person = _doer(case, act, verb)
    signed = verb.by(case, person, verb.label)
    _check_given(verb, act)
    verb.do(case, act, signed)
    if verb.moves_form:
        case.task.revision += 1


Signed = tuple[str, Actor]  # as what a person acts, and for whom


@dataclass(frozen=True, kw_only=True, slots=True)
class Verb:
    """An everyday act: what it takes, and what it does."""

    label: Text
    asks: tuple[Fact, ...] = ()
    optional: tuple[Fact, ...] = ()
    while_open: bool = True  # not on a task that has ended
    moves_form: bool = True  # it changes what a form shows
    event: str  # the kind of its line of history
    by: Callable[[Case, int, Text], Signed]  # as what somebody does it, or the refusal
    do: Callable[[Case, Act, Signed], None]


def _doer(case: Case, act: Act, verb: Verb) -> int:
    """The person who does it; nobody does it for somebody else from a paper."""
    if act.person_id is None:
        raise NotAllowed(
            f"“{verb.label.zh}”须由人办理，没有办理人。", f"Only a person may {verb.label.en!r}: name one."
        )
    if act.entered_for is not None:
        raise NotAllowed(
            f"“{verb.label.zh}”不能代录，须由本人办理。",
            f"{verb.label.en!r} is not entered for others: act for yourself.",
        )
    if verb.while_open and case.task.ended_at is not None:
        raise NotNow(
            f"事项已结束，不能“{verb.label.zh}”。可以批注，或另行交办。",
            f"The task has ended: you can't {verb.label.en!r}. Leave a comment, or open another task.",
        )
    return act.person_id


def _check_given(verb: Verb, act: Act) -> None:
    """Nothing that is missing, nothing that would be dropped without a word."""
    asked, known = [fact.name for fact in verb.asks], {*verb.asks, *verb.optional}
    missing = [fact for fact in verb.asks if act.facts.get(fact.name) in (None, "", [], ())]
    unknown = sorted({*act.facts, *act.rows} - {fact.name for fact in known}) + ["evidence"] * bool(
        act.evidence
    )
    if missing:
        raise BadValue(
            f"“{verb.label.zh}”未被接受：还须写明{'、'.join(one.label.zh for one in missing)}"
            f"（{', '.join(one.name for one in missing)}）。",
            f"{verb.label.en!r} was refused: {', '.join(one.label.en for one in missing)} is missing "
            f"({', '.join(one.name for one in missing)}). Give it too.",
        )
    if unknown:
        taken = ", ".join((*asked, *(fact.name for fact in verb.optional)))
        raise BadValue(
            f"“{verb.label.zh}”未被接受：不收 {'、'.join(unknown)}。可写：{taken}。",
            f"{verb.label.en!r} was refused: it doesn't take {', '.join(unknown)}. It takes: {taken}.",
        )


def _said(act: Act, *facts: Fact) -> dict[str, Any]:
    """The texts that were given with it, as they are stored."""
    return {fact.name: check_value(fact, act.facts[fact.name]) for fact in facts if fact.name in act.facts}


def _supervisor(case: Case, person: int, label: Text, without: frozenset[int] = NOBODY) -> Signed:
    """Whoever may lift an episode: the role `supervisor`, or who steps in for it."""
    if SUPERVISOR not in case.book.definition.roles:
        raise NotAllowed(
            f"“{label.zh}”只能由角色 {SUPERVISOR} 办理，而本类事项没有这个角色。"
            "请在流程定义的 roles 中加上它。",
            f"Only the role {SUPERVISOR} may {label.en!r}; this kind of task has none. Add it to the roles "
            "of the definition.",
        )
    return role_of(case, [SUPERVISOR], person, label, without)


def _anybody(case: Case, person: int, label: Text) -> Signed:
    """Whoever holds a role of the kind on this task."""
    return role_of(case, tuple(case.book.definition.roles), person, label)


def _reporter(case: Case, person: int, label: Text) -> Signed:
    """Likewise, or whoever steps in where those who acted are kept out. What they may report comes later."""
    directory, definition, out = case.around.directory, case.book.definition, case.excluded((ANYONE,))
    roles = tuple(definition.roles)
    found = acting_as(directory, definition, roles, case.task, person, case.now, out)
    return found or _anybody(case, person, label)


def _waited_for(case: Case) -> list[str]:
    role = case.book.definition.states[case.task.state].waits_for
    return [] if role is None else [role]


# --- urge, comment, copy ----------------------------------------------------------------------------


def _urge(case: Case, act: Act, signed: Signed) -> None:
    """It is no report: `nothing reported for` goes on counting."""
    role, actor = signed
    roles = _waited_for(case)
    if not roles:
        state = case.book.definition.states[case.task.state].label
        raise NotNow(
            f"“{state.zh}”状态不等任何人，无人可催。请看它等待的下级事项。",
            f"In {state.en!r} the task waits for nobody: there is nobody to urge. Look at the tasks it "
            "waits for.",
        )
    event = case.record("urged", case.now, role=role)
    sign(event, actor, act)
    event.values |= _said(act, REASON)
    case.tell(event, roles, "urged")


def _comment(case: Case, act: Act, signed: Signed) -> None:
    role, actor = signed
    event = case.record("commented", case.now, role=role)
    sign(event, actor, act)
    event.values |= _said(act, TEXT)


def _copy(case: Case, act: Act, signed: Signed) -> None:
    role, actor = signed
    told = _persons(case, act.facts[PERSONS.name])
    event = case.record("copied", case.now, role=role)
    sign(event, actor, act)
    event.values |= _said(act, REASON)
    event.messages.extend(Message(person_id=one, role=role, reason="copied") for one in told)


def _persons(case: Case, raw: Any) -> list[int]:
    listed = raw if isinstance(raw, list | tuple) else [raw]
    found = list(dict.fromkeys(int(check_value(PERSONS, one)) for one in listed))
    strangers = [one for one in found if one not in case.around.beyond.persons]
    if strangers:
        raise Unknown(
            f"没有编号为 {strangers[0]} 的人员。请用 duban people 查看。",
            f"There is no person {strangers[0]}. See them with duban people.",
        )
    if len(found) > MAX_COPIES:
        raise BadValue(
            f"一次最多抄送 {MAX_COPIES} 人，现为 {len(found)} 人。请分次抄送。",
            f"At most {MAX_COPIES} people in one act, {len(found)} were named. Copy to them in several acts.",
        )
    return found


# --- correct ----------------------------------------------------------------------------------------


def _correct(case: Case, act: Act, _signed: Signed) -> None:
    """Both values stay in the history; the rules are looked at again by the same decision.

    When it was reported stays as it was: a correction is no report. A deadline that was set from the
    mistyped value, and a task that was opened with it, stay too.
    """
    name = check_value(FACT, act.facts[FACT.name])
    if ROW.name in act.facts:
        _correct_row(case, act, name)
        return
    fact = case.book.definition.facts.get(name)
    if fact is None:
        raise _no_fact(case, name)
    role, actor = _corrector(case, act, name)
    if name not in case.task.facts:
        raise NotNow(
            f"“{fact.label.zh}”还没有填报，无可更正。请先填报。",
            f"Nobody has reported {fact.label.en!r} yet: there is nothing to correct. Report it first.",
        )
    new = _new_value(case, act, fact, case.task.facts[name], reckoned=name in case.book.reckoned)
    event = case.record("corrected", case.now, role=role, fact=name)
    _keep_both(case, act, actor, event, case.task.facts[name], new)
    case.task.facts = {**case.task.facts, name: new}


def _correct_row(case: Case, act: Act, column: str) -> None:
    row = _open_row(case, check_value(ROW, act.facts[ROW.name]))
    rows = case.book.definition.lists[row.list]
    fact = rows.columns.get(column)
    if fact is None:
        raise Unknown(
            f"清单“{rows.label.zh}”没有“{column}”这一列。有：{'、'.join(rows.columns)}。",
            f"The list {rows.label.en!r} has no column {column!r}. It has: {', '.join(rows.columns)}.",
        )
    role, actor = _corrector(case, act, row.list)
    reckoned = becomes_deadline(case.book.definition, row.list, column)
    new = _new_value(case, act, fact, row.values.get(column), reckoned=reckoned)
    event = case.record("corrected", case.now, role=role, list=row.list, row=row.id, fact=column)
    _keep_both(case, act, actor, event, row.values.get(column), new)
    case.change_row(replace(row, values={**row.values, column: new}))


def _open_row(case: Case, ident: int) -> Row:
    row = next((one for one in case.rows if one.id == ident), None)
    if row is None:
        raise Unknown(
            f"本事项没有第 {ident} 号清单行。行号见 duban show。",
            f"This task has no row {ident}. See the numbers with duban show.",
        )
    if row.closed_at is not None:
        rows: Rows = case.book.definition.lists[row.list]
        raise NotNow(
            f"{rows.label.zh}第 {ident} 号已销号，不能更正。可以批注说明。",
            f"Row {ident} of {rows.label.en!r} was struck off and stays as it is. Leave a comment instead.",
        )
    return row


def _no_fact(case: Case, name: str) -> Unknown:
    facts = case.book.definition.facts
    return Unknown(
        f"没有填报项“{name}”。本类事项有：{'、'.join(facts)}。更正清单请写明行号（row）。",
        f"There is no fact {name!r}. This kind of task has: {', '.join(facts)}. For a list give the number "
        "of the row (row).",
    )


def _corrector(case: Case, act: Act, name: str) -> Signed:
    """Whoever may report it in the present state, else the supervisor.

    Who may not report it for the sake of separation of duties may not correct it either.
    """
    task, definition, person = case.task, case.book.definition, act.person_id or 0
    askers = [one for one in definition.transitions.values() if name in (*one.asks, *one.optional)]
    for one in askers:
        if task.state not in one.sources:
            continue
        out = case.excluded(one.not_by)
        found = acting_as(case.around.directory, definition, one.by, task, person, case.now, out)
        if found is not None:
            return found
    without = NOBODY.union(*(case.excluded(one.not_by) for one in askers))
    return _supervisor(case, person, VERBS[CORRECT].label, without)


def _new_value(case: Case, act: Act, fact: Fact, old: Any, *, reckoned: bool) -> Any:
    new = check_value(fact, act.facts[VALUE.name])
    if reckoned and fact.type == "date":
        check_covered(fact, new, case.view.calendar)
    if new == old:
        raise BadValue(
            f"“{fact.label.zh}”已是 {new}，无须更正。",
            f"{fact.label.en!r} is {new} already: nothing to correct.",
        )
    return new


def _keep_both(case: Case, act: Act, actor: Actor, event: EventDraft, old: Any, new: Any) -> None:
    sign(event, actor, act)
    event.values |= {"old": old, "new": new, **_said(act, REASON)}
    note_actor(case, CORRECT, actor)


# --- transfer ---------------------------------------------------------------------------------------


def _transfer(case: Case, act: Act, signed: Signed) -> None:
    """No clock moves: a supervisor who grants the new unit more time says so by an act of its own."""
    role, actor = signed
    if case.task.shared:
        raise NotNow(
            "本事项是该单位的共用草稿，不能转办。请先送签，或待其作废。",
            "This task is the draft that its unit shares: it can't be transferred. Complete it first, or "
            "let it lapse.",
        )
    party = _said(act, PARTY).get(PARTY.name, case.book.definition.first_party)
    unit = int(check_value(UNIT, act.facts[UNIT.name]))
    _check_party(case, party, unit)
    event = case.record("transferred", case.now, role=role, why="transfer")
    sign(event, actor, act)
    event.values |= _said(act, REASON)
    reassign(case, event, {party: unit})


def _check_party(case: Case, party: str, unit: int) -> None:
    definition, parties = case.book.definition, case.task.parties
    if party not in definition.parties:
        raise Unknown(
            f"没有当事方“{party}”。本类事项有：{'、'.join(definition.parties)}。",
            f"There is no party {party!r}. This kind of task has: {', '.join(definition.parties)}.",
        )
    kind, allowed = case.around.beyond.kinds.get(unit), definition.parties[party]
    if kind is None:
        raise Unknown(
            f"没有编号为 {unit} 的单位，或该单位已撤并。请用 duban units 查看。",
            f"There is no unit {unit}, or it is closed. See them with duban units.",
        )
    if allowed and kind not in allowed:
        raise BadValue(
            f"不能转给该单位：当事方 {party} 须是 {'、'.join(allowed)}，它是 {kind}。请另选单位。",
            f"Not transferred: the party {party} must be a {' or '.join(allowed)}, that unit is a {kind}. "
            "Choose another.",
        )
    if unit in parties.values():
        raise BadValue(
            "不能转给该单位：它已是本事项的当事方。请另选单位。",
            "Not transferred: that unit is a party of this task already. Choose another.",
        )


def reassign(case: Case, event: EventDraft, parties: Mapping[str, int]) -> None:
    """Other units take these parts. Whoever is waited for now is told, and whoever was before.

    The first party gives the task its unit. The task is then no longer what the round handed to that
    unit, nor the draft that the unit shares: both are unique for the unit that it comes to.
    """
    task, waits = case.task, _waited_for(case)
    former = [person for role in waits for person in case.resolve(role).persons]
    event.header["parties"] = {name: [task.parties.get(name), unit] for name, unit in parties.items()}
    task.parties = {**task.parties, **parties}
    if case.book.definition.first_party in parties:
        task.unit_id = parties[case.book.definition.first_party]
        if task.moment_id is not None:
            event.header["moment"] = task.moment_id
        task.moment_id, task.shared = None, 0
    case.tell(event, waits, "transferred")
    told = {message.person_id for message in event.messages}
    event.messages.extend(
        Message(person_id=one, role=waits[0], reason="transferred") for one in former if one not in told
    )


# --- merge ------------------------------------------------------------------------------------------


def _merge(case: Case, act: Act, signed: Signed) -> None:
    """This one ends, abandoned, and keeps its facts and rows; the tasks that it opened run on under it."""
    role, actor = signed
    into, target = _mergeable(case, check_value(INTO, act.facts[INTO.name])), case.book.abandoned_state
    if target is None:
        label = case.book.definition.label
        raise NotNow(
            f"“{label.zh}”没有撤销类的终结状态，不能并案。请在流程定义中加上（final: abandoned）。",
            f"{label.en!r} has no state with final: abandoned, so a task of it can't be merged. Add one to "
            "the definition.",
        )
    event = case.record("merged", case.now, role=role, into=into)
    sign(event, actor, act)
    event.header |= {"from": case.task.state, "to": target}
    event.values |= _said(act, REASON)
    case.tell(event, _waited_for(case), "merged")
    case.nudge(into, "merged")
    case.enter(target, case.now, event)


def _mergeable(case: Case, into: int) -> int:
    task, other = case.task, case.around.beyond.tasks.get(into)
    if task.shared or case.book.definition.states[task.state].draft:
        raise NotNow(
            "草稿不能并案。请先送签，或待其作废。", "A draft can't be merged. Complete it, or let it lapse."
        )
    if other is None or other.id == task.id:
        raise Unknown(
            f"没有可并入的事项 {into}：须是另一件未办结的事项。请用 duban tasks 查看。",
            f"There is no task {into} to merge into: it must be another one, and open. See duban tasks.",
        )
    if (other.kind, other.campaign_id) != (task.kind, task.campaign_id):
        raise BadValue(
            f"不能并入事项 {into}：须是同一专项行动的同类事项。",
            f"Not merged: number {into} is of another kind or campaign. Choose one of the same.",
        )
    return other.id


def note_merged(case: Case) -> None:
    """Tasks that were merged into this one have let it know: its people hear of them."""
    nudges = [nudge for nudge in case.loaded.nudges if nudge.cause == "merged"]
    if not nudges:
        return
    at = min(case.now, max(nudge.at for nudge in nudges))
    event = case.record("merged_in", at, about=sorted({nudge.other_id for nudge in nudges}))
    if case.task.ended_at is None:
        known = [SUPERVISOR] if SUPERVISOR in case.book.definition.roles else []
        case.tell(event, [*_waited_for(case), *known], "merged")


VERBS: Mapping[str, Verb] = {
    URGE: Verb(
        label=Text("催办", "urge"),
        optional=(REASON,),
        moves_form=False,
        by=_supervisor,
        event="urged",
        do=_urge,
    ),
    COMMENT: Verb(
        label=Text("批注", "comment"),
        asks=(TEXT,),
        while_open=False,
        moves_form=False,
        by=_anybody,
        event="commented",
        do=_comment,
    ),
    COPY: Verb(
        label=Text("抄送", "copy"),
        asks=(PERSONS,),
        optional=(REASON,),
        while_open=False,
        moves_form=False,
        by=_anybody,
        event="copied",
        do=_copy,
    ),
    CORRECT: Verb(
        label=Text("更正", "correct"),
        asks=(FACT, VALUE, REASON),
        optional=(ROW,),
        by=_reporter,
        event="corrected",
        do=_correct,
    ),
    TRANSFER: Verb(
        label=Text("转办", "transfer"),
        asks=(UNIT, REASON),
        optional=(PARTY,),
        by=_supervisor,
        event="transferred",
        do=_transfer,
    ),
    MERGE: Verb(label=Text("并案", "merge"), asks=(INTO, REASON), by=_supervisor, event="merged", do=_merge),
}
LABELS: Mapping[str, Text] = {verb.event: verb.label for verb in VERBS.values()}
