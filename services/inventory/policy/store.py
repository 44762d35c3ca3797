"""Every MongoDB query of policies; decides nothing. Shard key: `_id`, the channel; there are a handful.

Every availability needs its channel's policy, so they are kept in memory for `FRESH_S`: a change is seen by the process
that made it at once, by others after that.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from time import monotonic

from pymongo import IndexModel
from pymongo.errors import DuplicateKeyError

from kit.mongo import Database, Document
from services.inventory.backorder.rule import BackorderMode, BackorderRule
from services.inventory.policy.model import ANY, DEFAULT, LeadRule, Policy, PolicyDraft, SafetyRule, StockDisplay
from services.inventory.sourcing.model import SourcingRule

COLLECTION = "policies"
FRESH_S = 2.0
"""People set policies: nobody notices two seconds, and the database need not be asked a thousand times in them."""

INDEXES: Mapping[str, Sequence[IndexModel]] = {COLLECTION: []}


class PolicyStore:
    """The policies of all channels."""

    def __init__(self, db: Database) -> None:
        self._policies = db[COLLECTION]
        self._book: Mapping[str, Policy] = {}
        self._read_at: float | None = None

    async def of(self, channel: str) -> Policy:
        """The channel's own policy, else the one of all channels, else the default."""
        now = monotonic()
        if self._read_at is None or now - self._read_at > FRESH_S:
            found = [_policy(document) for document in await self._policies.find().to_list()]
            self._book, self._read_at = {policy.channel: policy for policy in found}, now
        return self._book.get(channel) or self._book.get(ANY) or DEFAULT

    async def get(self, channel: str) -> Policy | None:
        """The policy set for exactly this channel, as it is now."""
        document = await self._policies.find_one({"_id": channel})
        return None if document is None else _policy(document)

    async def all(self) -> list[Policy]:
        """Every policy that was set, by channel."""
        return [_policy(document) for document in await self._policies.find().sort("_id").to_list()]

    async def put(self, channel: str, draft: PolicyDraft, version: int, now: datetime) -> Policy | None:
        """Keep it if the channel's policy still has `version` (0: none was set); None if it has not."""
        document = _document(channel, draft, version + 1, now)
        if version == 0:
            try:
                await self._policies.insert_one(document)
            except DuplicateKeyError:
                return None
        elif await self._policies.find_one_and_replace({"_id": channel, "version": version}, document) is None:
            return None
        self._read_at = None
        return _policy(document)


def _document(channel: str, draft: PolicyDraft, version: int, now: datetime) -> Document:
    return {
        "_id": channel,
        "display": draft.display.value,
        "few_left": draft.few_left,
        "safety": [{"pieces": rule.pieces, "sku": rule.sku, "location": rule.location} for rule in draft.safety],
        "leads": [
            {
                "days": rule.days,
                "country": rule.country,
                "postal_prefix": rule.postal_prefix,
                "location": rule.location,
                "weekdays": sorted(rule.weekdays),
                "parcel_cost": rule.parcel_cost,
                "piece_cost": rule.piece_cost,
            }
            for rule in draft.leads
        ],
        "transfer_days": draft.transfer_days,
        "no_delivery": sorted(day.isoformat() for day in draft.no_delivery),
        "sourcing": [rule.value for rule in draft.sourcing],
        "backorders": [{**asdict(rule), "mode": rule.mode.value} for rule in draft.backorders],
        "version": version,
        "updated_at": now,
    }


def _policy(document: Document) -> Policy:
    draft = PolicyDraft(
        display=StockDisplay(document["display"]),
        few_left=document["few_left"],
        safety=tuple(SafetyRule(**rule) for rule in document["safety"]),
        leads=tuple(LeadRule(**{**rule, "weekdays": frozenset(rule["weekdays"])}) for rule in document["leads"]),
        transfer_days=document["transfer_days"],
        no_delivery=frozenset(date.fromisoformat(day) for day in document["no_delivery"]),
        sourcing=tuple(SourcingRule(rule) for rule in document["sourcing"]),
        backorders=tuple(
            BackorderRule(**{**rule, "mode": BackorderMode(rule["mode"])}) for rule in document.get("backorders", ())
        ),
    )
    return Policy(document["_id"], draft, document["version"], document["updated_at"])
