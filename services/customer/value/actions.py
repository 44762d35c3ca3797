"""What a person is worth now, for many at once."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.customer.behaviour.actions import ACTIVE
from services.customer.kin.model import Person
from services.customer.store import CustomerStore
from services.customer.value.model import (
    WINDOW,
    Favourite,
    Value,
    Visit,
    favourites_of,
    last_visit,
    value_of,
)


async def values(store: CustomerStore, persons: Mapping[str, Person], now: datetime) -> dict[str, Value]:
    """The value of each, by the id asked for: one query for all of them."""
    everybody = {id for person in persons.values() for id in person.ids}
    parts = await store.value.parts(everybody, now - WINDOW)
    return {
        id: value_of([part for part in parts if part.customer_id in person.ids], now) for id, person in persons.items()
    }


async def favourites(store: CustomerStore, person: Person, first: int) -> Sequence[Favourite]:
    """What they like to buy."""
    sold = await store.value.sold(person.ids)
    categories = await store.value.categories([one.sku for one in sold])
    parents = await store.value.parents({id for named in categories.values() for id in named})
    return favourites_of(sold, categories, parents)[:first]


async def visit(store: CustomerStore, person: Person, subjects: frozenset[str]) -> Visit | None:
    """When they last did anything on any channel."""
    seen = await store.behaviour.steps(subjects, ACTIVE, None, 1)
    shown = [Visit(step.at, step.channel, step.location_id) for step in seen]
    return last_visit(next(iter(shown), None), await store.value.last(person.ids))
