"""Pages of what belongs to customers; the same query for orders and returns."""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pymongo import DESCENDING

from kit.mongo import Collection, Document
from kit.pages import COUNT_CAP, Page, PageArgs, Sort, encode_cursor, find_page

T = TypeVar("T")
HIDDEN = {"outbox": 0}


@dataclass(frozen=True, slots=True)
class CustomerPages(Generic[T]):
    """A collection with `customer`, ordered by an instant; `narrow` holds for every row that is shown."""

    collection: Collection
    instant: str
    parse: Callable[[Document], T]
    narrow: Mapping[str, object]

    @property
    def _newest_first(self) -> Sort:
        return ((self.instant, DESCENDING), ("_id", DESCENDING))

    async def page(self, customer: str, args: PageArgs) -> Page[T]:
        """One page of one customer, newest first."""
        where = {"customer": customer, **self.narrow}
        return await find_page(self.collection, where, self._newest_first, args, self.parse, projection=HIDDEN)

    async def first_pages(self, customers: Sequence[str], first: int) -> dict[str, Page[T]]:
        """The first page of each customer: one round trip, one walk of the index a customer."""
        rows = [
            {"$match": dict(self.narrow)},
            {"$sort": dict(self._newest_first)},
            {"$limit": first + 1},
            {"$project": HIDDEN},
        ]
        joined = {"from": self.collection.name, "localField": "customer", "foreignField": "customer"}
        pipeline: list[Document] = [
            {"$documents": [{"customer": customer} for customer in customers]},
            {"$lookup": {**joined, "pipeline": rows, "as": "row"}},
            {"$unwind": "$row"},
        ]
        found: dict[str, list[Document]] = defaultdict(list)
        async for joined_row in await self.collection.database.aggregate(pipeline):
            found[joined_row["customer"]].append(joined_row["row"])
        return {customer: self._first_page(customer, found[customer], first) for customer in customers}

    def _first_page(self, customer: str, rows: Sequence[Document], first: int) -> Page[T]:
        kept = rows[:first]
        return Page(
            nodes=[self.parse(row) for row in kept],
            cursors=[encode_cursor([row[self.instant], row["_id"]]) for row in kept],
            has_next=len(rows) > first,
            has_previous=False,
            count=self._counter(customer),
        )

    def _counter(self, customer: str) -> Callable[[], Awaitable[int]]:
        async def count() -> int:
            return await self.collection.count_documents({"customer": customer, **self.narrow}, limit=COUNT_CAP)

        return count
