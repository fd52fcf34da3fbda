"""Opening a task by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from workflow.errors import UsageError

from .acting import (
    SomeFacts,
    SomeRows,
    check_typed_request,
    tell_answer,
    typed_facts,
    typed_rows,
)
from .arguments import (
    ActingPerson,
    AsJson,
    OfCampaign,
    OfTrack,
    RequestId,
    argument,
    command,
    group,
    option,
    typed_pairs,
)
from .desk import desk_of

if TYPE_CHECKING:
    from workflow.decision import OpenTask
    from workflow.definition import Definition
    from workflow.engine import Frame

app = group()


@command(
    app,
    "开立一件事项（流程定义写有 opened_by 的类型）。",
    "Open a task by hand, of a kind whose definition says opened_by.",
    "open",
)
def open_task(
    ctx: typer.Context,
    kind: Annotated[str, argument("事项类型。", "A kind of task.", metavar="KIND")],
    person: ActingPerson,
    party: Annotated[
        list[str] | None, option("当事方，每方一次。", "A party; one for each.", metavar="NAME=UNIT")
    ] = None,
    campaign: OfCampaign = None,
    track: OfTrack = None,
    deadline: Annotated[
        str | None, option("期限，类型写明 given 时必填。", "Where the kind wants it given.", metavar="DATE")
    ] = None,
    fact: SomeFacts = None,
    row: SomeRows = None,
    request_id: RequestId = None,
    as_json: AsJson = False,
) -> None:
    desk = desk_of(ctx)
    if request_id is not None:
        check_typed_request(request_id)
    typed = _Typed(
        kind=kind,
        person=person,
        parties=typed_pairs(
            "--party", party or (), "当事方=单位代码，每方一次", "NAME=UNIT, each party once"
        ),
        campaign=campaign,
        track=track,
        deadline=deadline,
        facts=typed_facts(fact or ()),
        rows=typed_rows(row or ()),
    )
    with desk.frame() as frame:
        wanted = _wanted(frame, typed)
    answer = desk.engine.open(wanted, desk.now, request_id=request_id)
    if as_json:
        desk.json(answer)
    else:
        tell_answer(desk, answer)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Typed:
    """An opening as it was typed."""

    kind: str
    person: str
    parties: dict[str, str]
    campaign: str | None
    track: str | None
    deadline: str | None
    facts: dict[str, str]
    rows: dict[str, list[dict[str, str]]]


def _wanted(frame: Frame, typed: _Typed) -> OpenTask:
    from workflow.decision import OpenTask
    from workflow.reading import known_facts, person_id, unit_id

    campaign = campaign_named(frame, typed.campaign)
    definition = _definition(frame, campaign, typed.kind)
    return OpenTask(
        kind=typed.kind,
        campaign=campaign,
        person_id=person_id(frame.tx, typed.person),
        parties={name: unit_id(frame.tx, unit) for name, unit in typed.parties.items()},
        track=typed.track,
        deadline=typed.deadline,
        facts=typed.facts if definition is None else known_facts(frame, definition, typed.facts),
        rows=typed.rows,
    )


def campaign_named(frame: Frame, named: str | None) -> str:
    """The campaign that was named, or the only one there is."""
    names = [one.name for one in frame.campaigns.values()]
    if named is not None or len(names) == 1:
        return named or names[0]
    raise UsageError(
        f"请用 --campaign 写明专项行动：{'、'.join(names) or '尚无'}。",
        f"Name the campaign with --campaign: {', '.join(names) or 'there is none yet'}.",
    )


def _definition(frame: Frame, campaign: str, kind: str) -> Definition | None:
    """None where there is no such campaign or kind: the engine says so."""
    found = next((one for one in frame.campaigns.values() if one.name == campaign), None)
    book = frame.version(found.version_id).books.get(kind) if found is not None else None
    return book.definition if book is not None else None
