"""The application: pages, files, and what every answer carries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Response
from fastapi.responses import FileResponse
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from .. import api
from ..accesses import Accesses
from . import (
    acting,
    board,
    campaigns,
    definitions,
    deliveries,
    demonstration,
    door,
    draws,
    dual_list,
    evidence,
    importing,
    ledger,
    links,
    notices,
    oidc,
    organisation,
    people,
    receipts,
    review,
    search,
    settings,
    task,
    to_do,
    tokens,
)
from .errors import answer_errors
from .guard import protecting
from .noting import noting
from .place import Place
from .visits import STATIC, asset_name

_THEMES = (
    door,
    oidc,
    people,
    definitions,
    evidence,
    organisation,
    tokens,
    review,
    settings,
    demonstration,
    to_do,
    task,
    acting,
    board,
    campaigns,
    draws,
    dual_list,
    ledger,
    importing,
    search,
    links,
    receipts,
    deliveries,
    notices,
)
_FOR_EVER = "public, max-age=31536000, immutable"


def create_app(place: Place) -> FastAPI:
    """The console over a place."""
    accesses = Accesses(place.engine.port, kept_days=place.settings.kept_days)
    tallies = board.tallies(place)

    @asynccontextmanager
    async def at_work(_app: FastAPI) -> AsyncIterator[None]:
        accesses.start(lambda: place.now)
        tallies.begin()
        yield
        await run_in_threadpool(tallies.end)
        await run_in_threadpool(accesses.stop)

    # No redirects to the path without its last stroke: their address would be the request's word for its
    # host, without https behind a proxy.
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=at_work)
    app.state.place, app.state.accesses, app.state.tallies = place, accesses, tallies
    app.middleware("http")(noting(accesses, lambda: place.now))
    app.middleware("http")(protecting(place.settings.https))
    answer_errors(app)
    app.get("/static/{mark}/{name}")(_static)
    app.get("/robots.txt")(_robots)
    for theme in _THEMES:
        app.include_router(theme.router)
    api.mount(app, place)
    return app


def _static(mark: str, name: str) -> Response:
    """A file of ours, under the address that belongs to its content."""
    if asset_name(name) != f"/static/{mark}/{name}":
        raise HTTPException(404)
    return FileResponse(STATIC / name, headers={"Cache-Control": _FOR_EVER})


def _robots() -> Response:
    return Response("User-agent: *\nDisallow: /\n", media_type="text/plain")
