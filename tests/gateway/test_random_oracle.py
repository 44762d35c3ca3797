"""A share of the random oracle: about 200 queries over random supergraphs, the same ones every time."""

import pytest

from tests.gateway.random_oracle import queries_of, run, world_of

SEEDS = (*range(0, 2000, 50), 6227, 6371, 20412)
"""The last three once joined a fetch that tells types with one which asked other things of them."""


@pytest.mark.parametrize("seed", SEEDS)
async def test_random_supergraph_answers_as_a_monolith(seed: int) -> None:
    world = world_of(seed)
    for query in list(queries_of(seed, world))[:5] if world else ():
        await world.agree(query)


def test_nearly_every_random_supergraph_composes() -> None:
    assert sum(world_of(seed) is not None for seed in SEEDS) >= 0.9 * len(SEEDS)


async def test_the_oracle_counts_what_it_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert await run(5, 3) == 0
    assert "queries over" in capsys.readouterr().out
