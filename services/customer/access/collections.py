"""The collections of the access log and their indexes. Known to stores only."""

from collections.abc import Mapping, Sequence

from pymongo import ASCENDING, DESCENDING, IndexModel

WAITING = "accesses_waiting"
LOG = "access_log"
INDEXES: Mapping[str, Sequence[IndexModel]] = {
    WAITING: [],
    LOG: [
        IndexModel([("access_id", ASCENDING)], name="access", unique=True),
        IndexModel([("customers", ASCENDING), ("_id", DESCENDING)], name="by_customer"),
    ],
}
