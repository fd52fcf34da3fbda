"""Action links: one person, one act, on the task as they were told of it, once, for a while.

    mint ──► kept ──► look (changes nothing, as often as anybody likes)
                        └──► consume ──► used ──► the engine acts, or refuses: given back, or revoked

A link stands in a message, so whoever forwards the message forwards it: it only ever leads to a page that
asks again, and acts of weight lead to a login instead. What it may do is judged by the engine when it is
used, by who the person is then. Of the token only a hash is kept; it stands in the path, where
`redaction` takes it out of logs.

An unsubscribe link is no secret: it is signed, works for ever, and can only switch information off.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from notifier.store import addresses
from notifier.store import links as store
from workflow.decision import Act
from workflow.definition.model import BACK, Definition
from workflow.engine import Answer, Engine, Frame
from workflow.errors import NotAllowed, NotNow, Refused, Stale, Unknown
from workflow.reading.numbers import number_of
from workflow.store import Port, Transaction, organisation, tasks
from workflow.text import Text

from .addresses import topic_of
from .content import Wish
from .store.links import Kept, Minted

HOUR_MS: Final = 3_600_000
LIFE_MS: Final = 72 * HOUR_MS
_KEY: Final = "unsubscribe_key"  # under which its signatures' key is remembered
_LONGEST_TOKEN: Final = 200
Standing = Literal["open", "used", "revoked", "expired", "unknown"]

_NO_USE: Final[Mapping[Standing, Text]] = {
    "used": Text(
        "这个链接已经用过，只能用一次。现在到了哪一步请登录查看。",
        "This link has been used; it works once. Log in to see where the task stands.",
    ),
    "revoked": Text(
        "这个链接已失效：事项已有人办理、已办结，或链接已被撤销。请登录查看最新情况。",
        "This link is no longer valid: somebody has acted on the task, it has ended, or the link was "
        "revoked. Log in to see where the task stands.",
    ),
    "expired": Text(
        "这个链接已过期。请登录办理，或等待下一次通知。",
        "This link has expired. Log in to act, or wait for the next notice.",
    ),
    "unknown": Text(
        "没有这个链接。请检查是否完整复制，或登录办理。",
        "There is no such link. Check that it was copied whole, or log in to act.",
    ),
}


class Links:
    """Mints the links of messages. What was minted is kept with the bytes of the message."""

    def __init__(self, base_url: str, random: Callable[[], bytes], *, life: int = LIFE_MS) -> None:
        """`random` gives 16 bytes that nobody can guess; `life` is in ms."""
        self._base, self._random, self._life = base_url.rstrip("/"), random, life
        self._minted: list[Minted] = []
        self._lock = threading.Lock()

    def mint(self, wish: Wish) -> str:
        """The address of a new link, which opens nothing before `keep` has stored it."""
        token = new_token(self._random)
        with self._lock:
            self._minted.append(Minted(hashed=hashed(token), wish=wish))
        return f"{self._base}/a/{token}"

    def keep(self, tx: Transaction, now: int) -> int:
        """Store what was minted since the last time, in the transaction that keeps the bytes; how many."""
        with self._lock:
            minted, self._minted = self._minted, []
        store.keep(tx, minted, now, self._life)
        return len(minted)


class Revoking:
    """Revokes links whose task has ended or moved on. They open nothing anyway; so nobody is misled."""

    def __init__(self, port: Port, *, every: int = HOUR_MS // 6) -> None:
        """`every`: ms between two looks."""
        self._port, self._every, self._last = port, every, 0

    def run_once(self, now: int) -> int:
        """How many were revoked."""
        if now - self._last < self._every:
            return 0
        self._last = now
        with self._port.write("clock") as tx:
            return store.revoke_dead(tx, now)


def mint(tx: Transaction, wish: Wish, now: int, token: str, *, life: int = LIFE_MS) -> None:
    """Store one link with this token, for so many ms."""
    store.keep(tx, [Minted(hashed=hashed(token), wish=wish)], now, life)


def new_token(random: Callable[[], bytes]) -> str:
    """A token of 256 bits, in letters that stand in a path."""
    return base64.urlsafe_b64encode(random() + random()).rstrip(b"=").decode()


def hashed(token: str) -> str:
    """All that is kept of a token."""
    return hashlib.sha256(token[:_LONGEST_TOKEN].encode()).hexdigest()


# --- looking ----------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """What a page shows to whoever opened a link."""

    standing: Standing
    why: Text | None = None  # why it can't be used
    person_id: int | None = None
    task_id: int | None = None
    number: str = ""  # of the task, as people call it
    act: str = ""
    label: Text | None = None  # of the act
    revision: int | None = None
    asks: tuple[str, ...] = ()  # facts that the page must ask for
    needs_login: bool = False  # an act of weight: the page leads to a login and posts nothing


def look(frame: Frame, token: str) -> Looked:
    """What a link is for, and whether it can be used. Changes nothing."""
    found = store.find(frame.tx, hashed(token))
    standing = _standing(found, frame.now)
    if found is None or standing != "open":
        return Looked(standing=standing, why=_NO_USE[standing])
    task = _task(frame, found)
    if task is None:
        return Looked(standing="revoked", why=_NO_USE["revoked"])
    definition = frame.version(task.version_id).books[task.kind].definition
    transition = definition.transitions.get(found.act)
    return Looked(
        standing="open",
        person_id=found.person_id,
        task_id=found.task_id,
        number=number_of(frame, task.id, task.campaign_id),
        act=found.act,
        label=None if transition is None else transition.label,
        revision=found.revision,
        asks=() if transition is None else transition.asks,
        needs_login=weighty(definition, found.act),
    )


def _standing(found: Kept | None, now: int) -> Standing:
    if found is None:
        return "unknown"
    if found.used_at is not None:
        return "used"
    if found.revoked_at is not None:
        return "revoked"
    return "expired" if found.expires_at <= now else "open"


def _task(frame: Frame, found: Kept) -> Any:
    """The task of a link; None once it has ended or moved on: the link can never work again."""
    rows = tasks.read_these(frame.tx, [found.task_id])
    task = tasks.task_of(rows[0]) if rows else None
    moved = task is None or task.ended_at is not None or task.revision > found.revision
    return None if moved else task


def weighty(definition: Definition, act: str) -> bool:
    """Whether an act signs, confirms another's request, or ends a task; and whatever is not known."""
    transition = definition.transitions.get(act)
    if transition is None:  # `confirm:`, `refuse:`, `lift:`, an everyday act
        return True
    target = transition.target
    ends = target not in (None, BACK) and definition.states[target].final is not None
    signs = transition.number is not None or transition.quorum is not None
    return bool(ends or signs or transition.confirmed_by is not None or transition.evidence.most)


