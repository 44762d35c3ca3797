"""Who may import whom: between packages by import-linter, between the rooms of a service by the table below."""

import ast
import subprocess
import sys
from collections.abc import Iterator, Mapping

import pytest

from tests.architecture.tree import ROOT, SERVICES, Module, service_modules

RANKS = {
    "model": 0,
    "store": 1,
    "actions": 2,
    "loaders": 2,
    "events": 2,
    "context": 3,
    "types": 4,
    "inputs": 4,
    "schema": 5,
    "app": 6,
}
"""A room imports rooms of its own rank or below, in its own noun or another's."""


def test_packages_keep_to_their_contracts() -> None:
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)

    assert run.returncode == 0, run.stdout + run.stderr
    assert "4 kept, 0 broken" in run.stdout


def reached(module: Module, known: Mapping[str, Module]) -> Iterator[tuple[Module, ast.AST]]:
    """The rooms a module imports, looking through modules that are no room of the table."""
    todo = [(name, node) for name, node in module.imports]
    seen: set[str] = set()
    while todo:
        name, node = todo.pop()
        target = known.get(name)
        if target is None or name in seen:
            continue
        seen.add(name)
        if target.room in RANKS:
            yield target, node
        else:
            todo += [(further, node) for further, _ in target.imports]


@pytest.mark.parametrize("service", SERVICES)
def test_rooms_import_to_their_left_only(service: str) -> None:
    known = {module.name: module for module in service_modules(service)}

    wrong = [
        f"{module.at(node)}: {module.room} imports {target.name}"
        for module in known.values()
        if module.room in RANKS
        for target, node in reached(module, known)
        if RANKS[target.room] > RANKS[module.room]
    ]

    assert wrong == []


@pytest.mark.parametrize("service", SERVICES)
def test_strawberry_stays_out_of_model_store_and_actions(service: str) -> None:
    wrong = [
        module.at(node)
        for module in service_modules(service)
        if module.room in ("model", "store", "actions", "loaders", "events", "settings")
        for name, node in module.imports
        if name.split(".")[0] == "strawberry" or name.startswith("kit.graphql")
    ]

    assert wrong == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_driver_of_mongodb_stays_out_of_model_and_graph(service: str) -> None:
    wrong = [
        module.at(node)
        for module in service_modules(service)
        if module.room in ("model", "types", "inputs", "schema", "context")
        for name, node in module.imports
        if name.split(".")[0] in ("pymongo", "bson")
    ]

    assert wrong == []
