"""Chat by Apprise, against a peer on this machine, through Apprise's json:// service."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest
from pydantic import ValidationError

from notifier.channel import Outcome, Unwritten
from notifier.chat import ChatChannel, ChatSettings, chat_channel
from notifier.content import Content, Envelope, Parcel
from tests.http_peer import Peer, Reply, http_peer
from workflow.errors import UsageError

CONTENT = Content(language="zh", subject="RG-12 逾期\n3 天", text="RG-12 逾期 3 天 🔴\n请办理。{ops} %ops%")


@pytest.fixture(autouse=True)
def _secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS", "a/b?c")


def channel(**changes: Any) -> ChatChannel:
    usual = {"services": ["json", "wecombot"], "secrets": {"ops": "env:OPS"}, "timeout": 5}
    return chat_channel("chat", ChatSettings.model_validate({**usual, **changes}))


def envelope(address: str) -> Envelope:
    return Envelope(
        delivery_id=7,
        address=address,
        name="",
        message_id="<x>",
        class_="formal",
        about="notice",
        date=0,
        zone="UTC",
    )


def sent(made: ChatChannel, address: str, content: Content = CONTENT) -> Outcome:
    body = made.write(content, envelope(address))
    with made.session() as send:
        return send(Parcel(delivery_id=7, address=address, message_id="<x>", body=body))


def address_of(peer: Peer) -> str:
    return f"json://127.0.0.1:{peer.port}/{{ops}}"


def test_a_group_is_told_at_an_address_whose_token_is_a_secret() -> None:
    with http_peer() as peer:
        assert sent(channel(), address_of(peer)) == Outcome.accepted()
    [asked] = peer.asked
    said = json.loads(asked.body)
    assert (said["title"], said["message"]) == ("RG-12 逾期 3 天", CONTENT.text)
    assert "a/b?c" not in asked.path.partition("?")[0] or asked.path == "/a/b?c"


def test_a_long_text_is_cut() -> None:
    with http_peer() as peer:
        sent(channel(longest=50), address_of(peer), Content(language="zh", subject="x", text="督" * 100))
    assert json.loads(peer.asked[0].body)["message"] == "督" * 49 + "…"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=500),
        Reply(status=403),
        Reply(status=302, headers={"Location": "http://127.0.0.1:1/"}),
        Reply(then="hang_up"),
    ],
    ids=["500", "403", "redirect", "hangs up"],
)
def test_a_chat_that_says_no_is_asked_later(reply: Reply) -> None:
    with http_peer(reply) as peer:
        outcome = sent(channel(), address_of(peer))
    assert outcome.end == "later"
    assert outcome.why is not None
    assert "a/b?c" not in outcome.why.en + outcome.why.zh
    assert len(peer.asked) == 1


def test_an_error_of_a_plugin_leaves_it_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    import apprise

    def break_down(*_all: object, **_named: object) -> None:
        raise RuntimeError("no plugin of mine")

    monkeypatch.setattr(apprise.Apprise, "notify", break_down)
    assert sent(channel(), "json://127.0.0.1:1/").end == "unknown"


@pytest.mark.parametrize(
    "address",
    [
        "nobody@example.org",
        "syslog://",
        "dbus://",
        "xml://127.0.0.1/",
        "json://127.0.0.1/{other}",
        "json://127.0.0.1/{ops.__class__}",
        "json://127.0.0.1/{",
        "wecombot://",
        "",
    ],
)
def test_an_address_that_cannot_be_used_is_refused_before_anything_is_sent(address: str) -> None:
    made = channel()
    with pytest.raises(Unwritten, match="wecombot://"):
        made.write(CONTENT, envelope(address))


def test_an_address_that_the_settings_no_longer_allow_is_refused() -> None:
    address = "json://127.0.0.1:1/"
    body = channel().write(CONTENT, envelope(address))
    with channel(services=["wecombot"]).session() as send:
        assert send(Parcel(delivery_id=7, address=address, message_id="<x>", body=body)).end == "refused"


@pytest.mark.parametrize(
    "address", ["wecombot://0a-1b", "dingtalk://abc123", "feishu://abc-123", "lark://abc-123"]
)
def test_the_usual_chats_are_known(address: str) -> None:
    made = chat_channel("chat", ChatSettings())
    assert json.loads(made.write(CONTENT, envelope(address)))["title"] == "RG-12 逾期 3 天"


def test_chats_report_nothing() -> None:
    assert channel().receipts(lambda _receipt: None) == 0


def test_without_apprise_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(UsageError, match=re.escape("duban[chat]")):
        channel()


def test_settings_that_are_wrong_are_refused() -> None:
    with pytest.raises(ValidationError):
        ChatSettings.model_validate({"services": ["Json://"]})
    with pytest.raises(ValidationError):
        ChatSettings.model_validate({"token": "x"})
