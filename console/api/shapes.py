"""What is answered, as it is described. Instants are RFC 3339 in UTC; people and units go by their names."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from workflow.reading import plain

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Shape = TypeVar("Shape", bound=BaseModel)


def _instant(value: Any) -> Any:
    return _EPOCH + timedelta(milliseconds=value) if isinstance(value, int) else value


Instant = Annotated[datetime, BeforeValidator(_instant)]
"""From ms since the epoch."""

Light = Literal["green", "blue", "yellow", "red"]


def shaped(shape: type[Shape], record: Any, **more: Any) -> Shape:
    """A record of ours as it is answered: what the shape doesn't name stays out."""
    return shape.model_validate({**plain(record), **more})


class Words(BaseModel):
    """A text in both languages."""

    zh: str
    en: str


class Line(BaseModel):
    """A task in a list."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "number": "SFD-12",
                    "kind": "hand_in",
                    "kind_label": {"zh": "报送", "en": "Hand in"},
                    "campaign": "spring",
                    "track": None,
                    "unit": {"zh": "某单位", "en": "A unit"},
                    "state": "working",
                    "state_label": {"zh": "办理中", "en": "Working"},
                    "light": "yellow",
                    "due_at": "2026-03-31T15:59:59.999Z",
                    "provisional": False,
                    "stopped": False,
                    "waits_for": "handler",
                    "waits_label": {"zh": "承办人", "en": "Handler"},
                    "waits_people": [{"zh": "某人", "en": "Somebody"}],
                    "opened_at": "2026-03-02T01:00:00Z",
                    "ended_at": None,
                    "outcome": None,
                    "document": None,
                    "revision": 3,
                }
            ]
        }
    )
    number: str = Field(description="As people write it; every path takes it.")
    kind: str
    kind_label: Words
    campaign: str
    track: str | None
    unit: Words
    state: str
    state_label: Words
    light: Light
    due_at: Instant | None = Field(description="Stops included.")
    provisional: bool = Field(description="The deadline rests on a year of which no calendar is published.")
    stopped: bool = Field(description="The clock stands still: the deadline moves on when it is released.")
    waits_for: str | None = Field(description="The role whose turn it is.")
    waits_label: Words | None
    waits_people: list[Words] = Field(description="Who that is now; nobody while the role is vacant.")
    opened_at: Instant
    ended_at: Instant | None
    outcome: str | None = Field(description="accepted or abandoned, once it has ended.")
    document: str | None = Field(description="The number of the document that it was given last.")
    revision: int = Field(description="To be sent along with an act: people's acts move it.")


class ToDo(BaseModel):
    """What waits for the token's owner."""

    total: int
    items: list[Line] = Field(description="The most urgent first.")


class LedgerPage(BaseModel):
    """Some tasks of the ledger, by their numbers."""

    items: list[Line]
    next: str | None = Field(description="The cursor of the next page; null at the end.")


class Fact(BaseModel):
    """A value that was reported."""

    name: str
    label: Words
    value: Any = Field(description="As it is stored: text, a number, an id.")
    text: Words
    at: Instant


class Row(BaseModel):
    """A row of a list."""

    id: int
    values: dict[str, Any]
    text: Words
    closed_at: Instant | None


class Rows(BaseModel):
    """A list with its rows."""

    name: str
    label: Words
    rows: list[Row]


class Role(BaseModel):
    """Who a role is now."""

    name: str
    label: Words
    people: list[Words]
    vacant: list[Words] = Field(description="Roles on the way that nobody holds.")
    until: Instant | None = Field(description="Of a team: the end of its term.")


class Episode(BaseModel):
    """A stretch of time in which a rule held, or holds."""

    rule: str
    label: Words
    light: Light
    opened_at: Instant
    superseded: bool
    inert_at: Instant | None
    inert_by: str | None
    ended_at: Instant | None
    ended_by: str | None


class Waiting(BaseModel):
    """An act that waits for other people."""

    transition: str
    label: Words
    asked_by: Words
    asked_at: Instant
    expires_at: Instant | None
    confirmer: Words
    signed: list[Words]
    waits_for: list[Words]
    lacking: int


class Related(BaseModel):
    """Another task, as the page of this one names it."""

    number: str
    kind: str
    kind_label: Words
    unit: Words
    state_label: Words
    light: Light
    ended_at: Instant | None


class Task(BaseModel):
    """Where a task stands, with all that belongs to it."""

    task: Line
    parties: dict[str, Words]
    roles: list[Role]
    facts: list[Fact]
    lists: list[Rows]
    deadline_basis: Words
    step_end: Instant | None = Field(description="Until when this step may take.")
    state_since: Instant
    pending: list[Waiting]
    episodes: list[Episode]
    parent: Related | None
    children: list[Related]
    concerns: list[Related]
    concerned_by: list[Related]
    evidence: list[str] = Field(description="SHA-256 of every file that was attached.")


class Explanation(BaseModel):
    """Why the light, the deadline and the next look of the clock are what they are, line by line."""

    light: list[Words]
    deadline: list[Words]
    next_wake: list[Words]


class Happened(BaseModel):
    """A line of history."""

    seq: int
    at: Instant = Field(description="When it was true.")
    recorded_at: Instant
    kind: str
    text: Words
    values: list[Words] = Field(description="What was reported; what was erased is not here.")
    told: list[Words]
    hash: str = Field(description="Of the chain, hex.")


class HistoryPage(BaseModel):
    """Lines of a task's history, the oldest first."""

    items: list[Happened]
    next: int | None = Field(description="`after` of the next page; null at the end.")


