"""Queries and mutations of earning; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.errors import BadUserInput
from kit.graphql.demands import needs
from kit.graphql.errors import settle
from kit.graphql.scalars import CurrencyCode
from services.loyalty.context import RULES, Info
from services.loyalty.earning.actions import set_programme
from services.loyalty.earning.inputs import EarnProgrammeSetInput, PreviewLineInput
from services.loyalty.earning.model import Programme
from services.loyalty.earning.store import ProgrammeStore
from services.loyalty.earning.types import EarnProgramme, EarnProgrammeSetPayload, PointsPreview

MAX_PREVIEW_LINES = 1_000
"""As many as an order has."""
Version = Annotated[int | None, strawberry.argument(description="Null: the one in force.")]


@strawberry.type
class EarningQuery:
    """What is earned, and by which rules."""

    @strawberry.field(description="An earning programme: the one in force, or a version; null if there is none.")
    async def earn_programme(self, info: Info, version: Version = None) -> EarnProgramme | None:
        """Rules are public: members are promised points by them."""
        programmes = await info.context.loaders.programmes()
        if version is None:
            return EarnProgramme.of(programmes.at(info.context.caller.at))
        found = [one for one in programmes.all if one.version == version]
        return EarnProgramme.of(found[0]) if found else None

    @strawberry.field(description="What a basket would earn if it were bought on this channel, here and now.")
    async def points_preview(
        self,
        info: Info,
        lines: Annotated[list[PreviewLineInput], strawberry.argument(description="Goods only, as an order has them.")],
        currency: Annotated[CurrencyCode, strawberry.argument(description="Of all lines.")],
        payment_methods: Annotated[
            list[str] | None, strawberry.argument(description="What it would be paid with; null: not known yet.")
        ] = None,
    ) -> PointsPreview:
        """Counted by the function that counts orders."""
        if len(lines) > MAX_PREVIEW_LINES:
            raise BadUserInput(f"lines: expected at most {MAX_PREVIEW_LINES}, got {len(lines)}")
        programme = (await info.context.loaders.programmes()).at(info.context.caller.at)
        goods = tuple(line.to_line(currency) for line in lines)
        earner = await info.context.earner(programme, [line.sku for line in goods])
        paid = frozenset(payment_methods or ())
        return PointsPreview.of(programme, info.context.earned(earner, goods, currency, paid))


@strawberry.type
class EarningMutation:
    """Setting the rules."""

    @strawberry.mutation(
        description="Put a programme in force, as the next version. Needs the scope points:rules.",
        directives=[needs(RULES)],
    )
    async def earn_programme_set(
        self,
        info: Info,
        input: Annotated[EarnProgrammeSetInput, strawberry.argument(description="The programme, whole.")],
    ) -> EarnProgrammeSetPayload:
        """See `actions.set_programme`."""
        info.context.caller.require(RULES)
        return await settle(_set(info, input), EarnProgrammeSetPayload.of, EarnProgrammeSetPayload)


async def _set(info: Info, input: EarnProgrammeSetInput) -> Programme:
    context = info.context
    return await set_programme(
        ProgrammeStore(context.store.db),
        input.to_programme(),
        input.idempotency_key,
        expected_version=input.expected_version,
        actor=context.actor,
        now=context.caller.at,
    )
