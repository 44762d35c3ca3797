"""Value types that every subgraph declares alike, all shareable; each says how it is made from plain values."""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar

import strawberry

from kit.graphql.scalars import CurrencyCode
from kit.money import Money as MoneyValue
from kit.pages import COUNT_CAP, MAX_PAGE, Page

T = TypeVar("T")
NodeT = TypeVar("NodeT")

First = Annotated[int, strawberry.argument(description=f"Rows wanted, 1 to {MAX_PAGE}.")]
"""The argument `first` of every list."""
After = Annotated[str | None, strawberry.argument(description="`endCursor` of the page before.")]
"""The argument `after` of every list."""


@strawberry.federation.type(shareable=True, description="An amount of money, exact.")
class Money:
    """`kit.money.Money` as the graph shows it."""

    amount: Decimal = strawberry.field(description="In units of the currency, with its decimals: 19.99 or 1999.")
    currency: CurrencyCode = strawberry.field(description="ISO 4217.")
    minor_units: int = strawberry.field(description="The same amount as a whole number of minor units: 1999.")

    @classmethod
    def of(cls, money: MoneyValue) -> "Money":
        """From the value."""
        return cls(amount=money.amount, currency=CurrencyCode(money.currency), minor_units=money.minor_units)


@strawberry.federation.type(shareable=True, description="What an object is called in another system.")
class ExternalId:
    """Unique a source."""

    source: str = strawberry.field(description="The other system.")
    value: str = strawberry.field(description="The id there.")


@strawberry.input(description="What an object is called in another system.")
class ExternalIdInput:
    """The input twin of `ExternalId`."""

    source: str = strawberry.field(description="The other system.")
    value: str = strawberry.field(description="The id there.")


@strawberry.federation.type(shareable=True, description="Where a page lies in its list (Relay).")
class PageInfo:
    """Relay's page info; paging goes forward only."""

    has_next_page: bool = strawberry.field(description="Whether rows follow this page.")
    has_previous_page: bool = strawberry.field(description="Whether this page was asked for with a cursor.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first row, null on an empty page.")
    end_cursor: str | None = strawberry.field(description="Give it as `after` for the next page.")


@strawberry.type(description="A row with its cursor.")
class Edge(Generic[NodeT]):
    """Relay's edge."""

    cursor: str = strawberry.field(description="Give it as `after` to go on behind this row.")
    node: NodeT = strawberry.field(description="The row.")


@strawberry.type(description="One page of a list.")
class Connection(Generic[NodeT]):
    """Relay's connection over a `kit.pages.Page`."""

    nodes: list[NodeT] = strawberry.field(description="The rows, in order.")
    page: strawberry.Private[Page[Any]]

    @strawberry.field(description="The rows with their cursors.")
    def edges(self) -> list[Edge[NodeT]]:
        """Made only when asked: most lists are read by their nodes."""
        return self.rows()

    @strawberry.field(description="Where this page lies.")
    def page_info(self) -> PageInfo:
        """Made only when asked."""
        return self.info()

    @strawberry.field(description=f"How many rows the list has, counted when asked, and no further than {COUNT_CAP}.")
    async def total_count(self) -> int:
        """Counted only when asked."""
        return await self.page.count()

    @classmethod
    def of(cls, page: Page[T], present: Callable[[T], NodeT]) -> "Connection[NodeT]":
        """From a page of models and the function that presents one."""
        return Connection(nodes=[present(row) for row in page.nodes], page=page)

    def rows(self) -> list[Edge[NodeT]]:
        """The edges."""
        return [Edge(cursor=cursor, node=node) for cursor, node in zip(self.page.cursors, self.nodes, strict=True)]

    def info(self) -> PageInfo:
        """The page info."""
        cursors = self.page.cursors
        return PageInfo(
            has_next_page=self.page.has_next,
            has_previous_page=self.page.has_previous,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )
