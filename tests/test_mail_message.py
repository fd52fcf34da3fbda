"""Mail as bytes: judged by what readers parse of it, and by its raw lines."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.header import decode_header
from pathlib import Path
from typing import Any

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from notifier.channel import Unwritten
from notifier.content import Attachment, Picture
from notifier.mail import mail_channel
from notifier.mail.headers import cut, safe
from notifier.mail.message import message
from tests.mailing import HEAD, ID, content, envelope, parsed, settings
from workflow.errors import UsageError
from workflow.text import Text

ONCE = (
    "From", "Reply-To", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
    "X-Auto-Response-Suppress", "X-Duban-Loop", "List-Id", "Precedence", "X-Duban-Digest",
    "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type",
)  # fmt: skip
WAY_OUT = "https://duban.example.org/u/abc"
HOSTILE = (
    "王\r\nBcc: all@example.org",
    "a\nb",
    "nul\0here",
    "line\u2028sep\u2029para",
    "=?utf-8?q?x=0d=0aBcc:_all@example.org?=",
    "=?utf-8?b?DQpCY2M6IGE=?=",
    "==?utf-8?q?a=0D=0ABcc=3A_x?=",
    "===?utf-8?q?a=0D=0ABcc=3A_x?=",
    "=\u200e?utf-8?q?a=0D=0ABcc=3A_x?=",
    "\u202egnp.exe",
    "\u2066isolated\u2069",
    'quo"te\\ <x@example.org>, y@example.org',
    "lone \ud800 half",
    "👩‍👩‍👧 家",
    "",
)


def information(**more: Any) -> Any:
    usual = {"class_": "information", "about": "digest", "digest_number": 37, "unsubscribe": WAY_OUT}
    return envelope(**usual | more)


def written(text: Any = None, to: Any = None, **given: Any) -> bytes:
    return message(text or content(), to or envelope(), settings(**given))


def field_names(raw: bytes) -> list[str]:
    """The names at the starts of raw header lines; a line that is neither start nor fold fails."""
    lines = raw.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert all(re.match(rb"[A-Za-z-]+: ?|[ \t]", line) for line in lines)
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    return [line.partition(b":")[0].decode() for line in lines if not line.startswith((b" ", b"\t"))]


# ------------------------------------------------------------------ what it says


def test_a_notice_in_chinese() -> None:
    mail = parsed(
        written(content(html="<p>三日后到期</p>"), reply_to="office@example.org", sender_name="督办")
    )
    assert mail["To"].addresses[0].display_name == "王小明"
    assert mail["To"].addresses[0].addr_spec == "wang@example.net"
    assert mail["From"].addresses[0].display_name == "督办"
    assert mail["Reply-To"] == "office@example.org"
    assert mail["Subject"] == "清河县：整改将于三日后到期"
    assert mail["Date"] == "Mon, 23 Nov 2026 08:00:00 +0800"
    assert (mail["Message-ID"], mail["In-Reply-To"], mail["References"]) == (ID, HEAD, HEAD)
    assert mail.get_content_type() == "multipart/alternative"
    assert [one.get_content_type() for one in mail.iter_parts()] == ["text/plain", "text/html"]
    plain = mail.get_body(("plain",))
    assert plain is not None
    assert plain.get_content() == "请在十一月二十日前反馈。\r\n谢谢。\r\n"
    assert mail.defects == []


def test_the_name_of_the_sender_follows_the_language() -> None:
    names = {"zh": "督办", "en": "Duban"}
    assert (
        parsed(written(content(language="en"), sender_name=names))["From"].addresses[0].display_name
        == "Duban"
    )
    assert parsed(written(content(), sender_name=names))["From"].addresses[0].display_name == "督办"


def test_formal_notices_can_t_be_switched_off() -> None:
    mail = parsed(written(to=envelope(unsubscribe=WAY_OUT), unsubscribe="off@example.org"))
    assert mail["List-Unsubscribe"] is None
    assert mail["List-Unsubscribe-Post"] is None
    assert mail["Precedence"] is None
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["X-Duban-Loop"] == "example.org"
    assert mail["List-Id"] == "<formal.example.org>"


def test_information_can_be_switched_off_with_one_click() -> None:
    mail = parsed(written(to=information(), unsubscribe="off@example.org"))
    assert (
        mail["List-Unsubscribe"]
        == f"<{WAY_OUT}>, <mailto:off@example.org?subject=unsubscribe%20{WAY_OUT.rpartition('/')[2]}>"
    )
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (mail["Precedence"], mail["X-Duban-Digest"]) == ("bulk", "37")


def test_pictures_stand_in_the_html_and_files_beside_it() -> None:
    data = bytes(range(256))
    raw = written(
        content(
            html='<img src="cid:trend">',
            pictures=(Picture(id="trend", data=data, alt="trend"),),
            attachments=(Attachment(name="督办函 7.pdf", type="application/pdf", data=data),),
        )
    )
    mail = parsed(raw)
    assert mail.get_content_type() == "multipart/mixed"
    kinds = [one.get_content_type() for one in mail.walk()]
    assert kinds == [
        "multipart/mixed", "multipart/alternative", "text/plain",
        "multipart/related", "text/html", "image/png", "application/pdf",
    ]  # fmt: skip
    picture = next(one for one in mail.walk() if one.get_content_type() == "image/png")
    assert picture["Content-ID"] == "<trend>"
    assert picture.get_content() == data
    (file,) = mail.iter_attachments()
    assert file.get_filename() == "督办函 7.pdf"
    assert file.get_content() == data


def test_the_same_input_gives_the_same_bytes_in_lines_that_servers_take() -> None:
    raw = written(content(html="<p>" + "长" * 5000, text="x" * 5000 + "长"))
    assert raw == written(content(html="<p>" + "长" * 5000, text="x" * 5000 + "长"))
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 78
    assert b"\n" not in raw.replace(b"\r\n", b"")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_any_text_is_read_back(text: str) -> None:
    plain = parsed(written(content(text=text))).get_content()
    expected = re.sub("[\x00-\x08\x0b-\x1f\x7f-\x9f]", "", re.sub("\r\n|[\n\r\u2028\u2029]", "\n", text))
    assert plain.replace("\r\n", "\n").removesuffix("\n") == expected.removesuffix("\n")


def test_a_text_that_can_t_be_coded_is_refused() -> None:
    with pytest.raises(Unwritten, match="can't be coded"):
        written(content(text="half \ud800"))


# ------------------------------------------------------------------ headers that nobody forges


def check_headers(raw: bytes, name: str) -> None:
    names = field_names(raw)
    assert len(names) == len({*names})
    assert {*names} <= {*ONCE, "Content-Transfer-Encoding"}
    mail = parsed(raw)
    assert mail["Bcc"] is None
    assert [one.addr_spec for one in mail["To"].addresses] == ["wang@example.net"], name
    shown = str(mail["To"]) + str(mail["Subject"])
    assert not re.search("[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069]", shown)
    # Readers that decode what was decoded already find no line end either.
    again = [one if isinstance(one, bytes) else one.encode() for one, _ in decode_header(shown)]
    assert not re.search(b"[\r\n]", b"".join(again))


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_cleaned_and_stops_nothing(name: str) -> None:
    check_headers(written(to=information(name=name), sender_name=name), name)


@given(st.text(max_size=200) | st.lists(st.sampled_from(HOSTILE)).map("".join))
def test_no_name_forges_a_header(name: str) -> None:
    check_headers(written(to=information(name=name)), name)


@given(st.text(max_size=300) | st.lists(st.sampled_from(HOSTILE)).map("".join))
def test_no_subject_forges_a_header(subject: str) -> None:
    try:
        raw = written(content(subject=subject), information())
    except Unwritten:
        marks = "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]*"
        assert re.search(f"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|={marks}[?]", subject)
    else:
        check_headers(raw, "")


@pytest.mark.parametrize("subject", HOSTILE[:9])
def test_a_subject_that_would_forge_a_header_is_refused(subject: str) -> None:
    with pytest.raises(Unwritten, match="forge a header"):
        written(content(subject=subject))


def test_encoded_words_that_hide_nothing_are_literal_text() -> None:
    subject = "about =?utf-8?q?this?= form"
    assert safe(subject, Text("", "")) == subject
    assert parsed(written(content(subject=subject)))["Subject"] == subject


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_name_is_only_a_name(name: str) -> None:
    one = Attachment(name=f"../../{name}.pdf", type="application/pdf", data=b"x")
    (file,) = parsed(written(content(attachments=(one,)))).iter_attachments()
    found = file.get_filename() or ""
    assert found
    assert not re.search('[\x00-\x1f/\\\\"\u2028]', found)
    assert file.keys() == ["Content-Type", "Content-Disposition", "Content-Transfer-Encoding"]


@pytest.mark.parametrize(
    "address",
    [
        "", "wang", "wang@", "@example.net", "wang@example.net\r\nBcc: x@example.org", "wang@exam ple.net",
        "a@b@example.net", "Wang <wang@example.net>", "wang@example.net,li@example.net", "wang\0@example.net",
        "wang@example.net\u2028", "=?utf-8?q?a?=@exa\nmple.net", "x" * 65 + "@example.net",
        "\ud800@example.net",
    ],
)  # fmt: skip
def test_a_wrong_address_is_refused_and_not_repeated(address: str) -> None:
    with pytest.raises(Unwritten) as refused:
        written(to=envelope(address=address))
    assert "wang" not in refused.value.why.en


def test_international_addresses() -> None:
    assert parsed(written(to=envelope(address="wang@例子.中国")))["To"].addresses[0].addr_spec == (
        "wang@xn--fsqu00a.xn--fiqs8s"
    )
    assert "王@xn--fsqu00a.xn--fiqs8s".encode() in written(to=envelope(address="王@例子.中国"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"message_id": "no brackets@example.org"},
        {"message_id": "<a@b>\r\nBcc: x"},
        {"thread": ("<a@b> <c",)},
        {"unsubscribe": "http://example.org/u"},
        {"unsubscribe": "https://example.org/u>\r\nBcc: x"},
        {"zone": "Mars/Olympus"},
        {"zone": "../../etc/passwd"},
    ],
)
def test_what_can_t_stand_in_a_header_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Unwritten):
        written(to=information(**wrong))


# ------------------------------------------------------------------ subjects


def test_a_long_subject_ends_at_a_phrase() -> None:
    found = parsed(written(content(subject="整改通知，" * 60)))["Subject"]
    assert len(found) <= 120
    assert found.endswith("知…")


def test_a_cut_parts_no_emoji() -> None:
    family = "👩‍👩‍👧"
    assert cut("x" * 115 + family * 3) in {"x" * 115 + "…", "x" * 115 + family[:0] + "…"}
    assert len(cut("\u0301" * 500)) <= 120


def test_marks_of_direction_are_taken_out() -> None:
    assert parsed(written(content(subject="a\u202eb\u2067c\u200fd")))["Subject"] == "abcd"


# ------------------------------------------------------------------ DKIM


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, str], bytes]:
    """Settings, and the key as DNS would publish it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path: Path = tmp_path_factory.mktemp("dkim") / "key.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    record = b"v=DKIM1; k=rsa; p=" + b"".join(public.splitlines()[1:-1])
    return {"selector": "s1", "domain": "example.org", "key": f"file:{path}"}, record


