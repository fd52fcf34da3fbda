"""What is proven of a pack before it may run. Pure.

    movement   no state that is out of reach, has no way out, or waits for nobody; the machine has no
               choice and walks in no circles; drafts begin and end
    who        roles end at somebody; second persons are second
    together   teams are chosen, joint signatures can be had, exclusions mean something
    values     facts and lists that are used are asked for; plans and constants fit
    rules      conditions can hold where they are looked at; rules mean what they say
    openings   what is opened gets its deadline, parties and facts
    endless    no kinds that open each other for ever
    dates      nothing is born late
    ballots    windows that close, totals that people report
    digests    somebody reads them
    logic      can conditions hold, and hold together?
    graph      what can be reached, and what goes in circles
    report     where problems go

A pack that was read is well-formed; here it is asked what it would do. Each check refuses only what is
certain to go wrong, or what would let work wait in silence.
"""

from __future__ import annotations

from pathlib import Path

from ..definition.model import Definition, Pack
from ..definition.pack import CAMPAIGN, Places, read_pack, refuse
from ..definition.yaml import Problem
from .ballots import check_ballots
from .dates import check_campaign, check_dates
from .digests import check_digests
from .endless import check_endless
from .movement import check_movement
from .openings import check_openings
from .report import Report, Subject
from .rules import check_rules
from .together import check_together
from .values import check_values
from .who import check_who

__all__ = ["check_pack", "prove"]

_CHECKS = (
    check_movement,
    check_who,
    check_together,
    check_values,
    check_rules,
    check_openings,
    check_dates,
    check_ballots,
)


def check_pack(path: Path) -> Pack:
    """Read the pack in a folder and prove it.

    Raises:
        Unknown: there is no such folder, or no campaign.yaml in it.
        PackError: with every problem of reading; of a pack that can be read, with all of the proof.
    """
    pack, places = read_pack(path)
    refuse(prove(pack, places))
    return pack


def prove(pack: Pack, places: Places | None = None) -> tuple[Problem, ...]:
    """Everything that is wrong with a pack that could be read, by file and line.

    Args:
        places: where its keys stand, from `read_pack`; without, all lines are 0.
    """
    problems: list[Problem] = []
    where = places or Places()
    subjects = [
        Subject(
            pack=pack,
            definition=definition,
            report=Report(
                file=f"{definition.kind}.yaml",
                places=where,
                problems=problems,
                shared=_shared(pack, definition),
            ),
        )
        for definition in pack.definitions.values()
    ]
    for subject in subjects:
        for check in _CHECKS:
            check(subject)
    check_endless(subjects)
    of_campaign = Report(file=CAMPAIGN, places=where, problems=problems)
    check_campaign(pack, of_campaign)
    check_digests(pack, of_campaign)
    found = dict.fromkeys(problems)  # a rule of the campaign may say the same of several kinds
    return tuple(sorted(found, key=lambda problem: (problem.file, problem.line, problem.key)))


def _shared(pack: Pack, definition: Definition) -> frozenset[str]:
    """The rules of a definition that stand in the campaign's file."""
    source = pack.source[f"{definition.kind}.yaml"]
    own = source.get("escalations") if isinstance(source, dict) else None
    return pack.campaign.rules - ({*own} if isinstance(own, dict) else set())
