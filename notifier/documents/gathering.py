"""From acts in the history to what their letters say, in sets: a fixed number of statements for any number.

A letter says how things stood when it was signed: who signed is read from the event, the lights are
those of that instant. Posts that change later, facts that are reported later, don't rewrite it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from notifier.store import documents as store
from notifier.store.documents import ActLine
from workflow.definition.letter import filled
from workflow.definition.model import LIGHTS, Definition, Letter, Role
from workflow.definition.pack import template_of
from workflow.engine import Frame
from workflow.errors import DubanError
from workflow.people import Actor
from workflow.reading import names as called_names
from workflow.reading import number_of
from workflow.reading.ledger import Line, lines_of
from workflow.reading.names import Names
from workflow.reading.waited import definition_of, task_or_none
from workflow.reading.words import moment, value_text
from workflow.store import tasks
from workflow.task import Loaded, Task
from workflow.text import Language, Text, join

from .figures import NOT_GIVEN, Concerned, LetterFigures, date_of, day, paragraphs
from .inert import line, lines

Event = tuple[int, int]  # task, seq
_UNNUMBERED = Text("〔草稿，未编号〕", "[draft, no number]")
_UNSIGNED = Text("（未签发）", "(not signed)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """An act that makes a letter final; or, of a draft, the wish to see what it would say now."""

    task_id: int
    seq: int
    at: int
    header: Mapping[str, Any]
    event_id: int | None = None  # None: a draft


@dataclass(frozen=True, kw_only=True, slots=True)
class Drawable:
    """A letter with all that drawing it up needs."""

    event: Event
    name: str  # unique in its campaign
    campaign_id: int
    figures: LetterFigures
    template: bytes | None  # the organisation's own


@dataclass(frozen=True, kw_only=True, slots=True)
class Undrawn:
    """Why a letter can't be drawn up; the others of its batch are."""

    event: Event
    why: Text


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What was read for a batch."""

    frame: Frame
    language: Language
    tasks: Mapping[int, Task]
    reported: Mapping[int, Mapping[str, Any]]  # event -> what came with it
    concerns: Mapping[int, list[tuple[int, int, int | None, str | None]]]
    lights: Mapping[int, list[tuple[str, int, int | None, int | None]]]
    lines: Mapping[int, Line]
    names: Names


def letter_of(frame: Frame, version_id: int, kind: str) -> Letter | None:
    """The letter of a kind of task, if it has one."""
    definition = definition_of(frame, version_id, kind)
    return definition.letter if definition is not None else None


def signature_of(frame: Frame, act: ActLine) -> Signature | None:
    """The act as a signature; None if it makes no letter final."""
    letter = letter_of(frame, act.version_id, act.kind)
    if letter is None or act.header.get("transition") != letter.on:
        return None
    return Signature(task_id=act.task_id, seq=act.seq, at=act.at, header=act.header, event_id=act.event_id)


def gather(frame: Frame, signed: Sequence[Signature], language: Language) -> list[Drawable | Undrawn]:
    """What the letters of these acts say, in their order."""
    if not signed:
        return []
    known = _read(frame, signed, language)
    return [_drawable(known, one) for one in signed]


def _read(frame: Frame, signed: Sequence[Signature], language: Language) -> _Known:
    own = sorted({one.task_id for one in signed})
    events = [one.event_id for one in signed if one.event_id is not None]
    concerns: dict[int, list[tuple[int, int, int | None, str | None]]] = defaultdict(list)
    for task, about, added, removed, rule in store.concerns(frame.tx, own):
        concerns[task].append((about, added, removed, rule))
    others = sorted({one[0] for found in concerns.values() for one in found})
    lights: dict[int, list[tuple[str, int, int | None, int | None]]] = defaultdict(list)
    for other, light, opened, inert, ended in store.episodes(frame.tx, others):
        lights[other].append((light, opened, inert, ended))
    rows = tasks.read_these(frame.tx, sorted({*own, *others}))
    parsed = {row[0]: found for row in rows if (found := task_or_none(row)) is not None}
    frame.know([Loaded(task=task) for task in parsed.values()])
    mine = [parsed[ident] for ident in own if ident in parsed]
    return _Known(
        frame=frame,
        language=language,
        tasks=parsed,
        reported=store.values_of(frame.tx, events),
        concerns=concerns,
        lights=lights,
        lines={one.id: one for one in lines_of(frame, [row for row in rows if row[0] in {*others}])},
        names=_names(frame, mine, signed),
    )


def _names(frame: Frame, mine: Sequence[Task], signed: Sequence[Signature]) -> Names:
    persons = {person for one in signed for person in _people(one.header)}
    numbers = {value for task in mine for value in task.facts.values() if isinstance(value, int)}
    units = {unit for task in mine for unit in task.parties.values()}
    for task in mine:
        found = definition_of(frame, task.version_id, task.kind)
        if found is None:
            continue  # it can't be drawn up, the others can
        for role in found.roles.values():
            units.add(frame.around(task.version_id).directory.seat(role.seat, task) or 0)
        units.add(_decided_by(frame, task))
    return called_names(frame.tx, persons | numbers, units | numbers)


def _people(header: Mapping[str, Any]) -> set[int]:
    own = (header.get("actor"), header.get("on_behalf"), *header.get("signed", ()))
    return {person for person in own if person is not None}


def _decided_by(frame: Frame, task: Task) -> int:
    """The unit that decided on the campaign: it sends what no role of a unit has signed."""
    code = frame.campaign(task.version_id).basis.decided_by
    return frame.around(task.version_id).directory.units.get(code, 0)


# --- one letter -------------------------------------------------------------------------------------


def _drawable(known: _Known, one: Signature) -> Drawable | Undrawn:
    event, task = (one.task_id, one.seq), known.tasks.get(one.task_id)
    try:
        if task is None:
            raise ValueError("unreadable data")
        return _letter(known, task, one)
    except (DubanError, ValueError, TypeError, KeyError) as error:
        why = Text(
            f"事项 {one.task_id} 的函件无法成文（{error!r}）。请运行 duban doctor。",
            f"The letter of task {one.task_id} can't be drawn up ({error!r}). Run duban doctor.",
        )
        return Undrawn(event=event, why=why)


def _letter(known: _Known, task: Task, one: Signature) -> Drawable:
    pack = known.frame.version(task.version_id).pack
    definition = pack.definitions[task.kind]
    letter = definition.letter
    if letter is None:
        raise KeyError("letter")
    own = template_of(pack, letter.template) if letter.template is not None else None
    figures = _figures(known, task, definition, letter, one)
    return Drawable(
        event=(task.id, one.seq),
        name=f"{figures.values['task']}-{one.seq}",
        campaign_id=task.campaign_id,
        figures=replace(figures, template=hashlib.sha256(own).hexdigest() if own is not None else None),
        template=own,
    )


def _figures(
    known: _Known, task: Task, definition: Definition, letter: Letter, one: Signature
) -> LetterFigures:
    language, concerned = known.language, _concerned(known, task, one)
    values = {**_values(known, task, definition, letter, one), "tasks": str(len(concerned))}
    label, number = letter.label.to(language), one.header.get("number")
    return LetterFigures(
        language=language,
        label=label,
        file=_file_name(f"{label} {values['task']}" if number is None else str(number)),
        title=line(filled(letter.title.to(language), values)),
        at=one.at,
        draft=one.event_id is None,
        values=values,
        paragraphs=paragraphs(letter.text.to(language), values),
        concerned=concerned,
    )


def _file_name(said: str) -> str:
    kept = "".join("-" if one in '\\/:*?"<>|.' else one for one in line(said))
    return kept.strip(" -") or "letter"


def _values(
    known: _Known, task: Task, definition: Definition, letter: Letter, one: Signature
) -> dict[str, str]:
    """Every placeholder of the letter, but for how many tasks it concerns."""
    parties = {name: line(known.names.unit(unit).to(known.language)) for name, unit in task.parties.items()}
    own = _of_task(known, task, definition) | _of_signature(known, task, definition, letter, one)
    return {
        **_facts(known, task, definition, one),
        **parties,
        **{name: line(said) for name, said in own.items()},
    }


def _of_task(known: _Known, task: Task, definition: Definition) -> dict[str, str]:
    frame, language = known.frame, known.language
    campaign = frame.campaign(task.version_id)
    track = campaign.tracks.get(task.track or "")
    return {
        "task": number_of(frame, task.id, task.campaign_id),
        "kind": definition.label.to(language),
        "campaign": campaign.label.to(language),
        "basis": campaign.basis.document,
        "track": track.to(language) if track is not None else "",
        "deadline": day(frame.calendar(campaign.zone), task.due_at, language),
    }


def _of_signature(
    known: _Known, task: Task, definition: Definition, letter: Letter, one: Signature
) -> dict[str, str]:
    frame, language, draft = known.frame, known.language, one.event_id is None
    calendar = frame.calendar(frame.campaign(task.version_id).zone)
    number = _UNNUMBERED.to(language) if draft else one.header.get("number") or ""
    return {
        "number": str(number),
        "to": _addressee(known, task, definition, letter.to).to(language),
        "issuer": _issuer(known, task, definition, letter, one).to(language),
        "signatory": _signatory(known, one).to(language),
        "date": _UNSIGNED.to(language) if draft else date_of(calendar, one.at, language),
        "step": day(calendar, _step_end(known, task, definition, letter, one), language),
    }


def _facts(known: _Known, task: Task, definition: Definition, one: Signature) -> dict[str, str]:
    """What was reported with the act itself, else what stood on the task."""
    reported = {**task.facts, **known.reported.get(one.event_id or 0, {})}
    empty = NOT_GIVEN.to(known.language)
    said = {
        name: value_text(fact, reported[name], known.names).to(known.language)
        for name, fact in definition.facts.items()
        if name in reported
    }
    return {name: "\n".join(lines(said.get(name, ""))) or empty for name in definition.facts}


def _step_end(
    known: _Known, task: Task, definition: Definition, letter: Letter, one: Signature
) -> int | None:
    """Until when the step may take that the act leads to."""
    target = one.header.get("to") or definition.transitions[letter.on].target
    state = definition.states.get(target or task.state)
    if state is None or state.within is None:
        return None
    return known.frame.calendar(known.frame.campaign(task.version_id).zone).add(one.at, state.within)


def _addressee(known: _Known, task: Task, definition: Definition, to: str) -> Text:
    """The unit of a party; of a role the unit at which its post stands, or that of the role behind it."""
    if to in task.parties:
        return known.names.unit(task.parties[to])
    found = _unit_of(known, task, definition, definition.roles.get(to))
    return known.names.unit(found) if found is not None else Text("—", "—")


def _unit_of(known: _Known, task: Task, definition: Definition, role: Role | None) -> int | None:
    directory = known.frame.around(task.version_id).directory
    while role is not None:
        unit = directory.seat(role.seat, task)
        if unit is not None:
            return unit
        role = definition.roles.get(role.otherwise or "")
    return None


def _issuer(known: _Known, task: Task, definition: Definition, letter: Letter, one: Signature) -> Text:
    """The unit at which whoever signs holds the post; without one, whoever decided on the campaign."""
    by = definition.transitions[letter.on].by
    role = definition.roles.get(one.header.get("role") or next(iter(by), ""))
    found = _unit_of(known, task, definition, role)
    return known.names.unit(_decided_by(known.frame, task) if found is None else found)


def _signatory(known: _Known, one: Signature) -> Text:
    actor = one.header.get("actor")
    if actor is None:
        return _UNSIGNED if one.event_id is None else Text("—", "—")
    first = known.names.actor(Actor(actor, one.header.get("on_behalf")))
    others = [known.names.person(person) for person in one.header.get("signed", ()) if person != actor]
    return join([first, *others])


# --- what it is about -------------------------------------------------------------------------------


def _concerned(known: _Known, task: Task, one: Signature) -> tuple[Concerned, ...]:
    because: dict[int, list[str]] = defaultdict(list)
    for about, added, removed, rule in known.concerns.get(task.id, ()):
        if added <= one.at and (removed is None or removed > one.at) and about in known.lines:
            because[about].append(rule or "")
    rows = [_row(known, known.lines[about], rules, one.at) for about, rules in because.items()]
    return tuple(sorted(rows, key=lambda row: -LIGHTS.index(row.light)))


def _row(known: _Known, about: Line, rules: Iterable[str], at: int) -> Concerned:
    language = known.language
    task = known.tasks.get(about.id)
    definition = definition_of(known.frame, task.version_id, task.kind) if task is not None else None
    known_rules = definition.rules if definition is not None else {}
    labels = [known_rules[rule].label for rule in dict.fromkeys(rules) if rule in known_rules]
    return Concerned(
        number=about.document or about.number,
        matter=line(_matter(known, about, task).to(language)),
        unit=line(about.unit.to(language)),
        deadline="—" if about.due_at is None else moment(known.frame.calendar(about.zone), about.due_at)[:16],
        light=_light(known, about.id, at),
        why=line(join(labels, "、", "; ").to(language)) or "—",
    )


def _matter(known: _Known, about: Line, task: Task | None) -> Text:
    campaign = known.frame.campaign(task.version_id) if task is not None else None
    track = campaign.tracks.get(about.track or "") if campaign is not None else None
    if track is None:
        return about.kind_label
    return Text(f"{about.kind_label.zh}（{track.zh}）", f"{about.kind_label.en} ({track.en})")


def _light(known: _Known, task: int, at: int) -> str:
    """The gravest light that was lit at that instant."""
    lit = [
        LIGHTS.index(light)
        for light, opened, inert, ended in known.lights.get(task, ())
        if opened <= at and (inert is None or inert > at) and (ended is None or ended > at)
    ]
    return LIGHTS[max(lit, default=0)]
