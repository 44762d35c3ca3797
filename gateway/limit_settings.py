"""What limits a client, as far as an operator may set it: the defaults hold against an attacker and let shops work."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from gateway.rate import Rate, Rates
from gateway.request.limits import Limits
from kit.settings import KitSettings

SAFE = Limits()
Points = Annotated[float, Field(ge=0)]


class LimitSettings(KitSettings):
    """The part of the gateway's settings that says how much is too much; 0 points a second is no limit."""

    max_body_bytes: int = Field(
        default=2 * 1024 * 1024,
        ge=1024,
        description="Of a request. A till's upload of 10,000 lines is somewhat over one megabyte",
    )
    body_timeout_s: float = Field(
        default=10.0, gt=0, description="In which a body must be there; a bad line sends 1 MB in it"
    )
    max_document_bytes: int = Field(default=SAFE.bytes, ge=100, description="Of a GraphQL document")
    max_tokens: int = Field(default=SAFE.tokens, ge=1, description="Of a GraphQL document")
    max_depth: int = Field(default=SAFE.depth, ge=1, description="Of an operation, fragments dissolved")
    max_aliases: int = Field(default=SAFE.aliases, ge=0, description="Of an operation, fragments dissolved")
    max_root_fields: int = Field(default=SAFE.root_fields, ge=1, description="Of an operation, fragments dissolved")
    max_page: int = Field(default=SAFE.page, ge=1, description="Items of one list that `first` or `last` may ask for")
    max_cost: int = Field(default=SAFE.cost, ge=1, description="Points of one operation")
    introspection: bool = Field(default=True, description="Whether clients may ask for the schema; off: no hints")
    rate_per_s: Points = Field(default=10_000, description="Points a second for each key")
    rate_burst: int = Field(default=100_000, ge=1, description="Points that a key may spend at once")
    rate_customer_per_s: Points = Field(default=1_000, description="Points a second for each customer")
    rate_customer_burst: int = Field(default=50_000, ge=1, description="Points that a customer may spend at once")
    rates: dict[str, Points] = Field(
        default={}, description="Points a second for the keys of these names; ten seconds' may be spent at once"
    )
    safelist: Path | None = Field(default=None, description="File of the operations that clients were built with")
    safelist_for: frozenset[str] = Field(
        default=frozenset(), description="Names of the keys that may send no other operations; `*`: nobody may"
    )
    max_running: int = Field(default=1_000, ge=1, description="Requests that run at one time in a process")
    breaker: bool = Field(default=True, description="Whether a service that fails is not asked for a while")
    drain_s: float = Field(
        default=0.0, ge=0, le=300, description="From saying that it stops, by /health/ready, to stopping"
    )
    socket_init_timeout_s: float = Field(default=3.0, gt=0, description="From the upgrade to `connection_init`")
    socket_operations: int = Field(default=100, ge=1, description="Running at one time on one connection")
    socket_message_bytes: int = Field(default=1024 * 1024, ge=1024, description="Of one message of a client's")

    @model_validator(mode="after")
    def _bursts_hold_one_operation(self) -> Self:
        for name, per_s, burst in (
            ("NOREN_RATE_BURST", self.rate_per_s, self.rate_burst),
            ("NOREN_RATE_CUSTOMER_BURST", self.rate_customer_per_s, self.rate_customer_burst),
        ):
            if per_s and burst < self.max_cost:
                raise ValueError(f"{name} is {burst}, and one operation may cost {self.max_cost} (NOREN_MAX_COST)")
        if self.safelist_for and self.safelist is None:
            raise ValueError("NOREN_SAFELIST_FOR says who may send listed operations only, and NOREN_SAFELIST no list")
        return self

    def limits(self) -> Limits:
        """What a document may be."""
        return Limits(
            self.max_document_bytes,
            self.max_tokens,
            self.max_depth,
            self.max_aliases,
            self.max_root_fields,
            self.max_page,
            self.max_cost,
        )

    def all_rates(self) -> Rates:
        """What each key and customer may spend."""
        by_name = {
            name: Rate(per_s, max(int(per_s * 10), self.max_cost)) if per_s else None
            for name, per_s in self.rates.items()
        }
        return Rates(
            Rate(self.rate_per_s, self.rate_burst) if self.rate_per_s else None,
            Rate(self.rate_customer_per_s, self.rate_customer_burst) if self.rate_customer_per_s else None,
            by_name,
        )
