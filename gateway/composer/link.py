"""`@link`: by which names a subgraph calls Federation's directives and types."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from graphql import ConstDirectiveNode, value_from_ast_untyped

from gateway.errors import CompositionError, CompositionProblem

FEDERATION_URL = re.compile(r"^https://specs\.apollo\.dev/federation/v(\d+)\.(\d+)$")
SPEC_URL = re.compile(r"^https?://.*?/(?P<name>[A-Za-z_][\w-]*)/v\d+\.\d+/?$")
# fmt: off
FEDERATION_DIRECTIVES = frozenset({
    "key", "external", "requires", "provides", "shareable", "inaccessible", "tag", "extends", "override",
    "interfaceObject", "composeDirective", "authenticated", "requiresScopes", "policy", "context", "fromContext",
    "cost", "listSize", "link",
})
# fmt: on
FEDERATION_TYPES = frozenset({"FieldSet", "Policy", "Scope", "ContextFieldValue"})
STANDALONE_SPECS = frozenset({"tag", "inaccessible"})
"""Specs that define one directive of Federation on their own."""


@dataclass(frozen=True, slots=True)
class Link:
    """How one subgraph names things: `directives` maps its names to Federation's."""

    version: tuple[int, int]
    directives: dict[str, str]
    types: frozenset[str]


def read_link(subgraph: str, schema_directives: Iterable[ConstDirectiveNode]) -> Link:
    """Read the `@link`s of a subgraph; refuses one without a Federation 2 link."""
    version: tuple[int, int] | None = None
    directives = {f"federation__{name}": name for name in FEDERATION_DIRECTIVES} | {"link": "link"}
    types = {f"federation__{name}" for name in FEDERATION_TYPES}
    for node in schema_directives:
        if node.name.value != "link":
            continue
        arguments = {a.name.value: value_from_ast_untyped(a.value) for a in node.arguments or ()}
        url = str(arguments.get("url", ""))
        federation = FEDERATION_URL.match(url)
        if federation:
            version = (int(federation[1]), int(federation[2]))
            namespace = arguments.get("as") or "federation"
            directives |= {f"{namespace}__{name}": name for name in FEDERATION_DIRECTIVES}
            types |= {f"{namespace}__{name}" for name in FEDERATION_TYPES}
            _import(subgraph, arguments.get("import") or (), directives, types)
        else:
            _other_spec(subgraph, url, arguments, directives)
    if version is None or version[0] != 2:
        raise _invalid(
            subgraph,
            "it does not @link Federation 2",
            'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key"])',
        )
    return Link(version, directives, frozenset(types))


def _import(subgraph: str, imports: Iterable[Any], directives: dict[str, str], types: set[str]) -> None:
    for item in imports:
        name, alias = (item, item) if isinstance(item, str) else (item.get("name"), item.get("as") or item.get("name"))
        if isinstance(name, str) and name.startswith("@") and name[1:] in FEDERATION_DIRECTIVES:
            directives[str(alias).removeprefix("@")] = name[1:]
        elif name in FEDERATION_TYPES:
            types.add(str(alias))
        else:
            raise _invalid(subgraph, f"it imports {name!r}, which Federation does not define")


def _other_spec(subgraph: str, url: str, arguments: dict[str, Any], directives: dict[str, str]) -> None:
    spec = SPEC_URL.match(url)
    if spec and spec["name"] in STANDALONE_SPECS:
        directives[arguments.get("as") or spec["name"]] = spec["name"]
    elif arguments.get("for") in ("SECURITY", "EXECUTION"):
        problem = CompositionProblem(
            "UNSUPPORTED_LINKED_FEATURE", f"the gateway does not implement {url}, which is required", (subgraph,)
        )
        raise CompositionError([problem])


def _invalid(subgraph: str, message: str, hint: str = "") -> CompositionError:
    return CompositionError([CompositionProblem("INVALID_LINK_DIRECTIVE_USAGE", message, (subgraph,), hint)])
