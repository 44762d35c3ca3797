"""Subscriptions by WebSocket, each event enriched from a second subgraph: `python -m benchmarks.gateway.subscriptions`.

The gateway and both subgraphs are one child process; the clients are this one. Every client subscribes to the same
source, a mutation makes it tick, and each tick is one event for every client. The gateway's CPU is read from /proc and
is all of it: source, enrichment, sockets. Then clients subscribe and leave again and again, which must cost no memory.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import orjson
import strawberry
from strawberry.types import Info
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from benchmarks.gateway.process import Server, machine, started
from gateway.app import build_gateway
from gateway.settings import GatewaySettings
from gateway.transports.in_process import InProcessTransport
from kit.context import ContextSigner
from kit.graphql.schema import build_schema
from kit.subgraph import Subgraph
from noren.up import listen, run, serve

SECRET = "b" * 32
PORT = 8390
TICKS = 20
CHURN = 200
PATIENCE = 5_000
SUBSCRIBE = "subscription { ticked { number patient { id name ward } } }"
READY: set[asyncio.Queue[int]] = set()


@strawberry.federation.type(keys=["id"], name="Patient")
class Patient:
    id: strawberry.ID


@strawberry.type
class Tick:
    number: int
    patient: Patient


@strawberry.type(name="Query")
class TicksQuery:
    listening: int = strawberry.field(resolver=lambda: len(READY))


@strawberry.type(name="Mutation")
class TicksMutation:
    @strawberry.mutation
    def tick(self, number: int) -> int:
        for queue in READY:
            queue.put_nowait(number)
        return len(READY)


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def ticked(self) -> AsyncGenerator[Tick, None]:
        queue: asyncio.Queue[int] = asyncio.Queue()
        READY.add(queue)
        try:
            while True:
                number = await queue.get()
                yield Tick(number=number, patient=Patient(id=strawberry.ID(f"p{number}")))
        finally:
            READY.discard(queue)


@strawberry.federation.type(keys=["id"], name="Patient")
class Record:
    id: strawberry.ID
    name: str
    ward: str

    @classmethod
    async def resolve_references(cls, info: Info, representations: Sequence[Any]) -> "list[Record]":
        return [cls(id=told["id"], name=f"patient {told['id']}", ward="a") for told in representations]


@strawberry.type(name="Query")
class RecordsQuery:
    @strawberry.field
    def record(self, id: strawberry.ID) -> Record | None:
        return None


def serve_gateway() -> None:
    signer = ContextSigner(SECRET.encode())
    schemas = {
        "ticks": build_schema(TicksQuery, TicksMutation, subscription=Subscription),
        "records": build_schema(RecordsQuery),
    }
    subgraphs = {name: Subgraph(name, schema, signer, lambda caller: caller) for name, schema in schemas.items()}
    settings = GatewaySettings(context_secret=SECRET, data_dir=Path(tempfile.mkdtemp()), graphiql=False)  # type: ignore[arg-type]
    transports = {name: InProcessTransport(subgraph) for name, subgraph in subgraphs.items()}
    app = build_gateway(settings, {name: subgraph.sdl for name, subgraph in subgraphs.items()}, transports)
    with listen("127.0.0.1", PORT) as bound:
        run(serve(app, bound))


async def open_client() -> ClientConnection:
    socket = await connect(
        f"ws://127.0.0.1:{PORT}/graphql",
        subprotocols=[Subprotocol("graphql-transport-ws")],
        compression=None,
        proxy=None,
    )
    await socket.send('{"type":"connection_init"}')
    await socket.recv()
    return socket


async def subscribe(socket: ClientConnection, identity: str = "1") -> None:
    message = {"type": "subscribe", "id": identity, "payload": {"query": SUBSCRIBE}}
    await socket.send(orjson.dumps(message).decode())


async def ask(socket: ClientConnection, query: str) -> Any:
    await socket.send(orjson.dumps({"type": "subscribe", "id": "q", "payload": {"query": query}}).decode())
    answer = orjson.loads(await socket.recv())
    await socket.recv()
    return answer["payload"]["data"]


async def until_listening(control: ClientConnection, count: int) -> None:
    for _ in range(PATIENCE):
        if (await ask(control, "{ listening }"))["listening"] == count:
            return
        await asyncio.sleep(0.02)
    raise SystemExit(f"{count} never listened")


async def fan_out(server: Server, clients: int) -> None:
    async with AsyncExitStack() as stack:
        control = await open_client()
        stack.push_async_callback(control.close)
        sockets = [await open_client() for _ in range(clients)]
        for socket in sockets:
            stack.push_async_callback(socket.close)
            await subscribe(socket)
        await until_listening(control, clients)
        loop = asyncio.get_running_loop()
        cpu_s, began = server.cpu_s(), loop.time()
        for number in range(TICKS):
            await ask(control, f"mutation {{ tick(number: {number}) }}")
            told = await asyncio.gather(*[socket.recv() for socket in sockets])
            assert all(f'"number":{number},' in str(one) for one in told)
        cpu_s, took_s = server.cpu_s() - cpu_s, loop.time() - began
        events = clients * TICKS
        cells = (f"{clients:,}", f"{events / took_s:,.0f}", f"{cpu_s / events * 1e6:,.0f}", f"{server.memory_mb():.0f}")
        print(f"| {' | '.join(cells)} |")


async def churn(server: Server, rounds: int) -> None:
    """Begin and end `CHURN` subscriptions on one connection, again and again."""
    control, socket = await open_client(), await open_client()
    for number in range(1, rounds + 1):
        for place in range(CHURN):
            await subscribe(socket, str(place % 100))
            if place % 100 == 99:
                await until_listening(control, 100)
                for running in range(100):
                    await socket.send(orjson.dumps({"type": "complete", "id": str(running)}).decode())
                await until_listening(control, 0)
        if number % max(1, rounds // 4) == 0:
            print(f"| {number * CHURN:,} | {server.memory_mb():.0f} | {server.open_files()} |")
    await socket.close()
    await control.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--clients", type=int, nargs="*", default=[100, 500, 1000])
    parser.add_argument("--rounds", type=int, default=100)
    given = parser.parse_args()
    if given.serve:
        serve_gateway()
        return 0
    command = [sys.executable, "-m", "benchmarks.gateway.subscriptions", "--serve"]
    print(f"`python -m benchmarks.gateway.subscriptions`, {machine()}\n")
    with started(command, f"http://127.0.0.1:{PORT}/graphql") as server:
        print("| clients | events/s to all of them | gateway-CPU µs an event and client | RSS MB |\n|---|---|---|---|")
        for clients in given.clients:
            asyncio.run(fan_out(server, clients))
        print("\n| subscriptions begun and ended | RSS MB | open files |\n|---|---|---|")
        asyncio.run(churn(server, given.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
