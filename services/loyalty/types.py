"""Loyalty's GraphQL types: how a model is shown, and how a reference finds its entity."""

from datetime import datetime
from typing import Annotated, Any, Self

import strawberry

from kit.errors import Forbidden
from kit.graphql.errors import Payload, UserError, presents
from kit.graphql.scalars import CurrencyCode
from kit.graphql.types import After, Connection, First, Money
from kit.money import Money as MoneyValue
from kit.pages import DEFAULT_PAGE, PageArgs
from services.loyalty import model
from services.loyalty.context import Earner, Info
from services.loyalty.earning.model import FIRST, BasketLine
from services.loyalty.enums import EntryKind, LotKind
from services.loyalty.hold.model import HoldStanding, HoldState
from services.loyalty.posting import model as posting
from services.loyalty.rank.model import Standing
from services.loyalty.rank.types import MemberRank
from services.loyalty.store import Posted

strawberry.enum(HoldState, description="What became of a hold.")


@presents(posting.InsufficientPoints)
@strawberry.type(description="More points than the wallet can spend.")
class InsufficientPoints(UserError):
    """See `posting.InsufficientPoints`."""

    wallet_id: strawberry.ID = strawberry.field(description="The wallet.")
    requested: int = strawberry.field(description="What was to be redeemed.")
    available: int = strawberry.field(description="What can be spent at most.")


@presents(posting.WalletFrozen)
@strawberry.type(description="Nothing is spent from a frozen wallet.")
class WalletFrozen(UserError):
    """See `posting.model.WalletFrozen`."""

    wallet_id: strawberry.ID = strawberry.field(description="The wallet.")
    frozen_at: datetime = strawberry.field(description="Since when.")


@presents(posting.WalletMerged)
@strawberry.type(description="A merged wallet takes nothing: ask the one that took it in.")
class WalletMerged(UserError):
    """See `posting.model.WalletMerged`."""

    wallet_id: strawberry.ID = strawberry.field(description="The wallet.")
    into: strawberry.ID = strawberry.field(description="The wallet that has its points by now.")


@strawberry.type(description="Points with one expiry.")
class PointsLot:
    """See `model.Lot`."""

    kind: LotKind = strawberry.field(description="Whether its expiry slides.")
    points: int = strawberry.field(description="What is left of it.")
    expires_at: datetime = strawberry.field(description="It cannot be spent from this moment on.")

    @classmethod
    def of(cls, lot: model.Lot) -> "PointsLot":
        """From the model."""
        return cls(kind=lot.kind, points=lot.points, expires_at=lot.expires_at)


@strawberry.type(description="A line of a wallet's statement; it never changes.")
class StatementEntry:
    """See `model.Entry`."""

    id: strawberry.ID = strawberry.field(description="The wallet's id and the entry's number.")
    kind: EntryKind = strawberry.field(description="What it did.")
    at: datetime = strawberry.field(description="When.")
    points: int = strawberry.field(description="What the member could spend more by it or, below zero, less.")
    balance_after: int = strawberry.field(description="The balance it left.")
    held_after: int = strawberry.field(description="The points on hold it left.")
    debt_after: int = strawberry.field(description="The debt it left.")
    reason: str = strawberry.field(description="Why: ORDER, RETURN, EXPIRY, or what the request gave.")
    order_id: strawberry.ID | None = strawberry.field(description="The order it is about.")
    return_id: strawberry.ID | None = strawberry.field(description="The return it is about.")
    hold_id: strawberry.ID | None = strawberry.field(description="The hold it began or ended.")
    refunds: strawberry.ID | None = strawberry.field(description="The entry whose points it gave back.")
    spent: list[PointsLot] = strawberry.field(
        description="The lots it burned or sent, in their order; what a refund gives back."
    )
    rule_version: int | None = strawberry.field(description="The rule that counted the points; null if none did.")

    @classmethod
    def of(cls, entry: model.Entry) -> "StatementEntry":
        """From the model; the note is for staff and stays out."""
        return cls(
            id=strawberry.ID(f"{entry.wallet_id}.{entry.seq}"),
            kind=entry.kind,
            at=entry.at,
            points=entry.points,
            balance_after=entry.balance_after,
            held_after=entry.held_after,
            debt_after=entry.debt_after,
            reason=entry.reason,
            order_id=_id(entry.reference.order_id),
            return_id=_id(entry.reference.return_id),
            hold_id=_id(entry.reference.hold_id),
            refunds=_id(entry.reference.refunds),
            spent=[PointsLot.of(lot) for lot in entry.taken],
            rule_version=entry.rule_version,
        )


