"""The frozen models of a pack: what `duban check` has read and the engine runs by.

Names are the words of `docs/definitions.md`. Everything is hashable plain data; the meaning of
conditions lives in `workflow.condition`, movement in `workflow.machine`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from ..calendar import Duration
from ..text import Text
from .terms import Status, Term
from .yaml import Plain

FactType = Literal["text", "number", "percent", "count", "date", "choice", "yes/no", "unit", "person", "file"]
Light = Literal["green", "blue", "yellow", "red"]
LIGHTS: tuple[Light, ...] = ("green", "blue", "yellow", "red")  # from harmless to grave
Outcome = Literal["accepted", "abandoned"]
PAIR = "pair"  # `each: pair`: one for each pair of a draw
BACK = "back"  # `to: back`: the state the task came from
ANYONE = "anyone"  # `not_by: anyone`: whoever acted on the task before
OPENED = "opened"  # `not_by: opened`: whoever opened the task by hand
OF_PARENT = " of the parent"  # `not_by: submit of the parent`: whoever did that on the task that opened it
ALL = "all"  # `quorum: all`: one person for each role, and every member of a team
CONFIRM, REFUSE = "confirm", "refuse"  # the two answers to a waiting confirmation
# What a digest may show.
SECTIONS = ("waiting", "due", "late", "lights", "moved", "overview", "worst", "next")

LIGHT_LABELS: Mapping[str, Text] = {
    "green": Text("绿灯", "green"),
    "blue": Text("蓝灯", "blue"),
    "yellow": Text("黄灯", "yellow"),
    "red": Text("红灯", "red"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Fact:
    """A typed value that is reported on a task."""

    name: str
    type: FactType
    label: Text
    min: int | None = None  # millionths
    max: int | None = None  # millionths
    choices: tuple[str, ...] = ()  # in order, the least first


@dataclass(frozen=True, kw_only=True, slots=True)
class Indicator:
    """One line of the campaign's checklist."""

    id: str
    label: Text
    chapter: str
    weight: int  # millionths
    scored_by: tuple[str, ...]  # kinds of task
    criterion: Text | None = None  # what full marks ask for


