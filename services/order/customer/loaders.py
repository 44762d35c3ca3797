"""Pages of many customers in one round trip."""

import asyncio
from collections import defaultdict
from typing import TypeVar

from aiodataloader import DataLoader

from kit.pages import Page, PageArgs
from services.order.customer.store import CustomerPages

T = TypeVar("T")
PageKey = tuple[str, PageArgs]


def page_loader(pages: CustomerPages[T]) -> "DataLoader[PageKey, Page[T]]":
    """Loads (customer, page arguments): first pages together, later pages, which differ by customer, side by side."""

    async def load(keys: list[PageKey]) -> list[Page[T]]:
        firsts: dict[int, list[str]] = defaultdict(list)
        later: list[PageKey] = []
        for customer, args in keys:
            if args.after is None and len(keys) > 1:
                firsts[args.first].append(customer)
            else:
                later.append((customer, args))
        batches = await asyncio.gather(*(pages.first_pages(customers, first) for first, customers in firsts.items()))
        singles = await asyncio.gather(*(pages.page(*key) for key in later))
        found: dict[PageKey, Page[T]] = dict(zip(later, singles, strict=True))
        for first, batch in zip(firsts, batches, strict=True):
            found |= {(customer, PageArgs(first)): page for customer, page in batch.items()}
        return [found[key] for key in keys]

    return DataLoader(load)