class Ahead(BaseModel):
    """A part of what happens if nobody acts."""

    title: Words | None
    rows: list[list[Words]]


class Forecast(BaseModel):
    """What happens next if nobody acts, with dates and names."""

    parts: list[Ahead]


class Asked(BaseModel):
    """Something that an act asks for."""

    name: str
    label: Words
    type: str = Field(description="text, number, percent, count, date, choice, yes/no, unit, person, file.")
    needed: bool
    choices: list[str]


class AskedRows(BaseModel):
    """A list whose rows an act takes."""

    name: str
    label: Words
    needed: bool
    columns: list[Asked]


class Possible(BaseModel):
    """An act, and whether the token's owner may do it now."""

    name: str
    label: Words
    may: bool
    why_not: Words | None
    fields: list[Asked]
    lists: list[AskedRows]
    evidence: int = Field(description="How many files it needs at least, as the task stands.")
    tiers: Words | None = Field(description="How many by which choice, where a choice says how many.")
    confirmed_by: Words | None


class Acts(BaseModel):
    """What may be done to a task."""

    revision: int
    items: list[Possible]


def _sound(value: str) -> str:
    """JSON may hold half a character: neither database would take it."""
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ValueError("no valid Unicode") from error
    return value


Sound = Annotated[str, AfterValidator(_sound)]
Value = Sound | int | float | bool | list[Sound]


class Wanted(BaseModel):
    """An act as it is asked for."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"revision": 3, "facts": {"progress": 35}}]},
    )
    revision: int = Field(
        ge=0, le=2**53, description="Of the task that was looked at: if somebody was faster, nothing is done."
    )
    facts: dict[Sound, Value] = Field(
        default={},
        max_length=200,
        description="By name. Units and people by code, files by SHA-256, dates as 2026-03-31.",
    )
    rows: dict[Sound, list[dict[Sound, Value]]] = Field(
        default={},
        max_length=50,
        description="By list. A row that is there already bears its `id`; a list without rows is an answer.",
    )
    evidence: list[Annotated[str, Field(pattern="^[0-9a-f]{64}$")]] = Field(
        default=[], max_length=100, description="SHA-256 of files that were uploaded for this task."
    )


class Done(BaseModel):
    """What became of an act."""

    number: str
    act: str
    state: str
    revision: int
    seq: int = Field(description="Of the history's last line.")
    at: Instant
    repeated: bool = Field(description="The same request came before: this is its answer.")


class Uploaded(BaseModel):
    """A file that was taken."""

    sha256: str
    size: int = Field(description="Bytes.")
    media_type: str


class Kind(BaseModel):
    """A kind of task."""

    kind: str
    label: Words
    campaign: str
    basis: str | None


class Kinds(BaseModel):
    """Every kind of task of the campaigns that are under way."""

    items: list[Kind]


class Step(BaseModel):
    """A state."""

    name: str
    label: Words
    waits_for: str | None
    final: str | None
    says: list[Words] = Field(description="In sentences.")


class Movement(BaseModel):
    """An act of the kind, or one of the machine."""

    name: str
    label: Words
    sources: list[str]
    target: str | None
    by: list[str]
    machine: bool
    asks: list[str]
    optional: list[str]
    evidence: int = Field(description="How many files it may need; `says` tells by which choice.")
    says: list[Words] = Field(description="In sentences.")


class Escalation(BaseModel):
    """A rule and what follows."""

    name: str
    label: Words
    light: Light
    says: list[Words] = Field(description="In sentences.")


class Declared(BaseModel):
    """A fact that is reported on tasks of the kind."""

    name: str
    label: Words
    type: str
    choices: list[str]


class Named(BaseModel):
    """Something with a name."""

    name: str
    label: Words


class Definition(Kind):
    """What one kind of task goes through."""

    version: str = Field(description="SHA-256 of the whole pack.")
    states: list[Step]
    acts: list[Movement]
    escalations: list[Escalation]
    facts: list[Declared]
    lists: list[Named]
    roles: list[Named]


class Unit(BaseModel):
    """A unit of the organisation."""

    code: str
    kind: str
    name: Words
    inside: str | None = Field(description="Code of the unit above.")
    group_of: str | None
    posts: int
    merged_into: str | None


class Units(BaseModel):
    """The tree of units, each below the one it is in."""

    items: list[Unit]


class Post(BaseModel):
    """A post that somebody holds."""

    name: str
    unit: str
    unit_name: Words
    deputy: bool
    valid_from: Instant
    valid_to: Instant | None


class Person(BaseModel):
    """Somebody with the posts held now and later."""

    code: str
    name: Words
    posts: list[Post]


class PeoplePage(BaseModel):
    """Some people, by their codes."""

    items: list[Person]
    next: str | None = Field(description="`after` of the next page; null at the end.")


class Delivery(BaseModel):
    """A message to somebody."""

    id: int
    state: str
    state_label: Words
    channel: str
    person: Words | None = Field(description="To whom; nobody in particular: a test of a channel.")
    address: str = Field(description="Masked.")
    formal: bool = Field(description="It can't be switched off.")
    about: str = Field(description="notice, digest, report or test.")
    created_at: Instant
    due_at: Instant
    accepted_at: Instant | None = Field(description="When the peer took it.")
    ended_at: Instant | None
    why: Words | None = Field(description="What went wrong last.")


class Deliveries(BaseModel):
    """Messages that the token's owner may see."""

    total: int
    items: list[Delivery] = Field(description="Trouble first.")


class Me(BaseModel):
    """The token's owner."""

    code: str
    name: Words
    today: date
