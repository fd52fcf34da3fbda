"""What packs may say about values: numbers, copies, openings, sources, scores, a checklist, shared rules."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import SUPERVISOR, Life, around, at, task, view
from tests.four_checks import BALLOT, FOUR_CHECKS
from tests.packs import changed, problems_of, small_pack, write_pack
from workflow.condition import compile_term
from workflow.decision import Book, NewTask, begin
from workflow.decision.tree import Tree
from workflow.definition import Pack
from workflow.definition.model import Formula, Unit
from workflow.definition.terms import MICRO, SourcesDiffer
from workflow.errors import NotNow
from workflow.proof import prove
from workflow.scoring import ranking, weighted_mean
from workflow.task import Reading
from workflow.text import Text

NAME = Text("甲", "A")


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return small_pack(tmp_path_factory.mktemp("four"), **FOUR_CHECKS)


# --- slips ------------------------------------------------------------------------------------------


class Slip(NamedTuple):
    """One place in the pack written wrongly, and what is said of it."""

    file: str
    old: str
    new: str
    key: str
    expected: str  # how the English text of what was expected begins
    nearest: str | None = None


_STARTED = 'number: "督查通〔{year}〕{n}号"'
_PASS = "deadline: campaign end, seen_by: bureau}"
_FORMULA = "0.2 self + 0.2 cross + 0.4 bureau + 0.2 veterans"
_DIFFER = "sources differ by 15"
_CHECKLIST = "scores: indicators, into: own_score"
SLIPS = [
    Slip(
        "inspection", _STARTED, 'number: "督查通{year}号"', "transitions.completed.number", "a pattern with"
    ),
    Slip("inspection", _STARTED, 'number: "{n}-{n}"', "transitions.completed.number", "a pattern with"),
    Slip(
        "inspection",
        _STARTED,
        'number: "〔{yaer}〕{n}号"',
        "transitions.completed.number",
        "the placeholders",
        "{year}",
    ),
    Slip("inspection", _STARTED, 'number: "{n"', "transitions.completed.number", "a pattern with"),
    Slip(
        "inspection",
        "score: objection.score",
        "score: objection.scoer",
        "transitions.changed.sets.score",
        "a declared fact of objection",
        "score",
    ),
    Slip(
        "inspection",
        "score: objection.score",
        "score: fix.what",
        "transitions.changed.sets.score",
        "a fact of a kind of which `after` asks",
    ),
    Slip(
        "inspection",
        "after: any objection accepted",
        "after: any objection open",
        "transitions.changed.sets.score",
        "a fact of a kind of which `after` asks",
    ),
    Slip(
        "inspection",
        "sets: {first_score: score}",
        "sets: {first_score: objection.score}",
        "transitions.conclude.sets.first_score",
        "a fact of a kind of which `after` asks",
    ),
    Slip(
        "objection",
        "score: {type: number, min: 0, max: 100,",
        "score: {type: number, min: 0, max: 200,",
        "transitions.changed.sets.score",
        "a number within the range of score",
    ),
    Slip(
        "inspection",
        "where: level == major",
        "where: level == mayor",
        "states.correcting.opens.fix.where",
        "a declared choice",
        "major",
    ),
    Slip(
        "inspection",
        "where: level == major",
        "where: open findings > 0",
        "states.correcting.opens.fix.where",
        "a declared list",
    ),
    Slip(
        "inspection",
        "where: level == major",
        "where: level not reported",
        "states.correcting.opens.fix.where",
        "comparisons of columns",
    ),
    Slip(
        "inspection",
        "each: findings, where",
        "where",
        "states.correcting.opens.fix.where",
        "where only beside",
    ),
    Slip(
        "inspection",
        _PASS,
        "deadline: campaign ende, seen_by: bureau}",
        "states.correcting.opens.fix.pass.deadline",
        "a declared fact, party, column",
    ),
    Slip(
        "inspection",
        _PASS,
        "deadline: campaign end}",
        "states.correcting.opens.fix",
        "the parties seen_by",
    ),
    Slip(
        "inspection",
        _PASS,
        "deadline: campaign end, seen_by: city}",
        "states.correcting.opens.fix.pass.seen_by",
        "kinds of unit that fix allows as seen_by",
    ),
    Slip(
        "inspection",
        "opens: objection",
        "opens: {objection: {for: team}}",
        "transitions.object.opens.objection.for",
        "a declared party",
    ),
    Slip(
        "inspection",
        "opens: objection",
        "opens: {objection: {each: region, for: unit}}",
        "transitions.object.opens.objection",
        "either each: KIND OF UNIT or for",
    ),
    Slip(
        "inspection",
        "opens: objection",
        "opens: {objection: {each: city}}",
        "transitions.object.opens.objection",
        "kinds of unit that objection allows",
    ),
    Slip(
        "inspection",
        "opens: objection",
        "opens: {objection: {for: unit, pass: {unit: unit}}}",
        "transitions.object.opens.objection.pass.unit",
        "the supervised party unit given by one of",
    ),
    Slip(
        "campaign",
        "self_check.own_score",
        "self_chek.own_score",
        "sources.self",
        "a declared kind",
        "self_check",
    ),
    Slip(
        "campaign",
        "self_check.own_score",
        "self_check.score",
        "sources.self",
        "a declared numeric fact of self",
    ),
    Slip("campaign", "self_check.own_score", "fix.what", "sources.self", "a declared numeric fact of fix"),
    Slip("campaign", "self_check.own_score", "own_score", "sources.self", "KIND.FACT"),
    Slip("campaign", _FORMULA, "0.5 self + 0.5 bureu", "scores.region", "a declared source", "bureau"),
    Slip("campaign", _FORMULA, "self + 0.2 cross", "scores.region", "WEIGHT SOURCE"),
    Slip("campaign", _FORMULA, "0 self + 1 cross", "scores.region", "WEIGHT SOURCE"),
    Slip("campaign", _FORMULA, "0.5 self + 0.4 cross", "scores.region", "weights that add up to 1"),
    Slip("campaign", _FORMULA, "0.5 self + 0.5 self", "scores.region", "a declared source"),
    Slip(
        "campaign",
        "scores: {region:",
        "scores: {regoin:",
        "scores.regoin",
        "a declared kind of unit",
        "region",
    ),
    Slip("campaign", _DIFFER, "satisfaction < 80", "escalations.they_differ.when", "a declared fact"),
    Slip("campaign", _DIFFER, "sources differ by 0", "escalations.they_differ.when", "a number above 0"),
    Slip(
        "campaign",
        "{of: creation,",
        "{of: creaton,",
        "escalations.they_differ.of",
        "a declared kind",
        "creation",
    ),
    Slip(
        "campaign",
        "when: overdue, light: yellow",
        "when: overdue, lihgt: yellow",
        "escalations.late.lihgt",
        "one of: of, label, when",
        "light",
    ),
    Slip(
        "campaign",
        "when: overdue, light: yellow",
        "when: progress < 5, light: yellow",
        "escalations.late.when",
        "a declared fact",
    ),
    Slip("indicators", "weight: 3", "weight: 0", "items.1.weight", "a weight above 0"),
    Slip("indicators", 'id: "2.1"', 'id: "1.1"', "items.3", "every id of an indicator only once"),
    Slip("indicators", "chapter: work", "chapter: wrok", "items.3.chapter", "a declared chapter", "work"),
    Slip(
        "indicators",
        "weight: 2, scored_by: self_check",
        "weight: 2",
        "items.3",
        "the required word scored_by",
    ),
    Slip(
        "self_check",
        _CHECKLIST,
        "scores: indicator, into: own_score",
        "lists.standards.scores",
        "one of: indic",
    ),
    Slip("self_check", _CHECKLIST, "scores: indicators", "lists.standards", "the required word into"),
    Slip(
        "self_check",
        _CHECKLIST,
        "scores: indicators, into: own_scor",
        "lists.standards.into",
        "a declared numeric fact",
        "own_score",
    ),
    Slip("self_check", "max: 100", "max: 90", "lists.standards.into", "a fact that holds 0 to 100"),
    Slip(
        "self_check",
        "asks: standards",
        "asks: [standards, own_score]",
        "lists.standards.into",
        "a fact that only this list fills",
    ),
    Slip(
        "review",
        "\nstates:",
        "\nlists: {points: {label: {zh: 分, en: P}, scores: indicators, into: satisfaction}}\nstates:",
        "lists.points",
        "indicators that review scores",
    ),
]


@pytest.mark.parametrize("slip", SLIPS, ids=[f"{slip.key}-{n}" for n, slip in enumerate(SLIPS)])
def test_a_slip_is_found_at_its_place(slip: Slip, tmp_path: Path) -> None:
    text = changed(FOUR_CHECKS[slip.file], slip.old, slip.new)
    problems = problems_of(write_pack(tmp_path, **{**FOUR_CHECKS, slip.file: text}))
    told = [one for one in problems if one.key == slip.key and one.expected.en.startswith(slip.expected)]
    assert told, [one.to_text().en for one in problems]
    assert told[0].line > 0
    assert told[0].nearest == slip.nearest or slip.nearest is None


def test_the_indicators_stand_in_one_place(tmp_path: Path) -> None:
    campaign = FOUR_CHECKS["campaign"] + "indicators: {version: 1, chapters: {}, items: []}\n"
    problems = problems_of(write_pack(tmp_path, **{**FOUR_CHECKS, "campaign": campaign}))
    assert [one.key for one in problems] == ["indicators"]


def test_sources_that_nobody_declares_cannot_differ(tmp_path: Path) -> None:
    lines = FOUR_CHECKS["campaign"].splitlines(keepends=True)
    bare = "".join(line for line in lines if not line.startswith(("sources:", "  veterans:", "scores:")))
    problems = problems_of(write_pack(tmp_path, **{**FOUR_CHECKS, "campaign": bare}))
    assert [one.expected.en for one in problems] == ["at least two sources in campaign.yaml"]


# --- rules of the campaign --------------------------------------------------------------------------


def test_a_rule_of_the_campaign_holds_where_it_fits(four: Pack) -> None:
    held = {kind: [*one.rules] for kind, one in four.definitions.items()}
    assert held["creation"] == ["they_differ", "late"]
    assert held["self_check"] == held["inspection"] == ["late"]


def test_a_rule_of_the_same_name_replaces_it(tmp_path: Path) -> None:
    own = FOUR_CHECKS["review"] + "escalations:\n  late: {when: overdue by 2 days, light: red}\n"
    pack = small_pack(tmp_path, **{**FOUR_CHECKS, "review": own})
    assert pack.definitions["review"].rules["late"].light == "red"
    assert pack.definitions["creation"].rules["late"].light == "yellow"


def test_a_kind_that_lacks_what_a_rule_names_is_left_out(tmp_path: Path) -> None:
    text = changed(FOUR_CHECKS["campaign"], "when: overdue, light", "when: satisfaction < 80, light")
    pack = small_pack(tmp_path, **{**FOUR_CHECKS, "campaign": text})
    assert [kind for kind, one in pack.definitions.items() if "late" in one.rules] == ["review"]


def test_what_the_proof_says_of_a_campaigns_rule_stands_in_the_campaigns_file(tmp_path: Path) -> None:
    rule = "{all: [satisfaction < 10, satisfaction > 20]}"
    text = changed(FOUR_CHECKS["campaign"], "when: overdue, light", f"when: {rule}, light")
    (problem,) = problems_of(write_pack(tmp_path, **{**FOUR_CHECKS, "campaign": text}))
    assert (problem.file, problem.key) == ("campaign.yaml", "escalations.late.when")
    assert problem.line > 0


# --- sources ----------------------------------------------------------------------------------------


def differ(
    four: Pack, *told: tuple[str, int, float | None], own: dict[str, float] | None = None
) -> bool | None:
    """Whether sources differ by 15: (source, task, value), the newest first; task 7 itself says `own`."""
    definition = four.definitions["cross_check"]
    look = compile_term(SourcesDiffer(by=15 * MICRO), definition)
    said = [Reading(name, ident, "score", value) for name, ident, value in told]
    return look(view(task(definition, facts=own or {}), at("2026-03-03"), sources=said)).truth


def test_fewer_than_two_known_sources_are_unknown(four: Pack) -> None:
    assert differ(four) is None
    assert differ(four, ("self", 1, 50), ("self", 2, 90)) is None, "one source twice is one source"


def test_the_highest_and_the_lowest_are_compared(four: Pack) -> None:
    assert differ(four, ("self", 1, 90), ("cross", 2, 80), ("bureau", 3, 75)) is True
    assert differ(four, ("self", 1, 89.999999), ("cross", 2, 80), ("bureau", 3, 75)) is False


def test_the_newest_task_of_a_source_speaks_and_a_task_knows_itself_best(four: Pack) -> None:
    assert differ(four, ("self", 3, 80), ("self", 1, 10), ("cross", 2, 80)) is False
    assert differ(four, ("self", 3, 80), ("cross", 7, None), own={"score": 60}) is True
    assert differ(four, ("self", 3, 80), ("cross", 7, 60), own={"score": 79}) is False


def test_a_task_that_compares_looks_again_when_what_surrounds_its_birth_is_over(four: Pack) -> None:
    books = {kind: Book(definition=one) for kind, one in four.definitions.items()}
    now = at("2026-03-02 09:00")
    milestones = four.campaign.milestones
    new = NewTask(
        kind="creation",
        id=7,
        campaign_id=1,
        version_id=1,
        parties={"unit": 10},
        unit_id=10,
        track=None,
        parent_id=None,
    )
    wake = begin(new, around(now, books, milestones=milestones)).task.wake_at
    assert wake is not None
    assert now + 60_000 < wake <= now + 91_000
    other = begin(replace(new, kind="review"), around(now, books, milestones=milestones)).task.wake_at
    assert other is not None
    assert other > now + 91_000, "which compares nothing"


# --- scores -----------------------------------------------------------------------------------------

_SOURCES = ("self", "cross")
HALF = Formula(kind="region", weights={"self": MICRO // 2, "cross": MICRO // 2})


def known(**scores: tuple[float, float] | tuple[float]) -> dict[int, dict[str, tuple[int, int]]]:
    """unit_1=(self, cross) …: what is known of each unit."""
    return {
        int(name.split("_")[1]): {
            source: (round(value * MICRO), 5) for source, value in zip(_SOURCES, values, strict=False)
        }
        for name, values in scores.items()
    }


def test_units_are_ranked_and_equals_share_a_rank() -> None:
    places = ranking(HALF, known(u_1=(80, 80), u_2=(90, 95), u_3=(70, 90), u_4=(10, 20), u_5=(99,)))
    assert [(one.unit_id, one.rank) for one in places] == [(2, 1), (1, 2), (3, 2), (4, 4), (5, None)]
    assert places[0].score == 92_500_000
    assert (places[-1].score, places[-1].missing) == (None, ("cross",))


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 100 * MICRO)), min_size=1, max_size=700))
def test_a_mean_is_rounded_once_and_lies_between_its_marks(marks: list[tuple[int, int]]) -> None:
    mean = weighted_mean(marks)
    exact = sum(weight * value for weight, value in marks) / sum(weight for weight, _ in marks)
    assert mean % 10_000 == 0
    assert abs(mean - exact) <= 5_000.01


def test_a_half_is_rounded_up() -> None:
    assert weighted_mean([(1, 80_000_000), (1, 80_010_000)]) == 80_010_000
    assert weighted_mean([(1, 80_000_000), (1, 80_009_999)]) == 80_000_000


# --- units of a kind --------------------------------------------------------------------------------


def tree() -> Tree:
    listed = [
        ("city", "city", None),
        ("bureau", "bureau", "city"),
        ("east", "region", "city"),
        ("west", "region", "city"),
        ("e1", "town", "east"),
        ("e2", "town", "east"),
        ("w1", "town", "west"),
        ("new", "town", "west"),
    ]
    units = {code: Unit(code=code, kind=kind, label=NAME, inside=above) for code, kind, above in listed}
    return Tree(units=units, ids={code: n for n, (code, _, _) in enumerate(listed, 1) if code != "new"})


@pytest.mark.parametrize(
    ("kind", "unit", "expected"),
    [
        ("town", 3, (5, 6)),  # a region's own towns
        ("town", 1, (5, 6, 7)),  # all of the city's, those that the database knows
        ("region", 3, (3,)),  # itself
        ("region", 5, (3,)),  # the one in which it stands
        ("region", 2, (3, 4)),  # a bureau stands in none: all of the campaign
        ("garrison", 2, ()),
    ],
)
def test_for_which_units_of_a_kind_a_task_opens(kind: str, unit: int, expected: tuple[int, ...]) -> None:
    assert tree().of_kind(kind, unit) == expected


def test_the_pack_is_proven(four: Pack) -> None:
    assert prove(four) == ()


# --- a checklist ------------------------------------------------------------------------------------

MARKS = [{"indicator": ident, "points": points} for ident, points in (("1.1", 90), ("1.2", 50), ("2.1", 70))]


def test_open_rows_of_a_checklist_are_those_without_points(tmp_path: Path) -> None:
    waits = FOUR_CHECKS["self_check"].replace(
        "to: closed, by: supervisor}", "to: closed, by: supervisor, when: open standards == 0}"
    )
    pack = small_pack(tmp_path, **{**FOUR_CHECKS, "self_check": waits})
    books = {kind: Book(definition=one) for kind, one in pack.definitions.items()}
    life = Life.begin(
        books, kind="self_check", deadline=None, others={"milestones": pack.campaign.milestones}
    )
    assert life.loaded.rows == (), "nothing is written before it is reported"
    life.act("2026-03-03", "report", rows={"standards": MARKS[:2]})
    with pytest.raises(NotNow, match="open rows of Standards"):
        life.act("2026-03-04", "close", SUPERVISOR)
    life.act("2026-03-05", "report", rows={"standards": [*MARKS[1:]]})
    assert (len(life.loaded.rows), life.task.facts) == (3, {"own_score": 76.67})  # (3·90 + 50 + 2·70) / 6
    life.act("2026-03-06", "close", SUPERVISOR)
    assert life.task.outcome == "accepted"


# --- ballots ----------------------------------------------------------------------------------------


def voted(now: str, act: str, tmp_path: Path, **facts: Any) -> dict[str, Any]:
    """What stands on a review after an act at that time."""
    pack = small_pack(tmp_path, **{**FOUR_CHECKS, "review": BALLOT})
    books = {kind: Book(definition=one) for kind, one in pack.definitions.items()}
    life = Life.begin(books, kind="review", deadline=None, others={"milestones": pack.campaign.milestones})
    life.act(now, act, **facts)
    return life.task.facts


def test_totals_are_told_after_the_ballot_and_of_enough(tmp_path: Path) -> None:
    with pytest.raises(NotNow, match="runs until 2026-05-31"):
        voted("2026-05-31 23:59", "report", tmp_path, returned="30", satisfaction="91")
    with pytest.raises(NotNow, match="runs until 2026-05-31"):
        voted("2026-05-31 23:59", "few", tmp_path, returned="3")
    told = voted("2026-06-01 00:00", "report", tmp_path, returned="10", satisfaction="91")
    assert told == {"returned": 10, "satisfaction": 91}


def test_a_small_group_is_never_shown_but_its_size(tmp_path: Path) -> None:
    with pytest.raises(NotNow, match="9 ballots were returned, fewer than 10"):
        voted("2026-06-02 09:00", "report", tmp_path, returned="9", satisfaction="91")
    assert voted("2026-06-02 09:00", "few", tmp_path, returned="9") == {"returned": 9}


@pytest.mark.parametrize(
    ("old", "new", "key", "expected"),
    [
        (
            "from: campaign start, to: campaign completion",
            "from: campaign completion, to: campaign start",
            "ballot.to",
            "a milestone not before",
        ),
        ("to: campaign completion", "to: campaign compl", "ballot.to", "a declared milestone"),
        ("sample of 200 per unit", "200 of each unit", "ballot.invites", "sample of N per unit"),
        ("at_least: 10", "at_least: 1", "ballot.at_least", "at least 2"),
        ("{satisfaction: mean}", "{satisfaction: median}", "ballot.gives.satisfaction", "one of: mean"),
        (
            "{satisfaction: mean}",
            "{satisfacton: mean}",
            "ballot.gives.satisfacton",
            "a declared numeric fact",
        ),
        (
            "returned: returned}",
            "returned: satisfaction}",
            "ballot.returned",
            "a declared fact of type count",
        ),
        (
            "by: handler,\n    asks: returned}",
            "by: handler}",
            "ballot.returned",
            "a transition that asks returned",
        ),
        ("asks: [returned, satisfaction]", "asks: returned", "ballot", "totals that people report"),
    ],
)
def test_slips_in_a_ballot(old: str, new: str, key: str, expected: str, tmp_path: Path) -> None:
    problems = problems_of(write_pack(tmp_path, **{**FOUR_CHECKS, "review": changed(BALLOT, old, new)}))
    assert [one for one in problems if one.key == key and one.expected.en.startswith(expected)], problems
