"""What the gateway has counted, in Prometheus' text format. Served only where an operator switches it on."""

from collections.abc import Iterator
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from gateway.live import LiveEngine
from gateway.persisted import PersistedQueries
from gateway.subscription import Subscriptions
from gateway.websocket import WebSocketEndpoint

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
HOW_MANY_NOW = frozenset({"operations", "plans"})
"""Of the caches' figures, those that go down again; the others only grow."""


class Metrics:
    """The endpoint, over one engine. Tells counts by kind and by service: no query, no caller."""

    def __init__(
        self,
        engine: LiveEngine,
        persisted: PersistedQueries,
        subscriptions: Subscriptions,
        sockets: WebSocketEndpoint,
    ) -> None:
        self._engine = engine
        self._persisted = persisted
        self._subscriptions = subscriptions
        self._sockets = sockets

    async def show(self, _: Request) -> Response:
        """Every metric with its type."""
        return PlainTextResponse("\n".join(self._lines()) + "\n", headers={"content-type": CONTENT_TYPE})

    def _lines(self) -> Iterator[str]:
        for name, count in asdict(self._engine.counts).items():
            yield from _metric(f"noren_gateway_{name}_total", "counter", {"": count})
        for name, count in self._engine.cached().items():
            if name in HOW_MANY_NOW:
                yield from _metric(f"noren_gateway_cached_{name}", "gauge", {"": count})
            else:
                yield from _metric(f"noren_gateway_{name}_total", "counter", {"": count})
        yield from _metric("noren_gateway_reloads_total", "counter", {"": self._engine.reloads})
        yield from _metric("noren_gateway_cached_persisted_queries", "gauge", {"": len(self._persisted)})
        for name, count in asdict(self._persisted.counts).items():
            yield from _metric(f"noren_gateway_persisted_query_{name}_total", "counter", {"": count})
        yield from self._stream_lines()
        services = {name: asdict(counts) for name, counts in self._engine.services().items()}
        for kind in next(iter(services.values()), {}):
            counted = {f'{{service="{name}"}}': counts[kind] for name, counts in services.items()}
            yield from _metric(f"noren_gateway_subgraph_{kind}_total", "counter", counted)

    def _stream_lines(self) -> Iterator[str]:
        told, sockets = self._subscriptions.counts, self._sockets.counts
        yield from _metric("noren_gateway_subscriptions", "gauge", {"": len(self._subscriptions)})
        yield from _metric("noren_gateway_subscriptions_begun_total", "counter", {"": told.begun})
        yield from _metric("noren_gateway_subscription_events_total", "counter", {"": told.events})
        ended = {f'{{reason="{reason.lower()}"}}': count for reason, count in sorted(told.ended.items())}
        yield from _metric("noren_gateway_subscriptions_ended_total", "counter", ended)
        yield from _metric("noren_gateway_sockets", "gauge", {"": len(self._sockets)})
        yield from _metric("noren_gateway_sockets_opened_total", "counter", {"": sockets.opened})
        yield from _metric("noren_gateway_sockets_refused_total", "counter", {"": sockets.refused})
        closed = {f'{{code="{code}"}}': count for code, count in sorted(sockets.closed.items())}
        yield from _metric("noren_gateway_sockets_closed_total", "counter", closed)


def _metric(name: str, kind: str, counted: dict[str, int]) -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    for labels, count in counted.items():
        yield f"{name}{labels} {count}"
