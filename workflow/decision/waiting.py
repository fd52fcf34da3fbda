"""Acts that wait for other people: a co-signature of an entry, joint signatures, a confirmation.

Every function here holds an act, or gives back the one that waits no longer, for `acts` to go on with.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..definition.model import Confirmation, Transition
from ..errors import NotAllowed, NotNow
from ..people import Actor, Resolved, acting_as, touches
from ..task import Entry, Pending, Signature, Stage
from .attempt import Attempt
from .authority import SUPERVISOR, role_of
from .burden import check_begin
from .case import Case
from .entering import COSIGN_WITHIN
from .guards import judge_when
from .joint import check_not_twice, is_complete, lacking, signer, still_to_sign
from .outcome import EventDraft, Message
from .reporting import check_new_deadline, optional_reason
from .teams import split
from .traces import entered, heard, note_actor, sign

if TYPE_CHECKING:
    from .acts import Act


def _wait(case: Case, attempt: Attempt, stage: Stage, after: Pending | None = None) -> Pending:
    """An act that shall wait, if it may: it is not held yet."""
    transition, actor = attempt.transition, attempt.actor
    if actor is None:
        raise NotAllowed(
            f"“{transition.label.zh}”须经他人确认或共同签署，只能由人提出。请由有权办理的人提出。",
            f"{transition.label.en!r} needs other people: only a person asks for it. Let its role ask.",
        )
    if any(one.transition == transition.name for one in case.task.pending):
        raise NotNow(
            f"“{transition.label.zh}”已经提出，正等待答复（confirm:{transition.name}）。请等待，或由有权的人答复。",
            f"{transition.label.en!r} was already asked for and waits for an answer "
            f"(confirm:{transition.name}). Wait, or let whoever may give it.",
        )
    judge_when(case, transition, attempt.facts, attempt.rows)
    check_begin(case, transition.target, attempt.facts)
    return Pending(
        transition=transition.name,
        asked_by=actor.person_id,
        on_behalf=actor.on_behalf,
        role=attempt.role,
        asked_at=case.now,
        expires_at=None,
        facts=attempt.facts,
        rows=attempt.rows,
        evidence=tuple(attempt.act.evidence),
        stops=False,
        stage=stage,
        signed=after.signed if after is not None else (),
        entry=after.entry if after is not None else None,
    )


def _report(case: Case, event: EventDraft, pending: Pending) -> None:
    """What is held back is in the history from the moment at which it was asked for."""
    values, teams = split(case.book.definition, pending.facts)
    event.values |= values | {f"{name}[]": listed for name, listed in pending.rows.items()}
    if teams:
        event.header["wanted"] = teams
    if pending.entry is not None:
        event.header |= entered(pending.entry)


def ask(case: Case, attempt: Attempt, confirmation: Confirmation, after: Pending | None = None) -> None:
    """Hold it until somebody of the role that confirms has answered, or it lapses."""
    transition, role, actor = attempt.transition, attempt.role, attempt.actor
    pending = replace(
        _wait(case, attempt, "confirmation", after),
        expires_at=case.view.calendar.add(case.now, confirmation.within),
        stops=confirmation.stops_deadline and not case.task.stop_used,
    )
    event = case.record(
        "asked", case.now, transition=transition.name, role=role, expires_at=pending.expires_at
    )
    sign(event, actor, attempt.act)
    _report(case, event, pending)
    case.tell(event, [confirmation.role], "to confirm", without=pending.asker)
    if actor is not None:
        heard(case, transition, role, actor)
    case.hold(pending)


def refuse(case: Case, act: Act, transition: Transition, pending: Pending, person: int) -> None:
    if pending.stage == "quorum":
        out = case.excluded(transition.not_by)
        role, actor = role_of(case, transition.by, person, transition.label, out)
    else:
        role, actor = _confirmer(case, transition, pending, person)
    reason = optional_reason(act, required=True)
    case.release(pending)
    event = case.record("refused", case.now, transition=transition.name, role=role, asked_by=pending.asked_by)
    sign(event, actor)
    event.values |= reason
    _tell_asker(event, pending)


def _confirmer(case: Case, transition: Transition, pending: Pending, person: int) -> tuple[str, Actor]:
    directory, definition, askers = case.around.directory, case.book.definition, pending.asker
    role = SUPERVISOR
    if pending.stage == "entry":
        askers = askers | case.excluded(transition.not_by)
    elif transition.confirmed_by is not None:
        role = transition.confirmed_by.role
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
    return role_of(case, [role], person, transition.label, askers)


def answerers(case: Case, transition: Transition, pending: Pending) -> tuple[tuple[str, Resolved], ...]:
    """The roles that may agree to an act that waits, and who that is now."""
    if pending.stage == "quorum":
        return still_to_sign(case, transition, pending.signed)
    askers, role = pending.asker, SUPERVISOR
    if pending.stage == "entry":
        askers = askers | case.excluded(transition.not_by)
    elif transition.confirmed_by is not None:
        role = transition.confirmed_by.role
    return ((role, case.resolve(role, askers)),)


def _tell_asker(event: EventDraft, pending: Pending) -> None:
    event.messages.extend(
        Message(person_id=person, role=pending.role, reason="answered") for person in pending.who_hears
    )


# --- joint acts -------------------------------------------------------------------------------------


def begin_signing(case: Case, attempt: Attempt, after: Pending | None) -> Pending | None:
    """The first who acts reports the facts; the act waits for the others. What is complete is given back."""
    transition = attempt.transition
    pending = _wait(case, attempt, "quorum", after)
    for_role, role, first = _signer(case, transition, pending, pending.asked_by)
    pending = _signed(case, replace(pending, role=role, on_behalf=first.on_behalf), for_role, first)
    event = case.record("signed", case.now, transition=transition.name, role=role)
    sign(event, first, attempt.act)
    _report(case, event, pending)
    heard(case, transition, role, first)
    return _await_others(case, event, transition, pending)


def countersign(
    case: Case, act: Act, transition: Transition, pending: Pending, person: int
) -> Pending | None:
    """Another person signs. The last signature makes it complete: it is given back."""
    for_role, role, actor = _signer(case, transition, pending, person)
    reason = optional_reason(act, required=False)
    check_new_deadline(case, transition, pending.facts)
    case.release(pending)
    pending = _signed(case, pending, for_role, actor)
    event = case.record("signed", case.now, transition=transition.name, role=role, asked_by=pending.asked_by)
    sign(event, actor)
    event.values |= reason
    heard(case, transition, role, actor)
    return _await_others(case, event, transition, pending)


def _signed(case: Case, pending: Pending, role: str, actor: Actor) -> Pending:
    own = Signature(role=role, person_id=actor.person_id, on_behalf=actor.on_behalf, at=case.now)
    return replace(pending, signed=(*pending.signed, own))


def _signer(case: Case, transition: Transition, pending: Pending, person: int) -> tuple[str, str, Actor]:
    check_not_twice(transition, pending.signed, person)
    found = signer(case, transition, pending.signed, person)
    if found is not None:
        return found
    out = case.excluded(transition.not_by)
    role_of(case, transition.by, person, transition.label, out)  # says why not
    names = [
        case.book.definition.roles[role].label for role, _ in still_to_sign(case, transition, pending.signed)
    ]
    raise NotAllowed(
        f"不能由你签署“{transition.label.zh}”：现在只等{'、'.join(one.zh for one in names)}中尚未签署的人。",
        f"You may not sign {transition.label.en!r}: it waits only for those of the "
        f"{', '.join(one.en for one in names)} who have not signed.",
    )


def _await_others(case: Case, event: EventDraft, transition: Transition, pending: Pending) -> Pending | None:
    """Hold it unless all have signed; those who still must are told, and where nobody can, that."""
    if is_complete(case, transition, pending.signed):
        return pending
    waiting = still_to_sign(case, transition, pending.signed)
    if len(pending.signed) == 1:
        for role, found in waiting:
            if found.actors:
                case.tell_these(event, role, found, "to confirm")
    short = lacking(case, transition, pending.signed)
    if short:
        event.header["lacking"] = short
        if all(message.person_id is not None for message in event.messages):
            event.messages.append(Message(person_id=None, role=waiting[0][0], reason="to confirm"))
    case.hold(pending)
    return None


def confirm(case: Case, act: Act, transition: Transition, pending: Pending, person: int) -> Pending:
    """A second person agrees, or co-signs what was entered for somebody else. It is given back."""
    role, actor = _confirmer(case, transition, pending, person)
    reason = optional_reason(act, required=False)
    check_new_deadline(case, transition, pending.facts)  # it may have passed while it waited
    note_actor(case, act.name, actor)
    case.release(pending)
    event = case.record(
        "confirmed", case.now, transition=transition.name, role=role, asked_by=pending.asked_by
    )
    sign(event, actor)
    event.values |= reason
    _tell_asker(event, pending)
    if pending.stage == "entry" and pending.entry is not None:
        return replace(pending, entry=replace(pending.entry, cosigned_by=actor.person_id))
    return pending


# --- entries on behalf ------------------------------------------------------------------------------


def enter(case: Case, attempt: Attempt, entry: Entry) -> None:
    """Hold it until a second supervisor has compared it with the paper."""
    transition = attempt.transition
    pending = replace(
        _wait(case, attempt, "entry"),
        expires_at=case.view.calendar.add(case.now, COSIGN_WITHIN),
        entry=entry,
    )
    event = case.record(
        "entered", case.now, transition=transition.name, role=SUPERVISOR, expires_at=pending.expires_at
    )
    sign(event, Actor(entry.entered_by, entry.on_behalf), attempt.act)
    event.header["entered_for"] = pending.asked_by
    _report(case, event, pending)
    out = pending.asker | case.excluded(transition.not_by)
    case.tell(event, [SUPERVISOR], "to confirm", without=out)
    case.hold(pending)
