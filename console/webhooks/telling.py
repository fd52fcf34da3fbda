"""Telling: from a webhook's cursor to the settled events, one after the other.

    settled? ──► claim ──► resolve, check ──► post, post, post … ──► note how far it came
                                                └─ fails: wait 30 s, doubled up to an hour; 3 days: disabled

What was posted and not noted is posted again, under the same id: at least once. A webhook that fails keeps
nobody but itself waiting, and loses nothing: history stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import orjson
import structlog

from workflow.engine import Frame, Library
from workflow.errors import Refused
from workflow.reading import number_of
from workflow.store import Port
from workflow.store.settling import Settling

from ..store import webhooks
from ..store.webhooks import Happened, Webhook
from .addresses import Resolve, checked, resolve, target_of
from .events import Message, cloud_event, headers_of
from .peers import Answer, Post, Poster

MOST: Final = 100  # events of one turn
BUDGET: Final = 20_000  # ms of one turn
LEASE: Final = 60_000  # ms for which a webhook is claimed: a turn, its last message, and as long again
FIRST_PAUSE: Final = 30_000  # ms
LONGEST_PAUSE: Final = 3_600_000  # ms
GIVEN_UP: Final = 3 * 86_400_000  # ms of failing
GONE: Final = 410  # a peer that says so wants no more
_BEHIND: Final = 1_000  # ids of other kinds after which a cursor moves without anything being told

log = structlog.get_logger("duban.webhooks")


@dataclass(kw_only=True)
class Told:
    """What a run did."""

    sent: int = 0
    failed: int = 0
    disabled: int = 0


class Webhooks:
    """Tells webhooks of events. `run_once` is all it does; the daemon rings it."""

    def __init__(
        self,
        port: Port,
        library: Library,
        clock: Callable[[], int],
        *,
        post: Post | None = None,
        look_up: Resolve = resolve,
        held: Callable[[int], bool] = lambda _now: False,
    ) -> None:
        """`clock` gives ms since the epoch; `held` says whether nothing may leave, as after a restore."""
        self._port, self._library, self._clock = port, library, clock
        self._post, self._look_up, self._held = post or Poster(), look_up, held
        self._settling = Settling(port)
        self._stopping = False

    def stop(self) -> None:
        """Begin no further message."""
        self._stopping = True

    def run_once(self, now: int) -> Told:
        """Tell every webhook whose turn it is."""
        told = Told()
        with self._port.read() as tx:
            due = [one for one in webhooks.every(tx) if _is_due(one, now)]
        if not due:
            return told
        settled = self._settling.settled()
        for one in due:
            if not self._stopping and one.cursor < settled:
                self._turn(one, settled, now, told)
        return told

    def _turn(self, one: Webhook, settled: int, now: int, told: Told) -> None:
        with self._port.read() as tx:
            frame = self._library.frame(tx, now)
            events = webhooks.events(tx, one, settled, MOST)
            messages = [(event.id, message_of(frame, event)) for event in events]
        if (not messages and settled - one.cursor < _BEHIND) or self._held(now):
            return
        with self._port.write("clock") as tx:
            if not webhooks.claim(tx, one.id, now, now + LEASE):
                return
        after = self._told(one, messages, now) if messages else one
        if len(messages) < MOST and after.sent - one.sent == len(messages):
            after = replace(after, cursor=settled)  # up to there nothing else is of its kinds
        self._note(one, after, now, told)

    def _told(self, one: Webhook, messages: list[tuple[int, Message]], now: int) -> Webhook:
        after = one
        try:
            target = target_of(one.url, near=one.near)
            address = checked(target, self._look_up(target.host, target.port), near=one.near)
        except Refused as error:
            return failed(one, Answer(status=None, why=error.text.en), now)
        for ident, message in messages:
            at = self._clock()
            if self._stopping or at - now > BUDGET:
                break
            answer = self._post(target, address, message.body, headers_of(message, one.secret, at))
            if not answer.took:
                return failed(after, answer, at)
            after = took(after, ident, at)
        return after

    def _note(self, before: Webhook, after: Webhook, now: int, told: Told) -> None:
        with self._port.write("clock") as tx:
            mine = webhooks.note_told(tx, now + LEASE, before, after)
        told.sent += after.sent - before.sent
        if after.failing_since is not None:
            told.failed += 1
            log.warning("webhook failed", webhook=after.name, tries=after.tries, why=after.why)
        if mine and after.disabled_at is not None:
            told.disabled += 1
            log.error(
                "webhook disabled",
                webhook=after.name,
                why=f"no success since {after.failing_since}: {after.why}. `duban webhook enable` goes on",
                zh=f"Webhook {after.name} 长期失败，已停用。修复后运行 duban webhook enable {after.name}。",
            )


def _is_due(one: Webhook, now: int) -> bool:
    return one.disabled_at is None and one.next_at <= now and (one.busy_to is None or one.busy_to <= now)


def message_of(frame: Frame, event: Happened) -> Message:
    """An event as it goes out: its header and where it stands in the chain, nothing else."""
    number = number_of(frame, event.task_id, event.campaign_id)
    campaign = frame.campaigns.get(event.campaign_id)
    data = {
        "task": number,
        "seq": event.seq,
        "kind": event.kind,
        "recorded_at": event.recorded_at,
        "header": orjson.loads(event.header),
        "hash": event.hash,
    }
    source = f"urn:duban:{campaign.name if campaign else event.campaign_id}"
    return cloud_event(f"event-{event.id}", source, f"duban.task.{event.kind}", event.at, number, data)


def took(one: Webhook, event: int, now: int) -> Webhook:
    """After a message that was taken."""
    return replace(
        one, cursor=event, sent=one.sent + 1, sent_at=now, tries=0, failing_since=None, next_at=now, why=None
    )


def failed(one: Webhook, answer: Answer, now: int) -> Webhook:
    """After a message that was not: when to try again, and when no more."""
    since = now if one.failing_since is None else one.failing_since
    over = answer.status == GONE or now - since >= GIVEN_UP
    pause = min(LONGEST_PAUSE, FIRST_PAUSE << min(one.tries, 10))
    return replace(
        one,
        tries=one.tries + 1,
        failing_since=since,
        next_at=now + pause,
        disabled_at=now if over else None,
        why=answer.said,
    )