# --- using ------------------------------------------------------------------------------------------


def consume(engine: Engine, token: str, facts: Mapping[str, Any], now: int) -> Answer:
    """Do what a link is for, once.

    It is marked used first, so that of fifty posts at once one acts. Where the engine refuses it is given
    back, unless it can never work again. Whatever else goes wrong leaves it used: nothing is approved
    that nobody saw approved.

    Raises:
        Unknown, NotNow: the link can't be used; says why.
        NotAllowed: an act of weight: log in.
        Refused: as `Engine.act`; of `Stale` it says who was faster.
    """
    found = _claim(engine, token, now)
    wanted = Act(name=found.act, person_id=found.person_id, facts=facts)
    request = f"link:{found.hashed}"
    try:
        return engine.act(found.task_id, wanted, now, revision=found.revision, request_id=request)
    except Refused as refused:
        _return(engine, found, now, for_good=isinstance(refused, Stale | Unknown))
        raise


def _claim(engine: Engine, token: str, now: int) -> Kept:
    with engine.port.write("people") as tx:
        found = store.find(tx, hashed(token))
        standing = _standing(found, now)
        if found is None or standing != "open":
            raise _unusable(standing)
        if _needs_login(engine.library.frame(tx, now), found):
            raise NotAllowed(
                "未办理：此项须登录后办理（签发、确认或办结）。请登录。",
                "Not done: signing, confirming and ending a task need a login. Log in to act.",
            )
        if not store.use(tx, found.hashed, now):
            raise _unusable("used")
        return found


