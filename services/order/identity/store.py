"""Inserting a document once, and finding who was first; the same for orders and returns.

Holds on a replica set. MongoDB keeps a unique index on a sharded collection only along its shard key, so sharding by
`_id` would need these identities as `_id` of a collection of claims.
"""

from collections import defaultdict
from collections.abc import Sequence

from pymongo import ASCENDING, IndexModel
from pymongo.errors import BulkWriteError, DuplicateKeyError

from kit.mongo import Collection, Document, duplicates
from services.order.identity.model import Claim, ExternalId, Identity

IDENTITY_INDEXES: Sequence[IndexModel] = (
    IndexModel(
        [("external_ids.source", ASCENDING), ("external_ids.value", ASCENDING)], name="external_id", unique=True
    ),
    IndexModel([("idempotency_key", ASCENDING)], name="idempotency_key", unique=True, sparse=True),
)
"""Every document has external ids; those of a mutation have a key."""

_CLAIM = {"external_ids": 1, "idempotency_key": 1, "fingerprint": 1}


def identity_document(identity: Identity) -> Document:
    """The fields of a document that make it recorded once."""
    fields: Document = {
        "external_ids": [{"source": one.source, "value": one.value} for one in identity.external_ids],
        "fingerprint": identity.fingerprint,
    }
    if identity.key is not None:
        fields["idempotency_key"] = identity.key
    return fields


def parse_identity(document: Document) -> Identity:
    """The identity of a document."""
    external_ids = tuple(ExternalId(one["source"], one["value"]) for one in document["external_ids"])
    return Identity(external_ids, document.get("idempotency_key"), document["fingerprint"])


async def insert_once(collection: Collection, document: Document) -> bool:
    """Insert, or say False if its key or one of its external ids is taken."""
    try:
        await collection.insert_one(document)
    except DuplicateKeyError:
        return False
    return True


async def insert_fresh(collection: Collection, documents: Sequence[Document]) -> list[int]:
    """Insert the documents whose identity is fresh; the indexes of the taken ones. Any other failure is raised."""
    try:
        await collection.insert_many(documents, ordered=False)
    except BulkWriteError as error:
        return sorted(duplicates(error))
    return []


async def find_claims(collection: Collection, identities: Sequence[Identity]) -> list[Claim]:
    """Every document that holds a key or an external id of these."""
    values: dict[str, list[str]] = defaultdict(list)
    for identity in identities:
        for one in identity.external_ids:
            values[one.source].append(one.value)
    held: list[Document] = [
        {"external_ids": {"$elemMatch": {"source": source, "value": {"$in": of_source}}}}
        for source, of_source in values.items()
    ]
    keys = [identity.key for identity in identities if identity.key is not None]
    if keys:
        held.append({"idempotency_key": {"$in": keys}})
    found = await collection.find({"$or": held}, _CLAIM).to_list()
    return [Claim(document["_id"], parse_identity(document)) for document in found]
