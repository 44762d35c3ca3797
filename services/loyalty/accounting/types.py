"""GraphQL types of accounting. Sums of all wallets are decimals: they outgrow GraphQL's Int."""

from datetime import date, datetime
from decimal import Decimal

import strawberry

from kit.graphql.errors import Payload, UserError, presents
from kit.graphql.scalars import CurrencyCode
from services.loyalty.accounting import model
from services.loyalty.accounting.export import ExportFormat
from services.loyalty.accounting.policy import AccountingPolicy as Policy
from services.loyalty.enums import LotKind

strawberry.enum(ExportFormat, name="AccountingExportFormat", description="How exported lines are written.")


@presents(model.DayNotOver)
@strawberry.type(description="A day is closed after its end.")
class DayNotOver(UserError):
    """See `model.DayNotOver`."""

    ends_at: datetime = strawberry.field(description="From when on it can be closed.")


@presents(model.DayNotNext)
@strawberry.type(description="Days are closed one after another.")
class DayNotNext(UserError):
    """See `model.DayNotNext`."""

    next: date = strawberry.field(description="The day whose turn it is.")


@presents(model.EntriesWaiting)
@strawberry.type(description="An entry of the day is on its way to the journal.")
class EntriesWaiting(UserError):
    """See `model.EntriesWaiting`."""

    oldest: datetime = strawberry.field(description="When it was made.")


@presents(model.BooksUnbalanced)
@strawberry.type(description="Debits and credits differ, which is a fault.")
class BooksUnbalanced(UserError):
    """See `model.BooksUnbalanced`; sums as decimals."""

    entry_ids: list[str] = strawberry.field(description="Entries that do not balance, ten at most.")


@presents(model.CloseUnderWay)
@strawberry.type(description="Somebody else closes the day just now.")
class CloseUnderWay(UserError):
    """See `model.CloseUnderWay`."""

    since: datetime = strawberry.field(description="Since when.")


@strawberry.type(description="How many points of a kind and age will never be spent.")
class BreakageRate:
    """See `policy.BreakageRate`."""

    kind: LotKind = strawberry.field(description="Of which lots.")
    from_age_days: int = strawberry.field(description="The first day of an age bucket.")
    rate_bp: int = strawberry.field(description="Basis points; for this bucket and older ones without a rate.")


@strawberry.type(description="How points are valued, from a day on.")
class AccountingPolicy:
    """See `policy.AccountingPolicy`."""

    version: int = strawberry.field(description="0: none was set; a point is a yen, and all will be spent.")
    from_day: date = strawberry.field(description="The first day valued by it.")
    time_zone: str = strawberry.field(description="Where days end at midnight.")
    currency: CurrencyCode = strawberry.field(description="Of the value.")
    value_minor: int = strawberry.field(description="What a point is worth, in minor units.")
    rates: list[BreakageRate] = strawberry.field(description="Expected breakage.")

    @classmethod
    def of(cls, row: Policy) -> "AccountingPolicy":
        """From the model."""
        rates = [BreakageRate(kind=one.kind, from_age_days=one.from_age_days, rate_bp=one.rate_bp) for one in row.rates]
        currency = CurrencyCode(row.currency)
        return cls(
            version=row.version,
            from_day=row.from_day,
            time_zone=row.zone,
            currency=currency,
            value_minor=row.value_minor,
            rates=rates,
        )


@strawberry.type(description="A day's postings of one kind of entry on one account, in points.")
class AccountingLine:
    """See `model.Line`."""

    kind: str = strawberry.field(description="Of the entries: EARNED, REDEEMED…")
    account: str = strawberry.field(description="wallet, held, debt, transfer, issuance, redemption or expiry.")
    debit: Decimal = strawberry.field(description="Points debited.")
    credit: Decimal = strawberry.field(description="Points credited.")
    entries: int = strawberry.field(description="How many postings these were.")


