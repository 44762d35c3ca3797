"""From sales to the services: customers, then orders, then returns, then everything told is heard.

Every step is recorded once by source and external id, so an import that was broken off is simply run again.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import polars as pl

from kit.events.consumer import PARKED
from noren.delivery import Stores, deliver
from noren.imports.errors import CountsDisagree
from noren.imports.mapping import Mapping as FileMapping
from noren.imports.model import Outcome, Trouble
from noren.imports.progress import Steps
from noren.imports.sales import (
    Sale,
    count_customers,
    count_sales,
    customers_of,
    order_draft,
    return_draft,
    sales_of,
)
from services.customer.actions import import_customers
from services.loyalty.earning.model import Programmes
from services.loyalty.earning.store import ProgrammeStore
from services.order.actions import import_orders
from services.order.bulk import MAX_REPORTED, ImportProblem, ImportResult, batches
from services.order.identity.model import AlreadyRecorded, ExternalId
from services.order.returns.actions import import_returns

T = TypeVar("T")
Known = tuple[Sale, str | None]
"""A sale and its customer's id; None: a guest."""
SALES_AT_ONCE = MAX_REPORTED
"""Sales of one call: the order service names at most as many problems, so none goes unnamed."""


@dataclass(slots=True)
class Tally:
    """What became of the orders, or of the returns, that the order service was given."""

    recorded: int = 0
    known: int = 0


@dataclass(slots=True)
class Loaded:
    """What the services did. `troubles` are the invoices they did not take."""

    customers_created: int = 0
    customers_matched: int = 0
    orders: Tally = field(default_factory=Tally)
    returns: Tally = field(default_factory=Tally)
    events_heard: int = 0
    events_parked: int = 0
    lines: int = 0
    """Of the sales that were to be handed over."""
    lines_refused: int = 0
    """Of these, of the sales in `troubles`."""
    programmes: Programmes | None = None
    """By which loyalty counted the points."""
    troubles: dict[str, Trouble] = field(default_factory=dict)


async def load_rows(stores: Stores, rows: pl.DataFrame, mapping: FileMapping, steps: Steps, now: datetime) -> Loaded:
    """Bring everything that is taken into the services; CountsDisagree if one of them lost a sale."""
    loaded = Loaded()
    bar = steps.begin("customers", count_customers(rows))
    people = await import_customers(stores.customer, _counted(customers_of(rows, mapping), bar), now=now)
    loaded.customers_created, loaded.customers_matched = people.created, people.matched

    async def record(sales: Sequence[Known]) -> ImportResult:
        return await import_orders(stores.order, [order_draft(sale, mapping, id) for sale, id in sales], now=now)

    async def give_back(sales: Sequence[Known]) -> ImportResult:
        return await import_returns(stores.order, [return_draft(sale, mapping, id) for sale, id in sales], now=now)

    for name, returns, tally, call in (
        ("orders", False, loaded.orders, record),
        ("returns", True, loaded.returns, give_back),
    ):
        bar = steps.begin(name, count_sales(rows, returns=returns))
        handover = _Handover(loaded, people.ids, str(ExternalId(mapping.source, "")))
        await handover.bring(sales_of(rows, mapping, returns=returns), call, tally, bar)
    with steps.during("points"):
        parked = await _parked(stores)
        loaded.programmes = await ProgrammeStore(stores.loyalty.db).all()
        loaded.events_heard = await deliver(stores)
        loaded.events_parked = await _parked(stores) - parked
    return loaded


@dataclass(frozen=True, slots=True)
class _Handover:
    """Hands sales to the order service and sorts what comes back."""

    loaded: Loaded
    customers: Mapping[str, str]
    """Customer ids by the file's; whom the customer service refused is not among them."""
    prefix: str
    """Of the order service's names for the invoices."""

    async def bring(
        self,
        sales: Iterable[Sale],
        call: Callable[[Sequence[Known]], Awaitable[ImportResult]],
        tally: Tally,
        advance: Callable[[int], None],
    ) -> None:
        """Hand over all sales, some at a time."""
        for batch in batches(sales, SALES_AT_ONCE):
            lines = {sale.invoice: len(sale.lines) for sale in batch}
            self.loaded.lines += sum(lines.values())
            known = [(sale, self.customers.get(sale.customer or "")) for sale in batch]
            able = [(sale, id) for sale, id in known if sale.customer is None or id is not None]
            for sale, id in known:
                if sale.customer is not None and id is None:
                    trouble = Trouble(Outcome.CUSTOMER_REFUSED, f"customer {sale.customer}")
                    self._refuse(sale.invoice, trouble, lines)
            result = await call(able)
            _check(result, len(able))
            for problem in result.problems:
                self._refuse(problem.external_id.removeprefix(self.prefix), _trouble(problem), lines)
            tally.recorded += result.recorded
            tally.known += result.known
            advance(len(batch))

    def _refuse(self, invoice: str, trouble: Trouble, lines: Mapping[str, int]) -> None:
        self.loaded.troubles[invoice] = trouble
        self.loaded.lines_refused += lines[invoice]


def _check(result: ImportResult, given: int) -> None:
    """The order service's counts must be those of what it was given."""
    refused = result.conflicting + result.refused
    told = result.recorded + result.known + refused
    if told != given or len(result.problems) != refused:
        raise CountsDisagree(
            f"the order service was given {given} sales and told of {told}, and named {len(result.problems)} of "
            f"{refused} that it did not take"
        )


def _trouble(problem: ImportProblem) -> Trouble:
    differs = any(isinstance(refusal, AlreadyRecorded) for refusal in problem.refusals)
    outcome = Outcome.RECORDED_DIFFERENTLY if differs else Outcome.SALE_REFUSED
    return Trouble(outcome, "; ".join(refusal.message for refusal in problem.refusals))


async def _parked(stores: Stores) -> int:
    return await stores.loyalty.db[PARKED].count_documents({})


def _counted(items: Iterable[T], advance: Callable[[int], None]) -> Iterator[T]:
    for item in items:
        yield item
        advance(1)
