"""Drawings: everything of a definition is in them, nothing lies over anything, no label breaks out."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.four_checks import BALLOT, FOUR_CHECKS
from tests.hearing import HEARING
from tests.packs import ERRAND, changed, small_pack
from workflow.definition import Definition, Pack, load_pack
from workflow.drawing import Diagram, Place, Spoken, diagram, mermaid, svg
from workflow.drawing.layout import Placed, lay_out
from workflow.drawing.measure import clean, width, wrap
from workflow.text import Text

PACKS = sorted(one.parent for one in (Path(__file__).parents[1] / "definitions").glob("*/campaign.yaml"))
LANGUAGES: tuple[Spoken, ...] = get_args(Spoken)
_SVG = "{http://www.w3.org/2000/svg}"

# What a line of the Mermaid that we write may be; everything a person wrote is inside the quotation marks.
_LABEL = r'"(?:[^"\[\]{}<>#;|`]|<br/>|\#[0-9]+;)*"'
_TAGS = {"svg", "title", "desc", "style", "defs", "marker", "path", "rect", "g", "text", "circle"}
_ID = r"[a-z][a-z0-9_]*"
_LINES = re.compile(
    rf"""[ ]{{2}}(?:
      %%\ [^{{}}%]*
    | accTitle:\ [^;\#{{}}]+
    | start\(\(\(\ \)\)\)
    | {_ID}\({_LABEL}\):::(?:state|final|other|now)
    | start\ -->\ {_ID}
    | {_ID}\ (?:-->|-\.->|==>)\|{_LABEL}\|\ {_ID}
    | subgraph\ rules\ \[{_LABEL}\]
    | \ \ rule_{_ID}\[{_LABEL}\]:::(?:green|blue|yellow|red)
    | end
    | classDef\ [a-z]+\ [a-z0-9\ \#:,-]+
    )""",
    re.VERBOSE,
)


def definitions() -> list[tuple[Pack, Definition]]:
    packs = [load_pack(path) for path in PACKS]
    return [(pack, one) for pack in packs for one in pack.definitions.values()]


def drawn(pack: Pack, kind: str, place: Place | None = None) -> Diagram:
    return diagram(pack.definitions[kind], {name: one.label for name, one in pack.definitions.items()}, place)


def texts(picture: str) -> str:
    """All that is written in an SVG, without the breaks of lines."""
    found = ElementTree.fromstring(picture.encode()).iter(f"{_SVG}text")
    return re.sub(r"\s", "", "".join(one.text or "" for one in found))


def is_mermaid(text: str) -> bool:
    first, *rest = text.removesuffix("\n").split("\n")
    return first == "flowchart TB" and all(_LINES.fullmatch(line) for line in rest)


def overlap(one: Placed, other: Placed) -> bool:
    return (
        abs(one.x - other.x) < (one.width + other.width) / 2
        and abs(one.y - other.y) < (one.height + other.height) / 2
    )


def labelled(tmp_path: Path, label: str) -> Pack:
    """A pack in which one act, one state and one rule are called that; YAML lets no more in."""
    quoted = '"' + label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    text = changed(ERRAND, "{zh: 办理中, en: Open}", f"{{zh: {quoted}, en: {quoted}}}")
    text = changed(text, "{zh: 反馈, en: Report}", f"{{zh: {quoted}, en: {quoted}}}")
    text = changed(text, "{zh: 销号, en: Close}", f"{{zh: {quoted}, en: {quoted}}}")
    text = changed(text, "late: {when", f"late: {{label: {{zh: {quoted}, en: {quoted}}}, when")
    return small_pack(tmp_path, errand=text)


# --- every definition of every pack -------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_definition_of_every_pack_is_drawn_with_all_that_it_has(language: Spoken) -> None:
    for pack, one in definitions():
        picture = drawn(pack, one.kind)
        image, chart = texts(svg(picture, language)), mermaid(picture, language)
        named = [one.label, *(each.label for each in one.states.values())]
        named += [each.label for each in one.transitions.values()]
        named += [each.label for each in one.rules.values()]
        for label in named:
            for said in (label.zh, label.en) if language == "both" else (label.to(language),):
                assert re.sub(r"\s", "", said) in image, f"{one.kind}: {said}"
        for name in one.states:
            assert f"  state_{name}(" in chart
        for name in one.rules:
            assert f"    rule_{name}[" in chart
        assert is_mermaid(chart), one.kind


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_box_lies_over_another_and_every_line_fits_its_box(language: Spoken) -> None:
    for pack, one in definitions():
        plan = lay_out(drawn(pack, one.kind), language)
        assert not [(a.key, b.key) for a, b in combinations(plan.boxes, 2) if overlap(a, b)], one.kind
        for box in plan.boxes:
            assert max(width(line.text, line.size) for line in box.lines) <= box.width
            assert -0.2 <= box.x - box.width / 2 <= box.x + box.width / 2 <= plan.width + 0.2
            assert -0.2 <= box.y - box.height / 2 <= box.y + box.height / 2 <= plan.height + 0.2


def test_no_arrow_runs_through_a_box() -> None:
    for pack, one in definitions():
        plan = lay_out(drawn(pack, one.kind), "zh")
        for arrow in plan.arrows:
            for (x, y), (to_x, to_y) in pairwise(arrow.points):
                for box in plan.boxes:
                    inside = (
                        min(x, to_x) < box.x + box.width / 2 - 1
                        and max(x, to_x) > box.x - box.width / 2 + 1
                        and min(y, to_y) < box.y + box.height / 2 - 1
                        and max(y, to_y) > box.y - box.height / 2 + 1
                    )
                    assert not inside, f"{one.kind}: an arrow runs through {box.key}"


def test_the_shipped_definitions_are_at_home_on_a_page_of_1000_pixels() -> None:
    for pack, one in definitions():
        root = ElementTree.fromstring(svg(drawn(pack, one.kind), "zh").encode())
        assert root.get("width") == "1000", one.kind


def test_a_drawing_is_one_file_without_script_and_says_what_it_shows() -> None:
    for pack, one in definitions():
        picture = svg(drawn(pack, one.kind), "both")
        root = ElementTree.fromstring(picture.encode())
        title, description = root.find(f"{_SVG}title"), root.find(f"{_SVG}desc")
        assert title is not None
        assert one.label.zh in (title.text or "")
        assert description is not None
        assert all(
            each.label.zh in (description.text or "") for each in one.transitions.values() if each.target
        )
        assert root.get("role") == "img"
        assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert not re.search(r"<script|<image|<foreignObject|\bon[a-z]+=|@import|url\((?!#)", picture)
        assert picture.count("http") == 1  # the namespace


def test_the_same_definition_gives_the_same_drawing() -> None:
    pack = load_pack(PACKS[0])
    for kind in pack.definitions:
        assert svg(drawn(pack, kind)) == svg(drawn(pack, kind))


# --- what the signs say ---------------------------------------------------------------------------------

GOLDEN = """\
flowchart TB
  %% Deadline: the milestone completion
  accTitle: Errand
  start((( )))
  state_open("Open<br/>waits for#58; Handler<br/>○ Report<br/>Handler<br/>asks for#58; Progress"):::state
  state_closed("Closed<br/>ends it#58; accepted"):::final
  start --> state_open
  state_open -->|"Close<br/>Handler or Supervisor"| state_closed
  subgraph rules ["Escalation rules"]
    rule_late["past the deadline<br/>▲ yellow<br/>when#58; past the deadline<br/>\
tells#58; Handler, Supervisor<br/>again after 5 workdays"]:::yellow
  end
"""


def test_a_small_definition_as_mermaid(tmp_path: Path) -> None:
    chart = mermaid(drawn(small_pack(tmp_path), "errand"), "en")
    head, _, styles = chart.partition("  classDef")
    assert head == GOLDEN
    assert "state fill:" in styles


def test_what_the_machine_does_is_dashed_and_says_so(tmp_path: Path) -> None:
    text = changed(
        ERRAND,
        "by: [handler, supervisor]}",
        "by: [handler, supervisor]}\n  gone: {from: open, to: closed, after: in state for 10 days}",
    )
    picture = drawn(small_pack(tmp_path, errand=text), "errand")
    chart = mermaid(picture, "en")
    assert 'state_open -.->|"gone<br/>by the machine<br/>by itself#58; in this state' in chart
    assert 'state_open -->|"Close' in chart
    image = ElementTree.fromstring(svg(picture, "en").encode())
    dashed = [one for one in image.iter(f"{_SVG}path") if one.get("class") == "e d"]
    assert len(dashed) == 2  # into its label, and out of it
    assert "bythemachine" in texts(svg(picture, "en"))


@pytest.mark.parametrize(
    ("light", "corners", "word"), [("blue", 4, "蓝灯"), ("yellow", 3, "黄灯"), ("red", 4, "红灯")]
)
def test_a_light_is_a_shape_and_a_word_as_well_as_a_colour(
    tmp_path: Path, light: str, corners: int, word: str
) -> None:
    text = changed(ERRAND, "light: yellow", f"light: {light}")
    picture = svg(drawn(small_pack(tmp_path, errand=text), "errand"), "zh")
    root = ElementTree.fromstring(picture.encode())
    (shape,) = [one for one in root.iter(f"{_SVG}path") if one.get("stroke") == "#0f172a" and one.get("fill")]
    assert len(re.findall("[MLHV]", shape.get("d") or "")) == corners
    assert word in texts(picture)


def test_a_choice_is_shown_as_it_was_written(tmp_path: Path) -> None:
    text = changed(
        ERRAND, "facts:", "facts:\n  grade: {type: choice, choices: [low, high], label: {zh: 级, en: Grade}}"
    )
    text = changed(text, "when: overdue", "when: grade >= high")
    text = changed(text, "asks: progress", "asks: [progress, grade]")
    assert "when#58; Grade ≥ high" in mermaid(drawn(small_pack(tmp_path, errand=text), "errand"), "en")


def test_joint_signatures_and_who_must_not_act_are_told(tmp_path: Path) -> None:
    text = changed(
        ERRAND, "by: [handler, supervisor]}", "by: [handler, supervisor], quorum: all, not_by: [report]}"
    )
    chart = mermaid(drawn(small_pack(tmp_path, errand=text), "errand"), "en")
    assert "jointly#58; one of each role, everybody of a team<br/>not by who did Report" in chart


def test_teams_and_whose_interest_keeps_them_out_are_told(tmp_path: Path) -> None:
    chart = drawn(small_pack(tmp_path, **HEARING), "cross_check").lines
    told = [line.en for line in chart]
    assert "Inspectors, a team of 2 or more, for 60 days, without interest in checked" in told


def test_votes_numbers_and_what_is_read_of_a_child_are_told(tmp_path: Path) -> None:
    pack = small_pack(tmp_path, **{**FOUR_CHECKS, "review": BALLOT})
    told = [line.zh for line in drawn(pack, "review").lines]
    assert "评议：start – completion，邀请每单位 200 人，少于 10 份不显示" in told
    acts = {one.name: [line.en for line in one.lines] for one in drawn(pack, "inspection").acts}
    assert "gives the number 督查通〔{year}〕{n}号" in acts["completed"]
    assert "sets Score: score of Objection" in acts["changed"]


def test_for_whom_and_for_which_rows_something_is_opened_is_told(tmp_path: Path) -> None:
    four = drawn(small_pack(tmp_path / "four", **FOUR_CHECKS), "inspection")
    (correcting,) = [box for box in four.boxes if box.key == "correcting"]
    rows = "opens on entry: Fix (one for each of Findings, where Level = major)"
    assert rows in [line.en for line in correcting.lines]
    text = changed(HEARING["cross_check"], "opens: objection}", "opens: {objection: {for: checker}}}")
    heard = drawn(small_pack(tmp_path / "heard", **{**HEARING, "cross_check": text}), "cross_check")
    (fed_back,) = [box for box in heard.boxes if box.key == "fed_back"]
    told = [line.en for act in fed_back.stays for line in act.lines]
    assert "opens: Objection (for checker)" in told


# --- where a task stands --------------------------------------------------------------------------------


def test_a_task_is_shown_at_its_place_with_what_happened_to_it(tmp_path: Path) -> None:
    place = Place(
        number="T-7",
        state="open",
        light="yellow",
        path=("open",),
        acts={"report": 3},
        episodes={"late": 2},
        open_rules={"late"},
    )
    pack = small_pack(tmp_path)
    chart, image = (render(drawn(pack, "errand", place), "en") for render in (mermaid, svg))
    assert "%% Now: Open, yellow" in chart
    assert 'state_open("Open<br/>it is here now<br/>once so far' in chart
    assert ":::now" in chart
    assert "Report<br/>3 times so far" in chart
    assert "past the deadline<br/>▲ yellow<br/>holds now<br/>2 times so far" in chart
    assert is_mermaid(chart)
    for said in ("T-7Errand", "itisherenow", "3timessofar", "holdsnow"):
        assert said in texts(image)


def test_the_path_that_a_task_took_is_thick(tmp_path: Path) -> None:
    place = Place(number="T-7", state="closed", light="green", path=("open", "closed"), acts={"close": 1})
    pack = small_pack(tmp_path)
    assert 'state_open ==>|"Close<br/>once so far' in mermaid(drawn(pack, "errand", place), "en")
    thick = [one for one in lay_out(drawn(pack, "errand", place), "en").arrows if one.heavy]
    assert len(thick) == 2
    assert not any(one.heavy for one in lay_out(drawn(pack, "errand"), "en").arrows)
    assert "Path: Open → Closed" in " ".join(line.en for line in drawn(pack, "errand", place).lines)


# --- labels that would break out ------------------------------------------------------------------------

NASTY = (
    'say "no"',
    "a < b > c & d",
    "line\nbreak",
    "</text><script>alert(1)</script>",
    "]:::red --> state_x[",
    '"| state_closed',
    "%%{init: {'theme': 'dark'}}%%",
    "style x: #quot; fill;",
    "1. a list",
    "`**bold**` _it_",
    "right\u202eto left\u2066 \u200f",
    "end",
    "#quot;",
    "]]>",
    "&#x3c;b&#x3e;",
    "W" * 300,
    "长" * 200,
)


@pytest.mark.parametrize("label", NASTY)
def test_no_label_breaks_out_of_its_place(tmp_path: Path, label: str) -> None:
    picture = drawn(labelled(tmp_path, label), "errand")
    calm = drawn(labelled(tmp_path / "calm", "calm"), "errand")
    for language in LANGUAGES:
        chart = mermaid(picture, language)
        assert is_mermaid(chart)
        assert chart.count("\n") == mermaid(calm, language).count("\n")
        image = svg(picture, language)
        root = ElementTree.fromstring(image.encode())
        assert {one.tag.removeprefix(_SVG) for one in root.iter()} == _TAGS
        assert re.sub(r"\s", "", clean(label)) in texts(image)
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f]", image + chart)
        plan = lay_out(picture, language)
        assert all(width(line.text, line.size) <= box.width for box in plan.boxes for line in box.lines)


def test_names_that_mermaid_keeps_for_itself_are_safe(tmp_path: Path) -> None:
    text = ERRAND.replace("open:", "end:").replace("from: open", "from: end").replace("closed", "style")
    chart = mermaid(drawn(small_pack(tmp_path, errand=text), "errand"), "en")
    assert is_mermaid(chart)
    assert "state_end -->" in chart


@given(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=4), st.integers(30, 300))
def test_wrapping_loses_nothing_but_space_and_no_line_is_too_wide(found: list[str], room: int) -> None:
    cleaned = [clean(one) for one in found]
    lines = list(wrap(cleaned, 12, room))
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", "".join(cleaned))
    assert all(width(line, 12) <= room for line in lines)


@given(st.text(max_size=200))
def test_any_text_is_safe_in_both_forms(text: str) -> None:
    from workflow.drawing.mermaid import _label

    assert re.fullmatch(_LABEL, _label([clean(text)]))
    assert Text(clean(text), "").zh == clean(clean(text))