def verified(raw: bytes, record: bytes) -> bool:
    return bool(dkim.verify(raw, dnsfunc=lambda _name, **_: record))


def test_what_is_signed_is_what_arrives(signing: tuple[dict[str, str], bytes]) -> None:
    given, record = signing
    raw = mail_channel("mail", settings(dkim=given)).write(content(html="<p>红灯</p>"), information())
    assert verified(raw, record)
    signature = re.sub(r"\s", "", str(message_from_bytes(raw, policy=policy.compat32)["DKIM-Signature"]))
    tags = dict(one.partition("=")[::2] for one in signature.split(";"))
    covered = tags["h"].split(":")
    assert tags["c"] == "relaxed/relaxed"
    assert covered.count("from") == 2
    assert {
        "to", "subject", "date", "message-id", "references", "in-reply-to", "mime-version", "content-type",
        "list-unsubscribe", "list-unsubscribe-post",
    } <= {*covered}  # fmt: skip


def test_the_same_message_is_signed_the_same(signing: tuple[dict[str, str], bytes]) -> None:
    given, record = signing
    channel = mail_channel("mail", settings(dkim=given))
    once, again = (channel.write(content(), information()) for _ in range(2))
    assert verified(once, record)
    assert once[: once.index(b"\r\nFrom:")] == again[: again.index(b"\r\nFrom:")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"One-Click", b"Two-Click"),
        (b"/u/abc", b"/u/abd"),
        (b"To: ", b"To: x"),
        (b"From: ", b"From: other@example.org\r\nFrom: "),
        (b"base64\r\n\r\n", b"base64\r\n\r\nAAAA"),
    ],
)
def test_tampering_breaks_the_signature(
    old: bytes, new: bytes, signing: tuple[dict[str, str], bytes]
) -> None:
    given, record = signing
    raw = mail_channel("mail", settings(dkim=given)).write(content(html="<p>红灯</p>"), information())
    start = raw.index(b"\r\nFrom:")
    assert old in raw[start:]
    assert not verified(raw[:start] + raw[start:].replace(old, new, 1), record)


def test_a_key_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("hello")
    with pytest.raises(UsageError, match="RSA private key"):
        mail_channel(
            "m", settings(dkim={"selector": "s", "domain": "a.org", "key": f"file:{tmp_path}/key.pem"})
        )
