"""Rules of the house that a machine can read: lengths, rooms of words, paths of nobody's machine."""

import ast
import re
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGES, ROOT, SERVICES, Module, modules, service_modules

MAX_FILE_LINES = 400
"""What a reader holds in mind; past it a file splits by noun."""
MAX_FUNCTION_LINES = 60
"""Two screens; the house aims at 40, and a table of cases may be longer."""
OPERATOR = re.compile(r"\$[a-z][A-Za-z]*")
CLOCKS = {"now", "utcnow", "today", "utc_now"}
MACHINE_PATH = re.compile(r"(?<![\w./~-])/(?:(?:work|root)(?![\w-])|home/\w|Users/\w)")
TEXTS = {".py", ".md", ".toml", ".cfg", ".yml", ".yaml", ".graphql", ".sh", ".ini", ".json", ".html", ".lock", ""}
README_SAYS = {
    "Owns": r"^(#+ |\*\*)Owns\b",
    "Extends": r"^(#+ |.*\*\*)Extends\b",
    "Refuses": r"^(#+ |.*\*\*)Refuses\b",
    "Events": r"^#+ Events\b",
    "Limits": r"^#+ Limits\b",
}
"""The first three as headings or as bold words; the last two are what people jump to."""

by_package = pytest.mark.parametrize("package", PACKAGES)
by_service = pytest.mark.parametrize("service", SERVICES)


@by_package
def test_files_are_short(package: str) -> None:
    lengths = {module.at(module.tree): len(module.text.splitlines()) for module in modules(package)}

    assert {path: length for path, length in lengths.items() if length > MAX_FILE_LINES} == {}


@by_package
def test_functions_are_short(package: str) -> None:
    lengths = {
        f"{module.at(node)} {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for module in modules(package)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {name: length for name, length in lengths.items() if length > MAX_FUNCTION_LINES} == {}


def operators(module: Module) -> list[str]:
    return [
        f"{module.at(node)} {node.value}"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and OPERATOR.fullmatch(node.value)
    ]


def stores_and_their_parts(inside: list[Module]) -> set[str]:
    """Stores, and modules that stores or such modules import and nobody else does."""
    importers: dict[str, set[str]] = defaultdict(set)
    for module in inside:
        for name, _ in module.imports:
            importers[name].add(module.name)
    allowed = {module.name for module in inside if module.room == "store"}
    while parts := {
        m.name for m in inside if m.name not in allowed and importers[m.name] and importers[m.name] <= allowed
    }:
        allowed |= parts
    return allowed


@by_service
def test_operators_of_mongodb_are_written_in_stores_only(service: str) -> None:
    inside = service_modules(service)
    allowed = stores_and_their_parts(inside)

    assert [one for module in inside if module.name not in allowed for one in operators(module)] == []


def test_operators_of_mongodb_stay_out_of_gateway_and_command() -> None:
    inside = [module for module in modules("gateway", "noren") if module.room != "store"]

    assert [one for module in inside for one in operators(module)] == []


@by_service
def test_a_model_is_given_the_time(service: str) -> None:
    clocks = [
        module.at(node)
        for module in service_modules(service)
        if module.room == "model"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and called(node) in CLOCKS
    ]

    assert clocks == []


def called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


@by_service
def test_a_service_says_what_it_owns_extends_and_refuses(service: str) -> None:
    docstring = ast.get_docstring(Module(ROOT / "services" / service / "__init__.py").tree) or ""

    assert [
        word for word in ("Owns", "Extends", "Refuses") if not re.search(rf"^{word}\b", docstring, re.MULTILINE)
    ] == []


@by_service
def test_a_service_has_a_readme_that_says_what_newcomers_ask(service: str) -> None:
    readme = ROOT / "services" / service / "README.md"
    assert readme.is_file(), f"services/{service}/README.md is missing"

    text = readme.read_text(encoding="utf-8")
    assert [name for name, pattern in README_SAYS.items() if not re.search(pattern, text, re.MULTILINE)] == []


def texts() -> list[Path]:
    """What belongs to the repository, committed or about to be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    return [path for name in listed if name and (path := ROOT / name).is_file() and path.suffix in TEXTS]


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in texts()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]

    assert found == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("cd /" + "work/main", True),
        ("at /" + "home/ann/x", True),
        ("in `/" + "root`", True),
        ("https://example.com/work", False),
        ("../work/x", False),
        ("/workers", False),
        ("./root", False),
    ],
)
def test_a_path_of_somebodys_machine_is_known_when_seen(line: str, found: bool) -> None:
    assert bool(MACHINE_PATH.search(line)) is found
