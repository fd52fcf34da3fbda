"""The same abilities as JSON, under `/api/v1`; the feed of one's deadlines; what operators' programs ask for.

app.py           puts it together, describes it as OpenAPI
asking.py        who asks: a token, whose it is, what it may
problems.py      every refusal as problem+json (RFC 9457)
limits.py        how large what is sent may be, before any of it is read
shapes.py        what is answered; standing.py how one task is
tasks.py         to do, the ledger, one task
acts.py          what may be done, and doing it
files.py         evidence
definitions.py   what each kind of task goes through
organisation.py  units, people, posts
calendar.py      one's deadlines as iCalendar (RFC 5545)
health.py        whether it works: healthz, readyz
metrics.py       figures for Prometheus

Nothing here sees more than the pages do: the same scope, the same engine. Cookies open nothing here, so
no other site can send anything in somebody's name.
"""

from __future__ import annotations

from .app import mount

__all__ = ["mount"]
