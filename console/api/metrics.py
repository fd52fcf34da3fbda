"""Figures for Prometheus: what the console is asked, and what waits in the database.

Nothing in them tells of a person or a task: labels are states, lights, methods and templates of paths. They
are for this machine, or for whoever bears the token of the settings; behind a proxy every request seems to
come from this machine, so there the token is needed.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from hmac import compare_digest
from time import perf_counter

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from workflow.errors import NotAllowed

from ..store import figures
from ..store.figures import Counted
from ..web.place import Place
from .health import heartbeat_age

router = APIRouter()
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)  # seconds
_METHODS = ("GET", "HEAD", "POST")
_NEAR = ("127.0.0.1", "::1")
# Counted only where they fail: whoever keeps figures keeps their time, which is when somebody voted.
_BALLOTS = ("/r", "/r/{token}")
_LASTING = 10_000  # ms for which what was counted stands: however often it is asked for
_MOST_STATES = 500  # of open tasks; what is beyond is counted together


class Meter:
    """What was asked of this process, and what waits."""

    def __init__(self, place: Place) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "duban_http_requests", "Requests answered.", ["method", "route", "status"], registry=self.registry
        )
        self._seconds = Histogram(
            "duban_http_request_seconds",
            "How long answers took.",
            ["route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.registry.register(_Waiting(place))

    async def measure(self, request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        """The middleware that counts."""
        begun, status = perf_counter(), "500"
        try:
            response = await answer(request)
            status = str(response.status_code)
        finally:
            route = template_of(request)
            if route not in _BALLOTS or status == "500":
                method = request.method if request.method in _METHODS else "other"
                self._requests.labels(method, route, status).inc()
                self._seconds.labels(route).observe(perf_counter() - begun)
        return response


def template_of(request: Request) -> str:
    """The path as it is declared: a request for what isn't there adds no label."""
    whole = request.scope.get("fastapi", {}).get("effective_route_context")  # with its router's prefix
    path = getattr(whole or request.scope.get("route"), "path", None)
    return "none" if path is None else f"{request.scope.get('root_path', '')}{path}"


class _Waiting(Collector):
    """What waits in the database, looked at when it is asked for."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._at = 0
        self._found: Counted | None = None

    def describe(self) -> Iterator[Metric]:
        """Nothing is counted before somebody asks."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Every gauge."""
        now, found = self._count()
        yield _gauge("duban_open_tasks", "Open tasks.", ("state", "light"), _bounded(found.open_tasks))
        yield _gauge("duban_outgoing", "What must be told.", ("status",), _single(found.outgoing))
        yield _gauge("duban_webhooks", "Webhooks.", ("state",), _single(found.webhooks))
        late = 0 if found.next_wake is None else max(0, now - found.next_wake)
        yield GaugeMetricFamily(
            "duban_oldest_due_seconds", "How long the oldest due wake has been owed.", value=late / 1000
        )
        age = heartbeat_age(self._place)
        if age is not None:
            text = "Since the daemon's last sign of life."
            yield GaugeMetricFamily("duban_daemon_heartbeat_age_seconds", text, value=age / 1000)
        if self._place.deliveries is not None:
            with self._place.engine.port.read() as tx:
                deliveries = self._place.deliveries(tx)
            yield _gauge("duban_deliveries", "Messages under way.", ("state",), _single(deliveries))

    def _count(self) -> tuple[int, Counted]:
        now = self._place.now
        with self._lock:
            if self._found is None or not 0 <= now - self._at < _LASTING:
                with self._place.engine.port.read() as tx:
                    self._at, self._found = now, figures.count(tx)
            return now, self._found


def _gauge(
    name: str, text: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], int]
) -> GaugeMetricFamily:
    found = GaugeMetricFamily(name, text, labels=labels)
    for key, value in values.items():
        found.add_metric(key, value)
    return found


def _single(values: Mapping[str, int]) -> dict[tuple[str, ...], int]:
    return {(key,): value for key, value in values.items()}


def _bounded(values: Mapping[tuple[str, str], int]) -> dict[tuple[str, ...], int]:
    """The most frequent; the rest together, by light."""
    found: dict[tuple[str, ...], int] = {}
    for position, (key, value) in enumerate(sorted(values.items(), key=lambda one: -one[1])):
        label = key if position < _MOST_STATES else ("other", key[1])
        found[label] = found.get(label, 0) + value
    return found


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """In the text format of Prometheus."""
    place: Place = request.app.state.place
    if not _may(request, place):
        raise NotAllowed(
            "指标只对本机开放；经代理或从别处读取，须带设置 [console] metrics_token 所指的令牌（Bearer）。",
            "Figures are for this machine; through a proxy or from elsewhere, send the token that the "
            "settings name under [console] metrics_token as a bearer.",
        )
    meter: Meter = request.app.state.meter
    return Response(generate_latest(meter.registry), media_type=CONTENT_TYPE_LATEST)


def _may(request: Request, place: Place) -> bool:
    token = place.settings.metrics_token
    given = request.headers.get("authorization", "")
    if token and compare_digest(given.encode(), f"Bearer {token}".encode()):
        return True
    near = request.client is not None and request.client.host in _NEAR
    forwarded = "x-forwarded-for" in request.headers or "forwarded" in request.headers
    return near and not place.settings.https and not forwarded
