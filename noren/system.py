"""The five services and the gateway as one system: names, ports, and how each is opened."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from importlib import import_module
from typing import Any

from starlette.applications import Starlette

from gateway.app import access_database, build_gateway
from gateway.audit import open_audit
from gateway.keys.directory import open_keys
from gateway.own import own_issuer
from gateway.rate.limiter import open_limiter
from gateway.settings import GatewaySettings
from gateway.tokens.reader import open_tokens
from gateway.transports.in_process import InProcessTransport
from kit.app import Service
from noren.queries import READY_QUERIES

GATEWAY = "gateway"
NAMES = ("catalog", "inventory", "loyalty", "customer", "order")


class _Services(Mapping[str, Any]):
    """Each service's app module, loaded when it is first asked for: a process pays for the parts it runs."""

    def __getitem__(self, name: str) -> Any:
        if name not in NAMES:
            raise KeyError(name)
        return import_module(f"services.{name}.app")

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


SERVICES = _Services()
"""In the order of their ports: the gateway's plus one, plus two, and so on."""


def port_of(name: str, gateway_port: int) -> int:
    """Where a part listens when it has a process of its own."""
    return gateway_port if name == GATEWAY else gateway_port + 1 + list(SERVICES).index(name)


def subgraph_urls(gateway_port: int) -> dict[str, str]:
    """Where the gateway finds every service that has a process of its own."""
    return {name: f"http://127.0.0.1:{port_of(name, gateway_port)}/graphql" for name in SERVICES}


def subgraph_sdls() -> dict[str, str]:
    """The SDL of every service, from its code."""
    return {name: module.schema.sdl for name, module in SERVICES.items()}


@asynccontextmanager
async def open_services(mongodb_url: str, **settings: Any) -> AsyncIterator[dict[str, Service]]:
    """Every service running in this process and event loop."""
    async with AsyncExitStack() as stack:
        running: dict[str, Service] = {}
        for name, module in SERVICES.items():
            open_service: Callable[[Any], AbstractAsyncContextManager[Service]] = module.open_service
            own = module.Settings(mongodb_url=mongodb_url, **settings)
            running[name] = await stack.enter_async_context(open_service(own))
        yield running


@asynccontextmanager
async def open_system(mongodb_url: str, settings: GatewaySettings, **overrides: Any) -> AsyncIterator[Starlette]:
    """The gateway's app over all services in this process: what `noren up` serves and the journeys test."""
    async with (
        open_keys(mongodb_url, settings) as keys,
        open_tokens(settings, own_issuer(settings)) as tokens,
        open_limiter(settings.all_rates(), mongodb_url, access_database(settings)) as limiter,
        open_audit(mongodb_url, access_database(settings)) as audit,
        open_services(mongodb_url, **overrides) as running,
    ):
        yield build_gateway(
            settings,
            {name: service.subgraph.sdl for name, service in running.items()},
            {name: InProcessTransport(service) for name, service in running.items()},
            READY_QUERIES,
            keys,
            tokens,
            limiter,
            audit,
        )
