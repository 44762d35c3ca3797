"""What a resolver of loyalty may reach: the caller, the store, this request's loaders."""

from dataclasses import dataclass

import strawberry

from kit.context import RequestContext, actor_name
from kit.errors import Forbidden
from services.loyalty.caps.model import caps_of
from services.loyalty.caps.store import CapStore
from services.loyalty.earning.model import Basket, BasketLine, Programme
from services.loyalty.loaders import Loaders
from services.loyalty.model import CustomerId, wallet_id_of
from services.loyalty.store import LoyaltyStore

READ = "points:read"
WRITE = "points:write"
REDEEM = "points:redeem"
RULES = "points:rules"
ACCOUNTING = "points:accounting"
APPROVE = "points:approve"


@dataclass(slots=True)
class Context:
    """One request's."""

    caller: RequestContext
    store: LoyaltyStore
    loaders: Loaders

    def wallet_fault(self, wallet_id: str) -> Forbidden | None:
        """Why the caller may not see this wallet; None if it may: it is its own, or it holds `points:read`."""
        own = None if self.caller.customer is None else wallet_id_of(self.caller.customer)
        if wallet_id == own or READ in self.caller.scopes:
            return None
        return Forbidden(f"a wallet is its customer's; another's needs the scope {READ!r}")

    @property
    def actor(self) -> str:
        """The caller, as the journal names them."""
        return actor_name(self.caller.channel, self.caller.staff, self.caller.customer)

    async def rank(self) -> str | None:
        """The rank of the customer who calls, if one does and has one."""
        if self.caller.customer is None:
            return None
        standing = await self.loaders.standing_of.load(self.caller.customer)
        return None if standing is None else standing.rank

    async def member(self) -> CustomerId | None:
        """Whose wallet the customer who calls earns for: its own, unless it was merged."""
        customer = self.caller.customer
        return None if customer is None else (await self.store.ranks.heads([customer]))[customer]

    async def rooms(self, programme: Programme, member: CustomerId | None) -> dict[str, int]:
        """What the caps of a programme have left for a member right now; a cap that is whole may be left out."""
        caps = {cap.id: cap.limit for cap in caps_of(programme, self.caller.at, member)}
        used = await CapStore(self.store.db).used(list(caps)) if caps else {}
        return {id: caps[id] - points for id, points in used.items()}

    def basket(self, lines: tuple[BasketLine, ...], currency: str, rank: str | None) -> Basket:
        """What would be bought here and now."""
        caller = self.caller
        gross = sum(line.gross_minor for line in lines)
        return Basket(gross, currency, caller.at, caller.channel, caller.location, lines, rank)

    def require_staff(self, scope: str) -> str:
        """The member of staff who calls, as the journal names them; Forbidden if nobody is named, or without scope."""
        self.caller.require(scope)
        if self.caller.staff is None:
            raise Forbidden("this is done by a member of staff, and nobody is named")
        return self.actor

    def require_redeem(self, customer_id: str) -> None:
        """Raise Forbidden unless the caller may spend this customer's points."""
        if self.caller.customer == customer_id and REDEEM in self.caller.scopes:
            return
        self.caller.require(WRITE)


Info = strawberry.Info[Context, None]
