"""The gateway's composition root: settings, subgraphs and transports become an ASGI app. No logic.

`build_gateway` is for those who hold the subgraphs already (`noren up`, tests); `app` runs beside services that are
processes of their own: `uvicorn gateway.app:app`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import ASGIApp

from gateway.access import KEY_HEADER, NARROWING_HEADERS, Access
from gateway.audit import Audit, open_audit
from gateway.composer.contract import Contract
from gateway.engine import Engine, EngineSettings
from gateway.envelope import PREFLIGHT_HEADERS
from gateway.executor import ServicePolicy
from gateway.graphiql import ReadyQuery, explorer_routes
from gateway.guard import Guard
from gateway.health import Health
from gateway.http import COST_HEADER, GraphQLEndpoint
from gateway.keys.directory import DATABASE, KeyDirectory, open_keys
from gateway.live import LiveEngine
from gateway.metrics import Metrics
from gateway.own import own_issuer, own_subgraph
from gateway.persisted import PersistedQueries
from gateway.rate import Limiter
from gateway.rate.limiter import open_limiter
from gateway.settings import GatewaySettings
from gateway.startup import fetch_sdls
from gateway.subscription import Subscriptions
from gateway.supergraph_file import SupergraphFile
from gateway.tokens.reader import Tokens, open_tokens
from gateway.transports import Transport
from gateway.transports.in_process import InProcessTransport
from gateway.transports.pooled_http import PooledHttpTransport
from gateway.websocket import WebSocketEndpoint
from gateway.websocket.connection import House, SocketLimits
from kit.collector import calm_collector
from kit.context import TRACE_HEADER, ContextSigner
from kit.log import configure
from kit.settings import context_secret
from kit.tasks import background

ENDPOINT = "/graphql"
CORS_MAX_AGE_S = 7200
"""How long a browser keeps a preflight's answer; Chromium keeps none longer."""

RETIRE_MARGIN_S = 5.0
"""A subgraph that is no more in the graph stays connected for as long as a request may take, and this long."""


def build_gateway(
    settings: GatewaySettings,
    subgraphs: Mapping[str, str],
    transports: Mapping[str, Transport],
    default_queries: Sequence[ReadyQuery] = (),
    keys: KeyDirectory | None = None,
    tokens: Tokens | None = None,
    limiter: Limiter | None = None,
    audit: Audit | None = None,
) -> Starlette:
    """Compose `subgraphs` (SDL by name), reached through `transports`; raises `CompositionError`.

    The app closes the transports when it ends. A server that is about to stop awaits `app.state.begin_stop()` first:
    it ends subscriptions and sockets, which would not end by themselves.
    """
    if keys is not None:
        own = own_subgraph(settings, ContextSigner(context_secret(settings)), keys)
        subgraphs, transports = {**subgraphs, own.name: own.sdl}, {**transports, own.name: InProcessTransport(own)}
    engine = _live_engine(settings, subgraphs, transports)
    house = _House.of(settings, engine, Access(settings, keys, tokens), Guard.of(settings, limiter, audit))
    streams = house.streams
    routes = _routes(settings, engine, transports, house, default_queries)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await streams.stop()
            await _close(transports)

    app = Starlette(routes=routes, lifespan=lifespan)
    app.state.socket_message_bytes = settings.socket_message_bytes
    app.state.begin_stop = house.stop
    return app


