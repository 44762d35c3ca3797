"""A clinic of two real subgraphs: `beds` tells when one is taken or freed, `records` knows who lies in it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import strawberry
from strawberry.types import Info

from gateway.settings import GatewaySettings
from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.graphql.schema import Schema, build_schema
from kit.subgraph import Subgraph

SECRET = "c" * 32
NICKNAME = "nickname: String!"
"""Both subgraphs can say it; only one does in a composed graph. A test moves it by what it tells the gateway."""
SIGNER = ContextSigner(SECRET.encode())
CHANGES = "subscription Changes($ward: String!) { bedChanged(ward: $ward) { number patient { id name } } }"


@dataclass
class Clinic:
    """What happens in it, who listens, and what reached its subgraphs."""

    listeners: dict[str, list[asyncio.Queue[Any]]] = field(default_factory=dict)
    closed: list[str] = field(default_factory=list)
    """Wards of which somebody does not listen any more."""
    asked: list[RequestContext] = field(default_factory=list)
    """Callers of `records`."""
    away: bool = False

    def tell(self, ward: str, number: int, patient: str | None, count: int = 1) -> None:
        """A bed has changed, `count` times."""
        for queue in self.listeners.get(ward, ()):
            for _ in range(count):
                queue.put_nowait(Bed(number=number, patient=Patient(id=strawberry.ID(patient)) if patient else None))

    def fail(self, ward: str) -> None:
        """The ward's wire is cut."""
        for queue in self.listeners.get(ward, ()):
            queue.put_nowait(RuntimeError("secret: the wire was cut"))

    def end(self, ward: str) -> None:
        """The ward closes for good."""
        for queue in self.listeners.get(ward, ()):
            queue.put_nowait(None)

    def headers(self) -> dict[str, str]:
        """Of a signed caller, for who asks a subgraph directly."""
        return {CONTEXT_HEADER: SIGNER.sign(RequestContext(channel="desk"))}

    def listening(self, ward: str = "a") -> int:
        return len(self.listeners.get(ward, ()))

    async def until_listening(self, count: int = 1, ward: str = "a") -> None:
        await until(lambda: self.listening(ward) == count)

    def sdls(self, nickname: str = "records") -> dict[str, str]:
        """What the subgraphs say they have, the nickname in one of them."""
        told = {name: subgraph.sdl for name, subgraph in self.subgraphs().items()}
        return {name: sdl if name == nickname else sdl.replace(NICKNAME, "") for name, sdl in told.items()}

    def subgraphs(self) -> dict[str, Subgraph]:
        schemas = {"beds": BEDS, "records": RECORDS}
        return {
            name: Subgraph(name, schema, SIGNER, lambda who: Context(self, who)) for name, schema in schemas.items()
        }


@dataclass
class Context:
    clinic: Clinic
    caller: RequestContext


@strawberry.federation.type(keys=["id"], name="Patient")
class Patient:
    id: strawberry.ID

    @strawberry.field
    def nickname(self) -> str:
        return f"{self.id}, as beds say"

    @classmethod
    async def resolve_references(
        cls, info: Info[Context, None], representations: Sequence[Mapping[str, Any]]
    ) -> "list[Patient]":
        return [cls(id=told["id"]) for told in representations]


@strawberry.type
class Bed:
    number: int
    patient: Patient | None


@strawberry.type(name="Query")
class BedsQuery:
    @strawberry.field
    def beds(self) -> int:
        return 3


@strawberry.type(name="Mutation")
class BedsMutation:
    @strawberry.mutation
    def bed_take(self, info: Info[Context, None], number: int) -> int:
        return number


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def bed_changed(self, info: Info[Context, None], ward: str) -> AsyncGenerator[Bed, None]:
        clinic = info.context.clinic
        if ward == "secret":
            info.context.caller.require("secrets:read")
        queue: asyncio.Queue[Any] = asyncio.Queue()
        clinic.listeners.setdefault(ward, []).append(queue)
        try:
            while (told := await queue.get()) is not None:
                if isinstance(told, Exception):
                    raise told
                yield told
        finally:
            clinic.listeners[ward].remove(queue)
            clinic.closed.append(ward)


@strawberry.federation.type(keys=["id"], name="Patient")
class Record:
    id: strawberry.ID

    @strawberry.field
    def name(self, info: Info[Context, None]) -> str | None:
        if self.id == "p-unknown":
            raise RuntimeError("secret: nobody knows")
        return f"patient {self.id}"

    @strawberry.field
    def nickname(self) -> str:
        return f"{self.id}, as records say"

    @classmethod
    async def resolve_references(
        cls, info: Info[Context, None], representations: Sequence[Mapping[str, Any]]
    ) -> "list[Record]":
        if info.context.clinic.away:
            raise RuntimeError("secret: away")
        info.context.clinic.asked.append(info.context.caller)
        return [cls(id=told["id"]) for told in representations]


@strawberry.type(name="Query")
class RecordsQuery:
    @strawberry.field
    def record(self, id: strawberry.ID) -> Record:
        return Record(id=id)


BEDS: Schema = build_schema(BedsQuery, BedsMutation, subscription=Subscription)
RECORDS: Schema = build_schema(RecordsQuery)


def settings(data_dir: Path, **given: Any) -> GatewaySettings:
    return GatewaySettings(**{"context_secret": SECRET, "data_dir": data_dir, **given})


async def until(condition: Any) -> None:
    """Wait for what others bring about."""
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.005)
