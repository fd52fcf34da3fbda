"""What is wrong with webhooks: for `duban doctor`, the settings page, and the report to operators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workflow.doctor import Finding
from workflow.engine import Frame
from workflow.store import Transaction
from workflow.text import Text

from ..store import webhooks
from ..store.webhooks import Webhook


def findings(frame: Frame) -> Iterator[Finding]:
    """Webhooks that wait for a person."""
    for one in _disabled(frame.tx):
        yield Finding(level="waits", about="disabled webhook", text=_told(one))


def disabled_since(tx: Transaction, since: int) -> Sequence[Text]:
    """Those that were disabled since an instant (ms), in words."""
    return [_told(one) for one in _disabled(tx) if one.disabled_at is not None and one.disabled_at >= since]


def _disabled(tx: Transaction) -> list[Webhook]:
    """Those that are told of nothing until a person says so."""
    return [one for one in webhooks.every(tx) if one.disabled_at is not None]


def _told(one: Webhook) -> Text:
    why = one.why or ""
    return Text(
        f"Webhook {one.name} 长期失败，已停用（{why}）。修复后请运行 duban webhook enable {one.name}",
        f"The webhook {one.name} failed for too long and is disabled ({why}). Mend it, then run "
        f"duban webhook enable {one.name}",
    )
