"""A share of the random oracle for subscriptions: an enriched event is what a monolith answers to the query."""

from tests.gateway.subscription.random_events import run


async def test_a_random_event_is_enriched_as_a_monolith_answers() -> None:
    differing, sourceless = await run(100, 4000)
    assert (differing, sourceless < 10) == (0, True)
