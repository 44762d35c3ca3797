"""An enum of the graph is registered before anything shows it, whichever module is imported first.

Strawberry names an enum when `strawberry.enum` runs. A module that annotates a field with an enum which another module
registers, and does not import that module, works only as long as somebody else imported it before: in another order the
enum loses its description, or exists twice.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.architecture.tree import SERVICES, Module, service_modules


def registered(module: Module) -> Iterator[str]:
    """The enums that a module registers by a call; one registered by its decorator is registered where it is made."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "strawberry.enum" and node.args:
            yield ast.unparse(node.args[0]).rpartition(".")[2]


def shown(module: Module) -> Iterator[tuple[str, ast.AST]]:
    """The names in the annotations of a module's graph types, inputs and resolvers."""
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.ClassDef) or not any("strawberry" in ast.unparse(d) for d in node.decorator_list):
            continue
        for part in ast.walk(node):
            annotation = getattr(part, "annotation", None) or getattr(part, "returns", None)
            for name in ast.walk(annotation) if isinstance(annotation, ast.AST) else ():
                if isinstance(name, ast.Name | ast.Attribute):
                    yield ast.unparse(name).rpartition(".")[2], part


def reach(module: Module, known: dict[str, Module]) -> set[str]:
    """The modules that are imported when this one is."""
    seen: set[str] = set()
    left = [module]
    while left:
        one = left.pop()
        if one.name not in seen:
            seen.add(one.name)
            left += [known[name] for name, _ in one.imports if name in known]
    return seen


@pytest.mark.parametrize("service", SERVICES)
def test_who_shows_an_enum_imports_the_module_that_registers_it(service: str) -> None:
    rooms = service_modules(service)
    known = {module.name: module for module in rooms}
    home = {name: module.name for module in rooms for name in registered(module)}

    late: list[str] = []
    for module in rooms:
        uses = [
            (home[name], module.at(node)) for name, node in shown(module) if home.get(name, module.name) != module.name
        ]
        imported = reach(module, known) if uses else set()
        late += [f"{at}: shows an enum that {where} registers" for where, at in uses if where not in imported]

    assert home, "no enum found: this test looks for strawberry.enum(...)"
    assert late == []
