"""Queries of spending; every resolver is a line or three."""

from decimal import Decimal
from typing import Annotated

import strawberry

from kit.errors import BadUserInput, Refused
from kit.graphql.scalars import CurrencyCode
from services.loyalty.context import Info
from services.loyalty.earning.inputs import PreviewLineInput
from services.loyalty.model import wallet_id_of
from services.loyalty.spending.actions import preview
from services.loyalty.spending.inputs import to_basket
from services.loyalty.spending.model import check_basket
from services.loyalty.spending.types import SpendPreview


@strawberry.type
class SpendingQuery:
    """What may be spent."""

    @strawberry.field(
        description="How many points a customer may spend on a basket, and why not more. Its own, or points:read."
    )
    async def spend_preview(
        self,
        info: Info,
        lines: Annotated[list[PreviewLineInput], strawberry.argument(description="The goods.")],
        currency: Annotated[CurrencyCode, strawberry.argument(description="Of all amounts.")],
        customer_id: Annotated[strawberry.ID, strawberry.argument(description="Whose points.")],
        total: Annotated[
            Decimal | None, strawberry.argument(description="What is to be paid before points; null: the lines' sum.")
        ] = None,
    ) -> SpendPreview:
        """By the rules that holds and redemptions are refused by."""
        context = info.context
        wallet_id = wallet_id_of(customer_id)
        if (fault := context.wallet_fault(wallet_id)) is not None:
            raise fault
        basket = to_basket(lines, total, currency)
        if problems := check_basket(basket, ()):
            raise BadUserInput(str(Refused(*problems)))
        wallet = await context.loaders.wallet_by_id.load(wallet_id)
        return SpendPreview.of(await preview(context.store.spending, basket, wallet, context.caller.at))
