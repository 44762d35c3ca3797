"""What a client may ask at all: how much at once, how much in a time, and which operations."""

from dataclasses import dataclass, field
from functools import partial

from gateway.access import Caller, Ends
from gateway.audit import Audit
from gateway.errors import RequestRefused
from gateway.rate import Bill, Limiter, Rates
from gateway.safelist import NOT_LISTED, NOT_LISTED_MESSAGE, Safelist
from gateway.settings import GatewaySettings, is_loopback
from gateway.shed import Shed

__all__ = ["DEVELOPMENT", "Guard", "Shed"]

DEVELOPMENT = "development"
"""The caller without a key, on the gateway's own machine: nothing is counted against it."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Of one gateway."""

    limiter: Limiter = field(default_factory=lambda: Limiter(Rates()))
    safelist: Safelist = field(default_factory=Safelist)
    max_body_bytes: int = 2 * 1024 * 1024
    body_timeout_s: float = 10.0
    audit: Audit | None = None
    shed: Shed = field(default_factory=Shed)

    @classmethod
    def of(cls, settings: GatewaySettings, limiter: Limiter | None = None, audit: Audit | None = None) -> "Guard":
        """As the operator has set it. Without a `limiter`, this process shares with no other."""
        return cls(
            Limiter(settings.all_rates()) if limiter is None else limiter,
            Safelist.read(settings.safelist, settings.safelist_for),
            settings.max_body_bytes,
            settings.body_timeout_s,
            audit,
            Shed(settings.max_running),
        )

    def bill(self, caller: Caller, ends: Ends, *, told: bool = False) -> Bill | None:
        """What one request of this caller is charged to; None where nobody wants to know what it costs."""
        limited = caller.name != DEVELOPMENT or not is_loopback(ends.client)
        buckets = self.limiter.buckets_of(caller.counted_as, caller.context.customer) if limited else []
        if not buckets and not told and self.audit is None:
            return None
        witness = None if self.audit is None else partial(self.audit.witness, caller.name, caller.context)
        return Bill(self.limiter, buckets, told=told, witness=witness)

    def check(self, caller: Caller, query: str) -> None:
        """Raise `RequestRefused` for an operation that this caller may not send."""
        if self.safelist.refuses(caller.name, query):
            raise RequestRefused.because(NOT_LISTED, NOT_LISTED_MESSAGE)
