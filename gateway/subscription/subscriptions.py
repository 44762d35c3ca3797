"""Every subscription of one gateway: begins them, answers their events, and follows the graph when it changes.

One subscription, in order:
A  prepare it (`gateway.engine`); other operations are answered once, as one response
B  open the source at its subgraph, on a context signed for it
C  for each event: look at the caller again, switch to the newest graph, enrich within a deadline of its own
D  tell the reader, who may be slow (`running`)
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Hashable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any

from gateway.access import Caller
from gateway.engine import Engine, GraphQLRequest, Prepared
from gateway.errors import (
    GOING_AWAY,
    GRAPH_CHANGED,
    SUBSCRIPTION_EXPIRED,
    TOO_MANY_SUBSCRIPTIONS,
    RequestRefused,
    error,
)
from gateway.executor import Call
from gateway.executor.failures import Failures
from gateway.live import LiveEngine
from gateway.rate import Bill
from gateway.subscription.continuity import Trim, fit
from gateway.subscription.running import Response, Running, Told
from gateway.trace import Trace
from gateway.transports import SubgraphFailure, SubgraphRequest, SubgraphTimeout
from kit.context import CONTEXT_HEADER, TRACE_HEADER, ContextSigner, RequestContext
from kit.errors import Fault
from kit.log import logger

MAX_SUBSCRIPTIONS = 2_000
"""Running at one time: each holds a source at a subgraph, some 25 kB with one in process, and what a slow reader is
behind with."""
LIFETIME_S = 3_000.0
"""Then a client subscribes anew; below the hour for which a subgraph of kit's takes a context for good."""
SWITCHED_AT_ONCE = 50
"""Subscriptions brought to a new graph before others get a turn of the loop: some milliseconds."""
LAST_WORDS_S = 2.0
"""How long a gateway that stops waits until readers have been told; one that takes longer is cut off."""

_log = logger(__name__)

Identify = Callable[[str], Caller]
"""Who is calling, under a trace id; raises a `Fault` where the caller may not call (any more)."""


@dataclass(frozen=True, slots=True)
class Asked:
    """An operation as a client asked it, and how to tell who asks."""

    request: GraphQLRequest
    identify: Identify
    trace: Trace
    bill_of: Callable[[Caller], Bill | None] = lambda _: None
    """What it is charged to, where it is one request of many on a connection. Refuses what the caller may not send."""


@dataclass(slots=True)
class SubscriptionCounts:
    """Work done so far: subscriptions begun, events answered, and how subscriptions ended."""

    begun: int = 0
    events: int = 0
    ended: Counter[str] = field(default_factory=Counter)


class _Subscribed:
    """What one subscription knows of the graph; `switch` brings it to the newest."""

    def __init__(self, asked: Asked, engine: Engine, prepared: Prepared) -> None:
        assert prepared.program.source is not None
        self.asked = asked
        self.engine = engine
        self.prepared = prepared
        self.source = prepared.program.source.fetch
        self.trim: Trim | None = None
        self.running = Running()

    def switch(self, engine: Engine) -> None:
        """Plan anew, for the events of the source that runs; raises `RequestRefused` if they do not fit any more."""
        if engine is self.engine:
            return
        try:
            prepared = engine.subscription(self.asked.request)
        except RequestRefused as refused:
            raise RequestRefused.because(GRAPH_CHANGED, f"The graph has changed: {refused}") from refused
        source = prepared.program.source if prepared else None
        trim = fit(self.source, source.fetch) if source else None
        if prepared is None or trim is None:
            message = (
                f"The graph has changed, and what {self.source.service} was asked for does not fit; subscribe anew."
            )
            raise RequestRefused.because(GRAPH_CHANGED, message)
        self.engine, self.prepared, self.trim = engine, prepared, trim


