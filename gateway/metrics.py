"""What the gateway has counted, in Prometheus' text format. Served only where an operator switches it on."""

from collections.abc import Iterator
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from gateway.live import LiveEngine
from gateway.persisted import PersistedQueries

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
HOW_MANY_NOW = frozenset({"operations", "plans"})
"""Of the caches' figures, those that go down again; the others only grow."""


class Metrics:
    """The endpoint, over one engine. Tells counts by kind and by service: no query, no caller."""

    def __init__(self, engine: LiveEngine, persisted: PersistedQueries) -> None:
        self._engine = engine
        self._persisted = persisted

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
        services = {name: asdict(counts) for name, counts in self._engine.services().items()}
        for kind in next(iter(services.values()), {}):
            counted = {f'{{service="{name}"}}': counts[kind] for name, counts in services.items()}
            yield from _metric(f"noren_gateway_subgraph_{kind}_total", "counter", counted)


def _metric(name: str, kind: str, counted: dict[str, int]) -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    for labels, count in counted.items():
        yield f"{name}{labels} {count}"
