"""Subscriptions for clients as server-sent events (GraphQL over SSE, distinct connections)."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing

from starlette.types import Receive, Send

from gateway.subscription import Told
from kit.sse import COMPLETE, UNBUFFERED, Header, next_json, send_stream


async def send_told(
    told: AsyncGenerator[Told, None], receive: Receive, send: Send, headers: Iterable[Header]
) -> tuple[int, int]:
    """Answer with what is told, to its end; the status to log, 499 if the client left first, and the bytes sent."""
    sent = 0

    async def blocks() -> AsyncGenerator[bytes, None]:
        nonlocal sent
        async with aclosing(told):
            async for one in told:
                block = next_json(one.json)
                sent += len(block)
                yield block
            yield COMPLETE

    ended = await send_stream(blocks(), receive, send, [*headers, UNBUFFERED])
    return (200 if ended == "completed" else 499), sent
