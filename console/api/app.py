"""The API put together: an application of its own inside the console, with its own errors."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.routing import Mount

from ..web.place import Place
from . import acts, calendar, definitions, deliveries, files, health, metrics, organisation, tasks
from .limits import limiting
from .metrics import Meter
from .problems import Problem, answer_problems

PATH = "/api/v1"
_ABOUT = """What people do on the pages, for programs: in their name, and with no more than they may.

Make a token under “My account”, then: `curl -H "Authorization: Bearer $TOKEN" …/api/v1/me`.

Refusals are `application/problem+json` (RFC 9457), in the language of `Accept-Language`."""
_SCHEMAS = "#/components/schemas/{model}"


def create_api(place: Place) -> FastAPI:
    """The API over a place."""
    api = _bare()
    api.state.place = place
    api.middleware("http")(limiting)
    answer_problems(api)
    api.openapi = described  # type: ignore[method-assign]
    return api


def _bare() -> FastAPI:
    api = FastAPI(
        title="Duban",
        version="1",
        description=_ABOUT,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        servers=[{"url": PATH}],
        root_path_in_servers=False,
    )
    for theme in (organisation, tasks, acts, files, definitions, deliveries):
        api.include_router(theme.router)
    return api


@cache
def described() -> dict[str, Any]:
    """The description as OpenAPI: the same for every place, and made when somebody asks for it."""
    api = _bare()
    found = get_openapi(
        title=api.title,
        version=api.version,
        description=api.description,
        routes=api.routes,
        servers=api.servers,
    )
    schema = Problem.model_json_schema(ref_template=_SCHEMAS)
    schemas = found["components"]["schemas"]
    schemas |= schema.pop("$defs", {})
    schemas["Problem"] = schema
    return found


def mount(app: FastAPI, place: Place) -> None:
    """Put the API into the console, and what stands beside it."""
    app.state.meter = Meter(place)
    app.middleware("http")(app.state.meter.measure)
    for theme in (calendar, health, metrics):
        app.include_router(theme.router)
    app.mount(PATH, create_api(place))
    route = app.routes[-1]
    if isinstance(route, Mount):  # a line break in a path would lead past it, to a page
        route.path_regex = re.compile(route.path_regex.pattern, re.DOTALL)
