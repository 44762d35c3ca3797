"""Every query of attribute definitions; decides nothing. Shard key: `_id`, the key."""

from pymongo import ASCENDING
from pymongo.errors import DuplicateKeyError

from kit.mongo import Database, Document
from services.customer.attribute.collections import DEFINITIONS
from services.customer.attribute.model import (
    MAX_DEFINITIONS,
    AttributeDefinition,
    AttributeType,
    AttributeVisibility,
)


class AttributeStore:
    """The definitions of an installation."""

    def __init__(self, db: Database) -> None:
        self._definitions = db[DEFINITIONS]

    async def all(self) -> dict[str, AttributeDefinition]:
        """Every definition, by key."""
        found = await self._definitions.find().sort("_id", ASCENDING).limit(MAX_DEFINITIONS).to_list()
        return {one["_id"]: _definition(one) for one in found}

    async def add(self, definition: AttributeDefinition) -> bool:
        """A new one; False if there is one of this key."""
        try:
            await self._definitions.insert_one({"_id": definition.key, **_document(definition), "version": 1})
        except DuplicateKeyError:
            return False
        return True

    async def change(self, definition: AttributeDefinition, version: int) -> bool:
        """Another label, choices and visibility, if it still has this version and type."""
        where = {"_id": definition.key, "version": version, "type": definition.type.value}
        change = {"$set": _document(definition), "$inc": {"version": 1}}
        return bool((await self._definitions.update_one(where, change)).modified_count)


def _document(definition: AttributeDefinition) -> Document:
    return {
        "label": definition.label,
        "type": definition.type.value,
        "choices": list(definition.choices),
        "visibility": definition.visibility.value,
    }


def _definition(document: Document) -> AttributeDefinition:
    return AttributeDefinition(
        document["_id"],
        document["label"],
        AttributeType(document["type"]),
        tuple(document["choices"]),
        AttributeVisibility(document["visibility"]),
        document["version"],
    )
