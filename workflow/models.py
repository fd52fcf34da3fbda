"""The tables. What must always hold stands here as a constraint, with what it prevents.

Instants are whole milliseconds since the epoch. JSON is text, written by `orjson`. Foreign keys hold
what people edit; rows that sweeps write in bulk carry none, and `duban doctor` checks them.
SQLModel is for the schema and the cold paths: see `store` for the statements.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, Integer, SmallInteger
from sqlmodel import Field, SQLModel

from .columns import Id, auto, big, blob, flag, key, to, where, words

# --- what people edit -------------------------------------------------------------------------------


class Unit(SQLModel, table=True):
    """A node of the organisation tree."""

    __tablename__ = "unit"
    __table_args__ = (
        Index("unit_below", "parent_id"),
        Index("unit_groups", "group_of"),
        Index("unit_merged", "merged_into"),
    )
    id: int | None = auto()
    code: str = Field(unique=True)
    kind: str
    parent_id: int | None = to("unit.id", null=True)
    group_of: int | None = to("unit.id", null=True)  # for a group: the unit that it belongs to
    group_name: str | None = None  # for a group: how definitions call it
    zh: str
    en: str
    ended_at: int | None = big(null=True)  # it merged into another; nothing is handed to it any more
    merged_into: int | None = to("unit.id", null=True)  # the unit that stands for it now, never a closed one


class UnitChange(SQLModel, table=True):
    """What became of a unit, and what it was called before."""

    __tablename__ = "unit_change"
    __table_args__ = (Index("unit_change_unit", "unit_id"),)
    id: int | None = auto()
    unit_id: int = to("unit.id")
    kind: str  # renamed, merged
    zh: str  # its name until then
    en: str
    into_id: int | None = to("unit.id", null=True)
    person_id: int | None = to("person.id", null=True)  # who said so; empty: a pack
    at: int = big()


class Person(SQLModel, table=True):
    """Who."""

    __tablename__ = "person"
    id: int | None = auto()
    code: str = Field(unique=True)
    zh: str
    en: str
    language: str = "zh"


class Post(SQLModel, table=True):
    """Which role a person holds at which unit, valid from and to, and since when recorded."""

    __tablename__ = "post"
    __table_args__ = (
        Index("post_at_unit", "unit_id", "name"),
        # Loading a pack twice must not give a person the same post twice.
        Index("post_once", "person_id", "name", "unit_id", "valid_from", unique=True),
    )
    id: int | None = auto()
    person_id: int = to("person.id")
    name: str
    unit_id: int = to("unit.id")
    deputy: int = flag()
    valid_from: int = big()
    valid_to: int | None = big(null=True)
    recorded_at: int = big()


class Delegation(SQLModel, table=True):
    """While it lasts the principal is away; the delegate, if any, acts on their behalf."""

    __tablename__ = "delegation"
    id: int | None = auto()
    principal_id: int = Field(sa_column=Column(Id, ForeignKey("person.id"), nullable=False, index=True))
    delegate_id: int | None = to("person.id", null=True)
    valid_from: int = big()
    valid_to: int | None = big(null=True)
    reason: str = words()
    recorded_at: int = big()


class Interest(SQLModel, table=True):
    """While it lasts a person has declared an interest in a unit, and does not act where it matters."""

    __tablename__ = "interest"
    __table_args__ = (Index("interest_in_unit", "unit_id"),)
    id: int | None = auto()
    person_id: int = to("person.id")
    unit_id: int = to("unit.id")
    reason: str = words()
    valid_from: int = big()
    valid_to: int | None = big(null=True)
    recorded_at: int = big()


class PackVersion(SQLModel, table=True):
    """A pack as it was loaded. Tasks are pinned to it."""

    __tablename__ = "pack_version"
    id: int | None = auto()
    hash: str = Field(unique=True)
    source: str = words()  # JSON: file -> content
    loaded_at: int = big()


class Campaign(SQLModel, table=True):
    """A supervised programme and the version that new tasks open on."""

    __tablename__ = "campaign"
    id: int | None = auto()
    name: str = Field(unique=True)
    prefix: str
    zh: str
    en: str
    version_id: int = to("pack_version.id")


class MilestoneRow(SQLModel, table=True):
    """A milestone that people have moved. Of those that moved the same date of a pack the newest counts."""

    __tablename__ = "milestone"
    __table_args__ = (Index("milestone_of_campaign", "campaign_id", "name"),)
    id: int | None = auto()
    campaign_id: int = to("campaign.id")
    name: str
    said: str  # ISO date that the packs say: one that says another was written with its own in mind
    date: str  # ISO date that is in force instead
    replaced: str  # ISO date that was in force before
    person_id: int = to("person.id")  # who decided so
    basis: str = words()
    moved_at: int = big()


class CalendarYearRow(SQLModel, table=True):
    """A published or projected year as it was imported; the newest row of a year is in force."""

    __tablename__ = "calendar_year"
    id: int | None = auto()
    year: int
    body: str = words()  # JSON, see calendar.CalendarYear
    imported_at: int = big()


class Epoch(SQLModel, table=True):
    """A planning epoch: from here on another calendar or campaign is in force."""

    __tablename__ = "epoch"
    id: int | None = auto()
    why: str
    begun_at: int = big()


class Hold(SQLModel, table=True):
    """While a row is not released nothing fires: a clock that jumped waits for a person."""

    __tablename__ = "hold"
    id: int | None = auto()
    zh: str = words()
    en: str = words()
    since: int = big()
    # 1 while it stands, empty after: at most one stands, a second reason would hide the first.
    standing: int | None = Field(default=1, sa_column=Column(SmallInteger, nullable=True, unique=True))
    released_at: int | None = big(null=True)
    released_by: str | None = None


# --- what the engine writes -------------------------------------------------------------------------


class TaskRow(SQLModel, table=True):
    """One instance of a definition, with the projection that it is found by."""

    __tablename__ = "task"
    __table_args__ = (
        # The clock's queue. Partial: its cost grows with what waits for the clock, and an idle tick
        # reads one entry of it.
        Index(
            "task_wake",
            "wake_at",
            "id",  # of tasks due at one instant the same come first, every time
            **where("wake_at IS NOT NULL AND set_aside_at IS NULL"),
        ),
        # Open tasks that were planned under an older calendar: found without reading the others.
        Index(
            "task_planned",
            "planned_under",
            "id",
            **where("ended_at IS NULL"),
        ),
        # One shared draft per unit, campaign and kind: ten lagging tasks make one draft.
        Index(
            "task_shared_draft",
            "unit_id",
            "campaign_id",
            "kind",
            unique=True,
            **where("shared = 1"),
        ),
        # A round opens each task once, however often it is interrupted and resumed.
        Index(
            "task_of_moment",
            "moment_id",
            "unit_id",
            "kind",
            "track",
            unique=True,
            **where("moment_id IS NOT NULL"),
        ),
        Index(
            "task_parent",
            "parent_id",
            **where("parent_id IS NOT NULL"),
        ),
        # The open tasks of a kind: a round finds its drafts without reading the ledger.
        Index(
            "task_open_kind",
            "campaign_id",
            "kind",
            **where("ended_at IS NULL"),
        ),
        # What a unit has in hand: the sources of its scores, the inspections it has had.
        Index("task_of_unit", "unit_id", "kind"),
        # The to-do list of a post: found, counted and put in order without reading the tasks.
        Index(
            "task_waits",
            "waits_unit",
            "waits_post",
            "waits_for",
            "kind",
            "light",
            "due_at",
            "unit_id",
            "version_id",
            "ended_at",  # always empty; SQLite reads the row for a condition whose column isn't here
            "id",
            **where("ended_at IS NULL"),
        ),
        # The ledger from any line on, and what a reader may see of it, without reading the tasks.
        Index(
            "task_ledger",
            "light",
            "due_at",
            "id",
            "unit_id",
            "kind",
            "campaign_id",
            **where("ended_at IS NULL"),
        ),
        # The same for few units: a handler's ledger costs what the unit has in hand.
        Index(
            "task_ledger_unit",
            "unit_id",
            "light",
            "due_at",
            "id",
            **where("ended_at IS NULL"),
        ),
    )
    id: int = key()
    campaign_id: int = big()
    version_id: int = big()
    kind: str
    track: str = ""
    unit_id: int = big()
    parent_id: int | None = big(null=True)
    row_id: int | None = big(null=True)
    moment_id: int | None = big(null=True)
    state: str
    visit: int
    came_from: str | None = None
    opened_at: int = big()
    state_since: int = big()
    reported_at: int = big()
    deadline: int | None = big(null=True)
    deadline_set_at: int = big()
    deadline_anchor: int = big()
    deadline_basis: str
    revision: int
    seq: int
    head: bytes = blob()
    shared: int = flag()
    ended_at: int | None = big(null=True)
    outcome: str | None = None
    body: str = words()  # JSON: parties, facts, acts, stops, confirmations …
    wake_at: int | None = big(null=True)
    light: str
    due_at: int | None = big(null=True)
    waits_for: str | None = None
    waits_post: str | None = None
    waits_unit: int | None = big(null=True)
    provisional: int = flag()
    planned_under: int
    tries: int = flag()  # failed decisions in a row
    set_aside_at: int | None = big(null=True)
    set_aside_why: str | None = words(null=True)


class EpisodeRow(SQLModel, table=True):
    """One stretch of time in which a rule holds on a task."""

    __tablename__ = "episode"
    __table_args__ = (
        # One open episode at most per task and rule: two daemons can't both open it.
        Index(
            "episode_open",
            "task_id",
            "rule",
            unique=True,
            **where("ended_at IS NULL"),
        ),
    )
    id: int = key()
    task_id: int = big()
    rule: str
    light: str
    opened_at: int = big()
    told_at: int = big()
    epoch: int  # the planning epoch it opened in: importing a notice later never takes it back
    superseded: int = flag()
    inert_at: int | None = big(null=True)
    inert_by: str | None = None
    ended_at: int | None = big(null=True)
    ended_by: str | None = None


class ConcernRow(SQLModel, table=True):
    """A task concerns another because of an episode there."""

    __tablename__ = "concern"
    __table_args__ = (Index("concern_about", "about_id"),)
    task_id: int = key()
    about_id: int = key()
    episode_id: int = key()
    added_at: int = big()
    removed_at: int | None = big(null=True)


class ListRow(SQLModel, table=True):
    """A row of a list on a task. Rows are changed and closed, never removed."""

    __tablename__ = "list_row"
    __table_args__ = (Index("list_row_task", "task_id"),)
    id: int = key()
    task_id: int = big()
    list: str
    body: str = words()
    closed_at: int | None = big(null=True)
    closed_by: int | None = big(null=True)


class EventRow(SQLModel, table=True):
    """One line of the append-only history."""

    __tablename__ = "event"
    # A chain has one line per number: a second writer can't fork it.
    __table_args__ = (Index("event_chain", "task_id", "seq", unique=True),)
    id: int = key()
    task_id: int = big()
    seq: int
    at: int = big()  # the instant at which it was true
    recorded_at: int = big()
    kind: str
    header: str = words()  # JSON, as it was hashed
    commitments: str = words()  # JSON: name -> hex
    hash: bytes = blob()


class EventValueRow(SQLModel, table=True):
    """A value of an event, beside the chain with its salt: it may be erased without breaking it."""

    __tablename__ = "event_value"
    event_id: int = key()
    name: str = Field(primary_key=True)
    salt: bytes = blob()
    value: str = words()


class SearchTextRow(SQLModel, table=True):
    """A value of an event as it is searched: folded, so that one spelling finds all."""

    __tablename__ = "search_text"
    __table_args__ = (
        # What is erased from the history is gone from here in the same statement.
        ForeignKeyConstraint(
            ["event_id", "name"], ["event_value.event_id", "event_value.name"], ondelete="CASCADE"
        ),
    )
    event_id: int = key()
    name: str = Field(primary_key=True)
    task_id: int = big()
    body: str = words()


class SearchWordRow(SQLModel, table=True):
    """A word that stands in a searched text: two Chinese characters side by side, or a word of letters."""

    __tablename__ = "search_word"
    __table_args__ = (
        # No word of an erased text stays behind.
        ForeignKeyConstraint(
            ["event_id", "name"], ["search_text.event_id", "search_text.name"], ondelete="CASCADE"
        ),
        Index("search_word_text", "event_id", "name"),
    )
    word: str = Field(primary_key=True)
    event_id: int = key()
    name: str = Field(primary_key=True)


class SearchMarkRow(SQLModel, table=True):
    """Up to which event the history is searched; one row."""

    __tablename__ = "search_mark"
    id: int = key()
    event_id: int = big()


class OutgoingRow(SQLModel, table=True):
    """Somebody must be told: who, why, which event."""

    __tablename__ = "outgoing"
    __table_args__ = (
        Index(
            "outgoing_waiting",
            "id",
            **where("status = 'waiting'"),
        ),
        # What operators are told of: without it every look would read all that was ever told.
        Index(
            "outgoing_nobody",
            "id",
            **where("status = 'nobody'"),
        ),
    )
    id: int = key()
    task_id: int = big()
    seq: int  # of the event
    person_id: int | None = big(null=True)  # nobody: the role is vacant to its end
    role: str
    reason: str
    rule: str | None = None
    created_at: int = big()
    status: str = "waiting"


class NudgeRow(SQLModel, table=True):
    """Something happened to another task that this one must know. Consumed by the sweep."""

    __tablename__ = "nudge"
    __table_args__ = (Index("nudge_task", "task_id"),)
    id: int = key()
    task_id: int = big()
    cause: str
    other_id: int = big()
    at: int = big()


class RequestRow(SQLModel, table=True):
    """The first answer to a person's request: a repeat gets the same."""

    __tablename__ = "request"
    id: str = Field(primary_key=True)
    task_id: int = big()
    person_id: int = big()
    act: str
    seq: int  # of the task after it
    revision: int
    state: str
    at: int = big()


