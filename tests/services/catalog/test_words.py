"""Enums have the name and description of their `words`, whichever module of the graph is imported first."""

import ast
from pathlib import Path

import pytest

CATALOG = Path("services/catalog")


@pytest.mark.parametrize("words", sorted(CATALOG.glob("*/words.py")), ids=lambda path: path.parent.name)
def test_modules_of_the_graph_take_enums_from_their_words(words: Path) -> None:
    (source,) = [node for node in ast.parse(words.read_text()).body if isinstance(node, ast.ImportFrom) and node.module]
    enums = {name.name for name in source.names}

    wrong = [
        f"{path}: {name.name}"
        for path in CATALOG.rglob("*.py")
        if path != words and "import strawberry" in path.read_text()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module == source.module
        for name in node.names
        if name.name in enums
    ]
    assert wrong == []