def http_gateway(
    read_settings: Callable[[], GatewaySettings] = GatewaySettings, default_queries: Sequence[ReadyQuery] = ()
) -> Starlette:
    """Build the gateway of services that run elsewhere; it asks each for its SDL when it starts, and waits for it.

    Later it asks again and again, and follows changes. Where `NOREN_SUPERGRAPH` names a file, that is the graph, its
    changes are followed, and no service is asked or waited for.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        settings = read_settings()
        configure(settings.log_level, settings.log_format)
        signer = ContextSigner(context_secret(settings))
        opening = _from_file if settings.supergraph else _from_services
        async with (
            _open_keys(settings) as keys,
            open_tokens(settings, own_issuer(settings) if keys is not None else None) as tokens,
            open_limiter(settings.all_rates(), settings.mongodb_url, access_database(settings)) as limiter,
            open_audit(settings.mongodb_url, access_database(settings)) as audit,
            opening(settings, signer, keys) as (engine, transports, watch),
        ):
            house = _House.of(settings, engine, Access(settings, keys, tokens), Guard.of(settings, limiter, audit))
            app.router.routes.extend(_routes(settings, engine, transports, house, default_queries))
            app.state.begin_stop = house.stop
            app.state.socket_message_bytes = settings.socket_message_bytes
            every_s = settings.schema_poll_s
            with calm_collector():
                async with background(**{"watch_schemas": watch(every_s)} if every_s else {}):
                    yield

    return Starlette(lifespan=lifespan)


Opened = tuple[LiveEngine, Mapping[str, Transport], Callable[[float], Coroutine[Any, Any, None]]]
"""The engine, the ways to its subgraphs, and what follows changes of the graph, looking every so many seconds."""


@asynccontextmanager
async def _from_services(
    settings: GatewaySettings, signer: ContextSigner, keys: KeyDirectory | None
) -> AsyncIterator[Opened]:
    transports: dict[str, Transport] = {
        name: _connect(signer, name, url) for name, url in settings.subgraph_urls.items()
    }
    try:
        subgraphs = await fetch_sdls(transports, signer, settings.subgraph_urls)
        if keys is not None:
            own = own_subgraph(settings, signer, keys)
            subgraphs[own.name], transports[own.name] = own.sdl, InProcessTransport(own)
        engine = _live_engine(settings, subgraphs, transports)
        yield engine, transports, partial(engine.watch, transports, signer)
    finally:
        await _close(transports)


@asynccontextmanager
async def _from_file(settings: GatewaySettings, signer: ContextSigner, _: KeyDirectory | None) -> AsyncIterator[Opened]:
    assert settings.supergraph is not None
    retire_s = settings.gateway_timeout_s + RETIRE_MARGIN_S
    file = SupergraphFile(
        settings.supergraph, settings.subgraph_urls, partial(_connect, signer), retire_s, contract_of(settings)
    )
    try:
        supergraph = file.open()
        engine = LiveEngine(Engine(supergraph, file.transports, _engine_settings(settings)), {})
        yield engine, file.transports, partial(file.watch, engine)
    finally:
        await _close(file.transports)


def _connect(signer: ContextSigner, name: str, url: str) -> PooledHttpTransport:
    return PooledHttpTransport(url, seal=signer.sealer(name))


@asynccontextmanager
async def _open_keys(settings: GatewaySettings) -> AsyncIterator[KeyDirectory | None]:
    """The keys of the store, where there is one: a gateway without MongoDB knows those of its environment."""
    if not settings.mongodb_url:
        yield None
        return
    async with open_keys(settings.mongodb_url, settings) as keys:
        yield keys


def access_database(settings: GatewaySettings) -> str:
    """Where the gateway keeps what it shares with others like it."""
    return f"{settings.database_prefix}_{DATABASE}"


def contract_of(settings: GatewaySettings) -> Contract | None:
    """What this gateway shows, where it does not show everything."""
    include, exclude = settings.contract_include, settings.contract_exclude
    return Contract(include, exclude) if include or exclude else None


def _live_engine(
    settings: GatewaySettings, subgraphs: Mapping[str, str], transports: Mapping[str, Transport]
) -> LiveEngine:
    return LiveEngine(Engine.compose(subgraphs, transports, _engine_settings(settings)), subgraphs)


def _engine_settings(settings: GatewaySettings) -> EngineSettings:
    policy = ServicePolicy(settings.subgraph_timeouts_s, settings.deduplicate_in_flight, settings.breaker)
    return EngineSettings(
        settings.cached_operations,
        settings.introspection,
        settings.unauthorized == "reject",
        contract_of(settings),
        settings.override_labels,
        services=policy,
        limits=settings.limits(),
    )


def _routes(
    settings: GatewaySettings,
    engine: LiveEngine,
    transports: Mapping[str, Transport],
    house: "_House",
    default_queries: Sequence[ReadyQuery],
) -> list[BaseRoute]:
    signer = ContextSigner(context_secret(settings))
    persisted, streams = PersistedQueries(), house.streams
    endpoint = GraphQLEndpoint(
        engine,
        house.access,
        signer,
        settings.gateway_timeout_s,
        persisted,
        streams.subscriptions,
        house.guard,
        settings.max_tokens,
    )
    health = Health(transports, signer, stopping=house.stopping.is_set)
    routes: list[BaseRoute] = [
        Route(ENDPOINT, _with_cors(endpoint, settings.cors_origins)),
        WebSocketRoute(ENDPOINT, streams.sockets),
        Route("/health/live", health.live),
        Route("/health/ready", health.ready),
    ]
    if settings.metrics:
        routes.append(Route("/metrics", Metrics(engine, persisted, streams.subscriptions, streams.sockets).show))
    if settings.graphiql:
        routes += explorer_routes(settings.data_dir, ENDPOINT, default_queries)
    return routes


@dataclass(frozen=True, slots=True)
class _Streams:
    """What goes on for long: subscriptions, and the connections they go over."""

    subscriptions: Subscriptions
    sockets: WebSocketEndpoint

    @classmethod
    def of(cls, settings: GatewaySettings, engine: LiveEngine, access: Access, guard: Guard) -> "_Streams":
        signer = ContextSigner(context_secret(settings))
        subscriptions = Subscriptions(engine, signer, settings.gateway_timeout_s)
        limits = SocketLimits(settings.socket_operations, settings.socket_message_bytes, settings.socket_init_timeout_s)
        return cls(subscriptions, WebSocketEndpoint(House(subscriptions, access, guard, limits), settings.cors_origins))

    async def stop(self) -> None:
        """Sockets first: a client that sees its connection go away subscribes anew, one that sees an error may not."""
        await self.sockets.stop()
        await self.subscriptions.stop()


@dataclass(frozen=True, slots=True)
class _House:
    """What every way in shares."""

    access: Access
    guard: Guard
    streams: _Streams
    drain_s: float
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def of(cls, settings: GatewaySettings, engine: LiveEngine, access: Access, guard: Guard) -> "_House":
        return cls(access, guard, _Streams.of(settings, engine, access, guard), settings.drain_s)

    async def stop(self) -> None:
        """Be ready for nothing any more, give balancers time to notice, then end what would go on."""
        self.stopping.set()
        await asyncio.sleep(self.drain_s)
        await self.streams.stop()


def _with_cors(endpoint: ASGIApp, origins: Sequence[str]) -> ASGIApp:
    if not origins:
        return endpoint
    return CORSMiddleware(
        endpoint,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=[
            "authorization",
            "content-type",
            KEY_HEADER,
            TRACE_HEADER,
            COST_HEADER,
            *NARROWING_HEADERS,
            *PREFLIGHT_HEADERS,
        ],
        expose_headers=["x-trace-id", "retry-after"],
        max_age=CORS_MAX_AGE_S,
    )


async def _close(transports: Mapping[str, Transport]) -> None:
    await asyncio.gather(*[transport.close() for transport in transports.values()])


app = http_gateway()