@strawberry.type(description="Points of one kind and age that are owed to members at a day's end.")
class PointsLiability:
    """See `model.Liability`."""

    kind: LotKind = strawberry.field(description="Of which lots.")
    from_age_days: int = strawberry.field(description="The first day of the age bucket; oldest points are spent first.")
    points: Decimal = strawberry.field(description="Points owed.")
    expected_breakage: Decimal = strawberry.field(description="Those of them that are expected never to be spent.")
    value_minor: Decimal = strawberry.field(description="What the others are worth, in minor units.")


@strawberry.type(description="A closed day; it never changes.")
class AccountingDay:
    """See `model.Books`."""

    row: strawberry.Private[model.Books]

    @strawberry.field(description="The day.")
    def day(self) -> date:
        """In the policy's time zone."""
        return self.row.day

    @strawberry.field(description="From when on entries are booked on it; those that came late are older.")
    def starts_at(self) -> datetime:
        """Midnight, or the end of the day before."""
        return self.row.start

    @strawberry.field(description="Up to when, exclusive.")
    def ends_at(self) -> datetime:
        """Midnight."""
        return self.row.end

    @strawberry.field(description="When it was closed.")
    def closed_at(self) -> datetime:
        """The instant of the request."""
        return self.row.closed_at

    @strawberry.field(description="Who closed it.")
    def closed_by(self) -> str:
        """An actor."""
        return self.row.closed_by

    @strawberry.field(description="How its points are valued.")
    def policy(self) -> AccountingPolicy:
        """As it was then."""
        return AccountingPolicy.of(self.row.policy)

    @strawberry.field(description="What was posted; debits are credits.")
    def lines(self) -> list[AccountingLine]:
        """A line a kind and account."""
        return [
            AccountingLine(
                kind=one.kind,
                account=one.account,
                debit=Decimal(one.debit),
                credit=Decimal(one.credit),
                entries=one.entries,
            )
            for one in self.row.tally.lines
        ]

    @strawberry.field(description="Points owed to members at its end, held ones and gifts on their way included.")
    def owed(self) -> Decimal:
        """Debt is not set off."""
        return Decimal(self.row.owed)

    @strawberry.field(description="Points members owe at its end.")
    def debt(self) -> Decimal:
        """At least zero."""
        return Decimal(self.row.debt)

    @strawberry.field(description="What is owed in wallets and holds, by kind and age.")
    def liabilities(self) -> list[PointsLiability]:
        """Buckets with points only."""
        return [
            PointsLiability(
                kind=one.kind,
                from_age_days=one.from_age_days,
                points=Decimal(one.points),
                expected_breakage=Decimal(one.expected_breakage),
                value_minor=Decimal(one.value_minor),
            )
            for one in self.row.liabilities
        ]


@strawberry.type(description="The price of a sale, split between its goods and the points it earned (IFRS 15).")
class PointsAllocation:
    """See `policy.Allocation`."""

    price_minor: int = strawberry.field(description="The price, net of tax, in minor units.")
    points: int = strawberry.field(description="The points it earned.")
    breakage_bp: int = strawberry.field(description="Of these, in basis points, expected never to be spent.")
    goods_minor: int = strawberry.field(description="Revenue now.")
    points_minor: int = strawberry.field(description="Contract liability: revenue as the points are spent.")


@strawberry.type(description="The day's books, or why it is not closed.")
class AccountingDayClosePayload(Payload):
    """Of accountingDayClose."""

    day: AccountingDay | None = strawberry.field(default=None, description="The closed day.")

    @classmethod
    def of(cls, row: model.Books) -> "AccountingDayClosePayload":
        """From the action."""
        return cls(day=AccountingDay(row=row))


@strawberry.type(description="The policy set, or why not.")
class AccountingPolicySetPayload(Payload):
    """Of accountingPolicySet."""

    policy: AccountingPolicy | None = strawberry.field(default=None, description="The policy, with its version.")

    @classmethod
    def of(cls, row: Policy) -> "AccountingPolicySetPayload":
        """From the action."""
        return cls(policy=AccountingPolicy.of(row))


ERRORS = (DayNotOver, DayNotNext, EntriesWaiting, BooksUnbalanced, CloseUnderWay)
