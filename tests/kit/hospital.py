"""A small hospital on kit: a subgraph that can fail in every way a subgraph may."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any, ClassVar

import strawberry
from pymongo import AsyncMongoClient

from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.errors import BadUserInput, NotFound, Refusal, Refused
from kit.graphql.errors import Payload, UserError, presents, settle
from kit.graphql.execution import batch_field, wanted
from kit.graphql.scalars import CurrencyCode
from kit.graphql.schema import build_schema
from kit.subgraph import Subgraph

SIGNER = ContextSigner(b"h" * 32)
DEAD_URL = "mongodb://127.0.0.1:9/?directConnection=true&serverSelectionTimeoutMS=50"
"""Port 9 discards; nobody listens there."""


@dataclass
class Context:
    caller: RequestContext
    number: int = 0
    asked: list[list[dict[str, Any]]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)


Info = strawberry.Info[Context, None]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoBed(Refusal):
    ward: str
    free_beds: int
    code: ClassVar[str] = "NO_BED"

    @property
    def message(self) -> str:
        return f"{self.ward} has {self.free_beds} free beds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpresented(Refusal):
    code: ClassVar[str] = "UNPRESENTED"

    @property
    def message(self) -> str:
        return "nobody shows me"


@presents(NoBed)
@strawberry.type(description="No bed.")
class NoBedError(UserError):
    ward: str
    free_beds: int


@strawberry.federation.type(keys=["id"])
class Patient:
    id: strawberry.ID

    @strawberry.field
    def diagnosis(self) -> str:
        if self.id == "broken":
            raise RuntimeError("secret: the patient's own words")
        return f"of {self.id}"

    @classmethod
    async def resolve_references(cls, info: Info, representations: list[dict[str, Any]]) -> "list[Any]":
        info.context.asked.append(representations)
        found: dict[str, Any] = {"none": None, "failing": RuntimeError("secret: one failed")}
        return [found.get(r["id"], cls(id=r["id"])) for r in representations]


@strawberry.federation.type(keys=["name"])
class Ward:
    name: str

    @classmethod
    async def resolve_references(cls, info: Info, representations: list[dict[str, Any]]) -> "list[Ward | None]":
        info.context.asked.append(representations)
        if any(r["name"] == "on fire" for r in representations):
            raise RuntimeError("secret: all of this type failed")
        if any(r["name"] == "short" for r in representations):
            return []
        return [cls(name=r["name"]) for r in representations]


@strawberry.type
class AdmitPayload(Payload):
    patient: Patient | None = None


@strawberry.input
class AdmitInput:
    ward: str
    fee: Decimal


@strawberry.type
class Query:
    @strawberry.field
    def patient(self, id: strawberry.ID) -> Patient | None:
        return Patient(id=id)

    @strawberry.field
    async def surprise(self) -> str | None:
        raise RuntimeError("secret: password=hunter2")

    @strawberry.field
    async def chart(self, info: Info) -> str:
        info.context.caller.require("charts:read")
        return "a chart"

    @strawberry.field
    async def bad(self) -> str | None:
        raise BadUserInput("first: expected 1 to 100, got 0")

    @strawberry.field
    async def refused(self) -> str | None:
        raise Refused(NotFound(kind="Ward", id="x"))

    @strawberry.field
    async def archive(self) -> str | None:
        async with AsyncMongoClient[Any](DEAD_URL) as client:
            await client.db.papers.find_one({})
        return "found"

    @strawberry.field
    def echo(self, at: datetime, fee: Decimal, currency: CurrencyCode) -> str:
        return f"{at.isoformat()} {fee} {currency}"

    @strawberry.field
    def trace(self, info: Info) -> str:
        return info.context.caller.trace_id


async def admit(ward: str) -> str:
    if ward == "full":
        raise Refused(NoBed(path=("input", "ward"), ward=ward, free_beds=0), NotFound(kind="Ward", id="other"))
    if ward == "odd":
        raise Refused(Unpresented())
    return "pat_1"


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def admit(self, input: AdmitInput) -> AdmitPayload:
        return await settle(
            admit(input.ward), lambda id: AdmitPayload(patient=Patient(id=strawberry.ID(id))), AdmitPayload
        )


@strawberry.type
class Nurse:
    name: str
    asked: list[str]


@strawberry.type
class Visit:
    number: int
    patient: Patient

    @strawberry.field
    def context(self, info: Info) -> str:
        return f"{info.context.number} {info.context.caller.trace_id} {info.context.caller.at.isoformat()}"

    @strawberry.field
    async def room(self) -> str:
        if self.number == 2:
            raise RuntimeError("secret: room 2 is on fire")
        return f"room {self.number}"

    @batch_field()
    @staticmethod
    async def nurse(visits: "Sequence[Visit]", info: Info) -> list[Nurse]:
        return [Nurse(name=f"nurse of {visit.number}", asked=sorted(wanted(info))) for visit in visits]


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def visits(self, info: Info, count: int = 3) -> AsyncGenerator[Visit, None]:
        closed: list[str] = info.context.closed
        try:
            for number in range(count):
                yield Visit(number=number, patient=Patient(id=strawberry.ID(f"p{number}")))
            await asyncio.Event().wait()
        finally:
            closed.append("visits")

    @strawberry.subscription
    async def alarms(self, info: Info) -> AsyncGenerator[str, None]:
        info.context.caller.require("alarms:read")
        yield "fire"

    @strawberry.subscription
    async def breaking(self) -> AsyncGenerator[int | None, None]:
        yield 1
        raise RuntimeError("secret: the wire was cut")

    @strawberry.subscription
    async def refused(self) -> AsyncGenerator[int, None]:
        raise BadUserInput("ward: expected a name")
        yield 1


schema = build_schema(Query, Mutation, subscription=Subscription, types=[Ward], errors=[NoBedError])


@dataclass
class Hospital:
    """The subgraph and the contexts of the requests it was asked."""

    contexts: list[Context] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    """Subscriptions whose generator was closed."""

    def make_context(self, caller: RequestContext) -> Context:
        self.contexts.append(Context(caller, len(self.contexts), closed=self.closed))
        return self.contexts[-1]

    @cached_property
    def subgraph(self) -> Subgraph:
        return Subgraph("hospital", schema, SIGNER, self.make_context)

    async def ask(
        self, query: str, variables: dict[str, Any] | None = None, *, operation: str | None = None, scopes: str = ""
    ) -> dict[str, Any]:
        return await self.subgraph.execute(query, variables, operation, headers(scopes))

    def listen(
        self, query: str, variables: dict[str, Any] | None = None, *, scopes: str = ""
    ) -> AsyncGenerator[dict[str, Any], None]:
        return self.subgraph.subscribe(query, variables, None, headers(scopes))


def headers(scopes: str = "") -> dict[str, str]:
    """Of a signed caller whose trace is t-1."""
    caller = RequestContext(channel="front desk", scopes=frozenset(scopes.split()), trace_id="t-1")
    return {CONTEXT_HEADER: SIGNER.sign(caller)}