class EvidenceRow(SQLModel, table=True):
    """A stored file, by its hash; attached to the event of a task."""

    __tablename__ = "evidence"
    sha256: str = Field(primary_key=True)
    size: int = big()  # bytes
    stored_at: int = big()


class MomentRow(SQLModel, table=True):
    """A round's moment: what it opens is frozen here, and how far it has come."""

    __tablename__ = "moment"
    # Each local moment of a round happens once, whoever sees it first.
    __table_args__ = (
        Index("moment_once", "campaign_id", "round", "nominal", unique=True),
        # What is being worked off; without it every tick would read all moments there ever were.
        Index(
            "moment_open",
            "at",
            "id",
            **where("status = 'open'"),
        ),
    )
    id: int = key()
    campaign_id: int = big()
    round: str
    nominal: str  # local date and time as the pack names it
    at: int = big()  # when it was due, after holidays
    fired_at: int = big()
    version_id: int = big()
    items: str = words()  # JSON: what to do, frozen
    cursor: int  # how many items are done
    total: int
    status: str  # open, done, skipped
    note: str  # why it was late or skipped; empty when in time


class DrawRow(SQLModel, table=True):
    """A draw of who checks whom, as it was made: with its seed and constraints anyone can repeat it."""

    __tablename__ = "draw"
    __table_args__ = (
        # The pairs of the draw before, and the draw that waits for its moment, without reading all.
        Index("draw_of_round", "campaign_id", "round", "kind"),
        # A moment uses one draw of a kind: two daemons can't give it two.
        Index(
            "draw_of_moment",
            "moment_id",
            "kind",
            unique=True,
            **where("moment_id IS NOT NULL"),
        ),
    )
    id: int | None = auto()
    campaign_id: int = to("campaign.id")
    round: str
    kind: str
    label: str  # the nominal of the moment that it was made for
    seed: str = words()
    problem: str = words()  # JSON: units and constraints, see pairing.problem_of
    result: str = words()  # JSON: the pairs, or the conflict
    status: str  # drawn, impossible
    person_id: int | None = to("person.id", null=True)  # who; nobody: the round itself
    drawn_at: int = big()
    moment_id: int | None = big(null=True)  # the moment that used it


