"""Every MongoDB query of customizations and designs; decides nothing.

Versions of a customization and designs are inserted and never changed. Shard keys: customizations `product_id`,
designs `_id`; a design's key is unique within its shard only, so such a collection stays on one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.events.outbox import OUTBOX_INDEX, outbox_entry
from kit.mongo import Database, Document
from services.catalog.design.model import (
    Choice,
    ChoiceRef,
    Customization,
    Design,
    Exclusion,
    Group,
    GroupKind,
    Requirement,
    Selection,
)

CUSTOMIZATIONS = "customizations"
DESIGNS = "designs"
CUSTOMIZATION_CHANGED = "noren.catalog.customization_changed.v1"
DESIGN_SAVED = "noren.catalog.design_saved.v1"

INDEXES: Mapping[str, Sequence[IndexModel]] = {
    CUSTOMIZATIONS: [
        OUTBOX_INDEX,
        IndexModel([("product_id", ASCENDING), ("version", DESCENDING)], name="current", unique=True),
    ],
    DESIGNS: [OUTBOX_INDEX, IndexModel([("key", ASCENDING)], name="key", unique=True)],
}


class DesignStore:
    """Customizations by product and version, designs by id; `on_change` is called after a write that left an event."""

    def __init__(self, db: Database, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self._customizations = db[CUSTOMIZATIONS]
        self._designs = db[DESIGNS]

    async def add_version(self, wanted: Customization, now: datetime) -> bool:
        """Keep this version, or say False if the product has it already."""
        id = _version_id(wanted.product_id, wanted.version)
        data = {"productId": wanted.product_id, "version": wanted.version}
        told = outbox_entry(f"customization:{id}", CUSTOMIZATION_CHANGED, wanted.product_id, now, data)
        try:
            await self._customizations.insert_one({**_document(wanted), "_id": id, "created_at": now, "outbox": [told]})
        except DuplicateKeyError:
            return False
        self._on_change()
        return True

    async def current(self, product_ids: Sequence[str]) -> dict[str, Customization]:
        """The newest versions there are, by product."""
        newest = self._customizations.aggregate(
            [
                {"$match": {"product_id": {"$in": list(product_ids)}}},
                {"$sort": {"product_id": ASCENDING, "version": DESCENDING}},
                {"$group": {"_id": "$product_id", "newest": {"$first": "$$ROOT"}}},
            ]
        )
        return {row["_id"]: _customization(row["newest"]) async for row in await newest}

    async def versions(self, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Customization]:
        """These versions, by product and version."""
        ids = [_version_id(product_id, version) for product_id, version in wanted]
        found = await self._customizations.find({"_id": {"$in": ids}}).to_list()
        return {(row["product_id"], row["version"]): _customization(row) for row in found}

    async def add(self, design: Design, key: str, fingerprint: str) -> tuple[Design, str]:
        """Keep the design, or find the one that was kept with this key; and the fingerprint of what was asked."""
        selections = [{**asdict(one), "choices": list(one.choices)} for one in design.selections]
        document: Document = {**asdict(design), "selections": selections, "key": key, "fingerprint": fingerprint}
        document["_id"] = document.pop("id")
        data = {"designId": design.id, "productId": design.product_id, "sku": design.sku, "version": design.version}
        document["outbox"] = [outbox_entry(f"{design.id}", DESIGN_SAVED, design.id, design.created_at, data)]
        try:
            await self._designs.insert_one(document)
        except DuplicateKeyError:
            there = await self.by_key(key)
            assert there is not None, "a key that was taken a moment ago is there"
            return there
        self._on_change()
        return design, fingerprint

    async def by_key(self, key: str) -> tuple[Design, str] | None:
        """The design that was kept with this key, and the fingerprint of what was asked."""
        there = await self._designs.find_one({"key": key})
        return None if there is None else (_design(there), there["fingerprint"])

    async def by_id(self, ids: Sequence[str]) -> dict[str, Design]:
        """The designs there are, by id."""
        return {row["_id"]: _design(row) for row in await self._designs.find({"_id": {"$in": list(ids)}}).to_list()}


def _version_id(product_id: str, version: int) -> str:
    return f"{product_id}:{version}"


def _document(one: Customization) -> Document:
    return {
        "product_id": one.product_id,
        "version": one.version,
        "groups": [asdict(group) for group in one.groups],
        "exclusions": [asdict(rule) for rule in one.exclusions],
        "requirements": [asdict(rule) for rule in one.requirements],
    }


def _customization(document: Document) -> Customization:
    return Customization(
        product_id=document["product_id"],
        version=document["version"],
        groups=tuple(_group(group) for group in document["groups"]),
        exclusions=tuple(
            Exclusion(ChoiceRef(**rule["first"]), ChoiceRef(**rule["second"])) for rule in document["exclusions"]
        ),
        requirements=tuple(
            Requirement(ChoiceRef(**rule["chosen"]), tuple(ChoiceRef(**one) for one in rule["needs"]))
            for rule in document["requirements"]
        ),
    )


def _group(document: Document) -> Group:
    choices = tuple(Choice(**choice) for choice in document["choices"])
    return Group(**{**document, "kind": GroupKind(document["kind"]), "choices": choices})


def _design(document: Document) -> Design:
    return Design(
        id=document["_id"],
        sku=document["sku"],
        product_id=document["product_id"],
        version=document["version"],
        selections=tuple(Selection(one["group"], tuple(one["choices"]), one["text"]) for one in document["selections"]),
        created_at=document["created_at"],
    )
