"""How attributes lie in MongoDB: values with their type beside them, so that any reader knows what they are.

`{code, type, value}`: a NUMBER is a double, a DATE its ISO 8601 text, choices an array of codes, a LOCALIZED_TEXT an
object by locale, a REFERENCE the id.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal

from kit.mongo import Document
from services.catalog.attribute.model import Attribute, AttributeType, AttributeValue, Reference


def attribute_documents(values: Iterable[Attribute]) -> list[Document]:
    """For the `attributes` array of a product or variant."""
    return [_document(given.code, given.value) for given in values]


def parse_attributes(documents: Iterable[Document]) -> tuple[Attribute, ...]:
    """From that array."""
    return tuple(Attribute(document["code"], _parse(document)) for document in documents)


def _document(code: str, value: AttributeValue) -> Document:
    match value:
        case bool():
            return {"code": code, "type": AttributeType.BOOLEAN, "value": value}
        case str():
            return {"code": code, "type": AttributeType.TEXT, "value": value}
        case Decimal():
            return {"code": code, "type": AttributeType.NUMBER, "value": float(value)}
        case date():
            return {"code": code, "type": AttributeType.DATE, "value": value.isoformat()}
        case tuple():
            return {"code": code, "type": AttributeType.MULTI_ENUM, "value": list(value)}
        case Reference():
            return {"code": code, "type": AttributeType.REFERENCE, "value": value.id}
        case Mapping():
            return {"code": code, "type": AttributeType.LOCALIZED_TEXT, "value": dict(value)}


def _parse(document: Document) -> AttributeValue:
    value = document["value"]
    match document["type"]:
        case AttributeType.NUMBER:
            return Decimal(int(value)) if value == int(value) else Decimal(repr(value))
        case AttributeType.DATE:
            return date.fromisoformat(value)
        case AttributeType.MULTI_ENUM:
            return tuple(value)
        case AttributeType.REFERENCE:
            return Reference(value)
        case _:
            parsed: AttributeValue = value
            return parsed
