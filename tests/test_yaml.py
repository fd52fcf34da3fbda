"""The strict reader: everything stays as it was written, and what is refused is refused with its line."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow.definition.yaml import MAX_BYTES, MAX_DEPTH, Node, Problem, from_plain, nearest, read
from workflow.text import Text, same


def tree(text: str | bytes) -> Any:
    """What a file says, which must be fine."""
    problems: list[Problem] = []
    node = read("a.yaml", text.encode() if isinstance(text, str) else text, problems)
    assert problems == []
    assert node is not None
    return node.plain()


def refused(text: str | bytes) -> list[Problem]:
    """What is wrong with a file, in the order in which it was found."""
    problems: list[Problem] = []
    read("a.yaml", text.encode() if isinstance(text, str) else text, problems)
    assert problems
    return problems


@pytest.mark.parametrize(
    "word",
    [
        "on",
        "off",
        "yes",
        "no",
        "true",
        "null",
        "~",
        "12:30",
        "1e3",
        "0x1F",
        "010",
        "2026-03-31",
        "1_000",
        ".5",
    ],
)
def test_a_word_stays_as_it_was_written(word: str) -> None:
    assert tree(f"a: {word}") == {"a": word}
    assert tree(f"{word}: a") == {word: "a"}


def test_a_missing_value_is_an_empty_text() -> None:
    assert tree("a:\nb: ''\n") == {"a": "", "b": ""}


def test_an_empty_file_says_nothing() -> None:
    assert tree("") == {}
    assert tree("# only a comment\n") == {}


def test_sequences_and_mappings_nest_and_keep_their_order() -> None:
    assert tree("b: [x, {y: z}]\na:\n  - 1\n  - 2\n") == {"b": ["x", {"y": "z"}], "a": ["1", "2"]}
    assert list(tree("b: 1\na: 2\n")) == ["b", "a"]


def test_a_byte_order_mark_is_no_part_of_the_first_word() -> None:
    assert tree("\ufefftask: a".encode()) == {"task": "a"}


def test_every_node_knows_its_line() -> None:
    problems: list[Problem] = []
    node = read("a.yaml", b"# comment\na: 1\nb:\n  c: {d: 2,\n    e: 3}\n  f:\n    - 4\n", problems)
    assert node is not None
    lines = {key: below.line for key, below in _walk("", node)}
    assert lines == {"a": 2, "b": 3, "b.c": 4, "b.c.d": 4, "b.c.e": 5, "b.f": 6, "b.f.1": 7}


def _walk(prefix: str, node: Node) -> list[tuple[str, Node]]:
    found = []
    for key, below in node.below():
        found += [(prefix + key, below), *_walk(f"{prefix}{key}.", below)]
    return found


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "key", "expected"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "a", "every key only once"),
        ("x:\n  a: 1\n  a: 2\n", 3, "x.a", "every key only once"),
        ("a: &one 1\n", 1, "a", "no anchors or aliases: write it out"),
        ("b: 1\na: *one\n", 2, "a", "no anchors or aliases: write it out"),
        ("b: 1\n*one : a\n", 2, "(top)", "no anchors or aliases: write it out"),
        ("a: !!str 1\n", 1, "a", "a value without a tag (!)"),
        ("a: ! 1\n", 1, "a", "a value without a tag (!)"),
        ("a: !!python/object/apply:os.system [ls]\n", 1, "a", "a value without a tag (!)"),
        ("a:\n  b: said {n} times\n", 2, "a.b", "quotes around a value that holds one of { } [ ] ,"),
        ("a: one, two\n", 1, "a", "quotes around a value that holds one of { } [ ] ,"),
        ("a: x\nb: 示发[2026]1号\n", 2, "b", "quotes around a value that holds one of { } [ ] ,"),
        ('a: 1\nb: "\\x00"\n', 2, "b", "text without control characters"),
        ('"a\\x07": 1\n', 1, "(top)", "text without control characters"),
        ("a: 1\n---\nb: 2\n", 3, "(top)", "one document per file"),
        ("a: 1\n? [b]\n: 2\n", 2, "(top)", "a word as key"),
    ],
)
def test_refused_with_its_line_and_key(text: str, line: int, key: str, expected: str) -> None:
    (problem,) = refused(text)
    assert (problem.file, problem.line, problem.key, problem.expected.en) == ("a.yaml", line, key, expected)


def test_quotes_make_brackets_part_of_a_text() -> None:
    assert tree("a: \"督查通〔{year}〕{n}号\"\nb: 'x, [y]'\n") == {
        "a": "督查通〔{year}〕{n}号",
        "b": "x, [y]",
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3),
        ("a: 1\n\tb: 2\n", 2),
        ("a: 1\n  b: 2\n", 2),
        ("a: b: c\n", 1),
        ("a: 1\nb: 'x\n", 3),
        ("a: 1\n}\n", 2),
        ("a: 1\n...\nb: 2\n", 3),
    ],
)
def test_broken_syntax_names_its_line(text: str, line: int) -> None:
    (problem,) = refused(text)
    assert problem.key == "(syntax)"
    assert problem.line == line
    assert "YAML" in problem.expected.zh


def test_what_is_wrong_before_broken_syntax_is_told_too() -> None:
    first, second = refused("a: 1\na: 2\nb: [\n")
    assert (first.line, first.expected.en) == (2, "every key only once")
    assert second.key == "(syntax)"


def test_reading_goes_on_behind_a_problem() -> None:
    problems = refused("a: &x 1\nb: !t 2\nc: 3\nc: 4\nd: e, f\n")
    assert [problem.line for problem in problems] == [1, 2, 4, 5]


def test_bytes_that_are_no_utf_8() -> None:
    (problem,) = refused(b"a: 1\nb: \xb6\xbd\xb0\xec\n")  # GB 18030
    assert (problem.line, problem.key, problem.found.en) == (2, "(file)", "0xB6")
    assert problem.expected.en == "text in UTF-8"


def test_control_characters_in_the_text() -> None:
    (problem,) = refused("a: 1\nb: x\x07\n")
    assert (problem.line, problem.key) == (2, "(file)")


def test_a_file_that_is_too_large() -> None:
    (problem,) = refused(b"#" * (MAX_BYTES + 1))
    assert (problem.line, problem.key) == (0, "(file)")
    assert str(MAX_BYTES) in problem.expected.en
    assert tree(b"#" * MAX_BYTES) == {}


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "? - "])
def test_a_file_that_is_too_deep(opening: str) -> None:
    (problem,) = refused(opening * 100_000)
    assert problem.expected.en == f"at most {MAX_DEPTH} levels of nesting"


def test_as_deep_as_allowed() -> None:
    assert tree("[" * MAX_DEPTH + "]" * MAX_DEPTH)


# --- problems -------------------------------------------------------------------------------------


def test_a_problem_in_both_languages() -> None:
    problem = Problem(
        file="a.yaml",
        line=3,
        key="x.y",
        found=same("'red'"),
        expected=Text("一种颜色", "a colour"),
        nearest="rad",
    )
    assert problem.to_text() == Text(
        "a.yaml:3: x.y: 见到 'red'；应为 一种颜色。是否想写 rad？",
        "a.yaml:3: x.y: found 'red'; expected a colour. Did you mean rad?",
    )


def test_a_problem_without_a_line() -> None:
    problem = Problem(file="a.yaml", line=0, key="x", found=same("1"), expected=same("2"))
    assert problem.to_text().en == "a.yaml: x: found 1; expected 2"


def test_long_values_are_shown_shortened() -> None:
    assert len(Node(value="x" * 10_000).shown()) < 70


def test_the_nearest_word() -> None:
    words = ["handler", "leader", "supervisor"]
    assert nearest("suprvisor", words) == "supervisor"
    assert nearest("zzz", words) is None
    assert nearest("h" * 100_000, words) is None  # would be looked at for minutes


# --- anything at all ------------------------------------------------------------------------------

_WORDS = st.text(max_size=8)
_PLAIN = st.recursive(
    _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=3),
    max_leaves=12,
)


@given(_PLAIN)
def test_a_tree_comes_back_from_what_it_gave(value: Any) -> None:
    assert from_plain(value).plain() == value


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    problems: list[Problem] = []
    node = read("a.yaml", data, problems)
    assert node is not None or problems


@given(st.text(alphabet="ab:-?[]{},&*!|>'\"%#@ \n\t\\x0u\ufeff\u2028\x85", max_size=60))
def test_any_punctuation_is_read_or_refused(text: str) -> None:
    problems: list[Problem] = []
    node = read("a.yaml", text.encode(), problems)
    assert node is not None or problems
    assert all(problem.line <= len(text.splitlines()) + 1 for problem in problems)