@strawberry.type(description="Points set aside for a purchase under way.")
class PointsHold:
    """See `hold.model.HoldStanding`."""

    id: strawberry.ID = strawberry.field(description="hld_…")
    points: int = strawberry.field(description="What was set aside.")
    state: HoldState = strawberry.field(description="What became of it.")
    expires_at: datetime | None = strawberry.field(description="When an open one runs out.")
    ended_at: datetime | None = strawberry.field(description="When it ended; null while it is open.")
    captured: int = strawberry.field(description="What was spent of it; the rest went back.")

    @classmethod
    def of(cls, hold: HoldStanding) -> "PointsHold":
        """From the model."""
        return cls(
            id=strawberry.ID(hold.id),
            points=hold.points,
            state=hold.state,
            expires_at=hold.until,
            ended_at=hold.ended_at,
            captured=hold.captured,
        )


@strawberry.federation.type(keys=["id"], description="A member's points.")
class Wallet:
    """See `model.Wallet`; shown as of the moment the request was taken."""

    row: strawberry.Private[model.Wallet]

    @strawberry.field(description="wal_…, the customer's id with another prefix.")
    def id(self) -> strawberry.ID:
        """The id."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="Points that can be spent now.")
    def balance(self, info: Info) -> int:
        """Expired points are out, whether or not their entry is made."""
        return self.row.balance(info.context.caller.at)

    @strawberry.field(description="Points taken back that were spent before; the next points earned repay them.")
    def debt(self) -> int:
        """At least zero."""
        return self.row.debt

    @strawberry.field(description="When the next points expire; null if there are none.")
    def expires_at(self, info: Info) -> datetime | None:
        """The first lot's."""
        return self.row.expires_at(info.context.caller.at)

    @strawberry.field(description="What can be spent, in the order in which it is: the first to expire first.")
    def lots(self, info: Info) -> list[PointsLot]:
        """One regular lot at most."""
        return [PointsLot.of(lot) for lot in self.row.lots(info.context.caller.at)]

    @strawberry.field(description="Points set aside for purchases under way; they are out of the balance.")
    def held(self) -> int:
        """Of all holds."""
        return self.row.held

    @strawberry.field(description="The holds that have not ended.")
    def holds(self, info: Info) -> list[PointsHold]:
        """No more than `MAX_HOLDS`."""
        return [PointsHold.of(HoldStanding.of_open(hold, info.context.caller.at)) for hold in self.row.holds]

    @strawberry.field(description="Points of orders that wait to be posted; they cannot be spent yet.")
    async def pending(self, info: Info) -> int:
        """Of all its orders, and of those whose wallets were merged into it."""
        whose = [self.row.customer_id, *(member.customer_id for member in self.row.members)]
        return sum(points or 0 for points in await info.context.loaders.pending_of.load_many(whose))

    @strawberry.field(description="The member's rank; its name is null where none is reached.")
    async def rank(self, info: Info) -> MemberRank:
        """By the scheme in force."""
        id = self.row.customer_id
        return MemberRank(row=await info.context.loaders.standing_of.load(id) or Standing(id))

    @strawberry.field(description="Since when nothing is spent from it; null: it is not frozen.")
    def frozen_at(self) -> datetime | None:
        """By the database's clock."""
        return self.row.frozen_at

    @strawberry.field(description="The wallet that has its points, after a merge; null: it was not merged.")
    def merged_into(self) -> strawberry.ID | None:
        """A merged wallet takes nothing."""
        return _id(self.row.merged_into)

    @strawberry.field(description="The customers whose wallets were merged into it.")
    def members(self) -> "list[Customer | None] | None":
        """No more than `MAX_MEMBERS`."""
        return [Customer(id=strawberry.ID(member.customer_id)) for member in self.row.members]

    @strawberry.field(description="Every change, newest first, the ones of this moment included.")
    async def statement(
        self, info: Info, first: First = DEFAULT_PAGE, after: After = None
    ) -> Connection[StatementEntry]:
        """A page of the journal."""
        page = await info.context.store.statement(self.row.id, PageArgs.parse(first, after))
        return Connection.of(page, StatementEntry.of)

    @strawberry.field(description="Whose it is.")
    def customer(self) -> "Customer | None":
        """By its key."""
        return Customer(id=strawberry.ID(self.row.customer_id))

    @classmethod
    async def resolve_references(
        cls, info: Info, representations: list[dict[str, Any]]
    ) -> "list[Wallet | Forbidden | None]":
        """By id, one query for all; a wallet the caller may not see is an error in its place."""
        ids = [representation["id"] for representation in representations]
        faults = {id: info.context.wallet_fault(id) for id in ids}
        seen = [id for id in ids if faults[id] is None]
        rows = dict(zip(seen, await info.context.loaders.wallet_by_id.load_many(seen), strict=True))
        return [faults[id] or wallet_of(rows[id]) for id in ids]


