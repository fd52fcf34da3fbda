"""Action links: looking changes nothing, each is used once, and what it may do is judged when it is used."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from notifier.channel import Receipt
from notifier.content import Site, Wish
from notifier.links import (
    HOUR_MS,
    LIFE_MS,
    Links,
    Looked,
    Unsubscribing,
    consume,
    hashed,
    look,
    mint,
    new_token,
    weighty,
)
from notifier.office import settling
from notifier.office.desk import Desk
from notifier.store import addresses, links
from tests.stories.salts import counted_salts
from tests.stories.teller import Story
from workflow.definition import Pack, load_pack
from workflow.engine import Answer, Engine
from workflow.errors import BadValue, DatabaseFull, NotAllowed, NotNow, Refused, Stale, Unknown
from workflow.redaction import redact, redacted
from workflow.store import organisation
from workflow.store.sql import Statement

from .test_reading import CHECK, PACK, handed_out

TOKEN = "t" * 43


@pytest.fixture(scope="module")
def pack() -> Pack:
    return load_pack(PACK)


@pytest.fixture
def story(database_url: str, pack: Pack) -> Iterator[Story]:
    story = handed_out(database_url, pack)
    yield story
    story.close()


@pytest.fixture
def check(story: Story) -> int:
    return story.the(CHECK, "beiwan")


def mints(story: Story, task: int, act: str = "sign_for", who: str = "handler of beiwan") -> str:
    """A link in a notice, at the revision that the notice tells of."""
    token = new_token(counted_salts())
    wish = Wish(
        person_id=story.person(who), task_id=task, act=act, revision=story.task(task).revision, delivery_id=1
    )
    with story.port.write("clock") as tx:
        mint(tx, wish, story.now, token)
    return token


def looked(story: Story, token: str) -> Looked:
    with story.port.read() as tx:
        return look(story.engine.library.frame(tx, story.now), token)


def standing(story: Story, token: str) -> str:
    return looked(story, token).standing


def uses(story: Story, token: str, **facts: Any) -> Answer:
    return consume(story.engine, token, facts, story.now)


def everything(story: Story) -> list[Any]:
    tables = (links.LINK, addresses.UNSUBSCRIPTION, organisation.META, organisation.REQUEST)
    told = story.everything()
    with story.port.read() as tx:
        return [*told, *(tx.all(Statement(select(one))) for one in tables)]


def changes(story: Story, statement: Any) -> None:
    """Behind everybody's back."""
    with story.port.write("clock") as tx:
        tx.run(Statement(statement))


# --- looking ----------------------------------------------------------------------------------------


def test_a_hundred_looks_change_nothing_and_say_what_it_is_for(story: Story, check: int) -> None:
    token = mints(story, check)
    before = everything(story)
    looks = [looked(story, token) for _ in range(100)]
    found = looks[-1]
    assert everything(story) == before
    assert (found.standing, found.number, found.act) == ("open", f"SFD-{check}", "sign_for")
    assert found.label is not None
    assert not found.needs_login
    assert uses(story, token).state == "working"


def test_only_the_hash_of_a_token_is_kept(story: Story, check: int) -> None:
    token = mints(story, check)
    assert len(token) * 6 >= 256
    assert token not in str(everything(story))


def test_each_way_in_which_a_link_is_no_use_has_its_own_sentence(story: Story, check: int) -> None:
    used, revoked, over = (mints(story, check), *(_other(story, check, one) for one in (b"1", b"2")))
    uses(story, used)
    person = story.person("handler of beiwan")
    with story.port.write("clock") as tx:
        assert links.revoke_of_person(tx, person, story.now) == 2
    said = {}
    changes(story, update(links.LINK).where(links.LINK.c.token == hashed(over)).values(revoked_at=None))
    story.now += LIFE_MS
    for name, token in {"used": used, "revoked": revoked, "expired": over, "unknown": TOKEN}.items():
        found = looked(story, token)
        assert found.standing == name
        with pytest.raises(Refused) as refused:
            uses(story, token)
        assert refused.value.text == found.why
        said[name] = refused.value.text
    assert len(set(said.values())) == 4


def _other(story: Story, task: int, salt: bytes) -> str:
    token = new_token(lambda: salt * 16)
    person = story.person("handler of beiwan")
    wish = Wish(person_id=person, task_id=task, act="report", revision=9, delivery_id=1)
    with story.port.write("clock") as tx:
        mint(tx, wish, story.now, token)
    return token


# --- using ------------------------------------------------------------------------------------------


