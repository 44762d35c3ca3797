"""Every MongoDB query of the earning programmes; decides nothing. A handful of documents, `_id` the version."""

from collections.abc import Sequence
from datetime import time
from typing import Any

from kit.mongo import Database, Document
from services.loyalty.earning.model import FIRST, Campaign, EarnRule, Hours, Programme, Programmes
from services.loyalty.model import LotKind
from services.loyalty.spending.model import SpendRules
from services.loyalty.versions.store import VersionStore

COLLECTION = "programmes"


class ProgrammeStore:
    """The collection `programmes`: every version but the first, which needs no document."""

    def __init__(self, db: Database) -> None:
        self.versions: VersionStore[Programme] = VersionStore(db[COLLECTION], _document, _programme)

    async def all(self) -> Programmes:
        """Every programme there is."""
        return Programmes((FIRST, *await self.versions.all()))


def _document(programme: Programme) -> Document:
    return {
        "_id": programme.version,
        "minor_units_per_point": dict(programme.base.minor_units_per_point),
        "pending_days": programme.pending_days,
        "valid_from": programme.valid_from,
        "campaigns": [_campaign_document(campaign) for campaign in programme.campaigns],
        "spending": _spending_document(programme.spending),
        "day_limit": programme.day_limit,
        "day_zone": programme.day_zone,
    }


def _campaign_document(campaign: Campaign) -> Document:
    hours = campaign.hours
    return {
        "name": campaign.name,
        "extra_bp": campaign.extra_bp,
        "fixed": campaign.fixed,
        "starts_at": campaign.starts_at,
        "ends_at": campaign.ends_at,
        "hours": None
        if hours is None
        else {
            "zone": hours.zone,
            "weekdays": list(hours.weekdays),
            "opens": None if hours.opens is None else hours.opens.isoformat(),
            "closes": None if hours.closes is None else hours.closes.isoformat(),
        },
        "channels": sorted(campaign.channels),
        "locations": sorted(campaign.locations),
        "skus": sorted(campaign.skus),
        "ranks": sorted(campaign.ranks),
        "min_gross_minor": None if campaign.min_gross_minor is None else dict(campaign.min_gross_minor),
        "products": sorted(campaign.products),
        "categories": sorted(campaign.categories),
        "segments": sorted(campaign.segments),
        "payment_methods": sorted(campaign.payment_methods),
        "in_birth_month": campaign.in_birth_month,
        "member_limit": campaign.member_limit,
        "budget": campaign.budget,
    }


def _programme(document: Document) -> Programme:
    return Programme(
        base=EarnRule(document["_id"], document["minor_units_per_point"]),
        campaigns=_campaigns(document["campaigns"]),
        pending_days=document["pending_days"],
        valid_from=document["valid_from"],
        spending=spending_of(document),
        day_limit=document.get("day_limit"),
        day_zone=document.get("day_zone", "UTC"),
    )


def spending_of(document: Document) -> SpendRules:
    """The spending rules of a programme; those set before there were any have none."""
    rules = document.get("spending")
    if rules is None:
        return SpendRules()
    return SpendRules(
        minimum=rules["minimum"],
        step=rules["step"],
        max_share_bp=rules["max_share_bp"],
        excluded_skus=frozenset(rules["excluded_skus"]),
        excluded_products=frozenset(rules["excluded_products"]),
        excluded_categories=frozenset(rules["excluded_categories"]),
        only=None if rules["only"] is None else LotKind(rules["only"]),
        hour_limit=rules.get("hour_limit"),
        day_limit=rules.get("day_limit"),
        minor_units_per_point=rules["minor_units_per_point"],
    )


def _spending_document(rules: SpendRules) -> Document:
    return {
        "minimum": rules.minimum,
        "step": rules.step,
        "max_share_bp": rules.max_share_bp,
        "excluded_skus": sorted(rules.excluded_skus),
        "excluded_products": sorted(rules.excluded_products),
        "excluded_categories": sorted(rules.excluded_categories),
        "only": rules.only,
        "hour_limit": rules.hour_limit,
        "day_limit": rules.day_limit,
        "minor_units_per_point": dict(rules.minor_units_per_point),
    }


def _campaigns(documents: Sequence[Document]) -> tuple[Campaign, ...]:
    return tuple(
        Campaign(
            name=one["name"],
            extra_bp=one["extra_bp"],
            fixed=one["fixed"],
            starts_at=one["starts_at"],
            ends_at=one["ends_at"],
            hours=_hours(one["hours"]),
            channels=frozenset(one["channels"]),
            locations=frozenset(one["locations"]),
            skus=frozenset(one["skus"]),
            ranks=frozenset(one["ranks"]),
            min_gross_minor=one["min_gross_minor"],
            products=frozenset(one.get("products", ())),
            categories=frozenset(one.get("categories", ())),
            segments=frozenset(one.get("segments", ())),
            payment_methods=frozenset(one.get("payment_methods", ())),
            in_birth_month=one.get("in_birth_month", False),
            member_limit=one.get("member_limit"),
            budget=one.get("budget"),
        )
        for one in documents
    )


def _hours(document: dict[str, Any] | None) -> Hours | None:
    if document is None:
        return None
    opens, closes = document["opens"], document["closes"]
    return Hours(
        zone=document["zone"],
        weekdays=tuple(document["weekdays"]),
        opens=None if opens is None else time.fromisoformat(opens),
        closes=None if closes is None else time.fromisoformat(closes),
    )
