"""Batches of one request: customers by id, and who is one person with whom; one query for all."""

from asyncio import gather

from aiodataloader import DataLoader

from kit.loaders import by_key
from services.customer.behaviour.actions import subjects_of
from services.customer.inquiry.model import Thread
from services.customer.kin.model import Person
from services.customer.model import Customer
from services.customer.store import CustomerStore


class Loaders:
    """Customer's loaders; they live one request long."""

    def __init__(self, store: CustomerStore) -> None:
        self.customer: DataLoader[str, Customer | None] = by_key(store.customers_by_id)
        self.person: DataLoader[str, Person | None] = by_key(store.kin.persons)
        self.thread: DataLoader[str, Thread | None] = by_key(store.inquiry.threads)
        self._store = store
        self.subjects: DataLoader[str, frozenset[str]] = DataLoader(self._subjects)

    async def person_of(self, id: str) -> Person:
        """Everybody who is one person with this profile."""
        return await self.person.load(id) or Person(frozenset({id}))

    async def _subjects(self, ids: list[str]) -> list[frozenset[str]]:
        """Whose events are theirs; a query for each, since devices are counted a person."""
        persons = await gather(*[self.person_of(id) for id in ids])
        return await gather(*[subjects_of(self._store, person) for person in persons])
