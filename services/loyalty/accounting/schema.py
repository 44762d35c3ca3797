"""Queries and mutations of accounting; every resolver is a line or three. All need the scope points:accounting."""

from datetime import date
from typing import Annotated

import strawberry

from kit.errors import BadUserInput
from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.loyalty.accounting.actions import close_day, set_policy
from services.loyalty.accounting.export import LINE_COLUMNS, ExportFormat, line_rows, written
from services.loyalty.accounting.inputs import AccountingDayCloseInput, AccountingPolicySetInput
from services.loyalty.accounting.policy import AccountingPolicy as Policy
from services.loyalty.accounting.policy import allocate, policy_on
from services.loyalty.accounting.store import AccountingStore
from services.loyalty.accounting.types import (
    AccountingDay,
    AccountingDayClosePayload,
    AccountingPolicy,
    AccountingPolicySetPayload,
    PointsAllocation,
)
from services.loyalty.context import ACCOUNTING, Info
from services.loyalty.posting.model import MAX_POINTS

Day = Annotated[date, strawberry.argument(description="A day of the books.")]


@strawberry.type
class AccountingQuery:
    """The books."""

    @strawberry.field(
        description="A closed day; null: it is not closed. Needs the scope points:accounting.",
        directives=[needs(ACCOUNTING)],
    )
    async def accounting_day(self, info: Info, day: Day) -> AccountingDay | None:
        """As it was closed."""
        found = await _books(info).books(day)
        return None if found is None else AccountingDay(row=found)

    @strawberry.field(
        description="Closed days, the last first. Needs the scope points:accounting.", directives=[needs(ACCOUNTING)]
    )
    async def accounting_days(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[AccountingDay]:
        """A page of them."""
        page = await _books(info).page(PageArgs.parse(first, after))
        return Connection.of(page, lambda row: AccountingDay(row=row))

    @strawberry.field(
        description="How points are valued on a day. Needs the scope points:accounting.", directives=[needs(ACCOUNTING)]
    )
    async def accounting_policy(self, info: Info, day: Day) -> AccountingPolicy:
        """The version in force."""
        return AccountingPolicy.of(policy_on(await _books(info).policies(), day))

    @strawberry.field(
        description="A closed day's lines as text, for a ledger program; null: not closed. Needs points:accounting.",
        directives=[needs(ACCOUNTING)],
    )
    async def accounting_export(
        self,
        info: Info,
        day: Day,
        format: Annotated[ExportFormat, strawberry.argument(description="How it is written.")] = ExportFormat.CSV,
    ) -> str | None:
        """As `noren export points-books` writes it."""
        found = await _books(info).books(day)
        return None if found is None else "".join(written(line_rows(found), LINE_COLUMNS, format))

    @strawberry.field(
        description="What of a sale's price is revenue now, and what waits with its points. Needs points:accounting.",
        directives=[needs(ACCOUNTING)],
    )
    async def points_allocation(
        self,
        info: Info,
        price_minor: Annotated[int, strawberry.argument(description="Net of tax, in the policy's minor units.")],
        points: Annotated[int, strawberry.argument(description="What the sale earned.")],
        day: Day,
    ) -> PointsAllocation:
        """By the policy in force on the day."""
        if price_minor < 0 or not 0 <= points <= MAX_POINTS:
            raise BadUserInput(f"expected a price of 0 or more and 0 to {MAX_POINTS} points")
        split = allocate(policy_on(await _books(info).policies(), day), price_minor, points)
        return PointsAllocation(
            price_minor=split.price_minor,
            points=split.points,
            breakage_bp=split.breakage_bp,
            goods_minor=split.goods_minor,
            points_minor=split.points_minor,
        )


@strawberry.type
class AccountingMutation:
    """Closing, and setting how points are valued."""

    @strawberry.mutation(
        description="Close a day: book its entries, for ever. Needs the scope points:accounting.",
        directives=[needs(ACCOUNTING)],
    )
    async def accounting_day_close(
        self, info: Info, input: Annotated[AccountingDayCloseInput, strawberry.argument(description="Which day.")]
    ) -> AccountingDayClosePayload:
        """See `actions.close_day`."""
        context, books = info.context, _books(info)
        closed = close_day(books, input.day, actor=context.actor, now=context.caller.at)
        return await settle(closed, AccountingDayClosePayload.of, AccountingDayClosePayload)

    @strawberry.mutation(
        description="Value points anew, from a day on. Needs the scope points:accounting.",
        directives=[needs(ACCOUNTING)],
    )
    async def accounting_policy_set(
        self,
        info: Info,
        input: Annotated[AccountingPolicySetInput, strawberry.argument(description="The policy, whole.")],
    ) -> AccountingPolicySetPayload:
        """See `actions.set_policy`."""
        return await settle(_set(info, input), AccountingPolicySetPayload.of, AccountingPolicySetPayload)


async def _set(info: Info, input: AccountingPolicySetInput) -> Policy:
    context, books = info.context, _books(info)
    return await set_policy(
        books,
        input.to_policy(),
        input.idempotency_key,
        expected_version=input.expected_version,
        actor=context.actor,
        now=context.caller.at,
    )


def _books(info: Info) -> AccountingStore:
    info.context.caller.require(ACCOUNTING)
    return AccountingStore(info.context.store.db)