@dataclass(frozen=True, kw_only=True, slots=True)
class Checklist:
    """The indicators of a campaign."""

    version: str
    chapters: Mapping[str, Text]
    items: Mapping[str, Indicator]  # by id, in the order of the file


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """A list: rows kept on a task, each of which may have its own task."""

    name: str
    label: Text
    columns: Mapping[str, Fact]
    closed_by: str | None = None  # a row closes when its task of this kind ends accepted
    indicators: Mapping[str, Indicator] = field(default_factory=dict)  # a list that scores them, by id
    into: str | None = None  # the fact that such a list fills once all are scored


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """Where a post is looked for: at a party, at a named unit, or at a unit's group."""

    party: str | None = None  # a party of the task
    unit: str | None = None  # a name from the campaign's units
    group: str | None = None  # `GROUP of PARTY`: the group that belongs to the party


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """A role whose people are chosen for each task by whoever is asked for it."""

    least: int  # `min:` so many people at least
    term: Duration | None = None  # how long the choice holds; None: as long as the task


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """Who may act or must hear, resolved through posts at the moment it is needed."""

    name: str
    label: Text
    post: str  # empty for a team
    seat: Seat  # of a team: the unit at which its members hold a post
    otherwise: str | None = None  # the role that steps in where nobody holds the post
    recused: tuple[str, ...] = ()  # parties: whoever has an interest in one of them counts as absent
    team: Team | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """Tasks to open: one, or one for each row of a list or each unit of a kind."""

    kind: str
    each: str | None = None  # a list (in definitions); a kind of unit, or PAIR (in rounds)
    units: str | None = None  # in definitions: a kind of unit, one task for each
    of: str | None = None  # of pairs: only units of this kind; None takes all that the parties allow
    where: Term | None = None  # of a list: only the rows of which this holds
    party: str | None = None  # which of our parties becomes the supervised one; the first if None
    passes: Mapping[str, str] = field(default_factory=dict)  # theirs: ours, see `Passed`


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """Where a task can stand."""

    name: str
    label: Text
    waits_for: str | None = None  # the role whose turn it is
    within: Duration | None = None  # how long that may take
    stops_deadline: bool = False  # every clock but `within` stands still
    opens: tuple[Opening, ...] = ()  # on entry
    final: Outcome | None = None
    draft: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What a transition sets: a deadline or a fact."""

    target: str  # "deadline" or a fact
    source: str | None = None  # a fact, copied
    child: str | None = None  # the fact is read of the newest child of this kind
    status: Status = "ended"  # of that child, as the transition's `after` names it
    at_least: Duration | None = None  # the later of the deadline and so long from now
    span: Duration | None = None  # so long from now
    value: Plain | None = None  # a constant


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmation:
    """A second person must agree before a transition takes place."""

    role: str
    within: Duration
    stops_deadline: bool = False  # once per deadline


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """How many files must be attached to an act: always as many, or as a choice says."""

    files: int = 0  # where nothing is chosen by
    by: str | None = None  # the fact whose choice says how many
    tiers: Mapping[str, int] = field(default_factory=dict)  # how many for each of its choices, in their order

    def needed(self, facts: Mapping[str, object]) -> int:
        """How many, as the facts stand; as long as nobody has chosen, as many as it may come to."""
        chosen = None if self.by is None else facts.get(self.by)
        return self.tiers[chosen] if isinstance(chosen, str) and chosen in self.tiers else self.most

    @property
    def most(self) -> int:
        """How many it may come to."""
        return max(self.tiers.values(), default=self.files)

    @property
    def least(self) -> int:
        """How many it comes to at least."""
        return min(self.tiers.values(), default=self.files)


@dataclass(frozen=True, kw_only=True, slots=True)
class Transition:
    """A named act; it may move the task to another state."""

    name: str
    label: Text
    sources: tuple[str, ...]
    target: str | None  # None: stays in the same visit; BACK: where it came from
    by: tuple[str, ...] = ()
    when: Term | None = None
    asks: tuple[str, ...] = ()  # facts, lists, `reason`, `until`
    optional: tuple[str, ...] = ()  # likewise, but may be left out
    sets: tuple[Setting, ...] = ()
    confirmed_by: Confirmation | None = None
    not_by: tuple[str, ...] = ()  # transitions whose actors are excluded, or ANYONE; each perhaps OF_PARENT
    quorum: int | Literal["all"] | None = None  # how many people sign it jointly
    evidence: Evidence = field(default_factory=Evidence)  # how many files must be attached
    after: Term | None = None  # machine-made: taken as soon as this holds
    opens: tuple[Opening, ...] = ()
    number: str | None = None  # the pattern of the number that the task gets with it

    def files_before(self, facts: Mapping[str, object]) -> int:
        """How many files can be asked for before the act: the fewest, where its choice comes with the act."""
        comes_with_it = self.evidence.by in (*self.asks, *self.optional)
        return self.evidence.least if comes_with_it else self.evidence.needed(facts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Again:
    """When an escalation may open, or tell, once more."""

    how: Literal["after", "never", "every"]
    duration: Duration | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Until:
    """What ends an episode instead of its condition: the tasks that it opened."""

    kind: str
    status: Literal["ended", "accepted"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """An escalation rule: a condition and what follows."""

    name: str
    label: Text
    when: Term
    again: Again
    states: tuple[str, ...] = ()  # `in:`; empty means every state that is not final
    light: Light = "green"
    tells: tuple[str, ...] = ()
    proposes: str | None = None
    opens: tuple[Opening, ...] = ()
    until: Until | None = None
    because: Text | None = None
    ladder: str | None = None

    @property
    def gravity(self) -> int:
        """Position of its light, 0 for none to 3 for red."""
        return LIGHTS.index(self.light)


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadline:
    """Where a task's deadline comes from."""

    how: Literal["milestone", "given", "date", "month end", "span", "none"]
    milestone: str | None = None
    day: date | None = None
    span: Duration | None = None

    def __str__(self) -> str:
        if self.how == "milestone":
            return f"campaign {self.milestone}"
        if self.how == "date":
            return f"{self.day}"
        return f"{self.span} after opened" if self.how == "span" else self.how


@dataclass(frozen=True, kw_only=True, slots=True)
class PlanPoint:
    """One support of a plan: at this moment the fact should have this value."""

    at: date | Literal["start", "deadline"]
    value: int  # millionths


