"""The collections of merges and candidates, and their indexes. Known to stores only."""

from collections.abc import Mapping, Sequence

from pymongo import ASCENDING, DESCENDING, IndexModel

MERGES = "merges"
CANDIDATES = "candidates"
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    MERGES: [
        IndexModel([("key", ASCENDING)], name="key", unique=True, partialFilterExpression={"key": {"$exists": True}}),
        IndexModel([("kept", ASCENDING)], name="kept"),
        IndexModel([("merged", ASCENDING)], name="merged"),
    ],
    CANDIDATES: [
        IndexModel([("state", ASCENDING), ("score", DESCENDING), ("_id", ASCENDING)], name="queue"),
        IndexModel([("pair", ASCENDING)], name="pair"),
    ],
}
