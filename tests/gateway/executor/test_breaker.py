"""When a service is spared, and when it is asked again."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from gateway.executor.breaker import FIRST_PAUSE_S, WINDOW, Breaker
from gateway.executor.services import Service, ServicePolicy
from gateway.transports import SubgraphRequest, SubgraphTimeout, SubgraphUnavailable

ASK = SubgraphRequest("{ a }", None, None, "mutation")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def failing(breaker: Breaker, count: int = WINDOW) -> None:
    for _ in range(count):
        assert breaker.lets_through()
        breaker.note(True)


def test_it_opens_after_many_failures_and_not_after_few() -> None:
    breaker = Breaker(Clock())
    failing(breaker, WINDOW - 1)
    assert not breaker.is_open
    failing(breaker, 1)
    assert breaker.is_open
    assert not breaker.lets_through()


def test_failures_among_answers_or_long_ago_do_not_open_it() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    for number in range(10 * WINDOW):
        breaker.note(number % 3 == 0)
    assert not breaker.is_open
    clock.now += 11.0
    for _ in range(2 * WINDOW):
        clock.now += 1.0
        breaker.note(True)
    assert not breaker.is_open


def test_one_call_tries_after_a_pause_and_closes_it_or_opens_it_for_longer() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    failing(breaker)
    clock.now += FIRST_PAUSE_S
    assert [breaker.lets_through(), breaker.lets_through()] == [True, False]
    breaker.note(True)
    clock.now += FIRST_PAUSE_S
    assert not breaker.lets_through(), "twice as long"
    clock.now += FIRST_PAUSE_S
    assert breaker.lets_through()
    breaker.note(False)
    assert not breaker.is_open
    assert breaker.opened == 2


def test_a_try_of_which_nobody_knows_the_end_is_followed_by_another() -> None:
    clock = Clock()
    breaker = Breaker(clock)
    failing(breaker)
    clock.now += FIRST_PAUSE_S
    assert breaker.lets_through()
    breaker.note(None)
    assert breaker.lets_through()


class Way:
    def __init__(self) -> None:
        self.asked = 0
        self.away = True

    async def send(self, *_: Any) -> Mapping[str, Any]:
        self.asked += 1
        if self.away:
            raise SubgraphUnavailable("away")
        return {"data": {"a": 1}}


async def test_a_service_that_is_away_is_not_asked_for_a_while_and_comes_back() -> None:
    way, clock = Way(), Clock()
    service = Service("a", way, ServicePolicy(breaker=True))  # type: ignore[arg-type]
    service.breaker = Breaker(clock)
    for _ in range(2 * WINDOW):
        with pytest.raises(SubgraphUnavailable):
            await service.ask(ASK, {}, 5.0)
    assert way.asked == WINDOW
    assert service.counts.spared == WINDOW
    way.away = False
    clock.now += FIRST_PAUSE_S
    assert await service.ask(ASK, {}, 5.0) == {"data": {"a": 1}}


async def test_a_call_that_was_given_too_little_time_says_nothing() -> None:
    class Slow:
        async def send(self, *_: Any) -> Mapping[str, Any]:
            await asyncio.sleep(10)
            raise AssertionError

    service = Service("a", Slow(), ServicePolicy(breaker=True))  # type: ignore[arg-type]
    for _ in range(WINDOW + 1):
        with pytest.raises(SubgraphTimeout):
            await service.ask(ASK, {}, 0.001)
    assert service.breaker is not None
    assert not service.breaker.is_open
