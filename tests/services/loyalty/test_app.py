"""Loyalty starts alone and works from event to answer."""

import asyncio
from pathlib import Path

from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.events import Event, open_event_log
from kit.events.log import Position
from kit.settings import context_secret
from kit.times import utc_now
from services.loyalty.app import open_service
from services.loyalty.model import CustomerId, EntryKind, wallet_id_of
from services.loyalty.settings import Settings

QUERY = "query ($id: ID!) { wallet(id: $id) { balance statement { nodes { points } } } }"
PATIENCE_S = 15


async def test_an_order_in_the_log_becomes_points_in_the_graph(
    mongo_url: str, fresh_databases: str, tmp_path: Path, member: CustomerId
) -> None:
    settings = Settings(mongodb_url=mongo_url, database_prefix=fresh_databases, data_dir=tmp_path)
    token = ContextSigner(context_secret(settings)).sign(RequestContext(channel="web", customer=member))
    data = {"orderId": "ord_1", "customerId": member, "goodsGrossMinor": 4_200, "currency": "USD"}
    order = Event("ord_1:recorded", "/noren/order", "noren.order.recorded.v1", "ord_1", utc_now(), data)
    variables = {"id": wallet_id_of(member)}
    async with (
        open_service(settings) as service,
        open_event_log(mongo_url, fresh_databases) as event_log,
        asyncio.timeout(PATIENCE_S),
    ):
        assert await service.is_ready()
        await event_log.append([order])
        told = event_log.follow([EntryKind.EARNED.event_type], Position())
        event, _ = await anext(told)
        await told.aclose()
        answer = await service.subgraph.execute(QUERY, variables, None, {CONTEXT_HEADER: token})
    assert (event.subject, event.data["points"]) == (wallet_id_of(member), 42)
    assert answer["data"]["wallet"] == {"balance": 42, "statement": {"nodes": [{"points": 42}]}}
