"""What fits into a text message, how a number is dialled, and what must not stand in a text."""

from __future__ import annotations

import dataclasses
import json

import gsm0338
import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib import consts
from smpplib.gsm import make_parts

from notifier.channel import Unwritten
from notifier.content import Content, Envelope
from notifier.sms.body import Body, written
from notifier.sms.numbers import e164, styled
from notifier.sms.private import found_private
from notifier.sms.segments import Encoding, encoded, encoding_of, parts, plan, tidy, units
from notifier.sms.settings import TextSettings

GSM_ALPHABET = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)
EMOJI = "😀🔴👩‍👧🇨🇳👍🏽"
anything = st.text(st.characters(codec="utf-8") | st.sampled_from(EMOJI), max_size=400)
everyday = st.text(st.sampled_from(GSM_ALPHABET + "督办件逾期天，。；、" + EMOJI), max_size=400)
plain = st.text(st.sampled_from(GSM_ALPHABET), max_size=700)
phrases = st.lists(anything | everyday | plain, min_size=1, max_size=6).filter(
    lambda given: any(tidy(one) for one in given)
)
signatures = st.sampled_from(("", "督办中心", "Duban", "县局😀"))


def counted_by_hand(text: str, encoding: Encoding) -> int:
    """Segments, counted another way: what a phone would put together, octet by octet."""
    if encoding == "gsm7":
        sizes = [2 if char in "^{}\\[~]|€\f" else 1 for char in text]
        single, joined = 160, 153
    else:
        sizes = [len(char.encode("utf-16-be")) // 2 for char in text]
        single, joined = 70, 67
    if sum(sizes) <= single:
        return 1
    count, room = 1, joined
    for size in sizes:
        if size > room:
            count, room = count + 1, joined
        room -= size
    return count


@given(phrases, signatures, st.integers(1, 5), st.booleans())
def test_a_plan_keeps_within_its_segments_with_its_signature(
    given_phrases: list[str], signature: str, most: int, unicode_only: bool
) -> None:
    made = plan(given_phrases, signature, most, unicode_only=unicode_only)
    divided = parts(made.text, made.encoding)
    assert 1 <= made.segments <= most
    assert made.segments == len(divided) == counted_by_hand(made.text, made.encoding)
    assert "".join(divided) == made.text
    assert made.text.startswith(f"【{signature}】" if signature else "")
    assert len(made.text) > (len(signature) + 2 if signature else 0)
    assert not (unicode_only and made.encoding == "gsm7")


@given(anything | everyday)
def test_no_character_is_split_and_no_segment_is_over_full(text: str) -> None:
    encoding = encoding_of(text)
    divided = parts(text, encoding)
    for part in divided:
        octets = encoded(part, encoding)
        assert len(octets) == units(part, encoding) * (1 if encoding == "gsm7" else 2)
        assert len(octets) <= {
            ("gsm7", True): 160, ("gsm7", False): 153, ("ucs2", True): 140, ("ucs2", False): 134,
        }[encoding, len(divided) == 1]  # fmt: skip
    if encoding == "ucs2":
        assert "".join(encoded(part, encoding).decode("utf-16-be") for part in divided) == text


@given(everyday | plain)
def test_the_alphabet_is_that_of_an_independent_library(text: str) -> None:
    try:
        theirs = gsm0338.Codec().encode(text)[0]
    except UnicodeEncodeError:
        assert encoding_of(text) == "ucs2"
    else:
        assert encoding_of(text) == "gsm7"
        assert encoded(text, "gsm7") == theirs


@given(st.text(st.sampled_from("督办件逾期天，abc "), min_size=71, max_size=400))
def test_chinese_is_divided_as_smpplib_divides_it(text: str) -> None:
    theirs, _, _ = make_parts(text, consts.SMPP_ENCODING_ISO10646)
    assert [part[6:] for part in theirs] == [encoded(part, "ucs2") for part in parts(text, "ucs2")]


@given(st.text(st.sampled_from("abc XYZ 0123,.;"), min_size=0, max_size=700))
def test_english_is_divided_as_smpplib_divides_it(text: str) -> None:
    theirs, _, esm = make_parts(text, consts.SMPP_ENCODING_DEFAULT)
    header = 6 if esm else 0
    assert [part[header:] for part in theirs] == [encoded(part, "gsm7") for part in parts(text, "gsm7")]


@pytest.mark.parametrize(
    ("text", "encoding", "segments"),
    [
        ("督" * 70, "ucs2", 1),
        ("督" * 71, "ucs2", 2),
        ("督" * 134, "ucs2", 2),
        ("督" * 135, "ucs2", 3),
        ("a" * 160, "gsm7", 1),
        ("a" * 161, "gsm7", 2),
        ("a" * 306, "gsm7", 2),
        ("a" * 307, "gsm7", 3),
        ("€" * 80, "gsm7", 1),
        ("€" * 81, "gsm7", 2),
        ("`", "ucs2", 1),
        ("😀" * 35, "ucs2", 1),
        ("😀" * 36, "ucs2", 2),
        ("督" * 66 + "😀" + "督" * 67, "ucs2", 3),  # the emoji doesn't fit into what is left of the first
    ],
)
def test_how_many_segments_a_text_needs(text: str, encoding: Encoding, segments: int) -> None:
    assert encoding_of(text) == encoding
    assert len(parts(text, encoding)) == segments


def test_the_most_important_comes_first_and_the_rest_is_left_out() -> None:
    made = plan(["RG-12 逾期 3 天", "另有 2 件将于明天到期", "长" * 60], "督办", 1)
    assert made.text == "【督办】RG-12 逾期 3 天；另有 2 件将于明天到期"
    assert made.left_out == ("长" * 60,)


def test_english_phrases_are_joined_the_english_way() -> None:
    assert plan(["RG-12 is 3 days late", "2 more are due tomorrow."], "", 1).text == (
        "RG-12 is 3 days late; 2 more are due tomorrow."
    )


def test_a_first_phrase_that_is_too_long_is_cut_where_a_phrase_ends() -> None:
    made = plan(["甲" * 40 + "，" + "乙" * 20 + "，" + "丙" * 40], "督办", 1)
    assert made.text == "【督办】" + "甲" * 40 + "，" + "乙" * 20 + "…"
    assert (made.segments, made.left_out) == (1, ())


def test_an_english_text_is_cut_within_its_alphabet() -> None:
    made = plan(["word " * 60], "", 1)
    assert made.text.endswith("word...")
    assert (made.encoding, made.segments) == ("gsm7", 1)


def test_an_emoji_of_several_characters_is_left_whole() -> None:
    made = plan(["督" * 66 + "👩‍👧" + "督" * 20], "", 1)
    assert made.text == "督" * 66 + "…"


def test_lines_controls_and_turned_text_become_one_line() -> None:
    assert plan(["a\r\nb\u202ec\x00 d"], "x\n", 1).text == "【x】a bc d"


@pytest.mark.parametrize(("given_phrases", "signature"), [([], ""), ([" \n"], "x"), (["a"], "督" * 80)])
def test_nothing_to_say_is_no_plan(given_phrases: list[str], signature: str) -> None:
    with pytest.raises(ValueError, match=r"phrase|signature"):
        plan(given_phrases, signature, 1)


# ---------------------------------------------------------------- numbers


@pytest.mark.parametrize(
    ("written_number", "dialled"),
    [
        ("13800000000", "+8613800000000"),
        ("138 0000 0000", "+8613800000000"),
        ("138-0000-0000", "+8613800000000"),
        ("+86 138 0000 0000", "+8613800000000"),
        ("008613800000000", "+8613800000000"),
        ("8613800000000", "+8613800000000"),
        ("１３８００００００００", "+8613800000000"),
        ("+44 (20) 7946-0000", "+442079460000"),
        ("12800000000", None),
        ("1380000000", None),
        ("138000000000", None),
        ("+86 10 12345678", None),
        ("+0123456789", None),
        ("+1234567890123456", None),
        ("nobody@example.org", None),
        ("", None),
        ("138000000x0", None),
    ],
)
def test_numbers_are_dialled_as_they_are_meant(written_number: str, dialled: str | None) -> None:
    assert e164(written_number) == dialled


@given(st.text(max_size=30))
def test_what_is_dialled_is_a_number_and_stays_it(text: str) -> None:
    number = e164(text)
    if number is not None:
        assert number[0] == "+"
        assert number[1:].isascii()
        assert 7 <= len(number) - 1 <= 15
        assert number[1:].isdigit()
        assert e164(number) == number


def test_a_number_is_written_as_the_peer_wants_it() -> None:
    assert [styled("+8613800000000", style) for style in ("e164", "digits", "national")] == [
        "+8613800000000", "8613800000000", "13800000000",
    ]  # fmt: skip


def test_a_number_without_its_country_is_of_the_organisations() -> None:
    assert e164("020 7946 0000", "44") == "+442079460000"


# ---------------------------------------------------------------- nothing private

digits = st.sampled_from(("0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩"))
around = st.text(st.sampled_from("督办件，：abc /()"), max_size=8)


def spelt(number: str, numerals: str) -> str:
    return "".join(numerals[int(char)] if char.isdigit() else char for char in number)


@given(around, around, st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), digits, st.integers(0, 6))
def test_a_mobile_number_never_leaves_in_a_text(
    before: str, after: str, number: str, numerals: str, form: int
) -> None:
    shapes = (
        number,
        f"{number[:3]}-{number[3:7]}-{number[7:]}",
        f"+86 {number}",
        f"{number[:3]} {number[3:7]}\u200b {number[7:]}",
        f"{number[:3]}.{number[3:7]}.{number[7:]}",
        f"({number[:3]})  {number[3:7]}  {number[7:]}",
        f"{number[:3]}·{number[3:7]}/{number[7:]}",
    )
    assert found_private(before + spelt(shapes[form], numerals) + after) is not None