class Subscriptions:
    """Those that run; one a gateway, on one event loop."""

    def __init__(self, live: LiveEngine, signer: ContextSigner, timeout_s: float) -> None:
        self._live = live
        self._signer = signer
        self._timeout_s = timeout_s
        self._running: set[_Subscribed] = set()
        self._switching: asyncio.Task[None] | None = None
        self._all_ended = asyncio.Event()
        self._stopping = False
        self.counts = SubscriptionCounts()
        live.on_reload(self._graph_changed)

    def __len__(self) -> int:
        return len(self._running)

    def begin(self, asked: Asked) -> AsyncGenerator[Told, None] | None:
        """What a client is told of a subscription, one GraphQL response an event; None for other operations.

        The last one may be errors without data. Closing it ends the subscription at its source. Raises
        `RequestRefused`, before anything has begun.
        """
        # A. prepare
        engine = self._live.engine
        prepared = engine.subscription(asked.request)
        if prepared is None:
            return None
        if len(self._running) >= MAX_SUBSCRIPTIONS:
            message = f"{MAX_SUBSCRIPTIONS} subscriptions run here, and no more are taken."
            raise RequestRefused.because(TOO_MANY_SUBSCRIPTIONS, message)
        if self._stopping:
            raise RequestRefused.because(GOING_AWAY, "The gateway is stopping.")
        return self._run(_Subscribed(asked, engine, prepared))

    async def open(self, asked: Asked, bill: Bill | None) -> AsyncGenerator[Told, None] | None:
        """As `begin`, prepared beside the loop; a subscription is charged what one event of it costs at most."""
        if "subscription" not in asked.request.query:
            return None
        if bill is not None:
            await bill.admit()
        try:
            points = await self._live.engine.points(asked.request)
        except RequestRefused:
            if bill is not None:
                bill.penalise()
            raise
        begun = self.begin(asked)
        if begun is not None and bill is not None:
            await bill.charge(points)
        return begun

    async def tell(self, asked: Asked) -> AsyncGenerator[Told, None]:
        """What a client is told of any operation: of a query or mutation, and of what is refused, one response."""
        try:
            caller = asked.identify(asked.trace.id)
            bill = asked.bill_of(caller)
            begun = await self.open(asked, bill)
        except RequestRefused as refused:
            yield Told.of({"errors": refused.errors})
            return
        except Fault as fault:
            yield Told.of({"errors": [error(str(fault), fault.code)]})
            return
        if begun is None:
            headers, identity = self._signed(caller, asked.trace)
            yield Told.of(await self._live.execute(asked.request, headers, self._timeout_s, identity, bill))
            return
        async with aclosing(begun) as all_told:
            async for told in all_told:
                yield told

    async def stop(self) -> None:
        """End all of them, and let none begin: the gateway goes away. Waits until they have, for `LAST_WORDS_S`."""
        self._stopping = True
        for subscribed in list(self._running):
            subscribed.running.end(GOING_AWAY, "The gateway is stopping; subscribe anew.", GOING_AWAY)
        if self._running:
            self._all_ended.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_S):
                    await self._all_ended.wait()

    async def _run(self, subscribed: _Subscribed) -> AsyncGenerator[Told, None]:
        running = subscribed.running
        self._running.add(subscribed)
        self.counts.begun += 1
        expiry = asyncio.get_running_loop().call_later(LIFETIME_S, self._expire, running)
        try:
            async with aclosing(running.told(self._responses(subscribed))) as all_told:
                async for told in all_told:
                    yield told
        finally:
            expiry.cancel()
            self._running.discard(subscribed)
            self.counts.ended[running.ended or "left"] += 1
            if not self._running:
                self._all_ended.set()

    def _expire(self, running: Running) -> None:
        message = f"After {LIFETIME_S:g} s a subscription is begun anew."
        running.end(SUBSCRIPTION_EXPIRED, message, SUBSCRIPTION_EXPIRED)

    async def _responses(self, subscribed: _Subscribed) -> AsyncGenerator[Response, None]:
        """One response an event; the last may be errors without data."""
        async with aclosing(self._source(subscribed)) as events:
            try:
                async for event in events:
                    if "data" not in event:
                        yield {"errors": _told_by_subgraph(subscribed, event["errors"])}
                        return
                    # C. each event
                    yield await self._answer(subscribed, event)
            except SubgraphFailure as failure:
                yield {"errors": [_failed(subscribed, failure)]}
            except RequestRefused as refused:
                yield {"errors": refused.errors}
            except Fault as fault:
                yield {"errors": [error(str(fault), fault.code)]}

    def _source(self, subscribed: _Subscribed) -> AsyncGenerator[Mapping[str, Any], None]:
        """B. open the source, at the subgraph that has it."""
        fetch, asked = subscribed.source, subscribed.asked

        def fresh_headers() -> Mapping[str, str]:
            return self._signed(asked.identify(asked.trace.id), asked.trace)[0]

        given = asked.request.variables
        variables = {name: given[name] for name in fetch.variables if name in given}
        request = SubgraphRequest(fetch.document, variables or None, fetch.operation_name, "subscription")
        return subscribed.engine.service(fetch.service).subscribe(request, fresh_headers, self._timeout_s)

    async def _answer(self, subscribed: _Subscribed, event: Mapping[str, Any]) -> Response:
        trace = Trace.begin()
        caller = subscribed.asked.identify(trace.id)
        subscribed.switch(self._live.engine)
        headers, who = self._signed(caller, trace)
        ends_at = asyncio.get_running_loop().time() + self._timeout_s
        call = Call(subscribed.asked.request.variables, headers, ends_at, who)
        if subscribed.trim is not None:
            event = {**event, "data": subscribed.trim(event["data"])}
        response = await subscribed.engine.enrich(subscribed.prepared, event, call)
        self.counts.events += 1
        if "errors" in response:
            response["extensions"] = {"traceId": trace.id}
        return response

    def _signed(self, caller: Caller, trace: Trace) -> tuple[Mapping[str, str], Hashable]:
        context = caller.context
        return {CONTEXT_HEADER: self._signer.sign(context), TRACE_HEADER: trace.parent}, identity_of(context)

    def _graph_changed(self) -> None:
        """Bring those that wait for an event to the new graph too: one that cannot go on is told now, not then."""
        if self._switching is None or self._switching.done():
            self._switching = asyncio.get_running_loop().create_task(self._switch_all())

    async def _switch_all(self) -> None:
        for number, subscribed in enumerate(list(self._running), 1):
            try:
                subscribed.switch(self._live.engine)
            except RequestRefused as refused:
                subscribed.running.end(GRAPH_CHANGED, str(refused), GRAPH_CHANGED)
            if number % SWITCHED_AT_ONCE == 0:
                await asyncio.sleep(0)


def identity_of(context: RequestContext) -> Hashable:
    """All of a context that an answer may depend on, except the instant."""
    return (context.channel, context.location, context.customer, context.staff, context.scopes)


def _told_by_subgraph(subscribed: _Subscribed, errors: Any) -> list[dict[str, Any]]:
    failures = Failures(subscribed.prepared.program.plan.visible)
    failures.of_subgraph(subscribed.source, None, None, errors)
    return failures.errors


def _failed(subscribed: _Subscribed, failure: SubgraphFailure) -> dict[str, Any]:
    service = subscribed.source.service
    _log.warning("subscription failed", subgraph=service, reason=failure.reason, trace_id=subscribed.asked.trace.id)
    what = "did not answer in time" if isinstance(failure, SubgraphTimeout) else "is unavailable"
    failures = Failures(subscribed.prepared.program.plan.visible)
    failures.of_fetch(subscribed.source, None, None, f"{service} {what}.", failure.code)
    return failures.errors[0]
