"""The published schema: the words are the reader's, every pack fits, broken packs are told apart."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.broken import BROKEN, Broken
from tests.four_checks import BALLOT, FOUR_CHECKS
from tests.hearing import HEARING
from tests.packs import CAMPAIGN, ERRAND, PEOPLE, SUPERVISION, changed, problems_of, write_pack
from workflow.calendar import parse_duration
from workflow.definition import cursor as reading
from workflow.definition.cursor import as_day
from workflow.moment import parse_moment
from workflow.schema import schema_of_packs, schemas
from workflow.schema.sentences import AGAIN, DATE, DURATION, MOMENT, SENTENCE

PACKS = sorted(one.parent for one in (Path(__file__).parents[1] / "definitions").glob("*/campaign.yaml"))
SCHEMAS = schemas()

_CHECKED = changed(
    changed(FOUR_CHECKS["campaign"], "late: {when", "late: {label: {zh: 逾期, en: Late}, when"),
    "rounds:\n",
    "burden: {counts: [cross_check, inspection], per unit per month: 2}\nrounds:\n",
)
_WITH_CHECKLIST = f"{_CHECKED}indicators:\n{indent(FOUR_CHECKS['indicators'], '  ')}"
SMALL = {
    "supervision": SUPERVISION,
    "small": {"campaign": CAMPAIGN, "errand": ERRAND, "people": PEOPLE},
    "hearing": HEARING,
    "four": {**FOUR_CHECKS, "campaign": _CHECKED, "review": BALLOT},
    "four in one": {name: text for name, text in FOUR_CHECKS.items() if name != "indicators"}
    | {"campaign": _WITH_CHECKLIST},
    "pairs": {
        "campaign": changed(CAMPAIGN, "{each: region}", "{each: pair, of: region}"),
        "errand": changed(ERRAND, "{unit: region}", "{unit: region, checker: region}"),
    },
}


class Core(pyyaml.SafeLoader):
    """YAML 1.2 as editors read it: `true` is no text, `12` is a number, `on` and `yes` are words."""


Core.yaml_implicit_resolvers = {}
for _tag, _regex, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789"),
    ("null", r"^(?:~|null|Null|NULL|)$", "~nN\0"),
):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_regex), list(_first))


def as_an_editor(text: str) -> Any:
    return pyyaml.load(text, Loader=Core)


def as_the_reader(text: str) -> Any:
    return pyyaml.load(text, Loader=pyyaml.BaseLoader)


def sort_of(file: str) -> str:
    name = file.removesuffix(".yaml")
    return name if name in ("campaign", "people", "indicators") else "task"


def complaints(file: str, content: Any) -> list[str]:
    found = Draft202012Validator(SCHEMAS[sort_of(file)]).iter_errors(content)
    return [f"{'.'.join(map(str, one.absolute_path))}: {one.message[:200]}" for one in found]


def written() -> Iterator[tuple[str, str, str]]:
    """Every file of every pack that ships, and of those that tests use: pack, file, text."""
    for pack in PACKS:
        for file in sorted(pack.glob("*.yaml")):
            yield pack.name, file.name, file.read_text(encoding="utf-8")
    for pack_name, files in SMALL.items():
        for name, text in files.items():
            yield pack_name, f"{name}.yaml", text


# --- the words are the reader's -------------------------------------------------------------------------

Table = tuple[str, tuple[str, ...], frozenset[str], frozenset[str]]
"""Sort of file, where in it, the words that the reader takes there, those that must be there."""


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Table]:
    """Every table of words that the reader uses while packs are read."""
    tables: list[Table] = []
    original = reading.words

    def words(cursor: reading.Cursor, known: Mapping[str, Any], required: Any = ()) -> dict[str, Any]:
        tables.append((sort_of(cursor.file), cursor.path, frozenset(known), frozenset(required)))
        return original(cursor, known, required)

    for name, module in list(sys.modules.items()):
        if name.startswith("workflow.definition") and getattr(module, "words", None) is original:
            monkeypatch.setattr(module, "words", words)
    return tables


def alternatives(schema: Any, whole: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema and whatever it allows instead of, or beside, itself."""
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield from alternatives(whole["$defs"][schema["$ref"].rpartition("/")[2]], whole)
    yield schema
    for word in ("anyOf", "oneOf", "allOf"):
        for one in schema.get(word, ()):
            yield from alternatives(one, whole)
    for word in ("then", "else"):
        yield from alternatives(schema.get(word), whole)


def below(schema: dict[str, Any], key: str) -> Iterator[Any]:
    if key in schema.get("properties", {}):
        yield schema["properties"][key]
    elif "additionalProperties" in schema:
        yield schema["additionalProperties"]
    if key.isdigit() and "items" in schema:
        yield schema["items"]


def at(sort: str, path: tuple[str, ...]) -> list[dict[str, Any]]:
    """The closed mappings that the schema allows at a place."""
    whole = SCHEMAS[sort]
    found = list(alternatives(whole, whole))
    for key in path:
        found = [one for schema in found for part in below(schema, key) for one in alternatives(part, whole)]
    return [one for one in found if one.get("additionalProperties") is False]


def closed(schema: Any) -> Iterator[dict[str, Any]]:
    """Every closed mapping of a schema, but combinations of conditions: the reader has no table for them."""
    if isinstance(schema, list):
        for one in schema:
            yield from closed(one)
    elif isinstance(schema, dict):
        if schema.get("additionalProperties") is False:
            yield schema
        for key, one in schema.items():
            if key != "$defs":
                yield from closed(one)


