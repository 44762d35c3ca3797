"""A Strawberry schema with every kind of field there is in services, and some there is not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.permission import BasePermission

from kit.errors import BadUserInput
from kit.graphql.errors import InvalidInput, Payload
from kit.graphql.execution import batch_field
from kit.graphql.scalars import CurrencyCode
from kit.graphql.schema import build_schema
from kit.graphql.types import Connection, Money
from kit.money import Money as MoneyValue
from kit.pages import PageArgs, slice_page


@dataclass
class Context:
    """What its resolvers did."""

    effects: list[str] = field(default_factory=list)
    allowed: bool = True


Info = strawberry.Info[Context, None]


@strawberry.enum
class Blood(Enum):
    """By value and by name."""

    A = "a"
    ZERO = strawberry.enum_value("zero", name="NULL")


@strawberry.interface
class Person:
    """Somebody."""

    name: str

    @strawberry.field
    def initial(self, upper: bool = True) -> str:
        """May be refused."""
        if not self.name:
            raise BadUserInput("nobody has no initial")
        return self.name[0].upper() if upper else self.name[0].lower()


class IsAllowed(BasePermission):
    """By the context."""

    message = "not for you"

    def has_permission(self, source: Any, info: Any, **kwargs: Any) -> bool:
        """As the context says."""
        info.context.effects.append("asked permission")
        return bool(info.context.allowed)


class Louder(FieldExtension):
    """Changes what the resolver gave."""

    def resolve(self, next_: Any, source: Any, info: Any, **kwargs: Any) -> Any:
        """In capitals."""
        return str(next_(source, info, **kwargs)).upper()


@strawberry.type
class Doctor(Person):
    """One implementation."""

    fee: Decimal
    since: datetime
    rooms: list[int]
    languages: list[str] | None = None

    @batch_field(description="In one call.")
    @staticmethod
    async def patients(
        doctors: Sequence["Doctor"], info: Info, first: int = 2, blood: Blood | None = None
    ) -> "list[list[Patient] | None]":
        """Null for those without a name, an error for one."""
        info.context.effects.append(f"patients of {[doctor.name for doctor in doctors]}")
        none = [None if doctor.name == "" else doctor for doctor in doctors]
        error: Any = RuntimeError("no patients here")
        return [error if d and d.name == "Odd" else d and PATIENTS[:first] for d in none]


@strawberry.input
class Reading:
    """An input with a default and a list."""

    value: Decimal
    unit: str = "mmHg"
    tags: list[str] | None = None
    at: datetime | None = strawberry.UNSET


def shout(root: "Patient") -> str:
    """A resolver that is no method."""
    return f"{root.name}!"


def whisper(parent: strawberry.Parent["Patient"], info: Info) -> str:
    """By Parent."""
    info.context.effects.append(f"whisper {parent.name}")
    return parent.name.lower()


@strawberry.federation.type(keys=["id"])
class Patient(Person):
    """The other implementation."""

    id: strawberry.ID
    blood: Blood | None
    secret: strawberry.Private[str]
    bill: Money | None = None
    doctors: strawberry.Private[Any] = None
    called: str = strawberry.field(resolver=shout)
    quiet: str = strawberry.field(resolver=whisper)

    @strawberry.field
    async def doctor(self, info: Info, index: int = 0) -> Doctor | None:
        """Awaited, and sometimes wrong."""
        info.context.effects.append(f"doctor of {self.name}")
        if self.name == "Cleo":
            raise RuntimeError("the doctor is out")
        return DOCTORS[index] if index < len(DOCTORS) else None

    @strawberry.field
    def near(self, info: Info) -> list[Annotated["Doctor | Patient", strawberry.union("Near")]]:
        """A union."""
        return [DOCTORS[0], PATIENTS[1], *([None] if self.name == "Dora" else [])]  # type: ignore[list-item]

    @strawberry.field(permission_classes=[IsAllowed])
    def chart(self) -> str | None:
        """By permission."""
        return self.secret

    @strawberry.field(extensions=[Louder()])
    def loud(self, times: int = 1) -> str:
        """By extension."""
        return self.name * times

    @strawberry.field
    def read(self, readings: list[Reading], fee: Decimal | None = None, currency: CurrencyCode | None = None) -> str:
        """Inputs become their classes."""
        shown = [f"{r.value}{r.unit}{r.tags}{r.at is strawberry.UNSET}{type(r).__name__}" for r in readings]
        return f"{shown} {fee!r} {currency}"

    @classmethod
    async def resolve_references(cls, info: Info, representations: list[dict[str, Any]]) -> "list[Patient | None]":
        """By id."""
        for representation in representations:
            representation.pop("__typename")
        known = {patient.id: patient for patient in PATIENTS}
        return [known.get(representation["id"]) for representation in representations]


@strawberry.type
class AdmitPayload(Payload):
    """Of admit."""

    patient: Patient | None = None


def patient(id: str, name: Any, blood: Any, minor: int | None) -> Patient:
    """Short."""
    bill = None if minor is None else Money.of(MoneyValue(minor, "EUR"))
    return Patient(id=strawberry.ID(id), name=name, blood=blood, secret=f"secret of {name}", bill=bill)


PATIENTS = [
    patient("p1", "Anna", Blood.A, 1999),
    patient("p2", "Bert", Blood.ZERO, None),
    patient("p3", "Cleo", None, 0),
    patient("p4", "Dora", "no blood", 5),
    patient("p5", None, Blood.A, 7),
    patient("p6", "", Blood.A, 7),
]
DOCTORS = [
    Doctor(name="Eva", fee=Decimal("19.90"), since=datetime(2020, 1, 2, tzinfo=UTC), rooms=[1, 2], languages=["de"]),
    Doctor(name="Odd", fee=Decimal(0), since="never", rooms=[2**40]),  # type: ignore[arg-type]
    Doctor(name="", fee=Decimal(1), since=datetime(2021, 1, 2, tzinfo=UTC), rooms=[]),
]


@strawberry.type
class Query:
    """What may be read."""

    @strawberry.field
    async def patients(self, info: Info, first: int = 20, after: str | None = None) -> Connection[Patient]:
        """A generic."""
        rows = list(enumerate(PATIENTS))
        page = slice_page(rows, lambda row: (row[0],), PageArgs.parse(first, after))
        return Connection.of(page, lambda row: row[1])

    @strawberry.field
    def patient(self, id: strawberry.ID) -> Patient | None:
        """One."""
        return next((each for each in PATIENTS if each.id == id), None)

    @strawberry.field
    def people(self, blood: list[Blood] | None = None) -> list[Person]:
        """An interface."""
        return [DOCTORS[0], *(p for p in PATIENTS if not blood or p.blood in blood), DOCTORS[2]]

    @strawberry.field
    async def doctors(self) -> list[Doctor | None]:
        """With a null."""
        return [*DOCTORS, None]

    @strawberry.field
    def money(self) -> Money:
        """Never null."""
        return Money.of(MoneyValue(100, "JPY"))


@strawberry.type
class Mutation:
    """What may be changed."""

    @strawberry.mutation
    async def admit(self, info: Info, name: str) -> AdmitPayload:
        """In order."""
        info.context.effects.append(f"admit {name}")
        if name == "x":
            raise BadUserInput("x is no name")
        if name == "y":
            return AdmitPayload(user_errors=[InvalidInput(code="C", message="m", path=["name"], expected="z")])
        return AdmitPayload(patient=PATIENTS[0])

    @strawberry.mutation
    def touch(self, info: Info) -> str:
        """Without awaiting."""
        info.context.effects.append("touch")
        return "touched"


schema = build_schema(Query, Mutation)
WORDS = {
    "Decimal": ('"19.99"', "5"),
    "DateTime": ('"2026-11-22T05:00:00Z"',),
    "CurrencyCode": ('"EUR"', '"JPY"'),
    "_Any": ('{__typename: "Patient", id: "p1"}', '{__typename: "Patient", id: "p9"}', '{__typename: "Nobody"}'),
}
