"""The collection of erasures and its indexes. Known to stores only."""

from collections.abc import Mapping, Sequence

from pymongo import ASCENDING, IndexModel

ERASURES = "erasures"
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    ERASURES: [
        IndexModel([("profiles", ASCENDING)], name="profile", unique=True),
        IndexModel([("begun_at", ASCENDING)], name="running", partialFilterExpression={"state": "RUNNING"}),
    ]
}
