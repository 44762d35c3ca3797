"""A share of `tests.faults.loyalty` that every run of the suite can afford: the service dies once in mid-load."""

from tests.faults.loyalty import service_dies


async def test_a_service_that_is_killed_in_mid_load_loses_and_doubles_nothing(
    mongo_url: str, fresh_databases: str
) -> None:
    assert await service_dies(mongo_url, fresh_databases, seed=7) == []