@strawberry.federation.type(keys=["id"], description="A customer; loyalty adds the wallet.")
class Customer:
    """The customer service's entity by its key."""

    id: strawberry.ID = strawberry.field(description="cus_…")

    @strawberry.field(description="The customer's points; null if there is no wallet yet. Its own, or points:read.")
    async def wallet(self, info: Info) -> Wallet | None:
        """By its id, which follows from the customer's."""
        wallet_id = model.wallet_id_of(self.id)
        if (fault := info.context.wallet_fault(wallet_id)) is not None:
            raise fault
        return wallet_of(await info.context.loaders.wallet_by_id.load(wallet_id))

    @classmethod
    async def resolve_references(cls, info: Info, representations: list[dict[str, Any]]) -> "list[Customer]":
        """Every customer is taken as it is named: to know them is not loyalty's."""
        return [cls(id=representation["id"]) for representation in representations]


@strawberry.federation.type(description="What one piece costs; catalog's.")
class Price:
    """The part of catalog's price that points are counted by."""

    gross: Money = strawberry.federation.field(external=True, description="Tax included.")


@strawberry.federation.type(keys=["sku"], description="What is bought; loyalty adds what it earns.")
class Variant:
    """Catalog's entity by its key, with the price the gateway brings along."""

    sku: strawberry.ID = strawberry.field(description="Stock keeping unit.")
    given: strawberry.Private[Price | None] = None
    earner: strawberry.Private[Earner] = Earner(FIRST)

    @strawberry.federation.field(external=True, description="Catalog's price on the caller's channel.")
    def price(
        self,
        currency: Annotated[CurrencyCode | None, strawberry.argument(description="Null: the channel's.")] = None,
        quantity: Annotated[int, strawberry.argument(description="Pieces bought together, for tiers.")] = 1,
    ) -> Price | None:
        """As it was brought along."""
        return self.given

    @strawberry.federation.field(
        requires=["price { gross { minorUnits currency } }"],
        description="Points one piece would earn here and now, counted as an order's are; null without a price.",
    )
    def points_earned(self, info: Info) -> int | None:
        """By the programme in force, campaigns included."""
        if self.given is None:
            return None
        price = self.given.gross
        line = BasketLine(self.sku, 1, price.minor_units)
        return info.context.earned(self.earner, (line,), price.currency).points

    @classmethod
    async def resolve_references(cls, info: Info, representations: list[dict[str, Any]]) -> "list[Variant]":
        """From the representations, the programme in force and what it asks of the caller: a query each for all."""
        context = info.context
        programme = (await context.loaders.programmes()).at(context.caller.at)
        earner = await context.earner(programme, [given["sku"] for given in representations])
        return [cls(sku=given["sku"], given=_price(given.get("price")), earner=earner) for given in representations]


def wallet_of(row: model.Wallet | None) -> Wallet | None:
    """The wallet as the graph shows it."""
    return None if row is None else Wallet(row=row)


@strawberry.type
class PostedPayload(Payload):
    """Base of every payload of one posting."""

    wallet: Wallet | None = strawberry.field(default=None, description="The wallet as it is now.")
    entry: StatementEntry | None = strawberry.field(
        default=None, description="The entry that was made; the same one for the same key."
    )

    @classmethod
    def of(cls, posted: Posted) -> Self:
        """From the action."""
        return cls(wallet=Wallet(row=posted.wallet), entry=StatementEntry.of(posted.entry))


@strawberry.type(description="The points earned, or why not.")
class PointsEarnPayload(PostedPayload):
    """Of pointsEarn."""


@strawberry.type(description="The points spent, or why not.")
class PointsRedeemPayload(PostedPayload):
    """Of pointsRedeem."""


def _price(given: dict[str, Any] | None) -> Price | None:
    gross = None if given is None else given.get("gross")
    if gross is None:
        return None
    return Price(gross=Money.of(MoneyValue(gross["minorUnits"], gross["currency"])))


def _id(value: str | None) -> strawberry.ID | None:
    return None if value is None else strawberry.ID(value)
