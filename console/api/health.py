"""Whether it works, for load balancers and watchdogs: `/healthz` the process, `/readyz` all it needs.

Both say nothing that isn't for everybody: no names, no addresses, no numbers of tasks.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse

from workflow.errors import StoreError
from workflow.store import life, revisions

from ..web.place import Place

router = APIRouter()
SILENT = 120_000  # ms; a daemon leaves a sign of life every 30 s


@router.get("/healthz")
def healthz() -> PlainTextResponse:
    """The process is alive and answers."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def readyz(request: Request) -> JSONResponse:
    """The database is reachable, its tables fit, and a daemon is at work; the body says what isn't so."""
    place: Place = request.app.state.place
    found = {"database": "reachable", "migrations": "unknown", "daemon": "unknown"}
    try:
        found["migrations"] = "current" if place.engine.port.revision() == revisions()[-1] else "outdated"
        age = heartbeat_age(place)
        found["daemon"] = "never" if age is None else "working" if age <= SILENT else "silent"
    except StoreError:
        found["database"] = "unreachable"
    ready = found == {"database": "reachable", "migrations": "current", "daemon": "working"}
    return JSONResponse({"ready": ready, **found}, 200 if ready else 503)


def heartbeat_age(place: Place) -> int | None:
    """How long ago a daemon last left a sign of life, in ms; None: none ever did."""
    now = place.now
    with place.engine.port.read() as tx:
        beats = [beat for node, beat in life.beats(tx).items() if node != life.SIMULATION]
    return None if not beats else max(0, now - max(beats))
