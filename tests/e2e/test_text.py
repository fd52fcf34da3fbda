"""Texts by SMPP to node-smpp, and by HTTP to Kannel with its fake message centre and with node-smpp."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

import pytest

from notifier.channel import Receipt
from notifier.sms.gateway import gateway_channel, read_receipt
from tests.e2e.conftest import Measured
from tests.e2e.processes import free_port, until
from tests.e2e.sending import TEXT, kannel_settings, receipts, send, smpp_to, text
from tests.e2e.text_peers import TextPeers

pytestmark = pytest.mark.e2e
LONG = (
    TEXT,
    "逾期将通报。请登录督办系统查看任务要求。",
    "如有疑问，请与督办员联系。",
    "感谢支持示范点创建工作。",
)


@pytest.fixture(scope="module")
def calls() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Where Kannel reports to, and what it has reported."""
    heard: list[dict[str, str]] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            heard.append(dict(parse_qsl(urlsplit(self.path).query)))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/report", heard
        server.shutdown()


# --- SMPP -------------------------------------------------------------------------------------------


def test_chinese_in_two_segments_by_smpp(texts: TextPeers, measured: Measured) -> None:
    channel = smpp_to(texts)
    _, outcome = send(channel, text(*LONG), "13900000101")
    assert outcome.end == "accepted"
    got = texts.arrived("8613900000101")
    assert got["text"].startswith("【退役军人事务局】")
    assert TEXT.rstrip("。") in got["text"]
    assert (len(got["lengths"]), got["codings"]) == (2, [8])
    assert max(got["lengths"]) <= 67
    found = until("its reports", lambda: receipts(channel))
    references = (outcome.reference or "").split()
    assert references == got["ids"]
    assert [one.end for one in found] == ["delivered"] * len(found)
    measured(
        f"SMPP, {len(got['text'])} characters of Chinese: node-smpp decodes {len(got['lengths'])} segments "
        f"of {' and '.join(map(str, got['lengths']))} characters (data_coding 8) and joins them whole; its "
        f"reports come back by deliver_sm: `{found[0].end}`"
    )


def test_a_text_that_does_not_arrive(texts: TextPeers, measured: Measured) -> None:
    channel = smpp_to(texts)
    _, outcome = send(channel, text(TEXT), "13900000000")
    (found,) = until("its report", lambda: receipts(channel))
    assert (found.reference, found.end) == (outcome.reference, "bounced")
    measured(f"SMPP, a report of UNDELIV: `{found.end}`, code {found.code}, of the right message")


def test_what_the_centre_refuses_and_puts_off(texts: TextPeers, measured: Measured) -> None:
    _, refused = send(smpp_to(texts), text(TEXT), "13900008888")
    _, later = send(smpp_to(texts), text(TEXT), "13900009999")
    _, again = send(smpp_to(texts), text(TEXT), "13900009999")
    assert [one.end for one in (refused, later, again)] == ["refused", "later", "accepted"]
    receipts(smpp_to(texts))
    measured(
        f"SMPP, {refused.code}: `{refused.end}`; {later.code}: `{later.end}`, and accepted at the second try"
    )


def test_an_account_that_the_centre_does_not_know(texts: TextPeers, measured: Measured) -> None:
    _, outcome = send(smpp_to(texts, password="wrong"), text(TEXT), "13900000103")
    assert outcome.end == "unauthorised"
    measured(f"SMPP, a wrong password: {outcome.code} at the bind, the try ends `{outcome.end}`")


# --- Kannel -----------------------------------------------------------------------------------------

Calls = tuple[str, list[dict[str, str]]]


def report_on(texts: TextPeers, calls: Calls, ident: int) -> Receipt:
    """Kannel's report on a text, as our settings read it."""
    receipt = kannel_settings(texts, route="fake", answers=calls[0]).receipt
    assert receipt is not None

    def found() -> Receipt | None:
        mine = (one for one in calls[1] if one.get("id") == str(ident))
        return next((read for one in mine if (read := read_receipt(receipt, one))), None)

    return until(f"Kannel's report on {ident}", found)


def faked_text(lines: list[str]) -> str:
    """What Kannel's fake message centre was given, joined and decoded."""
    data = [re.search(r" data (\S*)>$", line.replace("+", " ")) for line in lines]
    assert all(data)
    return "".join(
        unquote_to_bytes(re.sub(r" (?=\S*>?$)", "%20", one[1])).decode("utf-16-be") for one in data if one
    )


def test_chinese_in_two_segments_by_kannel_and_its_fake_centre(
    texts: TextPeers, calls: Calls, measured: Measured
) -> None:
    channel = gateway_channel("sms", kannel_settings(texts, route="fake", answers=calls[0]))
    parcel, outcome = send(channel, text(*LONG), "13900000201")
    assert (outcome.end, outcome.reference) == ("accepted", str(parcel.delivery_id))
    number = "8613900000201"
    lines = until("both segments", lambda: found if len(found := texts.faked(number)) == 2 else None)
    assert TEXT.rstrip("。") in faked_text(lines)
    assert all(" udh %05%00%03" in line for line in lines)
    receipt = report_on(texts, calls, parcel.delivery_id)
    assert receipt.end == "delivered"
    measured(
        f"Kannel by HTTP: {outcome.code}, its fake message centre gets the Chinese whole in {len(lines)} "
        f"segments with UDH; its report calls back with status {receipt.code}: `{receipt.end}`"
    )


@pytest.mark.parametrize(("number", "end"), [("13900000202", "delivered"), ("13900010000", "bounced")])
def test_kannel_as_the_client_of_the_smpp_centre(
    texts: TextPeers, calls: Calls, measured: Measured, number: str, end: str
) -> None:
    channel = gateway_channel("sms", kannel_settings(texts, route="smpp", answers=calls[0]))
    parcel, outcome = send(channel, text(*LONG), number)
    assert outcome.end == "accepted"
    got = texts.arrived(f"86{number}")
    assert got["text"].startswith("【退役军人事务局】")
    receipt = report_on(texts, calls, parcel.delivery_id)
    assert receipt.end == end
    measured(
        f"Kannel by HTTP and on by SMPP: {len(got['lengths'])} segments ({got['lengths']}), Kannel's own "
        f"report calls back with status {receipt.code}: `{receipt.end}`"
    )


def test_a_password_that_kannel_does_not_know_and_no_kannel(
    texts: TextPeers, calls: Calls, measured: Measured
) -> None:
    settings = kannel_settings(texts, route="fake", answers=calls[0])
    wrong = kannel_settings(texts, route="fake", answers=calls[0], password="wrong")
    _, refused = send(gateway_channel("sms", wrong), text(TEXT), "13900000203")
    away = settings.model_copy(update={"url": f"http://127.0.0.1:{free_port()}/cgi-bin/sendsms"})
    _, unreached = send(gateway_channel("sms", away), text(TEXT), "13900000203")
    assert [refused.end, unreached.end] == ["unauthorised", "unreachable"]
    measured(
        f"Kannel, a wrong password: {refused.code}, `{refused.end}`; nobody at its port: `{unreached.end}`"
    )