class ImportRow(SQLModel, table=True):
    """A workbook that was taken: which, by whom, when, and what it brought."""

    __tablename__ = "import"
    __table_args__ = (
        # What is being worked off; an idle tick reads one entry of it.
        Index(
            "import_open",
            "id",
            **where("status = 'open'"),
        ),
    )
    id: int = key()
    book: str  # units, people, tasks
    file_hash: str  # SHA-256, hex
    person_id: int = big()  # who brought it
    at: int = big()
    campaign_id: int | None = big(null=True)  # of tasks
    version_id: int | None = big(null=True)
    kind: str | None = None  # of tasks
    lines: int  # of the sheet
    added: int
    changed: int
    status: str  # open while its tasks are being opened, done


class ImportLineRow(SQLModel, table=True):
    """A line of a workbook that becomes a task: frozen with all others of its import."""

    __tablename__ = "import_line"
    __table_args__ = (
        # A numbered line becomes a task once in a campaign, however often its file is brought.
        Index("import_line_once", "campaign_id", "number", unique=True),
        # What is still to be opened, in the order of the sheet.
        Index(
            "import_line_waiting",
            "import_id",
            "position",
            **where("task_id IS NULL AND why IS NULL"),
        ),
    )
    import_id: int = key()
    position: int = key()  # row of the sheet
    campaign_id: int = big()
    number: str  # as the sheet calls it
    digest: str  # SHA-256 of what the line says, hex: whether it has changed
    body: str | None = words(null=True)  # JSON: parties, track, deadline, facts; gone once it is a task
    task_id: int | None = big(null=True)
    why: str | None = words(null=True)  # why it could not be opened


