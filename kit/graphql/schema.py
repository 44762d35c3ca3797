"""The schema class of every subgraph: Strawberry's, with entities resolved a batch a type."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Final, cast

from graphql import GraphQLError
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.federation.schema import FederationAny
from strawberry.federation.schema import Schema as FederationSchema
from strawberry.printer import print_schema
from strawberry.types import Info
from strawberry.types.execution import ExecutionContext

from kit.graphql.errors import COMMON_ERRORS, UserError
from kit.graphql.scalars import config

FEDERATION_VERSION: Final = "2.5"
"""Strawberry prints 2.11 by itself; every composer accepts this one."""
MAX_ENTITIES = 5_000
"""Representations of one `_entities` call: 100 products with 50 variants each."""
DOCUMENT_CACHE = 512
"""Parsed and validated documents kept; a gateway sends few, and the same again and again."""


class Schema(FederationSchema):
    """A subgraph's schema. An entity type has `resolve_references(info, representations)`, a classmethod."""

    async def entities_resolver(  # type: ignore[override]
        self, info: Info, representations: list[FederationAny]
    ) -> list[FederationAny]:
        """Every representation's entity, null if there is none, an error if that one failed."""
        given = cast(list[dict[str, Any]], representations)
        if len(given) > MAX_ENTITIES:
            raise GraphQLError(f"representations: at most {MAX_ENTITIES}, got {len(given)}")
        places: dict[str, list[int]] = defaultdict(list)
        for index, representation in enumerate(given):
            name = representation.get("__typename") if isinstance(representation, dict) else None
            places[str(name)].append(index)
        results: list[Any] = [None] * len(given)
        for type_name, indexes in places.items():
            batch = [given[index] for index in indexes]
            for index, entity in zip(indexes, await self._resolve_type(info, type_name, batch), strict=True):
                results[index] = entity
        return results

    async def _resolve_type(self, info: Info, type_name: str, batch: list[dict[str, Any]]) -> Sequence[Any]:
        known = self.schema_converter.type_map.get(type_name)
        origin = getattr(getattr(known, "definition", None), "origin", None)
        if origin is None or not hasattr(origin, "resolve_references"):
            return [GraphQLError(f"{type_name} is not an entity of this service") for _ in batch]
        try:
            found = cast(Sequence[Any], await origin.resolve_references(info, batch))
            if len(found) != len(batch):
                raise ValueError(f"{type_name}.resolve_references: {len(batch)} asked for, {len(found)} answered")
            return found
        except Exception as error:
            return [error] * len(batch)

    @cached_property
    def sdl(self) -> str:
        """The subgraph's SDL, as committed beside its service."""
        return print_schema(self) + "\n"

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Errors are logged and masked where the response is made: `kit.subgraph`."""


def build_schema(
    query: type,
    mutation: type | None = None,
    *,
    types: Iterable[type] = (),
    errors: Iterable[type[UserError]] = (),
) -> Schema:
    """A subgraph's schema: `types` are entities no root field returns, `errors` the service's own user errors."""
    members = [*COMMON_ERRORS, *errors] if mutation is not None else []
    return Schema(
        query=query,
        mutation=mutation,
        types=[*types, *members],
        extensions=[lambda: ParserCache(DOCUMENT_CACHE), lambda: ValidationCache(DOCUMENT_CACHE)],
        config=config(),
        federation_version=FEDERATION_VERSION,
    )
