"""Sentences with placeholders: what an organisation may write, and that nothing else is ever done with it."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifier.wording import BadWording, Wording, read_words, sentences
from workflow.text import LANGUAGES, Text

NAME = "notice.subject"  # takes light, number, unit, what; needs number and what


def problems(data: str) -> list[str]:
    with pytest.raises(BadWording) as refused:
        read_words("words.yaml", data.encode())
    return [one.to_text().en for one in refused.value.problems]


def test_an_own_sentence_takes_the_place_of_ours() -> None:
    own = read_words("words.yaml", b'notice.subject: {zh: "\xe7\x9d\xa3\xe5\x8a\x9e {number} {what}"}')
    said = Wording(own)
    values = {"light": "", "number": "A-1", "unit": "U", "what": "W"}
    assert said.say(NAME, "zh", **values) == "督办 A-1 W"
    assert said.say(NAME, "en", **values) == Wording().say(NAME, "en", **values)  # left out: as it ships


@pytest.mark.parametrize(
    ("data", "line", "expected"),
    [
        ('notice.subjekt: {zh: "x"}', 1, "Did you mean notice.subject?"),
        ('\nnotice.subject: {zh: "{nummer} {what} {number}"}', 2, "Did you mean number?"),
        ('notice.subject: {zh: "{what}"}', 1, "a sentence with {number}"),
        ('notice.subject: {zh: "{{7*7}} {number}{what}"}', 1, "placeholders"),
        ('notice.subject: {zh: "{% if 1 %} {number}{what}"}', 1, "placeholders"),
        ('notice.subject: {zh: "{number.__class__} {what}"}', 1, "placeholders"),
        ('notice.subject: {zh: "{number[0]} {what}"}', 1, "placeholders"),
        ('notice.subject: {zh: "{number!r} {what}"}', 1, "placeholders"),
        ('notice.subject: {zh: "{number:>99999999} {what}"}', 1, "placeholders"),
        ('notice.subject: {zh: "{} {number} {what}"}', 1, "placeholders"),
        ('notice.subject: {zh: "{number {what}"}', 1, "placeholders"),
        ('notice.subject: {zh: "number} {what}"}', 1, "placeholders"),
        ('notice.subject: {zh: ""}', 1, "characters"),
        ('notice.subject: {fr: "x"}', 1, "zh, en"),
        ("notice.subject: x", 1, "zh"),
        ('notice.subject: {zh: "{number}{what}\\nBcc: x"}', 1, "one line"),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_the_nearest_word(
    data: str, line: int, expected: str
) -> None:
    found = problems(data)
    assert any(one.startswith(f"words.yaml:{line}: ") and expected in one for one in found), found


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert len(problems('notice.subject: {zh: "{x}", en: "{y}"}\nnobody: {zh: "x"}')) >= 3


def test_a_value_that_looks_like_a_placeholder_stays_what_it_is() -> None:
    said = Wording().say(NAME, "en", light="", number="{what}", unit="{{7*7}}", what="{number}")
    assert said == "{what} {{7*7}}: {number}"


@pytest.mark.parametrize("name", sorted(sentences()))
def test_every_sentence_of_ours_may_stand_in_its_own_place(name: str) -> None:
    ours = sentences()[name]
    wording = Wording({name: ours.text})
    values = {key: f"<{key}>" for key in ours.known}
    for language in LANGUAGES:
        assert wording.say(name, language, **values) == Wording().say(name, language, **values)
        assert "{" not in wording.say(name, language, **values)


def test_a_call_with_other_values_than_the_sentence_may_use_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="takes"):
        Wording().say(NAME, "zh", number="1")


_TRICKY = st.sampled_from(
    ["{", "}", "{{", "}}", "{%", "%}", "{#", "{number}", "{what}", "{unit}", "{number.x}", "{0}", "%s", "$x"]
)
_SENTENCES = st.lists(
    _TRICKY | st.text(alphabet=string.printable + "督办\u202e", max_size=5), max_size=8
).map("".join)


@given(sentence=_SENTENCES)
@example(sentence="{number}{what}")
def test_any_sentence_is_refused_or_only_gets_its_values(sentence: str) -> None:
    values = {"light": "\x01", "number": "\x02", "unit": "\x03", "what": "\x04"}
    try:
        wording = Wording({NAME: Text(sentence, sentence)})
    except BadWording:
        return
    said = wording.say(NAME, "zh", **values)
    for name, value in values.items():
        said = said.replace(value, "{" + name + "}")
    assert said == sentence  # letter by letter: nothing was evaluated, dropped or added