class CounterRow(SQLModel, table=True):
    """Ids on SQLite, taken in blocks. PostgreSQL has sequences."""

    __tablename__ = "counter"
    name: str = Field(primary_key=True)
    next: int = big()


class DocumentNumberRow(SQLModel, table=True):
    """How far the running number of a pattern has come in a year."""

    __tablename__ = "document_number"
    campaign_id: int = key()
    pattern: str = Field(primary_key=True)
    year: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))  # 0: of all years
    last: int


class LedgerSnapshot(SQLModel, table=True):
    """The ledger as it stood at a moment. Never changed: the hash is over its lines, byte for byte."""

    __tablename__ = "ledger_snapshot"
    id: int | None = auto()
    name: str = Field(unique=True)
    frozen_at: int = big()
    person_id: int = to("person.id")
    filters: str = words()  # JSON: what was asked for
    lines: int = big()  # how many
    sha256: str  # of the body in UTF-8, hex
    body: str = words()  # JSON, a line each


class MetaRow(SQLModel, table=True):
    """Small things to remember: which program wrote this, whether it is a demo."""

    __tablename__ = "meta"
    key: str = Field(primary_key=True)
    value: str = words()


SEQUENCES = ("task_id", "row_id")  # tasks are numbered apart, so that people see small numbers
