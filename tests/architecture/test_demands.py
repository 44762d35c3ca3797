"""A scope that a resolver demands of everybody is told by the published schema, where a gateway enforces it."""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.tree import SERVICES, Module, service_modules

Resolver = ast.FunctionDef | ast.AsyncFunctionDef


def resolvers(module: Module) -> Iterator[tuple[Resolver, ast.Call]]:
    """Functions under a decorator of Strawberry's, with that decorator."""
    for node in ast.walk(module.tree):
        if isinstance(node, Resolver) and node.decorator_list:
            decorator = node.decorator_list[0]
            if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).startswith("strawberry."):
                yield node, decorator


def demanded(resolver: Resolver) -> list[str]:
    """What it requires before and whatever else it does."""
    calls = [statement.value for statement in resolver.body if isinstance(statement, ast.Expr)]
    return [
        ast.unparse(call.args[0])
        for call in calls
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "require"
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_the_schema_tells_what_a_resolver_demands(service: str) -> None:
    untold = [
        f"{module.at(resolver)}: add directives=[needs({', '.join(scopes)})] (kit.graphql.demands) to {resolver.name}"
        for module in service_modules(service)
        for resolver, decorator in resolvers(module)
        if (scopes := demanded(resolver)) and f"needs({', '.join(scopes)})" not in ast.unparse(decorator)
    ]

    assert untold == [], "\n".join(untold)
