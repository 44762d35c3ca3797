"""What a resolver learns about its field: Strawberry's Info, whose parts are made when somebody looks at them."""

from collections.abc import Awaitable, Sequence
from typing import Any

from graphql import GraphQLResolveInfo
from graphql.pyutils import Path, gather_with_cancel, is_awaitable
from graphql.type import GraphQLResolveInfoHelpers
from strawberry.types.info import Info

from kit.graphql.execution.place import Node, Place


class FieldInfo(Info[Any, Any]):
    """Strawberry's Info of one field; `context` costs nothing, the rest only if it is asked for."""

    def __init__(self, lane: Any, place: Place, here: Node) -> None:
        self.lane = lane
        self.place = place
        self.here = here

    @property
    def context(self) -> Any:
        """The context of the request."""
        return self.lane.context

    @property
    def field_name(self) -> str:
        """The field's name in the schema."""
        return self.place.name

    @property
    def root_value(self) -> Any:
        """The root value of the request."""
        return self.lane.request.root

    @property
    def _field(self) -> Any:  # type: ignore[override]
        return self.place.resolver.strawberry

    @property
    def _raw_info(self) -> GraphQLResolveInfo[Any]:  # type: ignore[override]
        known = self.__dict__.get("_raw")
        if known is None:
            known = self.__dict__["_raw"] = raw_info(self.lane, self.place, self.here)
        return known


class StrawberryResolveInfo(GraphQLResolveInfo[Any]):
    """As Strawberry's executor gives it: it also holds the extensions a client sent, of which there are none here."""

    operation_extensions: None = None


def raw_info(lane: Any, place: Place, here: Node) -> GraphQLResolveInfo[Any]:
    """graphql-core's info of a field, or of the field whose items lie at `here`."""
    node = here
    while node[3].key is None:
        node = node[0]
    request = lane.request
    asked = request.operation.asked
    is_plain = request.operation.plan.strawberry_schema is None
    variables = request.variables if is_plain else request.variables.coerced  # as either's resolvers know them
    return (GraphQLResolveInfo if is_plain else StrawberryResolveInfo)(
        place.name,
        place.nodes,
        place.return_type,
        place.parent_type,
        _path(node),
        asked.schema,
        asked.fragments,
        request.root,
        asked.operation,
        variables,
        request.context,
        is_awaitable,
        None,
        GraphQLResolveInfoHelpers(gather=_gather, track=lane.drop),
    )


def _path(node: Node) -> Path:
    nodes = []
    above: Any = node
    while above is not None:
        nodes.append(above)
        above = above[0]
    path: Path | None = None
    for _, _, key, place in reversed(nodes):
        path = Path(path, key, place.path_type)
    assert path is not None  # a node is a position, and a position has a key
    return path


def _gather(values: Sequence[Awaitable[Any]]) -> Awaitable[list[Any]]:
    return gather_with_cancel(*values)
