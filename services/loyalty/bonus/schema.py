"""Queries and mutations of bonuses; every resolver is a line or three."""

from typing import Annotated

import strawberry

from kit.graphql.demands import needs
from kit.graphql.errors import settle
from services.loyalty.bonus import model
from services.loyalty.bonus.actions import grant, set_rules
from services.loyalty.bonus.inputs import BonusGrantInput, BonusRulesSetInput
from services.loyalty.bonus.store import BonusStore
from services.loyalty.bonus.types import (
    BonusGrantPayload,
    BonusLimitReached,
    BonusRules,
    BonusRulesSetPayload,
    NoBonus,
)
from services.loyalty.context import RULES, WRITE, Info

BONUS_ERRORS = [BonusLimitReached, NoBonus]


@strawberry.type
class BonusQuery:
    """The rules."""

    @strawberry.field(description="The bonus rules in force.")
    async def bonus_rules(self, info: Info) -> BonusRules:
        """Rules are public."""
        return BonusRules.of(await BonusStore(info.context.store.db).versions.newest() or model.BonusRules())


@strawberry.type
class BonusMutation:
    """Setting rules, and giving by them."""

    @strawberry.mutation(
        description="Put bonus rules in force, as the next version. Needs the scope points:rules.",
        directives=[needs(RULES)],
    )
    async def bonus_rules_set(
        self, info: Info, input: Annotated[BonusRulesSetInput, strawberry.argument(description="The rules, whole.")]
    ) -> BonusRulesSetPayload:
        """See `actions.set_rules`."""
        info.context.caller.require(RULES)
        return await settle(_set(info, input), BonusRulesSetPayload.of, BonusRulesSetPayload)

    @strawberry.mutation(
        description="Give a member the bonuses for something done, each once for its source and within its limits. "
        "Needs the scope points:write.",
        directives=[needs(WRITE)],
    )
    async def bonus_grant(
        self, info: Info, input: Annotated[BonusGrantInput, strawberry.argument(description="Who did what.")]
    ) -> BonusGrantPayload:
        """See `actions.grant`."""
        context = info.context
        context.caller.require(WRITE)
        now = context.caller.at
        granted = grant(context.store, input.to_happened(now, context.actor), now=now)
        return await settle(granted, BonusGrantPayload.of, BonusGrantPayload)


async def _set(info: Info, input: BonusRulesSetInput) -> model.BonusRules:
    return await set_rules(
        BonusStore(info.context.store.db),
        tuple(rule.to_rule() for rule in input.rules),
        input.idempotency_key,
        expected_version=input.expected_version,
        actor=info.context.actor,
        now=info.context.caller.at,
    )
