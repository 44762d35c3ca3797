"""The repository as the rules see it: its modules, their rooms, their imports."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("kit", "services", "gateway", "noren")
SERVICES = sorted(path.parent.name for path in (ROOT / "services").glob("*/__init__.py"))


@dataclass(frozen=True)
class Module:
    """One Python file."""

    path: Path

    @property
    def name(self) -> str:
        """Dotted; a package's is its directory's."""
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def room(self) -> str:
        """What the file is called: model, store, actions."""
        return self.path.stem

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, str(self.path))

    def at(self, node: ast.AST) -> str:
        """path:line, for messages."""
        return f"{self.path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"

    @cached_property
    def imports(self) -> list[tuple[str, ast.AST]]:
        """Every dotted name the module imports; `from a import b` gives both a and a.b."""
        return list(self._imports())

    def _imports(self) -> Iterator[tuple[str, ast.AST]]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield alias.name, node
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module, node
                for alias in node.names:
                    yield f"{node.module}.{alias.name}", node


@cache
def modules(*packages: str) -> list[Module]:
    """Every module of these packages, in order; each is parsed once a test run."""
    return [Module(path) for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def service_modules(service: str) -> list[Module]:
    """Every module of one service."""
    return modules(f"services/{service}")
