"""`@link`: by which names a subgraph calls Federation's directives and types."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import ConstDirectiveNode, value_from_ast_untyped

from gateway.errors import CompositionError, CompositionProblem

FEDERATION_URL = re.compile(r"^https://specs\.apollo\.dev/federation/v(\d+)\.(\d+)$")
LATEST = "https://specs.apollo.dev/federation/v2.5"
SPEC_URL = re.compile(r"^https?://.*?/(?P<name>[A-Za-z_][\w-]*)/v\d+\.\d+/?$")
# fmt: off
FEDERATION_DIRECTIVES = frozenset({
    "key", "external", "requires", "provides", "shareable", "inaccessible", "tag", "extends", "override",
    "interfaceObject", "composeDirective", "authenticated", "requiresScopes", "policy", "context", "fromContext",
    "cost", "listSize", "link",
})
# fmt: on
FEDERATION_TYPES = frozenset({"FieldSet", "Policy", "Scope", "ContextFieldValue"})
STANDALONE_SPECS = frozenset({"tag", "inaccessible", "authenticated", "requiresScopes", "policy", "cost", "context"})
"""Specs that define directives of Federation on their own."""
UNSUPPORTED_SPECS = frozenset({"connect"})
"""Specs by which a router itself resolves fields; to overlook them would ask a subgraph that is not there."""
FEDERATION_1 = (1, 0)
FEDERATION_1_DIRECTIVES = frozenset({"key", "external", "requires", "provides", "extends", "tag", "inaccessible"})
"""What a schema without `@link` may use; everything is known by its plain name there."""


@dataclass(frozen=True, slots=True)
class Link:
    """How one subgraph names things: `directives` maps its names to Federation's."""

    version: tuple[int, int]
    directives: dict[str, str]
    types: frozenset[str]
    composed: frozenset[str] = frozenset()
    """Own directives that `@composeDirective` carries into the graph."""
    specs: Mapping[str, str] = field(default_factory=dict)
    """Where own directives come from: the URL of the `@link` that imports each."""

    @property
    def federation_1(self) -> bool:
        """Whether the subgraph is written for Federation 1."""
        return self.version == FEDERATION_1


def read_link(subgraph: str, schema_directives: Iterable[ConstDirectiveNode]) -> Link:
    """Read the `@link`s of a subgraph; one that links no Federation is read as Federation 1."""
    version: tuple[int, int] | None = None
    directives = {f"federation__{name}": name for name in FEDERATION_DIRECTIVES} | {"link": "link"}
    types = {f"federation__{name}" for name in FEDERATION_TYPES}
    specs: dict[str, str] = {}
    applied = [(node.name.value, _arguments(node)) for node in schema_directives]
    for arguments in [given for name, given in applied if name == "link"]:
        url = str(arguments.get("url", ""))
        federation = FEDERATION_URL.match(url)
        if federation:
            version = (int(federation[1]), int(federation[2]))
            if version[0] != 2:
                problem = f"it links {url}, which is not Federation 2"
                raise _invalid(subgraph, problem, f'@link(url: "{LATEST}")', "UNKNOWN_FEDERATION_LINK_VERSION")
            namespace = arguments.get("as") or "federation"
            directives |= {f"{namespace}__{name}": name for name in FEDERATION_DIRECTIVES}
            types |= {f"{namespace}__{name}" for name in FEDERATION_TYPES}
            _import(subgraph, arguments.get("import") or (), directives, types)
        else:
            _other_spec(subgraph, url, arguments, directives, specs)
    if version is None:
        directives |= {name: name for name in FEDERATION_1_DIRECTIVES}
        return Link(FEDERATION_1, directives, frozenset(types), specs=specs)
    composed = {
        str(arguments.get("name", "")).removeprefix("@")
        for name, arguments in applied
        if directives.get(name) == "composeDirective"
    }
    return Link(version, directives, frozenset(types), frozenset(composed), specs)


def _arguments(node: ConstDirectiveNode) -> dict[str, Any]:
    return {a.name.value: value_from_ast_untyped(a.value) for a in node.arguments or ()}


def _import(subgraph: str, imports: Iterable[Any], directives: dict[str, str], types: set[str]) -> None:
    for item in imports:
        name, alias = (item, item) if isinstance(item, str) else (item.get("name"), item.get("as") or item.get("name"))
        if isinstance(name, str) and name.startswith("@") and name[1:] in FEDERATION_DIRECTIVES:
            directives[str(alias).removeprefix("@")] = name[1:]
        elif name in FEDERATION_TYPES:
            types.add(str(alias))
        else:
            raise _invalid(subgraph, f"it imports {name!r}, which Federation does not define")


def _other_spec(
    subgraph: str, url: str, arguments: dict[str, Any], directives: dict[str, str], specs: dict[str, str]
) -> None:
    spec = SPEC_URL.match(url)
    if spec and spec["name"] in STANDALONE_SPECS:
        directives[arguments.get("as") or spec["name"]] = spec["name"]
    elif spec and spec["name"] in ("link", "join"):
        return
    elif arguments.get("for") in ("SECURITY", "EXECUTION") or (spec and spec["name"] in UNSUPPORTED_SPECS):
        problem = CompositionProblem(
            "UNSUPPORTED_LINKED_FEATURE", f"the gateway does not implement {url}, which is required", (subgraph,)
        )
        raise CompositionError([problem])
    else:
        for item in arguments.get("import") or ():
            alias = item if isinstance(item, str) else item.get("as") or item.get("name")
            specs[str(alias).removeprefix("@")] = url
        if spec:
            specs[arguments.get("as") or spec["name"]] = url


def _invalid(
    subgraph: str, message: str, hint: str = "", code: str = "INVALID_LINK_DIRECTIVE_USAGE"
) -> CompositionError:
    return CompositionError([CompositionProblem(code, message, (subgraph,), hint)])