@given(
    around,
    st.from_regex(r"[1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9])[0-9]{3}", fullmatch=True),
    st.sampled_from("0123456789Xx"),
    digits,
)
def test_an_identity_number_never_leaves_in_a_text(
    before: str, number: str, last: str, numerals: str
) -> None:
    assert found_private(before + spelt(number, numerals) + last) is not None


@given(around, st.emails(domains=st.just("example.org")), around)
def test_a_mail_address_never_leaves_in_a_text(before: str, address: str, after: str) -> None:
    name = "".join(char for char in address.partition("@")[0] if char.isalnum()) or "x"
    assert found_private(f"{before}{name}@example.org {after}") is not None


@pytest.mark.parametrize(
    "text",
    [
        "【督办】RG-2026-000123 逾期 3 天，请于 2026-11-23 17:30 前办结",
        "37 tasks are due on 2026-11-23, 12 of them late",
        "RG-12、RG-13、RG-14 等 25 件",
        "1,234,567 of 24,000,000; 2026-11-23 08:00:00",
        "第 37 号日报：红灯 12，黄灯 345",
    ],
)
def test_everyday_texts_pass(text: str) -> None:
    assert found_private(text) is None


# ---------------------------------------------------------------- what is kept

CONTENT = Content(
    language="zh",
    subject="RG-12 逾期",
    text="…",
    phrases=("RG-12 逾期 3 天",),
    template="late",
    values={"task": "RG-12", "days": "3"},
)
ENVELOPE = Envelope(
    delivery_id=7,
    address="13800000000",
    name="某人",
    message_id="<d7.x@duban.example>",
    class_="formal",
    about="notice",
    date=0,
    zone="Asia/Shanghai",
)


