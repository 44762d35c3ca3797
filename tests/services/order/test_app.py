"""The service as it runs: background work tells what was recorded, and finishes what was left."""

import asyncio
from contextlib import aclosing
from datetime import timedelta

import pytest

from kit.context import CONTEXT_HEADER, ContextSigner, RequestContext
from kit.events import open_event_log
from kit.events.log import Position
from kit.times import utc_now
from services.order.actions import record_order
from services.order.app import open_service, open_store
from services.order.events import ORDER_RECORDED, ORDER_RETURNED
from services.order.model import Piece
from services.order.returns.actions import STALE
from services.order.returns.model import compose_return
from services.order.settings import Settings
from tests.services.order.conftest import NewDraft, NewReturn

SECRET = "s" * 32


@pytest.fixture
def settings(mongo_url: str, fresh_databases: str) -> Settings:
    return Settings.model_validate(
        {"mongodb_url": mongo_url, "database_prefix": fresh_databases, "context_secret": SECRET}
    )


async def test_the_running_service_answers_tells_and_finishes(
    settings: Settings, new_draft: NewDraft, new_return: NewReturn
) -> None:
    now = utc_now()
    async with open_store(settings) as store:
        order = await record_order(store, new_draft(placed_at=now), "key", now=now)
        draft = new_return(order=order.id, pieces=(Piece(1, 1),), returned_at=now)
        abandoned = compose_return(draft, order, now=now - STALE - timedelta(seconds=5))
        assert await store.returns.add(abandoned, [])
        async with (
            open_service(settings) as service,
            open_event_log(settings.mongodb_url, settings.database_prefix) as log,
        ):
            assert await service.is_ready()
            signer = ContextSigner(SECRET.encode())
            token = signer.sign(RequestContext(channel="pos", scopes=frozenset({"orders:read"})))
            query = "query ($id: ID!) { order(id: $id) { number } }"
            answer = await service.subgraph.execute(query, {"id": order.id}, None, {CONTEXT_HEADER: token})
            assert answer == {"data": {"order": {"number": "A-1"}}}
            async with asyncio.timeout(10), aclosing(log.follow([ORDER_RECORDED, ORDER_RETURNED], Position())) as told:
                awaited = {order.id, abandoned.id}  # at least once each: one may come twice
                while awaited:
                    awaited.discard((await anext(told))[0].subject)
        assert (await store.returns.by_ids([abandoned.id]))[abandoned.id].is_recorded