def test_of_fifty_posts_at_once_one_acts(story: Story, check: int) -> None:
    token = mints(story, check)
    ended = story.together(*[lambda: uses(story, token)] * 50)
    answers = [one for one in ended if isinstance(one, Answer)]
    refused = [one for one in ended if isinstance(one, NotNow)]
    assert (len(answers), len(refused)) == (1, 49)
    assert len(story.happened(check, "act", transition="sign_for")) == 1


def test_it_ends_after_its_hours(story: Story, check: int) -> None:
    token = mints(story, check)
    story.now += 72 * HOUR_MS - 1
    assert standing(story, token) == "open"
    story.now += 1
    assert standing(story, token) == "expired"


def test_authority_is_judged_when_it_is_used_and_a_refusal_gives_it_back(story: Story, check: int) -> None:
    token, person = mints(story, check), story.person("handler of beiwan")
    story.leaves_post("handler of beiwan", "handler", "beiwan")
    with pytest.raises(NotAllowed):
        uses(story, token)
    assert standing(story, token) == "open"
    with story.port.write("people") as tx:
        (unit,) = organisation.unit_ids(tx, ["beiwan"]).values()
        organisation.add_post(tx, person, "handler", unit, story.now, story.now)
        organisation.move_organisation(tx, organisation.stamp(tx))
    assert uses(story, token).state == "working"


def test_who_was_faster_is_said_and_the_link_is_revoked(story: Story, check: int) -> None:
    token = mints(story, check)
    story.does("handler of beiwan", "sign_for", check)
    with pytest.raises(Stale, match="was faster"):
        uses(story, token)
    assert standing(story, token) == "revoked"
    with pytest.raises(NotNow):
        uses(story, token)


def test_a_fact_that_is_missing_is_asked_for_again(story: Story, check: int) -> None:
    story.does("handler of beiwan", "sign_for", check)
    token = mints(story, check, "report")
    with pytest.raises(BadValue):
        uses(story, token)
    assert uses(story, token, progress=30).act == "report"
    assert standing(story, token) == "used"


class Breaking(Engine):
    """An engine whose database fails at the act."""

    def act(self, *_args: Any, **_more: Any) -> Answer:
        raise DatabaseFull("磁盘已满。", "The disk is full.")


def test_anything_else_that_goes_wrong_approves_nothing_and_leaves_it_used(story: Story, check: int) -> None:
    token = mints(story, check)
    broken = Breaking(story.port, salts=counted_salts())
    with pytest.raises(DatabaseFull):
        consume(broken, token, {}, story.now)
    assert standing(story, token) == "used"
    assert story.task(check).state == "issued"
    with pytest.raises(NotNow):
        uses(story, token)


def test_acts_of_weight_only_lead_to_a_login(story: Story, check: int) -> None:
    token = mints(story, check, "withdraw", "supervisor of bureau")
    assert looked(story, token).needs_login
    with pytest.raises(NotAllowed, match="login"):
        uses(story, token, reason="重复")
    assert standing(story, token) == "open"
    assert story.task(check).state == "issued"


def test_weight_follows_from_the_definition(pack: Pack) -> None:
    check = pack.definitions[CHECK]
    light = {name for name in check.transitions if not weighty(check, name)}
    assert {"sign_for", "report"} <= light
    assert not light & {"approve", "withdraw"}
    assert all(weighty(check, name) for name in ("confirm:withdraw", "lift:late", "comment:", "nothing"))


def test_links_of_what_has_moved_on_are_revoked_in_one_statement(story: Story, check: int) -> None:
    others = [one for one in story.find(CHECK) if one != check][:3]
    person = story.person("handler of beiwan")
    tokens = [mints(story, check)] + [_other(story, task, bytes([n])) for n, task in enumerate(others, 5)]
    story.does("handler of beiwan", "sign_for", check)
    with story.port.write("clock") as tx:
        assert links.revoke_dead(tx, story.now) == 1
        assert links.revoke_of_task(tx, others[0], story.now) == 1
        assert links.revoke_of_person(tx, person, story.now) == 2
        assert links.revoke_dead(tx, story.now) == 0
    assert {standing(story, one) for one in tokens} == {"revoked"}