def test_a_body_says_what_is_sent_and_what_it_costs() -> None:
    body = written(CONTENT, ENVELOPE, TextSettings(), "督办")
    assert json.loads(body.to_bytes()) == {
        "format": 1,
        "text": "【督办】RG-12 逾期 3 天",
        "encoding": "ucs2",
        "segments": 1,
        "template": "late",
        "values": {"days": "3", "task": "RG-12"},
    }
    assert Body.from_bytes(body.to_bytes()) == body


def test_a_content_without_phrases_says_its_subject() -> None:
    assert (
        written(dataclasses.replace(CONTENT, phrases=()), ENVELOPE, TextSettings(), "").text == "RG-12 逾期"
    )


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"phrases": ("致电 13800000000",)}, "telephone"),
        ({"values": {"who": "a@example.org"}}, "mail address"),
        ({"phrases": ("\ud83d",)}, "half of a character"),
        ({"phrases": (), "subject": "\n"}, "nothing to say"),
        ({"phrases": (), "subject": "11010519491231002X"}, "identity"),
    ],
)
def test_what_must_not_be_sent_is_not_written(change: dict[str, object], complaint: str) -> None:
    content = dataclasses.replace(CONTENT, **change)  # type: ignore[arg-type]
    with pytest.raises(Unwritten, match=complaint) as refused:
        written(content, ENVELOPE, TextSettings(), "")
    assert "短信未写成" in refused.value.why.zh
    assert "13800000000" not in refused.value.why.zh + refused.value.why.en


def test_a_wrong_number_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(Unwritten, match="dialled") as refused:
        written(CONTENT, dataclasses.replace(ENVELOPE, address="12345"), TextSettings(), "")
    assert "12345" not in refused.value.why.en