def test_the_schema_has_exactly_the_words_that_the_reader_takes_at_every_place(
    heard: list[Table], tmp_path: Path
) -> None:
    for pack in (*PACKS, *(write_pack(tmp_path / name, **files) for name, files in SMALL.items())):
        assert problems_of(pack) == (), pack
    assert len(heard) > 200
    met: set[int] = set()
    for sort, path, known, required in set(heard):
        found = at(sort, path)
        fitting = [one for one in found if frozenset(one["properties"]) == known]
        told: list[list[str]] = [sorted(known ^ {*one["properties"]}) for one in found]
        assert fitting, (
            f"{sort}: {'.'.join(path) or '(top)'}: reader and schema differ by {told or sorted(known)}"
        )
        assert all(frozenset(one["required"]) == required for one in fitting), f"{sort} {path}"
        met.update(id(one) for one in fitting)
    unheard = [one for each in SCHEMAS.values() for one in closed(each) if id(one) not in met]
    assert [sorted(one["properties"]) for one in unheard] == [], "no pack here has these words there"


def test_every_word_says_what_it_means_in_both_languages() -> None:
    for whole in SCHEMAS.values():
        for one in (*closed(whole), *closed(whole["$defs"]["condition"]["anyOf"])):
            for word, shape in one["properties"].items():
                chinese, _, english = shape["description"].partition("\n\n")
                assert re.search("[\u4e00-\u9fff]", chinese), word
                assert re.fullmatch(r"[ -~]+", english), word


# --- what fits and what doesn't -------------------------------------------------------------------------


@pytest.mark.parametrize("sort", SCHEMAS)
def test_each_schema_is_a_json_schema(sort: str) -> None:
    Draft202012Validator.check_schema(SCHEMAS[sort])
    Draft202012Validator.check_schema(schema_of_packs())
    assert json.loads(json.dumps(SCHEMAS[sort])) == SCHEMAS[sort]


@pytest.mark.parametrize("read", [as_an_editor, as_the_reader])
def test_every_file_of_every_pack_fits(read: Callable[[str], Any]) -> None:
    whole = Draft202012Validator(schema_of_packs())
    for pack, file, text in written():
        assert complaints(file, read(text)) == [], f"{pack}/{file}"
        assert whole.is_valid(read(text)), f"{pack}/{file}"


def test_there_are_fifty_broken_packs_and_no_two_alike() -> None:
    assert len(BROKEN) >= 50
    assert len({one.name for one in BROKEN}) == len(BROKEN)
    assert sum(one.schema for one in BROKEN) >= 30


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: one.name)
def test_a_broken_pack_is_refused_and_the_schema_says_what_it_can(broken: Broken, tmp_path: Path) -> None:
    files = broken.files()
    assert problems_of(write_pack(tmp_path, **files)), "the reader lets it pass"
    found = complaints(broken.file, as_an_editor(files[broken.file]))
    assert bool(found) is broken.schema, found or "the schema lets it pass"
    others = {name: text for name, text in files.items() if name != broken.file}
    assert [complaints(name, as_an_editor(text)) for name, text in others.items()] == [[]] * len(others)


# --- patterns and the reader agree ----------------------------------------------------------------------


def fits(shape: Mapping[str, Any], value: str) -> bool:
    return Draft202012Validator(dict(shape)).is_valid(value)


def reads(parse: Callable[[str], Any], value: str) -> bool:
    try:
        return parse(value) is not None
    except ValueError:
        return False


_UNITS = st.sampled_from(["minute", "hours", "day", "days", "workdays", "months", "weeks", "Days", ""])
_AMOUNTS = st.sampled_from(["0", "1", "2", "15", "007", "-1", "1.5", "two", ""])


@given(_AMOUNTS, st.sampled_from([" ", "  ", ""]), _UNITS)
def test_durations_read_alike(amount: str, space: str, unit: str) -> None:
    value = f"{amount}{space}{unit}"
    assert fits(DURATION, value) is reads(parse_duration, value)


_WORDS = ["start", "mon", "thu", "mon thu", "workdays", "day 1", "day 31", "day 0", "day 32", "month end"]
_WORDS += ["quarter end", "year start", "nowhere!", "", "day", "month"]


@given(st.sampled_from(_WORDS), st.sampled_from(["09:00", "9:00", "24:00", "23:59", "12:60", "", "noon"]))
def test_what_the_reader_takes_for_a_moment_fits_the_schema(days: str, time: str) -> None:
    value = " ".join(part for part in (days, time) if part)
    if reads(lambda text: parse_moment(text, ["start"]), value):
        assert fits(MOMENT, value)
    if days in ("nowhere!", "day 0", "day 32") or (days and time in ("24:00", "12:60", "9:00")):
        assert not fits(MOMENT, value)


@given(st.from_regex(r"(1[89]|2[0-2])[0-9]{2}-[0-9]{2}-[0-9]{2}", fullmatch=True))
def test_what_the_reader_takes_for_a_date_fits_the_schema(value: str) -> None:
    if as_day(value) is not None:
        assert fits(DATE, value)
    if not 1949 <= int(value[:4]) < 2200:
        assert not fits(DATE, value)


@pytest.mark.parametrize("value", ["after 5 workdays", "every 5 minutes", "never"])
def test_repetition(value: str) -> None:
    assert fits(AGAIN, value)
    assert not fits(AGAIN, f"{value}!")


@pytest.mark.parametrize(
    "value",
    ["overdue soon", "progress", "score ~ 80", "all of it", "in state 10 days", "open problems", "1 < 2"],
)
def test_what_is_no_condition_is_marked(value: str) -> None:
    assert not fits(SENTENCE, value)
