"""The specifications a supergraph is written in: their definitions, and how subgraphs are called there."""

import re
from collections.abc import Sequence

JOIN = '''directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE

directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, type: String, external: Boolean, override: String, usedOverridden: Boolean, overrideLabel: String) repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION

directive @join__graph(name: String!, url: String!) on ENUM_VALUE

directive @join__implements(graph: join__Graph!, interface: String!) repeatable on OBJECT | INTERFACE

directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR

directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION

directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA

scalar join__FieldSet

scalar link__Import

enum link__Purpose {
  """`SECURITY` features provide metadata necessary to securely resolve fields."""
  SECURITY

  """`EXECUTION` features provide metadata necessary for operation execution."""
  EXECUTION
}'''  # noqa: E501 - the specification's own text

CONTEXT_LINK = '@link(url: "https://specs.apollo.dev/context/v0.1", for: SECURITY)'
CONTEXT = """directive @context(name: String!) repeatable on INTERFACE | OBJECT | UNION

directive @context__fromContext(field: context__ContextFieldValue) on ARGUMENT_DEFINITION

scalar context__ContextFieldValue

scalar join__FieldValue

input join__ContextArgument {
  name: String!
  type: String!
  context: String!
  selection: join__FieldValue!
}"""
JOIN_WITH_CONTEXT = JOIN.replace(
    "overrideLabel: String)", "overrideLabel: String, contextArguments: [join__ContextArgument!])"
)
"""Join v0.5, as far as it is used here."""

_ANYWHERE = (
    "FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | SCALAR | ENUM | ENUM_VALUE"
    " | INPUT_OBJECT | INPUT_FIELD_DEFINITION"
)
_ACCESS = "FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM"


def _link(name: str, version: str, purpose: str = "") -> str:
    return f'@link(url: "https://specs.apollo.dev/{name}/{version}"{f", for: {purpose}" if purpose else ""})'


CARRIED_SPECS = {
    "tag": (_link("tag", "v0.3"), f"directive @tag(name: String!) repeatable on {_ANYWHERE} | SCHEMA"),
    "inaccessible": (_link("inaccessible", "v0.2", "SECURITY"), f"directive @inaccessible on {_ANYWHERE}"),
    "authenticated": (_link("authenticated", "v0.1", "SECURITY"), f"directive @authenticated on {_ACCESS}"),
    "requiresScopes": (
        _link("requiresScopes", "v0.1", "SECURITY"),
        f"directive @requiresScopes(scopes: [[requiresScopes__Scope!]!]!) on {_ACCESS}\n\nscalar requiresScopes__Scope",
    ),
    "policy": (
        _link("policy", "v0.1", "SECURITY"),
        f"directive @policy(policies: [[policy__Policy!]!]!) on {_ACCESS}\n\nscalar policy__Policy",
    ),
    "cost": (
        _link("cost", "v0.1"),
        "directive @cost(weight: Int!) on ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION"
        " | OBJECT | SCALAR",
    ),
    "listSize": (
        _link("cost", "v0.1")[:-1] + ', import: ["@listSize"])',
        "directive @listSize(assumedSize: Int, slicingArguments: [String!], sizedFields: [String!],"
        " requireOneSlicingArgument: Boolean = true) on FIELD_DEFINITION",
    ),
}
"""By directive: the `@link` and the definition that it takes in a supergraph which uses it."""


def graph_names(subgraphs: Sequence[str]) -> dict[str, str]:
    """Names of `join__Graph`'s values by subgraph: upper case, nothing but letters, digits and underscores."""
    names: dict[str, str] = {}
    for subgraph in subgraphs:
        name = re.sub(r"\W", "_", subgraph, flags=re.ASCII).upper()
        name = f"_{name}" if name[:1].isdigit() else name
        number = 1
        unique = name
        while unique in names.values():
            number += 1
            unique = f"{name}_{number}"
        names[subgraph] = unique
    return names
