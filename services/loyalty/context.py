"""What a resolver of loyalty may reach: the caller, the store, this request's loaders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import strawberry

from kit.context import RequestContext, actor_name
from kit.errors import Forbidden
from services.loyalty.audience.model import NOBODY, Buyer
from services.loyalty.audience.store import AudienceStore
from services.loyalty.caps.model import Fit, caps_of, fit
from services.loyalty.caps.store import CapStore
from services.loyalty.earning.model import Basket, BasketLine, Programme
from services.loyalty.loaders import Loaders
from services.loyalty.model import CustomerId, wallet_id_of
from services.loyalty.spending.model import Goods
from services.loyalty.store import LoyaltyStore

READ = "points:read"
WRITE = "points:write"
REDEEM = "points:redeem"
RULES = "points:rules"
ACCOUNTING = "points:accounting"
APPROVE = "points:approve"


@dataclass(frozen=True, slots=True)
class Earner:
    """Who earns, and by what: the same for all that is looked at in a request."""

    programme: Programme
    rank: str | None = None
    member: str | None = None
    rooms: Mapping[str, int] = field(default_factory=dict)
    buyer: Buyer = NOBODY
    goods: Mapping[str, Goods] = field(default_factory=dict)


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

    async def earner(self, programme: Programme, skus: Sequence[str]) -> Earner:
        """What the points of a purchase by the caller depend on besides the purchase: a query each for all SKUs."""
        customer, buyer, goods = self.caller.customer, NOBODY, {}
        if customer is not None and programme.needs_buyer:
            buyer = (await AudienceStore(self.store.db).of([customer])).get(customer, NOBODY)
        if programme.needs_goods:
            goods = await self.store.spending.goods(sorted(set(skus)))
        member = await self.member()
        return Earner(programme, await self.rank(), member, await self.rooms(programme, member), buyer, goods)

    def earned(
        self, by: Earner, lines: tuple[BasketLine, ...], currency: str, payment_methods: frozenset[str] = frozenset()
    ) -> Fit:
        """What would be earned if it were bought here and now."""
        caller = self.caller
        basket = Basket(
            gross_minor=sum(line.gross_minor for line in lines),
            currency=currency,
            at=caller.at,
            channel=caller.channel,
            location=caller.location,
            lines=lines,
            rank=by.rank,
            payment_methods=payment_methods,
            buyer=by.buyer,
            goods=by.goods,
        )
        return fit(by.programme, basket, by.member, by.rooms)

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
