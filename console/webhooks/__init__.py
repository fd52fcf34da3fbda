"""Webhooks: programs elsewhere are told of events, in their order, at least once.

addresses.py   where a name leads, and whether anybody may be told there
peers.py       one POST to a checked address
events.py      an event as CloudEvents 1.0, signed as Standard Webhooks says
telling.py     from a webhook's cursor to the settled events, with patience
managing.py    the system administrator's list

A webhook reads history onwards from its cursor, up to the settled id: there is no queue to lose. Of an event
goes out what its header holds: ids, codes, numbers; no name, no reason, no free text.
"""

from __future__ import annotations

from .managing import added, enabled, removed, tried
from .telling import Told, Webhooks

__all__ = ["Told", "Webhooks", "added", "enabled", "removed", "tried"]
