"""Webhooks: what goes out, where it may go, in which order, and what happens when nobody answers."""

from __future__ import annotations

import hmac
import json
import socket
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import pytest
import structlog
import trustme

from console.store import webhooks as store
from console.store.webhooks import Webhook
from console.webhooks import Webhooks, added, enabled, removed, tried
from console.webhooks.addresses import Target, checked, target_of
from console.webhooks.events import secret_of, signature
from console.webhooks.peers import Answer, Poster
from console.webhooks.telling import FIRST_PAUSE, GIVEN_UP, LEASE, LONGEST_PAUSE
from tests.http_peer import Reply, http_peer
from tests.stories.teller import Story, told
from workflow.definition import Pack, load_pack
from workflow.errors import BadValue, NotAllowed, NotNow, Unknown

from .test_reading import CHECK, PACK, copied

PUBLIC = "93.184.215.14"
URL = "https://hooks.example.org/duban?key=1"
RANDOM = bytes(range(32))
TOOK = Answer(status=200)


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@dataclass(kw_only=True)
class Peer:
    """A peer that takes everything, until it is told otherwise."""

    answer: Callable[[], Answer] = lambda: TOOK
    got: list[tuple[str, dict[str, object]]] = field(default_factory=list)  # webhook-id, event
    sent_to: list[tuple[Target, str]] = field(default_factory=list)
    during: Callable[[], None] = lambda: None

    def __call__(self, target: Target, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        self.during()
        answer = self.answer()
        self.sent_to.append((target, address))
        if answer.took:
            self.got.append((headers["webhook-id"], json.loads(body)))
        return answer


@dataclass(kw_only=True)
class Desk:
    """A campaign with a webhook."""

    story: Story
    peer: Peer = field(default_factory=Peer)

    def __post_init__(self) -> None:
        self.webhooks = self.process()

    def process(self, **more: object) -> Webhooks:
        """A process that tells webhooks."""
        chosen = {"look_up": lambda *_: [PUBLIC], **more}
        port, library = self.story.port, self.story.engine.library
        return Webhooks(port, library, lambda: self.story.now, post=self.peer, **chosen)  # type: ignore[arg-type]

    def add(self, name: str = "ledger", *kinds: str, from_start: bool = False) -> None:
        added(self.story.port, name, URL, kinds, RANDOM, self.story.now, from_start=from_start)

    def ring(self, after: int = 0) -> None:
        self.story.now += after
        self.webhooks.run_once(self.story.now)

    def one(self) -> Webhook:
        with self.story.port.read() as tx:
            (found,) = store.every(tx)
        return found

    def kinds(self) -> list[object]:
        return [event["type"] for _, event in self.peer.got]


@pytest.fixture
def desk(morning: Path, tmp_path: Path, pack: Pack) -> Iterator[Desk]:
    _, story = copied(morning, tmp_path / "ledger", pack)
    yield Desk(story=story)
    story.verify()
    story.close()


def sign_for(story: Story, unit: str = "beiwan") -> int:
    check = story.the(CHECK, unit)
    story.does(f"handler of {unit}", "sign_for", check)
    return check


# --- what goes out ----------------------------------------------------------------------------------


def test_an_event_goes_out_as_a_signed_cloudevent_without_a_name_or_a_word(desk: Desk) -> None:
    desk.add()
    check = sign_for(desk.story)
    desk.story.does("handler of beiwan", "report", check, progress=35)
    desk.ring()
    assert desk.kinds() == ["duban.task.act", "duban.task.act"]
    ident, event = desk.peer.got[-1]
    last = desk.story.history(check)[-1]
    assert event == {
        "specversion": "1.0",
        "id": ident,
        "source": "urn:duban:demonstration_site",
        "type": "duban.task.act",
        "subject": f"SFD-{check}",
        "time": "2026-03-02T01:00:00.000Z",
        "datacontenttype": "application/json",
        "data": {
            "task": f"SFD-{check}",
            "seq": last.seq,
            "kind": "act",
            "recorded_at": last.recorded_at,
            "header": last.header,
            "hash": last.hash.hex(),
        },
    }
    assert "35" not in json.dumps(event["data"]).replace(str(last.hash.hex()), "")  # the value stays here


def test_the_signature_is_the_one_of_standard_webhooks() -> None:
    secret = secret_of(RANDOM)
    key = b64decode(secret.removeprefix("whsec_"))
    expected = b64encode(hmac.new(key, b"msg_1.1700000000.{}", sha256).digest()).decode()
    assert signature(secret, "msg_1", "1700000000", b"{}") == f"v1,{expected}"
    # The example of the specification's own libraries.
    assert (
        signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            b'{"test": 2432232314}',
        )
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_a_webhook_is_told_of_what_is_to_come_and_of_its_kinds(desk: Desk) -> None:
    desk.add("acts", "act")
    desk.ring()
    assert desk.peer.got == []
    sign_for(desk.story)
    desk.story.fast_forward("15 days")
    desk.ring()
    acts = sum(one.kind == "act" for one in desk.story.history())
    assert desk.kinds() == ["duban.task.act"] * acts
    assert len(desk.story.history()) > acts > 1
    before = desk.one().cursor
    desk.ring()
    assert desk.one().cursor == before


def test_a_webhook_may_be_told_of_everything_that_ever_happened_in_order(desk: Desk) -> None:
    desk.add(from_start=True)
    whole = [one.id for one in desk.story.history()]
    for _ in range(len(whole) // 100 + 1):
        desk.ring()
    assert [ident for ident, _ in desk.peer.got] == [f"event-{one}" for one in sorted(whole)]
    assert (desk.one().sent, desk.one().why) == (len(whole), None)


def test_on_both_databases_one_process_at_a_time_tells_a_webhook(database_url: str, pack: Pack) -> None:
    with told(database_url, pack, at="2026-03-02 08:00") as story:
        desk = Desk(story=story.at("2026-03-02 09:00"))
        desk.add("acts", "act")
        with pytest.raises(BadValue, match="already"):
            desk.add("acts")
        sign_for(story)
        other = desk.process()

        def meanwhile() -> None:
            other.run_once(story.now)

        desk.peer.during = meanwhile
        desk.ring()
        assert desk.kinds() == ["duban.task.act"]
        assert desk.one().busy_to is None
        removed(story.port, "acts")
        with pytest.raises(Unknown):
            removed(story.port, "acts")


# --- when nobody answers ----------------------------------------------------------------------------


def test_what_was_not_taken_is_sent_again_later_and_longer_apart(desk: Desk) -> None:
    desk.add()
    sign_for(desk.story)
    desk.peer.answer = lambda: Answer(status=503)
    pauses = []
    for _ in range(10):
        desk.ring()
        pauses.append(desk.one().next_at - desk.story.now)
        desk.ring()  # not before its time
        desk.story.now = desk.one().next_at
    assert len(desk.peer.sent_to) == 10
    assert pauses[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pauses[-1] == LONGEST_PAUSE
    assert (desk.one().tries, desk.one().why) == (10, "HTTP 503")
    desk.peer.answer = lambda: TOOK
    desk.ring()
    assert desk.kinds() == ["duban.task.act"]
    assert (desk.one().tries, desk.one().failing_since, desk.one().why) == (0, None, None)


def test_after_three_days_it_is_disabled_with_an_alarm_and_goes_on_when_a_person_says_so(desk: Desk) -> None:
    desk.add()
    sign_for(desk.story)
    desk.peer.answer = lambda: Answer(status=None, why="ConnectionRefusedError")
    desk.ring()
    with structlog.testing.capture_logs() as lines:
        desk.ring(GIVEN_UP)
    assert [one["log_level"] for one in lines if one["event"] == "webhook disabled"] == ["error"]
    desk.peer.answer = lambda: TOOK
    desk.ring(GIVEN_UP)
    assert desk.peer.got == []
    enabled(desk.story.port, "ledger", desk.story.now)
    desk.ring()
    assert desk.kinds() == ["duban.task.act"]


def test_a_peer_that_is_gone_for_good_is_asked_no_more(desk: Desk) -> None:
    desk.add()
    sign_for(desk.story)
    desk.peer.answer = lambda: Answer(status=410)
    desk.ring()
    assert desk.one().disabled_at == desk.story.now


def test_what_a_dead_process_left_is_told_by_the_next_under_the_same_id(desk: Desk) -> None:
    desk.add()
    sign_for(desk.story)

    class Death(BaseException):
        pass

    def die() -> None:
        raise Death

    desk.peer.during = die
    with pytest.raises(Death):
        desk.ring()
    desk.peer.during = lambda: None
    desk.ring()
    assert desk.peer.got == []  # it may still be at it
    desk.ring(LEASE)
    assert desk.kinds() == ["duban.task.act"]


def test_whoever_was_frozen_notes_nothing_over_its_successor(desk: Desk) -> None:
    desk.add()
    sign_for(desk.story)
    other = desk.process()
    frozen = [True]

    def freeze() -> None:
        if frozen:
            frozen.clear()
            other.run_once(desk.story.now + LEASE)

    desk.peer.during = freeze
    desk.ring()
    assert [ident for ident, _ in desk.peer.got] == [desk.peer.got[0][0]] * 2
    assert desk.one().sent == 1


def test_nothing_leaves_while_the_outbox_is_held(desk: Desk) -> None:
    desk.add()
    sign_for(desk.story)
    desk.process(held=lambda _now: True).run_once(desk.story.now)
    assert desk.peer.got == []
    stopped = desk.process()
    stopped.stop()
    stopped.run_once(desk.story.now)
    assert desk.peer.got == []


# --- where it may go --------------------------------------------------------------------------------

_PRIVATE = """
    127.0.0.1 10.0.0.1 172.16.0.1 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 240.0.0.1
    255.255.255.255 198.18.0.1 192.0.2.1 ::1 :: fe80::1 fe80::1%eth0 fc00::1 fec0::1 ff02::1 ::ffff:10.0.0.1
    ::ffff:127.0.0.1 64:ff9b::a00:1 64:ff9b:1::1 2002:a00:1:: ::10.0.0.1 2001:db8::1
"""


@pytest.mark.parametrize("address", _PRIVATE.split())
def test_nothing_goes_to_a_private_or_reserved_address(address: str) -> None:
    target = target_of(URL, near=False)
    with pytest.raises(NotAllowed):
        checked(target, [address], near=False)
    with pytest.raises(NotAllowed):  # one of several is enough: another look-up might give that one
        checked(target, [PUBLIC, address], near=False)


def test_a_public_address_is_connected_to_as_it_was_checked(desk: Desk) -> None:
    assert checked(target_of(URL, near=False), [PUBLIC, "2606:4700::1111"], near=False) == PUBLIC
    looked_up: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        looked_up.append(host)
        return [PUBLIC] if len(looked_up) == 1 else ["127.0.0.1"]

    desk.add()
    sign_for(desk.story)
    desk.process(look_up=rebinding).run_once(desk.story.now)
    assert looked_up == ["hooks.example.org"]
    assert [address for _, address in desk.peer.sent_to] == [PUBLIC]


def test_a_name_that_comes_to_lead_inside_is_told_nothing(desk: Desk) -> None:
    desk.add()
    sign_for(desk.story)
    desk.process(look_up=lambda *_: ["10.0.0.1"]).run_once(desk.story.now)
    assert desk.peer.sent_to == []
    assert "private" in (desk.one().why or "")


def test_only_what_was_added_as_near_goes_to_this_machine_and_nowhere_else() -> None:
    target = target_of("http://127.0.0.1:9/", near=True)
    assert checked(target, ["127.0.0.1"], near=True) == "127.0.0.1"
    with pytest.raises(NotAllowed):
        checked(target, [PUBLIC], near=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org/",
        "ftp://hooks.example.org/",
        "https://",
        "https://user:pass@hooks.example.org/",
        "https://hooks.example.org/#x",
        "https://hooks.example.org:99999/",
        "https://hooks.example.org/\r\nx: y",
        "https://[::1",
        "https://例子.example/",
        "https://hooks.example.org/ x",
        "https://hooks.example.org/" + "x" * 2_000,
    ],
)
def test_an_address_that_cant_be_one_is_not_added(desk: Desk, url: str) -> None:
    with pytest.raises(BadValue):
        added(desk.story.port, "ledger", url, (), RANDOM, 0)


def test_a_name_or_kind_that_cant_be_one_is_not_added(desk: Desk) -> None:
    for name, kinds in (("", ()), ("A b", ()), ("x", ("Act",))):
        with pytest.raises(BadValue):
            added(desk.story.port, name, URL, kinds, RANDOM, 0)


# --- on the wire ------------------------------------------------------------------------------------


def test_a_message_is_posted_as_it_was_signed(desk: Desk) -> None:
    with http_peer(Reply(status=204)) as peer:
        url = f"{peer.url}/in?key=1"
        secret = added(desk.story.port, "near", url, (), RANDOM, desk.story.now, near=True)
        assert tried(desk.story.port, "near", desk.story.now).took
        (asked,) = peer.asked
    assert (asked.method, asked.path) == ("POST", "/in?key=1")
    headers = asked.headers
    assert headers["content-type"].startswith("application/cloudevents+json")
    made = signature(secret, headers["webhook-id"], headers["webhook-timestamp"], asked.body)
    assert headers["webhook-signature"] == made
    with pytest.raises(Unknown):
        tried(desk.story.port, "nobody", 0)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=302, headers={"Location": "http://127.0.0.1:9/"}),
        Reply(status=500),
        Reply(then="hang_up"),
    ],
)
def test_no_redirect_is_followed_and_no_failure_taken_for_an_answer(reply: Reply) -> None:
    with http_peer(reply) as peer:
        target = target_of(peer.url, near=True)
        assert not Poster()(target, "127.0.0.1", b"{}", {}).took
        assert len(peer.asked) == 1


