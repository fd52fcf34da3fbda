"""Text messages through a gateway that is described in the settings."""

from __future__ import annotations

import dataclasses
import json
import socket
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from notifier.channel import Outcome, Receipt
from notifier.content import Content, Envelope, Parcel
from notifier.office.settling import NotYet
from notifier.sms.gateway import Answered, GatewayChannel, at, gateway_channel, judge, read_receipt, request
from notifier.sms.settings import GatewaySettings, ReceiptSettings
from tests.http_peer import Reply, http_peer

NUMBER = "13800000000"
KANNEL: dict[str, Any] = {
    "method": "GET",
    "url": "http://127.0.0.1/cgi-bin/sendsms",
    "query": {
        "username": "duban",
        "password": "{password}",
        "to": "{to}",
        "from": "{from}",
        "text": "{text}",
        "charset": "UTF-8",
        "coding": "{coding}",
        "dlr-mask": "19",
        "dlr-url": "https://duban.example/receipts/kannel?id={id}&status=%d",
    },
    "sender": "10690000",
    "success": {"status": [202], "pattern": "^0: Accepted"},
    "later": {"pattern": "^3: Queued"},
    "unauthorised": {"status": [403]},
    "secrets": {"password": "env:KANNEL"},
}
JSON: dict[str, Any] = {
    "url": "http://127.0.0.1/send",
    "headers": {"Authorization": "Bearer {key}"},
    "json_body": {"to": ["{to}"], "message": {"text": "{text}", "parts": "{segments}"}, "flash": False},
    "secrets": {"key": "env:KEY"},
    "success": {"path": "result.code", "values": ["0"]},
    "refused": {"path": "result.code", "values": ["21", "22"]},
    "later": {"path": "result.code", "values": ["9"]},
    "reference_path": "result.ids.0",
}
CONTENT = Content(language="zh", subject="x", text="x", phrases=('RG-12 逾期 3 天 & "督办" {to} 50%+',))
TEXT = CONTENT.phrases[0]
ENVELOPE = Envelope(
    delivery_id=7,
    address=NUMBER,
    name="",
    message_id="<d7.x@duban.example>",
    class_="formal",
    about="notice",
    date=0,
    zone="Asia/Shanghai",
)


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KANNEL", "se&cret")
    monkeypatch.setenv("KEY", "k-1")


def channel(settings: dict[str, Any], url: str, **changes: Any) -> GatewayChannel:
    path = settings["url"].removeprefix("http://127.0.0.1")
    return gateway_channel(
        "text", GatewaySettings.model_validate({**settings, "timeout": 5, **changes, "url": url + path})
    )


def sent(made: GatewayChannel, text: str = TEXT) -> Outcome:
    content = dataclasses.replace(CONTENT, phrases=(text,))
    parcel = Parcel(delivery_id=7, address=NUMBER, message_id="<x>", body=made.write(content, ENVELOPE))
    with made.session() as send:
        return send(parcel)


# ---------------------------------------------------------------- what the gateway sees


def test_kannel_is_asked_as_its_manual_says() -> None:
    with http_peer(Reply(status=202, body=b"0: Accepted for delivery")) as peer:
        outcome = sent(channel(KANNEL, peer.url, number="digits"))
    [asked] = peer.asked
    assert (asked.method, asked.path.partition("?")[0]) == ("GET", "/cgi-bin/sendsms")
    assert asked.query == {
        "username": "duban",
        "password": "se&cret",
        "to": "8613800000000",
        "from": "10690000",
        "text": TEXT,
        "charset": "UTF-8",
        "coding": "2",
        "dlr-mask": "19",
        "dlr-url": "https://duban.example/receipts/kannel?id=7&status=%d",
    }
    assert outcome == Outcome.accepted(code="202", reference="7")


def test_a_json_body_is_json_whatever_stands_in_it() -> None:
    with http_peer(Reply(body=b'{"result": {"code": 0, "ids": ["m-9"]}}')) as peer:
        outcome = sent(channel(JSON, peer.url))
    [asked] = peer.asked
    assert json.loads(asked.body) == {
        "to": ["+8613800000000"], "message": {"text": TEXT, "parts": "1"}, "flash": False,
    }  # fmt: skip
    assert asked.headers["authorization"] == "Bearer k-1"
    assert outcome.reference == "m-9"


def test_a_form_is_a_form() -> None:
    form = {"form": {"mobile": "{to}", "content": "{text}"}, "json_body": None, "number": "national"}
    with http_peer(Reply(body=b'{"result": {"code": 0}}')) as peer:
        sent(channel(JSON, peer.url, **form))
    assert peer.asked[0].form == {"mobile": NUMBER, "content": TEXT}


