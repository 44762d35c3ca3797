"""The committed SDL is the code's, and says what everything in it is for."""

import ast
import importlib
from collections.abc import Iterator

import pytest
from graphql import (
    DocumentNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    ObjectTypeDefinitionNode,
    TypeDefinitionNode,
    parse,
)

from tests.architecture.tree import ROOT, SERVICES, service_modules

ROOTS = {"Query", "Mutation", "Subscription"}
MACHINERY = {"_Any", "_Entity", "_Service", "_entities", "_service", "FieldSet"}
"""Of federation, not of the public graph."""
REWRITE = ".venv/bin/noren schema print --write"

by_service = pytest.mark.parametrize("service", SERVICES)


def committed(service: str) -> str:
    path = ROOT / "services" / service / "schema.graphql"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def undescribed(document: DocumentNode) -> Iterator[str]:
    """Types, fields, arguments and input fields without a description."""
    for definition in document.definitions:
        if not isinstance(definition, TypeDefinitionNode) or definition.name.value in MACHINERY:
            continue
        name = definition.name.value
        if definition.description is None and name not in ROOTS:
            yield name
        if isinstance(definition, InputObjectTypeDefinitionNode):
            yield from (f"{name}.{field.name.value}" for field in definition.fields or () if field.description is None)
        if isinstance(definition, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
            for field in definition.fields or ():
                yield from undescribed_in(name, field)


def undescribed_in(owner: str, field: FieldDefinitionNode) -> Iterator[str]:
    name = f"{owner}.{field.name.value}"
    if field.name.value in MACHINERY:
        return
    if field.description is None:
        yield name
    for argument in field.arguments or ():
        if argument.description is None:
            yield f"{name}({argument.name.value})"


@by_service
def test_the_committed_sdl_is_the_codes(service: str) -> None:
    schema = importlib.import_module(f"services.{service}.schema").schema

    assert committed(service) == schema.sdl, f"services/{service}/schema.graphql is stale; rewrite it: {REWRITE}"


@by_service
def test_everything_public_has_a_description(service: str) -> None:
    assert list(undescribed(parse(committed(service)))) == []


def test_what_lacks_a_description_is_found() -> None:
    sdl = """
      type Query { bare(argument: Int): Int }
      "Said." type Ward { "Said." name: String  _service: Int }
      "Said." input Filter { bare: Int }
      scalar Bare
      scalar _Any
    """

    assert list(undescribed(parse(sdl))) == ["Query.bare", "Query.bare(argument)", "Filter.bare", "Bare"]


@by_service
def test_every_part_of_a_root_belongs_to_it(service: str) -> None:
    """A noun's QuoteQuery or QuoteMutation that no root inherits is a feature nobody can reach."""
    modules = [module for module in service_modules(service) if module.room == "schema"]
    parts = [
        getattr(importlib.import_module(module.name), node.name)
        for module in modules
        for node in module.tree.body
        if isinstance(node, ast.ClassDef) and node.name.endswith(tuple(ROOTS))
    ]
    root = importlib.import_module(f"services.{service}.schema")
    roots = tuple(found for name in ROOTS if (found := getattr(root, name, None)) is not None)

    assert [part.__name__ for part in parts if not any(issubclass(one, part) for one in roots)] == []
