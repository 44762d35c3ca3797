"""Gathering what is held on a person."""

from datetime import datetime
from typing import Any

from kit.pages import PageArgs
from services.customer.access.store import AccessStore
from services.customer.behaviour.actions import subjects_of
from services.customer.kin.model import Person
from services.customer.merge.store import MergeStore
from services.customer.model import Customer
from services.customer.profile.model import plain
from services.customer.store import CustomerStore

MAX_EVENTS = 20_000
"""Behaviour events of one export, some megabytes; a person leaves some thousands in a year. More is said to be cut."""
MAX_ROWS = 1_000
"""Inquiries, lists, orders and accesses of one export; more is said to be cut."""
PAGE = 100


async def export(store: CustomerStore, customer: Customer, now: datetime) -> dict[str, Any]:
    """JSON of everything: the profile with every sourced value, identities, merges, consents, behaviour, inquiries,
    lists, what value heard of their orders, and who saw them. `cut` names the lists that were too long to be whole.
    """
    ids = (customer.id, *customer.members)
    person = Person(frozenset(ids))
    subjects = await subjects_of(store, person)
    events = await store.behaviour.timeline(subjects, (), None, MAX_EVENTS + 1)
    inquiries = await _all(lambda args: store.inquiry.page_of(ids, args))
    threads = await store.inquiry.threads([inquiry.id for inquiry in inquiries])
    shopping = await _all(lambda args: store.shopping.page_of(ids, None, args))
    bought = await store.value.bought(ids, MAX_ROWS + 1)
    seen = await _all(lambda args: AccessStore(store.db).page(ids, args))
    accesses = [access for access in seen if access.at < now]  # but for this one
    lists = {
        "behaviour": (events, MAX_EVENTS),
        "inquiries": (inquiries, MAX_ROWS),
        "lists": (shopping, MAX_ROWS),
        "purchases": (bought, MAX_ROWS),
        "accesses": (accesses, MAX_ROWS),
    }
    return {
        "exportedAt": now.isoformat(),
        "profile": plain(customer),
        "merges": plain(tuple(await MergeStore(store).of_customer(ids))),
        "consents": plain(tuple(await store.consent.of(ids))),
        **{name: plain(tuple(rows[:limit])) for name, (rows, limit) in lists.items()},
        "messages": {id: plain(thread) for id, thread in threads.items()},
        "cut": [name for name, (rows, limit) in lists.items() if len(rows) > limit],
    }


async def _all(page_of: Any) -> list[Any]:
    """Pages up to `MAX_ROWS` and one more."""
    rows: list[Any] = []
    args = PageArgs(PAGE)
    while True:
        page = await page_of(args)
        rows += page.nodes
        if not page.has_next or len(rows) > MAX_ROWS:
            return rows[: MAX_ROWS + 1]
        args = PageArgs.parse(PAGE, page.cursors[-1])
