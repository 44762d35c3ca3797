"""Every MongoDB query of attribute definitions; decides nothing. Few, on every shard's primary: no shard key."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from bson import Decimal128
from pymongo import ASCENDING, IndexModel
from pymongo.errors import DuplicateKeyError

from kit.mongo import Database, Document
from kit.pages import Page, PageArgs, Sort, find_page
from services.catalog.attribute.model import (
    MAX_DEFINITIONS,
    AttributeDefinition,
    AttributeLevel,
    AttributeOption,
    AttributeType,
    ReferenceKind,
    Visibility,
)

COLLECTION = "attributes"

INDEXES: Mapping[str, Sequence[IndexModel]] = {COLLECTION: []}
BY_CODE: Sort = (("_id", ASCENDING),)


class AttributeStore:
    """Definitions, by code."""

    def __init__(self, db: Database) -> None:
        self.attributes = db[COLLECTION]

    async def every(self) -> dict[str, AttributeDefinition]:
        """All definitions, by code, in its order: there are at most `MAX_DEFINITIONS`."""
        found = await self.attributes.find().sort("_id", ASCENDING).to_list(MAX_DEFINITIONS)
        return {document["_id"]: _definition(document) for document in found}

    async def by_code(self, codes: Sequence[str]) -> dict[str, AttributeDefinition]:
        """The definitions there are, by code."""
        found = await self.attributes.find({"_id": {"$in": list(codes)}}).to_list()
        return {document["_id"]: _definition(document) for document in found}

    async def page(self, page: PageArgs, visibilities: Sequence[Visibility]) -> Page[AttributeDefinition]:
        """By code, of those that may be seen."""
        return await find_page(self.attributes, {"visibility": {"$in": list(visibilities)}}, BY_CODE, page, _definition)

    async def count(self) -> int:
        """How many definitions there are."""
        return await self.attributes.estimated_document_count()

    async def insert(self, definition: AttributeDefinition) -> AttributeDefinition | None:
        """Keep a new definition at version 1; None if its code is taken."""
        document = {**_document(definition), "version": 1}
        try:
            await self.attributes.insert_one(document)
        except DuplicateKeyError:
            return None
        return _definition(document)

    async def replace(self, definition: AttributeDefinition, version: int) -> AttributeDefinition | None:
        """Replace the definition if it still has `version`, and its type and level; None if not."""
        kept = await self.attributes.find_one_and_replace(
            {"_id": definition.code, "version": version, "type": definition.type, "level": definition.level},
            {**_document(definition), "version": version + 1},
            return_document=True,
        )
        return None if kept is None else _definition(kept)


def _document(definition: AttributeDefinition) -> Document:
    return {
        "_id": definition.code,
        "names": dict(definition.names),
        "type": definition.type,
        "level": definition.level,
        "unit": definition.unit,
        "minimum": _stored(definition.minimum),
        "maximum": _stored(definition.maximum),
        "pattern": definition.pattern,
        "options": [{"code": option.code, "names": dict(option.names)} for option in definition.options],
        "reference_kind": definition.reference_kind,
        "category_ids": list(definition.category_ids),
        "is_required": definition.is_required,
        "is_facet": definition.is_facet,
        "visibility": definition.visibility,
    }


def _definition(document: Document) -> AttributeDefinition:
    kind = document["reference_kind"]
    return AttributeDefinition(
        code=document["_id"],
        names=document["names"],
        type=AttributeType(document["type"]),
        level=AttributeLevel(document["level"]),
        unit=document["unit"],
        minimum=_read(document["minimum"]),
        maximum=_read(document["maximum"]),
        pattern=document["pattern"],
        options=tuple(AttributeOption(option["code"], option["names"]) for option in document["options"]),
        reference_kind=None if kind is None else ReferenceKind(kind),
        category_ids=tuple(document["category_ids"]),
        is_required=document["is_required"],
        is_facet=document["is_facet"],
        visibility=Visibility(document["visibility"]),
        version=document["version"],
    )


def _stored(number: Decimal | None) -> Decimal128 | None:
    return None if number is None else Decimal128(number)


def _read(number: Decimal128 | None) -> Decimal | None:
    return None if number is None else number.to_decimal()