@dataclass(frozen=True, kw_only=True, slots=True)
class Ballot:
    """An anonymous vote whose totals become facts."""

    start: str  # milestone
    end: str  # milestone: its totals may be reported after that day
    sample: int  # so many of each unit are invited; 0: everybody
    at_least: int  # of fewer returned ballots nothing is ever shown
    gives: Mapping[str, str]  # fact -> how it is made of the votes
    returned: str  # the fact that counts them


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """What is sent on paper once an act is done."""

    label: Text  # what it is called
    title: Text  # with placeholders, as the text
    on: str  # the transition that makes it final
    to: str  # a party, or a role whose unit it is addressed to
    text: Text  # paragraphs, a line each
    template: str | None = None  # the organisation's own, a file of the pack


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """What one kind of task goes through."""

    kind: str
    label: Text
    basis: str
    parties: Mapping[str, tuple[str, ...]]  # name -> kinds of unit allowed; empty allows any
    deadline: Deadline
    plan: Mapping[str, tuple[PlanPoint, ...]]
    roles: Mapping[str, Role]
    facts: Mapping[str, Fact]
    lists: Mapping[str, Rows]
    states: Mapping[str, State]
    transitions: Mapping[str, Transition]
    rules: Mapping[str, Rule]
    opened_by: tuple[str, ...] = ()  # roles whose holders may open a task of this kind by hand
    ballot: Ballot | None = None
    letter: Letter | None = None

    @property
    def first_state(self) -> State:
        """Where a task of this kind begins."""
        return next(iter(self.states.values()))

    @property
    def first_party(self) -> str:
        """The supervised party: ledger, drafts and opened tasks follow it."""
        return next(iter(self.parties))

    @property
    def draft_state(self) -> str | None:
        """The state in which a task of this kind is still a draft, if it has one."""
        return next((state.name for state in self.states.values() if state.draft), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """A unit that a campaign brings along."""

    code: str
    kind: str
    label: Text
    inside: str | None = None  # the unit above it
    group_of: str | None = None  # for a group: the unit that it belongs to
    group: str | None = None  # for a group: its name among the campaign's units


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """A post that a person of the pack holds."""

    name: str
    unit: str
    deputy: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """An invented or imported person of a pack, with posts. Not part of its version."""

    code: str
    name: Text
    posts: tuple[Post, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """A recurring moment at which tasks are opened or drafts completed."""

    name: str
    at: str  # as `workflow.moment` reads it
    opens: tuple[Opening, ...] = ()
    completes: str | None = None
    tracks: tuple[str, ...] = ()
    missed: Literal["run once", "run each", "skip"] = "run once"
    on_holiday: Literal["next workday", "previous workday", "run anyway", "skip"] = "next workday"


@dataclass(frozen=True, kw_only=True, slots=True)
class Basis:
    """The decision on which a campaign rests."""

    document: str
    decided_by: str
    on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A figure about a unit that tasks of a kind report."""

    name: str
    kind: str
    fact: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Formula:
    """How the score of a kind of unit is made of the sources."""

    kind: str  # of unit
    weights: Mapping[str, int]  # source -> millionths, together one


@dataclass(frozen=True, kw_only=True, slots=True)
class Burden:
    """How many checks a unit may have."""

    counts: tuple[str, ...]  # kinds of task
    most: int  # in a month
    scope: str  # the fact that says what is checked: none of it twice


@dataclass(frozen=True, kw_only=True, slots=True)
class Readers:
    """Whoever holds a post: anywhere, at one unit, or at every unit of a kind."""

    post: str
    unit: str | None = None  # code
    unit_kind: str | None = None

    def __str__(self) -> str:
        """As it is written in a campaign."""
        place = self.unit or self.unit_kind
        return self.post if place is None else f"{self.post} at {place}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """What is told to the holders of a post once a day, a week, a month."""

    name: str
    label: Text
    readers: tuple[Readers, ...]
    at: str  # as `workflow.moment` reads it
    shows: tuple[str, ...]  # of SECTIONS, or kinds of task: those that are open
    on_holiday: Literal["next workday", "previous workday", "run anyway", "skip"] = "next workday"


@dataclass(frozen=True, kw_only=True, slots=True)
class Campaign:
    """A supervised programme."""

    name: str
    prefix: str  # in front of task numbers
    label: Text
    basis: Basis
    zone: str
    tracks: Mapping[str, Text]
    units: Mapping[str, Unit]  # by code
    milestones: Mapping[str, date]
    rounds: Mapping[str, Round]
    moved_from: Mapping[str, frozenset[date]] = field(default_factory=dict)  # earlier dates, by re-plans
    sources: Mapping[str, Source] = field(default_factory=dict)
    scores: Mapping[str, Formula] = field(default_factory=dict)  # by kind of unit
    indicators: Checklist | None = None
    burden: Burden | None = None
    rules: frozenset[str] = frozenset()  # names of the rules that hold for several kinds of task
    digests: Mapping[str, Digest] = field(default_factory=dict)
    at_any_hour: str | None = None  # the light from which on a notice breaks quiet hours; None: none does


@dataclass(frozen=True, kw_only=True, slots=True)
class Pack:
    """A campaign and its definitions, versioned as a whole."""

    version: str  # SHA-256 over the canonical source, hex
    source: Mapping[str, Plain]  # file -> content, without people; of a Word template in base64
    campaign: Campaign
    definitions: Mapping[str, Definition]
    people: tuple[Person, ...] = ()