anything = st.text(min_size=1, max_size=40)


@given(anything)
def test_no_text_gets_out_of_its_place(text: str) -> None:
    """Whatever stands in a text or a secret, there are as many fields as the settings name."""
    settings = GatewaySettings.model_validate(
        {
            **JSON,
            "url": "http://gateway.example/{id}/{key}",
            "query": {"q": "{key}", "fixed": "1"},
            "headers": {"X-Key": "{key}"},
        }
    )
    body = {"text": text, "encoding": "ucs2", "segments": 1, "template": "x", "values": {}, "format": 1}
    parcel = Parcel(delivery_id=7, address=NUMBER, message_id="<x>", body=json.dumps(body).encode())
    with httpx2.Client() as client:
        made = request(client, settings, {"key": text}, parcel)
    assert made.url.host == "gateway.example"
    assert made.url.path.startswith("/7/")
    assert dict(made.url.params) == {"q": text, "fixed": "1"}
    assert json.loads(made.content)["message"]["text"] == text
    assert "\r" not in made.headers["x-key"]
    assert "\n" not in made.headers["x-key"]


# ---------------------------------------------------------------- how a try ends


@pytest.mark.parametrize(
    ("reply", "end"),
    [
        (Reply(status=202, body=b"0: Accepted for delivery"), "accepted"),
        (Reply(status=202, body=b"3: Queued for later delivery"), "later"),
        (Reply(status=403, body=b"Authorization failed for sendsms"), "unauthorised"),
        (Reply(status=503, body=b"Temporal failure, try again later."), "unknown"),
        (Reply(status=400, body=b"Bad request"), "later"),
        (Reply(status=302, headers={"Location": "https://elsewhere.example/"}), "later"),
        # It lies: yes in the status, something else in the words.
        (Reply(status=200, body=b"<html><title>Maintenance</title></html>"), "unknown"),
        (Reply(status=202, body=b""), "unknown"),
        (Reply(status=202, body=b"\xff\xfe\x00"), "unknown"),
        (Reply(status=202, body=b"0: Accepted", then="cut"), "unknown"),
        (Reply(status=200, then="endless"), "unknown"),
        (Reply(then="hang_up"), "unknown"),
    ],
    ids=lambda one: one if isinstance(one, str) else f"{one.status} {one.then} {one.body[:12]!r}",
)
def test_how_a_try_ends(reply: Reply, end: str) -> None:
    with http_peer(reply) as peer:
        outcome = sent(channel(KANNEL, peer.url))
    assert outcome.end == end
    assert len(peer.asked) == 1
    if end != "accepted":
        assert outcome.why is not None
        assert NUMBER not in outcome.why.zh + outcome.why.en


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        ('{"result": {"code": 0, "ids": [17]}}', "accepted"),
        ('{"result": {"code": "0"}}', "accepted"),
        ('{"result": {"code": 21}}', "refused"),
        ('{"result": {"code": 9}}', "later"),
        ('{"result": {"code": 99}}', "unknown"),
        ('{"result": [0]}', "unknown"),
        ('{"code": 0}', "unknown"),
        ("[]", "unknown"),
        ("[" * 5_000, "unknown"),
        ("null", "unknown"),
    ],
)
def test_a_json_answer_is_judged_by_what_stands_at_its_path(answer: str, end: str) -> None:
    settings = GatewaySettings.model_validate(JSON)
    assert judge(settings, Answered(status=200, text=answer), "7").end == end


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    outcome = sent(channel(KANNEL, f"http://127.0.0.1:{port}"))
    assert (outcome.end, outcome.code) == ("unreachable", "ConnectError")


def test_a_certificate_that_nobody_vouches_for_is_not_believed() -> None:
    """TLS towards a plain peer breaks in the handshake: nothing was handed over."""
    with http_peer() as peer:
        outcome = sent(channel(KANNEL, peer.url.replace("http://", "https://")))
    assert outcome.end == "unreachable"


def test_a_gateway_that_says_nothing_leaves_it_in_doubt() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        outcome = sent(channel(KANNEL, f"http://127.0.0.1:{port}", timeout=0.2))
    assert (outcome.end, outcome.code) == ("unknown", "ReadTimeout")


def test_a_reference_may_stand_in_words() -> None:
    settings = GatewaySettings.model_validate({**KANNEL, "reference_pattern": r"delivery: ([0-9a-f-]+)"})
    found = Answered(status=202, text="0: Accepted for delivery: 0a-1b")
    assert judge(settings, found, "7").reference == "0a-1b"
    assert judge(settings, Answered(status=202, text="0: Accepted"), "7").reference is None


# ---------------------------------------------------------------- receipts

