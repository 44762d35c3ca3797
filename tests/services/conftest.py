"""Every query a service's tests send is executed twice: compiled, and by Strawberry over graphql-core."""

from typing import Any

import pytest
from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

from kit.graphql.schema import Schema


def is_query(document: str) -> bool:
    """Whether running it twice changes nothing."""
    try:
        parsed = parse(document)
    except GraphQLError:
        return False
    operations = [node for node in parsed.definitions if isinstance(node, OperationDefinitionNode)]
    return bool(operations) and all(node.operation == OperationType.QUERY for node in operations)


@pytest.fixture(autouse=True)
def both_ways(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Compare the answers of the two; the list holds what was compared."""
    compared: list[str] = []
    compiled_run = Schema.run

    async def run(self: Schema, query: str, variables: Any, operation_name: str | None, context: object) -> Any:
        ours = await compiled_run(self, query, variables, operation_name, context)
        if is_query(query) and await self.compiled.execute(query, variables, operation_name, context):
            theirs = await self.execute(query, variables, context_value=context, operation_name=operation_name)
            assert ours.data == theirs.data
            assert shown(ours) == shown(theirs)
            compared.append(query)
        return ours

    monkeypatch.setattr(Schema, "run", run)
    return compared


def shown(result: Any) -> list[Any]:
    """Errors as clients see them, in an order of their own."""
    return sorted((error.formatted for error in result.errors or ()), key=repr)
