"""The collection of attribute definitions. Known to stores only."""

from collections.abc import Mapping, Sequence

from pymongo import IndexModel

DEFINITIONS = "attribute_definitions"
INDEXES: Mapping[str, Sequence[IndexModel]] = {DEFINITIONS: []}
