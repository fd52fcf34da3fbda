"""The command line of the notifier: addresses, manners, the outbox, links, the doctor."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

import main
from notifier.bodies import text_of
from notifier.content import Wish
from notifier.links import mint, new_token
from notifier.store.deliveries import NewDelivery, draw_deliveries, new_deliveries
from tests.stories.salts import counted_salts
from tests.storing import raw
from workflow.clock import VirtualClock
from workflow.definition import Pack, load_pack

from .test_main import Town
from .test_reading import PACK, copied, prepared

SETTINGS = """
[site]
url = "https://duban.example.org"
[manners]
quiet = "00:00-00:00"
[office]
gather_minutes = 0
[channels.files]
kind = "folder"
folder = "{folder}"
"""
WHO = "beiwan_handler"


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture(scope="module")
def template(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Path:
    return prepared(sqlite_template, tmp_path_factory.mktemp("prepared") / "ledger", pack)


@pytest.fixture
def town(template: Path, tmp_path: Path, pack: Pack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    """The campaign on its second day; nothing was sent so far, and there are no settings."""
    monkeypatch.chdir(tmp_path)
    (url, story), clock = copied(template, tmp_path / "ledger", pack), VirtualClock(0)
    monkeypatch.setattr(main, "CLOCK", clock)
    story.at("2026-03-03 10:00")
    yield Town(url, story, clock)
    story.close()


@pytest.fixture
def sent(town: Town, tmp_path: Path) -> Path:
    """Settings with a folder as the only channel; where its files lie."""
    folder = tmp_path / "sent"
    (tmp_path / "duban.toml").write_text(SETTINGS.format(folder=folder), encoding="utf-8")
    return folder


def refused(town: Town, *args: str, lang: str = "en") -> str:
    """A call that must be refused, and change nothing; what it said."""
    before = town.snapshot()
    result = town.call(*args, lang=lang)
    assert result.exit_code != 0
    assert town.snapshot() == before
    return result.stderr


def delivery(town: Town, status: str = "waiting", **given: Any) -> int:
    """A message as the office would have left it."""
    with town.story.port.write("clock") as tx:
        (ident,) = draw_deliveries(tx, 1)
        own: dict[str, Any] = {
            "id": ident,
            "person_id": 1,
            "channel": "files",
            "kind": "mail",
            "address": "wang.wu@example.org",
            "language": "en",
            "class_": "formal",
            "about": "notice",
            "due_at": town.story.now,
            "created_at": town.story.now,
            "message_id": f"<d{ident}.x@duban.example.org>",
            "body": b"To look at\n\nWhat is to be done.",
        }
        new_deliveries(tx, [NewDelivery(**{**own, **given})])
    with raw(town.url) as connection:
        connection.execute(f"UPDATE delivery SET status = '{status}' WHERE id = {ident}")
    return ident


def status(town: Town, ident: int) -> str:
    with raw(town.url) as connection:
        ((found,),) = connection.execute(f"SELECT status FROM delivery WHERE id = {ident}").fetchall()
    return str(found)


# --- addresses and manners --------------------------------------------------------------------------


def test_addresses_are_listed_masked_and_tried_in_their_order(town: Town) -> None:
    assert "has no address" in town.call("people", "address", WHO).stderr
    town.does("people", "address", WHO, "sms", "13800001234", "--rank", "1")
    added = town.does("people", "address", WHO, "mail", "li.mou@example.org")
    assert "l***@example.org" in added
    listed = town.does("people", "address", WHO)
    assert listed.index("l***@example.org") < listed.index("138****1234")
    assert [one["kind"] for one in town.reads("people", "address", WHO)] == ["mail", "sms"]
    assert "li.mou" not in listed + added


def test_an_address_that_is_given_again_is_used_again(town: Town) -> None:
    town.does("people", "address", WHO, "mail", "li@example.org")
    with raw(town.url) as connection:
        connection.execute('UPDATE address SET broken_at = 1, broken_why = \'{"zh":"退信","en":"bounced"}\'')
    assert "broken: bounced" in town.does("people", "address", WHO)
    assert "used again" in town.does("people", "address", WHO, "mail", "li@example.org")
    assert "broken" not in town.does("people", "address", WHO)


def test_an_address_is_removed(town: Town) -> None:
    town.does("people", "address", WHO, "mail", "li@example.org")
    town.does("people", "address", WHO, "mail", "li@example.org", "--remove")
    assert "nothing to remove" in refused(
        town, "people", "address", WHO, "mail", "li@example.org", "--remove"
    )


@pytest.mark.parametrize(
    ("args", "zh", "en"),
    [
        ((WHO, "mail", "li@"), "这不是邮箱地址", "this is no mail address"),
        ((WHO, "mial", "li@example.org"), "是否为 mail", "did you mean mail"),
        ((WHO, "sms", "abc"), "这不是电话号码", "this is no phone number"),
        ((WHO, "mail"), "缺少地址", "The address is missing"),
        (("nobody", "mail", "li@example.org"), "没有人员", "There is no person"),
        ((WHO, "--unmask"), "设置未允许", "the settings don't allow it"),
    ],
)
def test_what_cannot_be_done_to_an_address_is_refused(
    town: Town, args: tuple[str, ...], zh: str, en: str
) -> None:
    assert zh in refused(town, "people", "address", *args, lang="zh")
    assert en in refused(town, "people", "address", *args)


def test_whoever_sees_an_address_in_full_is_noted(town: Town, sent: Path, tmp_path: Path) -> None:
    town.does("people", "address", WHO, "mail", "li.mou@example.org")
    (tmp_path / "duban.toml").write_text("[operators]\nunmask = true\n", encoding="utf-8")
    result = town.call("people", "address", WHO, "--unmask")
    assert "li.mou@example.org" in result.stdout
    assert "has seen the addresses" in result.stderr
    with raw(town.url) as connection:
        noted = connection.execute("SELECT key FROM meta WHERE key LIKE 'unmasked:%'").fetchall()
    assert len(noted) == 1
    assert noted[0][0].startswith(f"unmasked:{town.story.now}:")


def test_manners_are_shown_changed_and_taken_back(town: Town) -> None:
    assert town.does("people", "manner", WHO).count("as the organisation says") == 3
    town.does("people", "manner", WHO, "--quiet", "22:00-06:30", "--workdays-only", "--digest-at", "07:45")
    found = town.reads("people", "manner", WHO, "--empty-digests")
    assert found == {
        "quiet_from": 1320,
        "quiet_to": 390,
        "workdays_only": True,
        "digest_at": 465,
        "empty_digests": True,
    }
    assert "22:00-06:30" in town.does("people", "manner", WHO, "--any-day")
    assert town.reads("people", "manner", WHO, "--as-usual")["quiet_from"] is None
    assert "is no time of day" in refused(town, "people", "manner", WHO, "--digest-at", "8")


# --- settings ---------------------------------------------------------------------------------------


def test_without_settings_nothing_is_sent_and_it_says_so(town: Town) -> None:
    assert "nothing is sent" in town.call("outbox").stderr
    assert "什么都不会发出" in refused(town, "notify", "send", lang="zh")
    assert "no settings" in {one["about"] for one in json.loads(town.call("doctor", "--json").stdout)}


def test_settings_that_are_named_must_be_there_and_right(town: Town, tmp_path: Path) -> None:
    assert "can't be read" in refused(town, "outbox", "--settings", str(tmp_path / "none.toml"))
    (tmp_path / "own.toml").write_text("[site]\nuri = 1\n", encoding="utf-8")
    assert "did you mean url" in refused(town, "notify", "send", "--settings", str(tmp_path / "own.toml"))
    result = main_with(town, DUBAN_SETTINGS=str(tmp_path / "own.toml"))
    assert (result.exit_code, "did you mean url" in result.stderr) == (2, True)


def main_with(town: Town, **environ: str) -> Any:
    from .test_main import duban

    return duban("outbox", "--database", town.url, **environ)


# --- from an event to a file ------------------------------------------------------------------------


def test_what_is_left_leaves_by_the_channel_of_the_settings(town: Town, sent: Path) -> None:
    town.does("people", "address", WHO, "folder", "li")
    ran = town.reads("notify", "send")["office"]
    assert (ran["written"], ran["sent"]) == (1, 1)
    assert len(list(sent.iterdir())) == 1
    (one,) = town.reads("outbox", "list", "--state", "accepted")["deliveries"]
    shown = town.does("outbox", "show", str(one["id"]))
    assert "has taken responsibility" in shown
    assert f"SFD-{town.check}" in shown
    assert "!! NOBODY" in town.does("outbox")


def test_no_token_is_shown(town: Town, sent: Path) -> None:
    token = new_token(counted_salts())
    ident = delivery(town, body=f"Act\n\nhttps://duban.example.org/a/{token}\n".encode())
    shown = town.does("outbox", "show", str(ident)) + town.does("outbox", "show", str(ident), "--json")
    assert "https://duban.example.org/a/…" in shown
    assert token not in shown


def test_no_address_is_shown_in_full(town: Town) -> None:
    ident = delivery(town, "given_up", body=b"Hello wang.wu@example.org")
    with raw(town.url) as connection:
        why = orjson.dumps(
            {"zh": "550 <wang.wu@example.org> 不存在", "en": "550 <wang.wu@example.org> unknown"}
        )
        connection.execute("UPDATE delivery SET why = ?", (why.decode(),))
    for args in (("outbox",), ("outbox", "--json"), ("outbox", "show", str(ident))):
        said = town.does(*args)
        assert "w***@example.org" in said
        assert "wang.wu" not in said


# --- the outbox -------------------------------------------------------------------------------------


def test_trouble_stands_before_what_is_on_its_way(town: Town) -> None:
    for one in ("waiting", "accepted", "unknown", "held", "delivered", "given_up", "bounced"):
        delivery(town, one)
    found = town.reads("outbox", "list")
    assert [one["state"] for one in found["deliveries"]] == [
        "bounced",
        "given_up",
        "held",
        "unknown",
        "waiting",
    ]
    assert found["deliveries_total"] == 5
    assert found["total"] > 0, "what nobody has taken yet"
    only = town.reads("outbox", "--state", "delivered", "--channel", "files")
    assert [one["state"] for one in only["deliveries"]] == ["delivered"]
    assert "did you mean" not in refused(town, "outbox", "--state", "zzz")
    assert "There is: given_up" in refused(town, "outbox", "list", "--state", "givenup")


def test_what_failed_is_tried_again(town: Town, sent: Path) -> None:
    failed, other, over = delivery(town, "given_up"), delivery(town, "bounced"), delivery(town, "delivered")
    assert town.does("outbox", "retry", str(failed)) == "1 to be tried again.\n"
    assert (status(town, failed), status(town, other)) == ("waiting", "bounced")
    town.does("outbox", "retry", "--all")
    assert status(town, other) == "waiting"
    assert "their state forbids it" in refused(town, "outbox", "retry", str(over))
    town.does("notify", "send")
    assert status(town, failed) == "accepted"


def test_what_is_held_stays_until_it_is_released(town: Town, sent: Path) -> None:
    held, other = delivery(town), delivery(town, "unknown")
    town.does("outbox", "hold", "--all", "--reason", "核对中")
    assert {status(town, held), status(town, other)} == {"held"}
    town.does("notify", "send")
    assert status(town, held) == "held"
    assert "核对中" in town.call("outbox", lang="zh").stdout
    town.does("outbox", "release", str(held))
    assert "1 released" in town.does("outbox", "release", "--all")
    town.does("notify", "send")
    assert {status(town, held), status(town, other)} == {"accepted"}


def test_what_still_gathers_is_not_held_and_that_is_said(town: Town, sent: Path) -> None:
    waits, gathers = delivery(town), delivery(town, "gathering", body=None, person_id=2)
    result = town.call("outbox", "hold", "--all", "--reason", "to look", lang="en")
    assert "1 held" in result.stdout
    assert "1 still gather" in result.stderr
    assert (status(town, waits), status(town, gathers)) == ("held", "gathering")


def test_as_many_tries_are_counted_as_are_listed(town: Town, sent: Path) -> None:
    ident = delivery(town, "bounced")
    with raw(town.url) as connection:
        for number in (1, 2):
            connection.execute(
                "INSERT INTO delivery_try (delivery_id, number, at, outcome, code) "
                f"VALUES ({ident}, {number}, {town.story.now}, 'refused', '550')"
            )
    town.call("outbox", "retry", str(ident))  # it gets all its tries anew
    shown = town.call("outbox", "show", str(ident), lang="en").stdout
    assert re.search(r"^ +Tries +2$", shown, re.MULTILINE)
    assert shown.count("550") == 2


def test_what_is_dropped_is_never_sent(town: Town, sent: Path) -> None:
    ident = delivery(town)
    town.does("outbox", "drop", str(ident), "--reason", "sent by hand")
    town.does("notify", "send")
    assert status(town, ident) == "dropped"
    assert "sent by hand" in town.does("outbox", "show", str(ident))
    assert "their state forbids it" in refused(town, "outbox", "drop", str(ident), "--reason", "again")


@pytest.mark.parametrize("act", [("retry",), ("release",), ("hold", "--reason", "x")])
def test_either_some_or_all_are_meant(town: Town, act: tuple[str, ...]) -> None:
    assert "one of both" in refused(town, "outbox", *act)
    assert "one of both" in refused(town, "outbox", *act, "1", "--all")


def test_a_channel_pauses_until_it_is_resumed(town: Town, sent: Path) -> None:
    ident = delivery(town)
    town.does("outbox", "pause", "files", "--reason", "gateway is moved")
    assert "gateway is moved" in town.does("outbox", "channels")
    assert "paused channel" in {one["about"] for one in json.loads(town.call("doctor", "--json").stdout)}
    town.does("notify", "send")
    assert status(town, ident) == "waiting"
    town.does("outbox", "resume", "files")
    assert "nothing to resume" in refused(town, "outbox", "resume", "files")
    assert "Did you mean files" in refused(town, "outbox", "pause", "file", "--reason", "x")
    town.does("notify", "send")
    assert status(town, ident) == "accepted"
    assert [one["name"] for one in town.reads("outbox", "channels")] == ["files"]


def test_a_delivery_that_is_not_there_is_refused(town: Town) -> None:
    assert "There is no delivery 99" in refused(town, "outbox", "show", "99")


# --- notify -----------------------------------------------------------------------------------------


def test_a_channel_is_tested(town: Town, sent: Path) -> None:
    assert "has accepted it" in town.does("notify", "test", "files", "li")
    assert (
        "测试" in town.call("notify", "test", "files", "li", lang="zh").stdout
        or len(list(sent.iterdir())) == 2
    )
    (one, _) = town.reads("outbox", "--state", "accepted")["deliveries"]
    assert (one["about"], one["person"]) == ("test", None)
    assert "Did you mean files" in refused(town, "notify", "test", "file", "li")
    assert "no name of a folder" in refused(town, "notify", "test", "files", "../li")


def test_a_test_that_fails_says_why(town: Town, sent: Path) -> None:
    sent.write_text("in the way")
    result = town.call("notify", "test", "files", "li")
    assert (result.exit_code, "The test was not sent (unreachable" in result.stderr) == (1, True)
    (one,) = town.reads("outbox")["deliveries"]
    assert one["state"] == "given_up"


def test_information_is_switched_off_and_on(town: Town) -> None:
    assert "formal notices still come" in town.does("notify", "unsubscribe", WHO, "notices")
    assert "has already" in refused(town, "notify", "unsubscribe", WHO, "notices")
    town.does("notify", "unsubscribe", WHO, "notices", "--undo")
    assert "has not" in refused(town, "notify", "unsubscribe", WHO, "notices", "--undo")
    assert "Formal notices" in refused(town, "notify", "unsubscribe", WHO, "escalation")


def test_links_are_revoked_by_person_and_by_task(town: Town) -> None:
    person = town.story.person("handler of beiwan")

    def minted(salt: bytes) -> None:
        wish = Wish(person_id=person, task_id=town.check, act="sign_for", revision=1, delivery_id=1)
        with town.story.port.write("clock") as tx:
            mint(tx, wish, town.story.now, new_token(lambda: salt * 16))

    minted(b"a")
    assert town.does("notify", "revoke", "--person", WHO) == "1 links are revoked.\n"
    minted(b"b")
    assert town.does("notify", "revoke", "--task", str(town.check)) == "1 links are revoked.\n"
    minted(b"c")
    town.does("post", "end", WHO, "handler", "beiwan")
    assert town.does("notify", "revoke", "--person", WHO) == "0 links are revoked.\n"
    assert "one of both" in refused(town, "notify", "revoke")


# --- the doctor -------------------------------------------------------------------------------------


def about(town: Town) -> set[str]:
    return {one["about"] for one in json.loads(town.call("doctor", "--json").stdout)}


def test_the_doctor_looks_at_messages(town: Town, sent: Path) -> None:
    delivery(town, "held")
    delivery(town, due_at=town.story.now - 3_600_000)
    delivery(town, channel="lost")
    left = delivery(town, "sending")
    with raw(town.url) as connection:
        connection.execute(f"UPDATE delivery SET claimed_at = 1 WHERE id = {left}")
        connection.execute("INSERT INTO delivery_part (delivery_id, outgoing_id) VALUES (1, 999999)")
    expected = {"messages wait", "left behind", "held messages", "slow channel", "unknown channel"}
    assert expected | {"no address", "orphan parts"} <= about(town)


def test_the_doctor_has_nothing_to_say_where_all_is_well(town: Town, sent: Path) -> None:
    with raw(town.url) as connection:
        connection.execute("UPDATE outgoing SET status = 'taken'")
    for code in [one["code"] for one in town.reads("people")]:
        town.does("people", "address", code, "folder", code)
    assert not about(town) & {"messages wait", "left behind", "held messages", "no address", "orphan parts"}


# --- bodies -----------------------------------------------------------------------------------------


def test_what_was_sent_is_read_whatever_its_form() -> None:
    mail = (
        b"MIME-Version: 1.0\r\nTo: Wang <wang@example.org>\r\nSubject: =?utf-8?b?5rWL6K+V?=\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"https://duban.example.org/a/aaaaaaaaaaaaaaaaaaaaaaaa=\r\naaaaaaaaaaaaaaaaaaa\r\n"
    )
    said = text_of(b"Subject: x\r\n" + mail.replace(b"Subject", b"X-Subject"))
    assert said.startswith("x\n\n")
    assert "a" * 43 in said
    assert "wang@example.org" not in text_of(mail)
    assert text_of(mail).startswith("测试")
    assert text_of('{"text":"【督办】请办理","to":"13800000000"}'.encode()) == "【督办】请办理"
    assert text_of(b"<!doctype html><head><title>x</title></head><p>One</p><p>a &lt; b</p>") == "One\na < b"
    assert text_of(b"{plain") == "{plain"