REPORTS = ReceiptSettings(
    reference="id", status="status", delivered=("1",), bounced=("2", "16"), code="answer"
)


@pytest.mark.parametrize(
    ("query", "receipt"),
    [
        ({"id": "7", "status": "1"}, Receipt(reference="7", end="delivered", code="1")),
        ({"id": "7", "status": "8", "answer": "x"}, Receipt(reference="7", end="later", code="x")),
        ({"id": "7"}, None),
        ({"status": "1"}, None),
        ({}, None),
    ],
)
def test_a_report_is_read_from_a_query(query: dict[str, str], receipt: Receipt | None) -> None:
    assert read_receipt(REPORTS, query) == receipt


def test_a_report_of_what_did_not_arrive_says_so() -> None:
    receipt = read_receipt(REPORTS, {"id": "7", "status": "16"})
    assert receipt is not None
    assert receipt.end == "bounced"
    assert receipt.why is not None
    assert "16" in receipt.why.zh


def test_reports_can_be_asked_for() -> None:
    reports = {"data": [{"m": {"id": "a"}, "s": 1}, {"m": {}, "s": 1}, 5, {"m": {"id": "b"}, "s": 2}]}
    with http_peer(Reply(body=json.dumps(reports).encode())) as peer:
        made = channel(
            JSON,
            peer.url,
            receipt={
                "reference": "m.id",
                "status": "s",
                "delivered": ["1"],
                "bounced": ["2"],
                "poll": peer.url + "/reports?key={key}",
                "items": "data",
            },
        )
        kept: list[Receipt] = []
        assert made.receipts(kept.append) == 2
    assert [(one.reference, one.end) for one in kept] == [("a", "delivered"), ("b", "bounced")]
    assert peer.asked[0].query == {"key": "k-1"}


def test_a_report_that_can_t_be_kept_yet_loses_neither_itself_nor_the_others() -> None:
    """A gateway tells each report once."""
    reports = [{"id": "early", "s": "1"}, {"id": "a", "s": "1"}, {"id": "b", "s": "2"}]
    receipt = {"reference": "id", "status": "s", "delivered": ["1"], "bounced": ["2"], "items": "data"}
    kept: list[str] = []
    known = {"a", "b"}

    def keep(one: Receipt) -> None:
        if one.reference not in known:
            raise NotYet("尚未", "not yet")
        kept.append(one.reference)

    once = (Reply(body=json.dumps({"data": reports}).encode()), Reply(body=b'{"data": []}'))
    with http_peer(*once) as peer:
        made = channel(JSON, peer.url, receipt={**receipt, "poll": peer.url + "/reports"})
        with pytest.raises(NotYet):
            made.receipts(keep)
        assert kept == ["a", "b"]
        known.add("early")
        assert made.receipts(keep) == 1
    assert kept == ["a", "b", "early"]


@pytest.mark.parametrize("reply", [Reply(then="hang_up"), Reply(body=b"<html>"), Reply(body=b'{"data": 1}')])
def test_a_gateway_that_cannot_be_asked_has_nothing_to_say(reply: Reply) -> None:
    with http_peer(reply) as peer:
        receipt = {"reference": "id", "status": "s", "delivered": ["1"], "poll": peer.url, "items": "data"}
        assert channel(JSON, peer.url, receipt=receipt).receipts(lambda _receipt: None) == 0


def test_without_an_address_nobody_is_asked() -> None:
    assert channel(KANNEL, "http://127.0.0.1:1").receipts(lambda _receipt: None) == 0


trees = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(trees)
def test_a_path_leads_nowhere_quietly(data: Any) -> None:
    assert at("a.0.b", data) is None or isinstance(at("a.0.b", data), str)


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"query": {"to": "{whom}"}}, "whom"),
        ({"query": {"to": "{to.__class__}"}}, "not known"),
        ({"query": {"to": "{to!r}"}}, "not known"),
        ({"query": {"to": "{to:>9}"}}, "not known"),
        ({"query": {"to": "{}"}}, "not known"),
        ({"query": {"to": "{to"}}, "expected '}'"),
        ({"headers": {"X": "{text}"}}, "not known"),
        ({"json_body": {"a": [{"b": "{c}"}]}}, "not known"),
        ({"url": "ftp://gateway.example/"}, "url"),
        ({"form": {}, "body": ""}, "only one"),
        ({"success": {}}, "says nothing"),
        ({"success": {"path": "a"}}, "go together"),
        ({"success": {"pattern": "("}}, "unterminated"),
        ({"reference_pattern": "x"}, "one group"),
        ({"pasword": "x"}, "pasword"),
    ],
)
def test_settings_that_are_wrong_are_refused(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        GatewaySettings.model_validate({**KANNEL, **change})