def test_a_peer_that_never_answers_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = target_of(f"http://127.0.0.1:{server.getsockname()[1]}/", near=True)
        answer = Poster(whole=0.2)(target, "127.0.0.1", b"{}", {})
    assert answer.status is None
    assert answer.why


def test_a_peer_that_drips_its_handshake_is_given_up() -> None:
    """Each octet comes in time, all of them never: no other webhook would be told meanwhile."""
    from threading import Event, Thread

    begun, given_up = b"\x16\x03\x03\x40\x00", Event()  # a record of 16 kB of the handshake
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                peer, _ = server.accept()
                with peer:
                    peer.sendall(begun)
                    for _ in range(100):
                        if given_up.wait(0.02):
                            return
                        peer.sendall(b"\0")

        thread = Thread(target=serve)
        thread.start()
        target = Target(secure=True, host="hooks.example.org", port=server.getsockname()[1], path="/")
        answer = Poster(whole=0.2)(target, "127.0.0.1", b"{}", {})
        waits = thread.is_alive()
        given_up.set()
        thread.join()
    assert answer.status is None
    assert waits  # it would have gone on


def test_a_certificate_must_bear_the_name_that_was_added() -> None:
    """The connection goes to a checked address, the certificate is the name's."""
    ours, theirs = trustme.CA(), trustme.CA()
    for authority, name, fits in (
        (ours, "hooks.example.org", True),
        (ours, "another.example.org", False),
        (theirs, "hooks.example.org", False),
    ):
        assert _handshake(authority, name, ours) is fits


def _handshake(authority: trustme.CA, name: str, trusted: trustme.CA) -> bool:
    import ssl
    import threading

    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(server_side)
    client_side = ssl.create_default_context()
    trusted.configure_trust(client_side)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                raw, _ = server.accept()
                with server_side.wrap_socket(raw, server_side=True) as peer:
                    while not peer.recv(4_096).endswith(b"{}"):
                        pass
                    peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        port = server.getsockname()[1]
        target = Target(secure=True, host="hooks.example.org", port=port, path="/")
        answer = Poster(client_side)(target, "127.0.0.1", b"{}", {})
        thread.join()
    return answer.took


def test_a_name_that_leads_nowhere_says_so(desk: Desk) -> None:
    def nowhere(_host: str, _port: int) -> list[str]:
        raise NotNow("无", "leads nowhere")

    desk.add()
    sign_for(desk.story)
    desk.process(look_up=nowhere).run_once(desk.story.now)
    assert "leads nowhere" in (desk.one().why or "")
