"""Who, at this moment: holders, delegates, deputies, fallback, separation of duties."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.builders import (
    BUREAU,
    BUREAU_LEADER,
    DEPUTY_HANDLER,
    DEPUTY_SUPERVISOR,
    EAST,
    GROUP,
    HANDLER,
    LEADER,
    OPENED,
    STAFF,
    SUPERVISOR,
    at,
    away,
    books,
    directory,
    errand,
    holding,
    task,
)
from workflow.definition import Definition
from workflow.definition.model import Team
from workflow.people import Actor, Directory, Interest, Resolved, acting_as, excluded, resolve, touches
from workflow.task import Chosen

NOW = at(OPENED)
ERRAND = errand()["errand"].definition
TASK = task(ERRAND)
OTHER = 110


def who(role: str, there: Directory, *, now: int = NOW, without: frozenset[int] = frozenset()) -> Resolved:
    return resolve(there, ERRAND, role, TASK, now, without)


def test_the_holder_of_the_post_stands_in_for_the_role() -> None:
    found = who("handler", directory())
    assert found == Resolved(role="handler", actors=(Actor(HANDLER, None),))


def test_a_delegate_acts_for_whoever_is_away_and_on_their_behalf() -> None:
    assert who("handler", directory(away(HANDLER, OTHER))).actors == (Actor(OTHER, HANDLER),)


def test_the_deputy_steps_in_where_neither_holder_nor_delegate_is_there() -> None:
    assert who("handler", directory(away(HANDLER))).actors == (Actor(DEPUTY_HANDLER, None),)


def test_a_delegate_who_is_away_hands_nothing_on_and_the_deputy_steps_in() -> None:
    there = directory(away(HANDLER, OTHER), away(OTHER, LEADER))
    assert who("handler", there).actors == (Actor(DEPUTY_HANDLER, None),)


def test_a_role_that_nobody_holds_falls_to_its_else_and_says_so() -> None:
    nobody = directory(staff=[holding(SUPERVISOR, "supervisor", BUREAU)])
    assert who("handler", nobody) == Resolved(
        role="supervisor", actors=(Actor(SUPERVISOR, None),), vacant=("handler", "leader")
    )


def test_a_role_vacant_to_its_end_is_reported_to_its_end() -> None:
    found = who("handler", directory(staff=[]))
    assert not found.actors
    assert found.vacant == ("handler", "leader", "supervisor", "bureau_leader")


def test_posts_and_delegations_hold_from_the_first_millisecond_to_the_one_before_the_last() -> None:
    there = directory(away(HANDLER, OTHER, begin=NOW, to=NOW + 10))
    assert who("handler", there, now=NOW - 1).persons == (HANDLER,)
    assert who("handler", there, now=NOW).persons == (OTHER,)
    assert who("handler", there, now=NOW + 9).persons == (OTHER,)
    assert who("handler", there, now=NOW + 10).persons == (HANDLER,)
    leaving = directory(staff=[holding(HANDLER, "handler", EAST, to=NOW), *STAFF[1:]])
    assert who("handler", leaving, now=NOW - 1).persons == (HANDLER,)
    assert who("handler", leaving, now=NOW).persons == (DEPUTY_HANDLER,)


def test_whoever_is_excluded_counts_as_absent_so_that_the_deputy_steps_in() -> None:
    without = frozenset({SUPERVISOR})
    assert who("supervisor", directory(), without=without).persons == (DEPUTY_SUPERVISOR,)
    both = frozenset({SUPERVISOR, DEPUTY_SUPERVISOR})
    assert who("supervisor", directory(), without=both).persons == (BUREAU_LEADER,)


def test_a_delegate_of_someone_excluded_is_excluded_too_and_an_excluded_delegate_as_well() -> None:
    there = directory(away(SUPERVISOR, OTHER))
    assert who("supervisor", there, without=frozenset({SUPERVISOR})).persons == (DEPUTY_SUPERVISOR,)
    assert who("supervisor", there, without=frozenset({OTHER})).persons == (DEPUTY_SUPERVISOR,)
    assert touches(Actor(OTHER, SUPERVISOR), {SUPERVISOR})
    assert not touches(Actor(OTHER, None), {SUPERVISOR})


def test_a_group_belongs_to_the_party_and_a_unit_without_one_falls_to_else() -> None:
    referral = books()["referral"].definition
    group = directory(staff=[holding(OTHER, "leader", GROUP), *STAFF])
    of_east = task(referral)
    assert resolve(group, referral, "group_leader", of_east, NOW).persons == (OTHER,)
    of_west = task(referral, parties={"unit": 11}, unit_id=11)
    found = resolve(group, referral, "group_leader", of_west, NOW)
    assert found.role == "bureau_leader"
    assert found.vacant == ("group_leader",)


def test_a_person_acts_in_the_first_role_that_fits_and_in_their_own_right_before_anothers() -> None:
    two = directory(
        away(HANDLER, OTHER), staff=[*STAFF, holding(OTHER, "handler", EAST), holding(OTHER, "leader", EAST)]
    )
    assert acting_as(two, ERRAND, ["handler", "leader"], TASK, OTHER, NOW) == ("handler", Actor(OTHER, None))
    assert acting_as(two, ERRAND, ["supervisor"], TASK, OTHER, NOW) is None


def test_a_principal_who_is_away_may_still_act_themselves() -> None:
    there = directory(away(HANDLER, OTHER))
    assert acting_as(there, ERRAND, ["handler"], TASK, HANDLER, NOW) == ("handler", Actor(HANDLER, None))
    kept_out = acting_as(there, ERRAND, ["handler"], TASK, HANDLER, NOW, frozenset({HANDLER}))
    assert kept_out is None


def test_so_may_the_holder_of_the_role_to_which_it_fell() -> None:
    """Nobody is handler; the leader, to whom it falls, has gone away and named a delegate."""
    there = directory(away(LEADER, OTHER), staff=STAFF[2:])
    assert acting_as(there, ERRAND, ["handler"], TASK, OTHER, NOW) == ("leader", Actor(OTHER, LEADER))
    assert acting_as(there, ERRAND, ["handler"], TASK, LEADER, NOW) == ("leader", Actor(LEADER, None))
    assert acting_as(there, ERRAND, ["handler"], TASK, SUPERVISOR, NOW) is None


def test_a_deputy_may_not_while_the_holder_is_there() -> None:
    assert acting_as(directory(), ERRAND, ["handler"], TASK, DEPUTY_HANDLER, NOW) is None


def test_not_by_names_acts_or_anyone_and_counts_principals_and_delegates() -> None:
    done = task(ERRAND, actors={"submit": [HANDLER, OTHER], "return": [SUPERVISOR]})
    assert excluded(done, ("submit",)) == {HANDLER, OTHER}
    assert excluded(done, ("submit", "return")) == {HANDLER, OTHER, SUPERVISOR}
    assert excluded(done, ("anyone",)) == {HANDLER, OTHER, SUPERVISOR}
    assert excluded(done, ("approve",)) == frozenset()


def test_not_by_of_the_parent_asks_the_parent_alone() -> None:
    done, parent = task(ERRAND, actors={"submit": [HANDLER]}), {"submit": [OTHER], "opened": [SUPERVISOR]}
    assert excluded(done, ("submit of the parent",), parent) == {OTHER}
    assert excluded(done, ("anyone of the parent",), parent) == {OTHER, SUPERVISOR}
    assert excluded(done, ("submit", "opened of the parent"), parent) == {HANDLER, SUPERVISOR}
    assert excluded(done, ("anyone of the parent",)) == frozenset()


def interested(*persons: int, to: int | None = None) -> dict[int, list[Interest]]:
    """Who has declared an interest in the east, from long ago."""
    return {
        EAST: [
            Interest(person_id=one, unit_id=EAST, declared=True, valid_from=0, valid_to=to) for one in persons
        ]
    }


def handler_who_is(**given: Any) -> Definition:
    """The errand, whose handler is recused or a team."""
    return replace(ERRAND, roles={**ERRAND.roles, "handler": replace(ERRAND.roles["handler"], **given)})


def test_whoever_has_an_interest_counts_as_absent_and_so_does_who_steps_in() -> None:
    recused, there = handler_who_is(recused=("unit",)), directory()
    there.interests = interested(HANDLER)
    assert resolve(there, recused, "handler", TASK, NOW).persons == (DEPUTY_HANDLER,)
    there.interests = interested(HANDLER, DEPUTY_HANDLER, LEADER)
    there.forget()
    found = resolve(there, recused, "handler", TASK, NOW)
    assert (found.role, found.persons, found.vacant) == ("supervisor", (SUPERVISOR,), ("handler", "leader"))
    assert resolve(there, ERRAND, "handler", TASK, NOW).persons == (HANDLER,), "nobody is recused unasked"


def test_an_interest_counts_while_it_lasts_and_of_delegates_too() -> None:
    recused, there = handler_who_is(recused=("unit",)), directory(away(HANDLER, OTHER))
    there.interests = interested(OTHER, to=NOW)
    assert resolve(there, recused, "handler", TASK, NOW - 1).persons == (DEPUTY_HANDLER,)
    assert resolve(there, recused, "handler", TASK, NOW).persons == (OTHER,)


def test_a_team_is_who_was_chosen_within_its_term_with_a_post_there() -> None:
    chosen = Chosen(members=(HANDLER, LEADER, SUPERVISOR), since=0, until=NOW)
    staffed = task(ERRAND, teams={"handler": chosen})
    team = handler_who_is(team=Team(least=2), post="")
    assert resolve(directory(), team, "handler", staffed, NOW).persons == (HANDLER, LEADER)
    ended = resolve(directory(), team, "handler", staffed, NOW + 1)
    assert (ended.role, ended.vacant) == ("leader", ("handler",))
    there = directory(away(LEADER, OTHER))
    actors = resolve(there, team, "handler", staffed, NOW).actors
    assert actors == (Actor(HANDLER, None), Actor(OTHER, LEADER))
    assert acting_as(there, team, ["handler"], staffed, LEADER, NOW) == ("handler", Actor(LEADER, None))
    assert acting_as(there, team, ["handler"], staffed, DEPUTY_HANDLER, NOW) is None, "a team has no deputies"
