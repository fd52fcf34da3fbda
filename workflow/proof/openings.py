"""What opens what, and with what: deadlines, parties and facts are there, and it comes to an end."""

from __future__ import annotations

from ..definition import terms
from ..definition.model import Definition, Fact, Opening, Pack, Rule, State
from ..definition.opening import MILESTONE
from ..text import Text
from .logic import Outlook, can_hold
from .movement import machine_made, moves
from .report import Subject, listed, open_states, openings
from .values import alike

Party = tuple[str, ...]  # kinds of unit allowed; empty allows any
_DATE = Fact(name="deadline", type="date", label=Text("期限", "Deadline"))


def check_openings(subject: Subject) -> None:
    """Everything that this definition opens, proposes, or closes by what it opened."""
    for key, opening in openings(subject.definition):
        _opening(subject, key, opening)
    for rule in subject.definition.rules.values():
        if rule.proposes is not None:
            _proposal(subject, rule, rule.proposes)
    _rows_are_closed(subject)
    _waits_for_children(subject)


# --- one opening ------------------------------------------------------------------------------------


def _opening(subject: Subject, key: str, opening: Opening) -> None:
    target = subject.pack.definitions[opening.kind]
    given, passed = target.deadline.how == "given", "deadline" in opening.passes
    if given and not passed:
        subject.report.fail(key, opening.kind, *_needs_deadline(opening.kind))
    if passed and not given:
        found = Text(
            f"{opening.kind} 的期限是 {target.deadline}",
            f"{opening.kind}, whose deadline is {target.deadline}",
        )
        zh, en = "只向 deadline: given 的类型给出期限", "a deadline only for a kind with deadline: given"
        subject.report.fail(f"{key}.pass.deadline", found, zh, en)
    _parties(subject, key, target, opening)
    for theirs, ours in opening.passes.items():
        _types_agree(subject, f"{key}.pass.{theirs}", target, theirs, _source(subject, opening, ours))


def _needs_deadline(kind: str) -> Text:
    return Text(
        f"给出期限：{kind} 写明 deadline: given（pass: {{deadline: …}}）",
        f"a deadline passed on: {kind} says deadline: given (pass: {{deadline: …}})",
    )


def _parties(subject: Subject, key: str, target: Definition, opening: Opening) -> None:
    first, *others = target.parties
    missing = [name for name in others if name not in opening.passes]
    if missing:
        few = listed(missing)
        found = Text(f"没有给出当事方 {few.zh}", f"no party {few.en}")
        zh, en = f"pass 里的当事方 {few.zh}", f"the parties {few.en} in pass"
        subject.report.fail(key, found, zh, en)
    own = subject.definition.parties[opening.party or subject.definition.first_party]
    if opening.units is not None:
        own = (opening.units,)
    if first not in opening.passes and not _fits(subject.pack, own, target.parties[first]):
        subject.report.fail(key, *_wrong_party(target, first, own))


def _wrong_party(target: Definition, party: str, own: Party) -> tuple[Text, str, str]:
    allowed = listed(target.parties[party])
    return (
        Text(f"{'、'.join(own) or '任何单位'}", f"{', '.join(own) or 'any unit'}"),
        f"{target.kind} 的 {party} 所允许的单位类别（{allowed.zh}）",
        f"kinds of unit that {target.kind} allows as {party} ({allowed.en})",
    )


def _fits(pack: Pack, own: Party, theirs: Party) -> bool:
    kinds = own or {unit.kind for unit in pack.campaign.units.values()}
    return not theirs or set(kinds) <= set(theirs)


def _source(subject: Subject, opening: Opening, name: str) -> Fact | Party:
    """A column before a party before a fact, as the engine looks them up."""
    columns = subject.definition.lists[opening.each].columns if opening.each else {}
    if name in columns:
        return columns[name]
    parties, facts = subject.definition.parties, subject.definition.facts
    if name.startswith(MILESTONE):
        return _DATE
    if name in parties or name in facts:
        return parties[name] if name in parties else facts[name]
    return (subject.pack.campaign.units[name].kind,)


def _types_agree(subject: Subject, key: str, target: Definition, theirs: str, source: Fact | Party) -> None:
    if theirs in target.parties:
        fits = source.type == "unit" if isinstance(source, Fact) else True
        if not isinstance(source, Fact) and not _fits(subject.pack, source, target.parties[theirs]):
            subject.report.fail(key, *_wrong_party(target, theirs, source))
        wanted = Text("当事方，或 unit 类型的填报项", "a party, or a fact of type unit")
    else:
        fact = target.facts.get(theirs, _DATE)
        fits = alike(source, fact) if isinstance(source, Fact) else fact.type == "unit"
        wanted = Text(
            f"{fact.type} 类型的填报项或列（与 {theirs} 同）",
            f"a fact or column of type {fact.type}, like {theirs}",
        )
    if not fits:
        found = source.type if isinstance(source, Fact) else "unit"
        subject.report.fail(key, found, *wanted)


