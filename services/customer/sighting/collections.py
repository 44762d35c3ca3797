"""The collection of sightings and its indexes. Known to stores only."""

from collections.abc import Mapping, Sequence

from pymongo import ASCENDING, IndexModel

SIGHTINGS = "sightings"
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    SIGHTINGS: [
        IndexModel([("seen", ASCENDING)], name="seen"),
        IndexModel(
            [("unsettled", ASCENDING)], name="unsettled", partialFilterExpression={"unsettled": {"$type": "date"}}
        ),
    ]
}
