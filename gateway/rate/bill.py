"""What one request costs its caller: charged before it is carried out, settled by what was in the answer."""

from collections.abc import Callable, Mapping, Sequence
from math import ceil, isfinite
from typing import Any

from gateway.errors import RATE_LIMITED, RequestRefused, error
from gateway.rate.limiter import Limiter
from gateway.rate.model import Bucket

MAX_RETRY_AFTER_S = 3600
REFUSED_POINTS = 100
"""What a document costs that is refused: whoever sends bombs has spent its points after a while."""


Witness = Callable[[str | None, Sequence[str], Mapping[str, Any]], None]
"""Is told of a mutation: its operation's name, its root fields, and the answer."""


class Bill:
    """Of one request. `counts`: whether anybody wants to know what was in the answer."""

    __slots__ = ("_buckets", "_limiter", "_told", "requested", "witness")

    def __init__(
        self,
        limiter: Limiter,
        buckets: Sequence[Bucket] = (),
        *,
        told: bool = False,
        witness: Witness | None = None,
    ) -> None:
        self._limiter = limiter
        self._buckets = buckets
        self._told = told
        self.witness = witness
        self.requested = 0

    @property
    def counts(self) -> bool:
        """Whether what was in the answer changes anything, or is to be told."""
        return self._told or bool(self._buckets)

    async def admit(self) -> None:
        """Raise `RequestRefused` for a caller that has spent more than it may, before its document is looked at."""
        if self._buckets:
            await self._take(0)

    def penalise(self) -> None:
        """Charge for a document that was refused: reading it took as long as answering another."""
        self._limiter.give(self._buckets, REFUSED_POINTS)

    async def charge(self, points: int) -> None:
        """Charge the most that the request may cost; raises `RequestRefused` where the caller has spent too much."""
        self.requested = points
        if self._buckets:
            await self._take(points)

    async def _take(self, points: int) -> None:
        wait_s = await self._limiter.take(self._buckets, points)
        if wait_s > 0:
            after_s = min(MAX_RETRY_AFTER_S, ceil(wait_s)) if isfinite(wait_s) else MAX_RETRY_AFTER_S
            message = (
                f"The operation costs {points} points, and you have fewer left at the moment: "
                f"ask again in {after_s} s, or for less."
            )
            told = error(message, RATE_LIMITED)
            told["extensions"] |= {"retryAfterS": after_s, "cost": self._facts(None)}
            raise RequestRefused([told])

    def settle(self, actual: int) -> Mapping[str, Any] | None:
        """Give back what was not in the answer; what `extensions.cost` says, if it is wanted."""
        if self._buckets and actual != self.requested:
            self._limiter.give(self._buckets, actual - self.requested)
        return self._facts(actual) if self._told else None

    def _facts(self, actual: int | None) -> dict[str, Any]:
        facts: dict[str, Any] = {"requested": self.requested}
        if actual is not None:
            facts["actual"] = actual
        if self._buckets:
            facts["left"] = self._limiter.left(self._buckets)
        return facts