# --- proposals and lists ----------------------------------------------------------------------------


def _proposal(subject: Subject, rule: Rule, kind: str) -> None:
    key, target = f"escalations.{rule.name}.proposes", subject.pack.definitions[kind]
    draft = target.draft_state
    leaves = [move for move in moves(target) if move.source == draft and move.target in open_states(target)]
    if draft is None or not leaves:
        zh = "有草稿状态（draft: yes）且由 completed 等流转离开草稿的类型"
        en = "a kind with a draft state (draft: yes) that a transition such as completed leads out of"
        subject.report.fail(key, kind, zh, en)
    if target.deadline.how == "given":
        found = Text(f"{kind}（deadline: given）", f"{kind} (deadline: given)")
        zh, en = (
            "自有期限规定的类型：proposes 给不出期限",
            "a kind with a deadline of its own: proposes passes none",
        )
        subject.report.fail(key, found, zh, en)
    _parties(subject, key, target, Opening(kind=kind))


def _rows_are_closed(subject: Subject) -> None:
    for rows in subject.definition.lists.values():
        kind = rows.closed_by
        if kind is None:
            continue
        key = f"lists.{rows.name}.closed_by"
        if all(
            (use.opening.kind, use.opening.each) != (kind, rows.name) for use in openings(subject.definition)
        ):
            zh, en = (
                f"逐行（each: {rows.name}）开出的事项类型",
                f"a kind that is opened for each row (each: {rows.name})",
            )
            subject.report.fail(key, kind, zh, en)
        if all(state.final != "accepted" for state in subject.pack.definitions[kind].states.values()):
            zh, en = "有 final: accepted 状态的类型", "a kind that has a state with final: accepted"
            subject.report.fail(key, kind, zh, en)


# --- states that wait for what they opened ----------------------------------------------------------


def _waits_for_children(subject: Subject) -> None:
    """A state that waits only for the tasks of its rows must not be entered without any row."""
    definition = subject.definition
    for state in definition.states.values():
        lists = [opening.each for opening in state.opens if opening.each]
        if not lists or len(lists) < len(state.opens) or not _needs_children(definition, state):
            continue
        picky = next((one for one in state.opens if one.where is not None), None)
        if picky is not None:
            _perhaps_none(subject, state.name, picky)
            continue
        empty = [terms.OpenRows(list=name, operator="==", number=0) for name in lists]
        for move in moves(definition):
            transition = definition.transitions[move.transition]
            guards = [term for term in (transition.when, transition.after) if term is not None]
            if move.target == state.name and can_hold([*guards, *empty], Outlook(definition=definition)):
                _entered_empty(subject, move.transition, state.name, lists[0])


def _perhaps_none(subject: Subject, state: str, opening: Opening) -> None:
    subject.report.fail(
        f"states.{state}.opens.{opening.kind}.where",
        Text(f"{state}，而可能没有一行符合 where", f"{state}, perhaps without any row that `where` wants"),
        f"不等事项也能离开 {state} 的流转，如 after: {{not: any {opening.kind} open}}",
        f"a way out of {state} that needs no task, such as after: {{not: any {opening.kind} open}}",
    )


def _entered_empty(subject: Subject, transition: str, state: str, name: str) -> None:
    subject.report.fail(
        f"transitions.{transition}.to",
        Text(f"{state}，而 {name} 可能没有未销号的行", f"{state}, perhaps without any open row of {name}"),
        f"when: open {name} > 0（没有行就不会开出事项，{state} 将一直等待）",
        f"when: open {name} > 0 (without rows nothing is opened, and {state} would wait for ever)",
    )


def _needs_children(definition: Definition, state: State) -> bool:
    """Whether the only ways out of a state are the machine's, and none while it has no children."""
    if state.waits_for is not None:
        return False
    childless: list[terms.Term] = [
        terms.Not(part=terms.Tasks(quantifier="any", kind=opening.kind, status=status, concerned=False))
        for opening in state.opens
        for status in _STATUSES
    ]
    outlook = Outlook(definition=definition, state=state.name)
    ways = [term for one, term in machine_made(definition) if state.name in one.sources]
    return bool(ways) and not any(can_hold([term, *childless], outlook) for term in ways)


_STATUSES: tuple[terms.Status, ...] = ("open", "ended")
