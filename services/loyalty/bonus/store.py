"""Every MongoDB query of bonuses; decides nothing. How often one was given is in the wallets (`posting.tally`)."""

from dataclasses import asdict

from kit.mongo import Database, Document
from services.loyalty.bonus.model import BonusPeriod, BonusRule, BonusRules, BonusTrigger
from services.loyalty.versions.store import VersionStore

COLLECTION = "bonus_rules"


class BonusStore:
    """The collection `bonus_rules`."""

    def __init__(self, db: Database) -> None:
        self.versions: VersionStore[BonusRules] = VersionStore(db[COLLECTION], _document, _rules)


def _document(rules: BonusRules) -> Document:
    return {"_id": rules.version, "valid_from": rules.valid_from, "rules": [asdict(rule) for rule in rules.rules]}


def _rules(document: Document) -> BonusRules:
    rules = tuple(_rule(rule) for rule in document["rules"])
    return BonusRules(document["_id"], rules, document["valid_from"])


def _rule(row: Document) -> BonusRule:
    return BonusRule(**{**row, "trigger": BonusTrigger(row["trigger"]), "period": BonusPeriod(row["period"])})