def test_what_is_minted_opens_nothing_until_it_is_kept(story: Story, check: int) -> None:
    made = Links("https://duban.example.org/", counted_salts())
    wish = Wish(
        person_id=story.person("handler of beiwan"), task_id=check, act="sign_for", revision=1, delivery_id=7
    )
    url = made.mint(wish)
    base, _, token = url.rpartition("/")
    assert base == "https://duban.example.org/a"
    assert standing(story, token) == "unknown"
    with story.port.write("clock") as tx:
        assert made.keep(tx, story.now) == 1
        assert made.keep(tx, story.now) == 0
    assert standing(story, token) == "open"


# --- switching information off ----------------------------------------------------------------------


def test_a_post_switches_information_off_and_a_look_does_not(story: Story) -> None:
    made = Unsubscribing.over(story.port, counted_salts(), "https://duban.example.org")
    again = Unsubscribing.over(story.port, lambda: b"other" * 4, "https://duban.example.org")
    person = story.person("handler of beiwan")
    url = made.address(person, "digest:daily")
    assert url == again.address(person, "digest:daily")
    token = str(url).rpartition("/")[2]
    before = everything(story)
    assert (made.look(token).person_id, made.look(token).topic) == (person, "digest:daily")
    assert everything(story) == before
    for _ in range(2):
        made.unsubscribe(story.port, token, story.now)
    with story.port.read() as tx:
        assert addresses.switched_off(tx, [person]) == {person: ("digest:daily",)}


def test_a_mail_switches_off_what_its_token_names_and_nothing_else(story: Story) -> None:
    unsubscribing = Unsubscribing.over(story.port, counted_salts(), "https://duban.example.org")
    person = story.person("handler of beiwan")
    site = Site(switch_off=unsubscribing.by_mail)
    desk = cast(Desk, SimpleNamespace(site=site))
    told = [unsubscribing.token(person, "notices"), "x" * 12 + "." + "y" * 43]
    for token, changed in ((told[0], True), (told[0], False), (told[1], False)):
        receipt = Receipt(reference=token, end="unsubscribed")
        with story.port.write("clock") as tx:
            assert settling.receive(tx, desk, "mail", receipt, story.now, busy=False) is changed
    with story.port.read() as tx:
        assert addresses.switched_off(tx, [person]) == {person: ("notices",)}


def test_formal_notices_cannot_be_switched_off() -> None:
    made = Unsubscribing(b"key", "https://duban.example.org")
    with pytest.raises(BadValue, match="Formal notices"):
        made.token(1, "formal")
    assert Unsubscribing(b"key", None).address(1, "notices") is None


@given(st.text(max_size=80))
def test_a_token_that_was_not_made_here_is_refused(token: str) -> None:
    made = Unsubscribing(b"key", None)
    for one in (
        token,
        f"{made.token(1, 'notices').partition('.')[0]}.{token}",
        made.token(1, "notices")[:-2],
    ):
        with pytest.raises(Unknown):
            made.look(one)
    assert made.look(made.token(3, "notices")).person_id == 3


# --- redaction --------------------------------------------------------------------------------------


def test_no_line_of_a_log_holds_a_token(capsys: pytest.CaptureFixture[str]) -> None:
    from commands.screen import log_to_stderr

    log_to_stderr(logging.INFO)
    log, token = structlog.get_logger("trial"), new_token(counted_salts())
    url = f"https://duban.example.org/a/{token}"
    unsubscribe = f"https://duban.example.org/u/{Unsubscribing(b'key', None).token(1, 'notices')}"
    log.info(f"GET {url}", path=f"/a/{token}", both=[url, {"at": unsubscribe}], error=ValueError(url))
    try:
        raise RuntimeError(url)
    except RuntimeError:
        log.exception("failed", coded=url.replace("/", "%2F"))
    said = capsys.readouterr().err
    assert "/a/…" in said
    assert token not in said
    assert unsubscribe.rpartition("/")[2] not in said


@pytest.mark.parametrize("path", ["/r/0123456789AB", "/calendar/0123456789abcdef0123.ics"])
def test_links_that_are_no_acts_hold_secrets_as_well(path: str) -> None:
    """Who votes when, and whose deadlines are read, stands in no traceback either."""
    assert path.rpartition("/")[2] not in redacted(f"ValueError: 'GET {path} HTTP/1.1'")
    assert redacted("/r/abc and /calendar/2026") == "/r/abc and /calendar/2026"


@given(st.binary(min_size=16, max_size=16))
def test_every_token_is_found(salt: bytes) -> None:
    token = new_token(lambda: salt)
    assert token not in redacted(f"见 https://x.example/a/{token}。")
    assert redact(None, "info", {"n": 1, "event": f"/a/{token}"}) == {"n": 1, "event": "/a/…"}
