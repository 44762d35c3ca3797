"""The schema class of every subgraph: Strawberry's, with entities resolved a batch a type."""

from asyncio import gather
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from functools import cached_property, lru_cache, partial
from typing import Any, Final, cast

from graphql import DocumentNode, ExecutionResult, GraphQLError, GraphQLSchema, specified_rules
from strawberry.extensions import ParserCache, ValidationCache
from strawberry.federation.schema import FederationAny
from strawberry.federation.schema import Schema as FederationSchema
from strawberry.printer import print_schema
from strawberry.schema.schema import validate_document
from strawberry.types import ExecutionResult as StrawberryResult
from strawberry.types import Info
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.execution import ExecutionContext, PreExecutionError
from strawberry.types.fields.resolver import StrawberryResolver
from strawberry.types.graphql import OperationType

from kit.graphql.errors import COMMON_ERRORS, UserError
from kit.graphql.execution import CompiledExecutor
from kit.graphql.scalars import config
from kit.graphql.subscription import Asked, Read, read, subscribe

FEDERATION_VERSION: Final = "2.5"
"""Strawberry prints 2.11 by itself; every composer accepts this one."""
MAX_ENTITIES = 5_000
"""Representations of one `_entities` call: 100 products with 50 variants each."""
DOCUMENT_CACHE = 512
"""Parsed and validated documents kept; a gateway sends few, and the same again and again."""

ANSWERED_ONCE: Final = (OperationType.QUERY, OperationType.MUTATION)


def _parser_cache() -> ParserCache:
    return ParserCache(DOCUMENT_CACHE)


def _validation_cache() -> ValidationCache:
    return ValidationCache(DOCUMENT_CACHE)


CACHES: Final = (_parser_cache, _validation_cache)
"""Strawberry's extensions here; any other would not see what is compiled, and keeps a schema from it."""


class Schema(FederationSchema):
    """A subgraph's schema. An entity type has `resolve_references(info, representations)`, a classmethod."""

    async def run(
        self, query: str, variables: dict[str, Any] | None, operation_name: str | None, context: object
    ) -> ExecutionResult | StrawberryResult:
        """Execute compiled; what the compiler leaves alone, and what is wrong, Strawberry executes or refuses."""
        result = await self.compiled.execute(query, variables, operation_name, context) if self.compiles else None
        if result is not None:
            return result
        return await self.execute(
            query, variables, context, operation_name=operation_name, allowed_operation_types=ANSWERED_ONCE
        )

    def events(
        self, asked: Asked, make_context: Callable[[], object]
    ) -> AsyncGenerator[ExecutionResult | PreExecutionError, None]:
        """The results of a subscription, one an event; see `kit.graphql.subscription`."""
        return subscribe(self._schema, self._subscribed, self._compiled_events, asked, make_context)

    @cached_property
    def _compiled_events(self) -> CompiledExecutor | None:
        """What executes an event; None where other extensions want to see every field."""
        return CompiledExecutor(self._schema, self, _validate, events=True) if self.compiles else None

    @cached_property
    def _subscribed(self) -> Read:
        """Documents of subscriptions, the last ones kept: many clients subscribe to few."""
        return lru_cache(DOCUMENT_CACHE)(partial(read, self._schema, _validate))

    @cached_property
    def compiled(self) -> CompiledExecutor:
        """The operations compiled so far."""
        return CompiledExecutor(self._schema, self, _validate)

    @cached_property
    def compiles(self) -> bool:
        """Whether nobody else wants to see every field: no extension but the caches, no operation directive."""
        return not self.directives and all(extension in CACHES for extension in self.extensions)

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
        batches = [
            self._resolve_type(info, name, [_copied(given[index]) for index in indexes])
            for name, indexes in places.items()
        ]
        found = [await batches[0]] if len(batches) == 1 else await gather(*batches)
        for indexes, entities in zip(places.values(), found, strict=True):
            for index, entity in zip(indexes, entities, strict=True):
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
        return f"{self._printed}\n"

    @cached_property
    def _printed(self) -> str:
        return print_schema(self)

    def _keep_printed(self) -> None:
        """Strawberry prints the schema for every `_service`; ours is printed once."""
        service = self.get_type_by_name("_Service")
        if isinstance(service, StrawberryObjectDefinition):
            service.fields[0].base_resolver = StrawberryResolver(lambda: self._printed)

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Errors are logged and masked where the response is made: `kit.subgraph`."""


def build_schema(
    query: type,
    mutation: type | None = None,
    *,
    subscription: type | None = None,
    types: Iterable[type] = (),
    errors: Iterable[type[UserError]] = (),
) -> Schema:
    """A subgraph's schema: `types` are entities no root field returns, `errors` the service's own user errors.

    A field of `subscription` is an async generator (`@strawberry.subscription`), closed when nobody listens any more.
    """
    members = [*COMMON_ERRORS, *errors] if mutation is not None else []
    schema = Schema(
        query=query,
        mutation=mutation,
        subscription=subscription,
        types=[*types, *members],
        extensions=[*CACHES],
        config=config(),
        federation_version=FEDERATION_VERSION,
    )
    schema._keep_printed()
    return schema


def _validate(schema: GraphQLSchema, document: DocumentNode) -> list[GraphQLError]:
    return validate_document(schema, document, tuple(specified_rules))


def _copied(representation: Any) -> Any:
    """The caller's own dict stays as it is, whatever a service does with this one."""
    return dict(representation) if isinstance(representation, dict) else representation
