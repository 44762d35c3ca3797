"""A server that stops ends what would go on for ever in its own words: sockets with 1001, streams with `complete`."""

import asyncio
import signal
from pathlib import Path

from structlog.testing import capture_logs

from gateway.app import build_gateway
from gateway.transports.in_process import InProcessTransport
from noren.up import listen, serve
from tests.gateway.subscription.clinic import CHANGES, SIGNER, Clinic, settings, until
from tests.gateway.subscription.house import House, service_app
from tests.sealed import Sealed


async def test_subscriptions_end_with_the_gateway_before_its_server_would_wait_for_them(tmp_path: Path) -> None:
    clinic, started = Clinic(), asyncio.Event()
    transports = {name: InProcessTransport(subgraph) for name, subgraph in clinic.subgraphs().items()}
    app = build_gateway(settings(tmp_path), clinic.sdls(), transports)
    with capture_logs(), listen("127.0.0.1", 0) as bound:
        home = House(clinic, app, f"127.0.0.1:{bound.getsockname()[1]}", {})
        serving = asyncio.create_task(serve(app, bound, started.set))
        await started.wait()
        async with home.socket() as client, home.events(CHANGES, ward="a") as events:
            await client.subscribe("1", CHANGES, ward="a")
            await clinic.until_listening(2)
            signal.raise_signal(signal.SIGTERM)
            (_, last), complete = await events.rest()
            await client.socket.wait_closed()
            async with asyncio.timeout(30):
                await serving
    assert (last["errors"][0]["extensions"]["code"], complete) == ("GOING_AWAY", ("complete", None))
    assert (client.socket.close_code, clinic.closed) == (1001, ["a", "a"])


async def test_a_service_that_stops_tells_its_gateway(tmp_path: Path) -> None:
    clinic, started = Clinic(), asyncio.Event()
    app = service_app(clinic.subgraphs()["beds"])
    with capture_logs(), listen("127.0.0.1", 0) as bound:
        serving = asyncio.create_task(serve(app, bound, started.set))
        await started.wait()
        home = House(clinic, app, f"127.0.0.1:{bound.getsockname()[1]}", {})
        headers, auth = clinic.headers(), Sealed(SIGNER.sealer("beds"))
        async with home.events(CHANGES.replace(" name", ""), headers=headers, auth=auth, ward="a") as events:
            await clinic.until_listening()
            signal.raise_signal(signal.SIGTERM)
            (_, last), complete = await events.rest()
            async with asyncio.timeout(30):
                await serving
    assert (last["errors"][0]["extensions"]["code"], complete) == ("UNAVAILABLE", ("complete", None))
    await until(lambda: clinic.closed == ["a"])
