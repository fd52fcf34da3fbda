"""Joint acts: who has signed, who still must, and whether that is all.

`quorum: N` wants N people of the roles in `by`; `quorum: all` one for each of these roles, and of a team
every member who may act, no fewer than its `min`. Nobody signs twice: a delegate and their principal are
one. Who is excluded or recused counts as absent; who has signed does not. Where too few are left the act
waits on, and that is reported: another team may be chosen, the task may leave the state, somebody may
refuse it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..definition.model import ALL, Role, Transition
from ..errors import NotAllowed
from ..people import Actor, Resolved, acting_as, touches
from ..task import Signature
from .case import Case


def is_complete(case: Case, transition: Transition, signed: Sequence[Signature]) -> bool:
    """Whether everybody who is needed has signed."""
    if isinstance(transition.quorum, int):
        return len(signed) >= transition.quorum
    return not _open_roles(case, transition, signed)


def still_to_sign(
    case: Case, transition: Transition, signed: Sequence[Signature]
) -> tuple[tuple[str, Resolved], ...]:
    """The roles for which somebody may still sign, and who that is now."""
    return tuple(
        (role, _who(case, transition, role, signed)) for role in _open_roles(case, transition, signed)
    )


def lacking(case: Case, transition: Transition, signed: Sequence[Signature]) -> int:
    """How many signatures nobody is there to give."""
    waiting = still_to_sign(case, transition, signed)
    if isinstance(transition.quorum, int):
        there = {person for _, found in waiting for person in found.persons}
        return max(0, transition.quorum - len(signed) - len(there))
    return sum(_short(case, role, found, signed) for role, found in waiting)


def signer(
    case: Case, transition: Transition, signed: Sequence[Signature], person: int
) -> tuple[str, str, Actor] | None:
    """For which role a person may sign, as what they act, and for whom; None if they may not.

    In their own right before on another's behalf, whatever the order of the roles.
    """
    found: list[tuple[str, str, Actor]] = []
    for role in _open_roles(case, transition, signed):
        who = _who(case, transition, role, signed)
        found.extend((role, who.role, actor) for actor in who.actors if actor.person_id == person)
        returned = _away(case, transition, role, person)
        if returned is not None and not touches(returned[1], _persons_of(signed)):
            found.append((role, *returned))
    return min(found, key=lambda one: one[2].on_behalf is not None, default=None)


def _away(case: Case, transition: Transition, role: str, person: int) -> tuple[str, Actor] | None:
    """A principal who is away may still act."""
    directory, definition, out = case.around.directory, case.book.definition, case.excluded(transition.not_by)
    found = acting_as(directory, definition, [role], case.task, person, case.now, out)
    fits = found is not None and (found[0] == role or not _wants_members(case, transition, role))
    return found if fits and found is not None and found[1].on_behalf is None else None


def check_not_twice(transition: Transition, signed: Sequence[Signature], person: int) -> None:
    """Raises NotAllowed: the person, or whom they stand in for, has signed already."""
    if any(person in one.persons for one in signed):
        raise NotAllowed(
            f"“{transition.label.zh}”须由不同的人共同签署：你（或你所代表的人）已经签署。请等待他人。",
            f"{transition.label.en!r} is signed by different people: you, or the person you stand in for, "
            "have signed. Wait for the others.",
        )


def _open_roles(case: Case, transition: Transition, signed: Sequence[Signature]) -> list[str]:
    if transition.quorum != ALL:
        return list(transition.by)
    return [role for role in transition.by if not _is_filled(case, transition, role, signed)]


def _is_filled(case: Case, transition: Transition, name: str, signed: Sequence[Signature]) -> bool:
    if not _wants_members(case, transition, name):
        return any(one.role == name for one in signed)
    role, own = case.book.definition.roles[name], _persons(name, signed)
    members = _members(case, role)
    return len({*members} | own) >= _least(role) and members <= own


def _wants_members(case: Case, transition: Transition, name: str) -> bool:
    """Whether every member of a team signs: it is one, and was chosen. Else somebody steps in for it."""
    role = case.book.definition.roles[name]
    return transition.quorum == ALL and role.team is not None and bool(_members(case, role))


def _members(case: Case, role: Role) -> frozenset[int]:
    directory = case.around.directory
    members = frozenset(directory.members(role, case.task, case.now))
    return members - directory.recused(role, case.task, case.now)


def _who(case: Case, transition: Transition, name: str, signed: Sequence[Signature]) -> Resolved:
    """Who a role is, without those who have signed. Having signed is no absence: nobody steps in for them."""
    out, gone = case.excluded(transition.not_by), _persons_of(signed)
    if _wants_members(case, transition, name):
        role = case.book.definition.roles[name]
        out = out | case.around.directory.recused(role, case.task, case.now)
        found = Resolved(role=name, actors=case.around.directory.actors(role, case.task, case.now, out))
    else:
        found = case.resolve(name, out)
    return replace(found, actors=tuple(one for one in found.actors if not touches(one, gone)))


def _short(case: Case, name: str, found: Resolved, signed: Sequence[Signature]) -> int:
    role = case.book.definition.roles[name]
    wanted = _least(role) - len(_persons(name, signed)) if role.team is not None else 1
    return max(0, wanted - len(set(found.persons)))


def _least(role: Role) -> int:
    return role.team.least if role.team is not None else 1


def _persons(name: str, signed: Sequence[Signature]) -> frozenset[int]:
    """Whose signatures count for a role: of a delegate's, the principal's."""
    return frozenset(
        one.person_id if one.on_behalf is None else one.on_behalf for one in signed if one.role == name
    )


def _persons_of(signed: Sequence[Signature]) -> frozenset[int]:
    return frozenset(person for one in signed for person in one.persons)