def _needs_login(frame: Frame, found: Kept) -> bool:
    rows = tasks.read_these(frame.tx, [found.task_id])
    if not rows:
        return False  # the engine says that there is none
    task = tasks.task_of(rows[0])
    return weighty(frame.version(task.version_id).books[task.kind].definition, found.act)


def _unusable(standing: Standing) -> Refused:
    why = _NO_USE[standing]
    return (Unknown if standing == "unknown" else NotNow)(why.zh, why.en)


def _return(engine: Engine, found: Kept, now: int, *, for_good: bool) -> None:
    with engine.port.write("people") as tx:
        if for_good:
            store.give_up(tx, found.hashed, now, now)
        else:
            store.give_back(tx, found.hashed, now)


# --- switching information off ----------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """What an unsubscribe link is for."""

    person_id: int
    topic: str  # notices, digest:NAME


class Unsubscribing:
    """Makes and reads unsubscribe links, by the key of this database."""

    def __init__(self, key: bytes, base_url: str | None) -> None:
        self._key = key
        self._base = None if base_url is None else base_url.rstrip("/")

    @classmethod
    def over(cls, port: Port, random: Callable[[], bytes], base_url: str | None) -> Unsubscribing:
        """With the key of this database, which is made at its first use."""
        with port.read() as tx:
            known = organisation.remembered(tx, _KEY)
        if known is None:
            with port.write("clock") as tx:
                known = organisation.remembered(tx, _KEY)
                if known is None:
                    known = (random() + random()).hex()
                    organisation.remember(tx, _KEY, known)
        return cls(bytes.fromhex(known), base_url)

    def address(self, person: int, topic: str) -> str | None:
        """Where a person switches a topic off; None without a site."""
        return None if self._base is None else f"{self._base}/u/{self.token(person, topic)}"

    def token(self, person: int, topic: str) -> str:
        """The signed name of a person's topic."""
        plain = f"{person}.{topic_of(topic)}".encode()
        return f"{_coded(plain)}.{_coded(self._sign(plain))}"

    def look(self, token: str) -> Topic:
        """What a link is for. Changes nothing.

        Raises:
            Unknown: it was not made here, or not copied whole.
        """
        plain, _, signature = token[:_LONGEST_TOKEN].partition(".")
        try:
            body, signed = _decoded(plain), _decoded(signature)
            right = hmac.compare_digest(self._sign(body), signed)
            person, _, topic = body.decode().partition(".")
            if right:
                return Topic(person_id=int(person), topic=topic)
        except ValueError:
            pass
        raise Unknown(
            "没有这个退订链接，未做改动。请检查是否完整复制。",
            "There is no such unsubscribe link; nothing was changed. Check that it was copied whole.",
        )

    def unsubscribe(self, port: Port, token: str, now: int) -> Topic:
        """Switch off what a link is for (RFC 8058: a POST without a question). Twice changes nothing.

        Raises:
            Unknown: it was not made here, or not copied whole.
        """
        found = self.look(token)
        with port.write("people") as tx:
            addresses.switch_off(tx, found.person_id, found.topic, "link", now)
        return found

    def by_mail(self, tx: Transaction, token: str, now: int) -> bool:
        """Switch off what a mail names by this token; False if it was off, or was not made here."""
        try:
            found = self.look(token)
        except Unknown:
            return False
        return addresses.switch_off(tx, found.person_id, found.topic, "mail", now)

    def _sign(self, plain: bytes) -> bytes:
        return hmac.digest(self._key, plain, "sha256")


def _coded(body: bytes) -> str:
    return base64.urlsafe_b64encode(body).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
