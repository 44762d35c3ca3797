"""Merges as they are heard, in any order."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from kit.events import Event
from services.customer.kin.events import MERGED, UNMERGED, hear_kin
from services.customer.store import CustomerStore
from tests.services.customer.conftest import NOW


def told(type: str, merge: str, into: str, other: str, hours: int) -> Event:
    name = "mergedId" if type == MERGED else "restoredId"
    data: dict[str, Any] = {"customerId": into, name: other, "mergeId": merge}
    return Event(f"{type}:{merge}", "/noren/customer", type, into, NOW + timedelta(hours=hours), data)


EVENTS = [
    told(MERGED, "m1", "a", "b", 1),
    told(MERGED, "m2", "c", "a", 2),
    told(UNMERGED, "m2", "c", "a", 3),
    told(MERGED, "m3", "d", "c", 4),
]


@pytest.mark.parametrize("order", list(permutations(range(4)))[::5], ids=str)
async def test_whatever_order_merges_are_heard_in_the_persons_are_the_same(
    store: CustomerStore, order: tuple[int, ...]
) -> None:
    for place in (*order, order[0]):
        await hear_kin(store.kin, [EVENTS[place]])
    persons = await store.kin.persons("abcdz")
    assert {id: "".join(sorted(person.ids)) for id, person in persons.items()} == {
        "a": "ab",
        "b": "ab",
        "c": "cd",
        "d": "cd",
        "z": "z",
    }
    assert persons["b"].joined_at == NOW + timedelta(hours=1)
