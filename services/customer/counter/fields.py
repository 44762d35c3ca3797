"""What a customer shows at the counter."""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum

import strawberry

from kit.errors import Forbidden
from kit.graphql.demands import needs
from kit.graphql.execution import batch_field
from services.customer.context import READ, Info
from services.customer.counter.code import LIFETIME, member_code
from services.customer.counter.model import spoken_name
from services.customer.identify.model import has_proof
from services.customer.merge.store import MergeStore
from services.customer.model import Customer
from services.customer.person.types import Profile


class CustomerWarning(StrEnum):
    """Computed, never typed in."""

    POSSIBLE_DUPLICATE = "POSSIBLE_DUPLICATE"
    NOTHING_PROVEN = "NOTHING_PROVEN"


strawberry.enum(
    CustomerWarning,
    description="What staff should know before they help. POSSIBLE_DUPLICATE: a candidate for a merge is open; "
    "NOTHING_PROVEN: no identity of theirs was ever verified.",
)


@strawberry.type(description="What a member shows as a QR code at the till.")
class MemberCode:
    """See `counter.code`."""

    value: str = strawberry.field(description="The text of the QR code; give it to customerLookup as `code`.")
    good_until: datetime = strawberry.field(description="Five minutes from now.")


@strawberry.type
class CounterFields(Profile):
    """What a customer shows at the counter."""

    @strawberry.field(description="The name as it is said: the reading where there is one, with 様 in Japanese.")
    def spoken_name(self) -> str | None:
        """Null if nobody told a name."""
        return spoken_name(self.row)

    @batch_field(
        description="What staff should know before they help; computed. Needs customers:read.", directives=[needs(READ)]
    )
    @staticmethod
    async def warnings(customers: "Sequence[CounterFields]", info: Info) -> list[list[CustomerWarning]]:
        """One query for all."""
        info.context.caller.require(READ)
        ids = {id for one in customers for id in (one.row.id, *one.row.members)}
        doubled = await MergeStore(info.context.store).in_open_candidates(ids)
        return [warnings_of(one.row, doubled) for one in customers]

    @strawberry.field(
        description="What they show as a QR code at the till, good for five minutes; for themselves only."
    )
    def member_code(self, info: Info) -> MemberCode:
        """FORBIDDEN for anybody else, staff too."""
        caller = info.context.caller
        if caller.customer not in (self.row.id, *self.row.members):
            raise Forbidden("a member code is shown to its customer only")
        value = member_code(info.context.store.code_key, self.row.id, caller.at)
        return MemberCode(value=value, good_until=caller.at + LIFETIME)


def warnings_of(customer: Customer, doubled: Collection[str]) -> list[CustomerWarning]:
    """Of a customer, given the profiles that are in open candidates."""
    warnings: list[CustomerWarning] = []
    if any(id in doubled for id in (customer.id, *customer.members)):
        warnings.append(CustomerWarning.POSSIBLE_DUPLICATE)
    if not has_proof(customer):
        warnings.append(CustomerWarning.NOTHING_PROVEN)
    return warnings
