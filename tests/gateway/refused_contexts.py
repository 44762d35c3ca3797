"""Graphs whose contexts cannot be, each with the code of its refusal."""

LINK = """extend schema @link(url: "https://specs.apollo.dev/federation/v2.8", import: ["@key", "@shareable",
  "@interfaceObject", "@context", "@fromContext"])
"""


def one(t: str, argument: str, more: str = "", u: str = '@key(fields: "id")') -> dict[str, str]:
    """A graph of one subgraph: a T, and a U below whose field has the argument `of`."""
    return {
        "a": f"{LINK} type Query {{ t: T }} {t} {more} type U {u} {{ id: ID! x({argument}): Int }}",
        "b": LINK + 'type Query { u: Int } type U @key(fields: "id") { id: ID! }',
    }


T = """type T @key(fields: "id") @context(name: "c") { id: ID! y: Int! n: String u: U w(a: Int!): Int! v: V }
type V { z: Int y: Int! }"""


def selecting(selection: str) -> dict[str, str]:
    return one(T, f'of: Int! @fromContext(field: "{selection}")')


def shared(theirs: str) -> dict[str, str]:
    head = LINK + 'type U @key(fields: "id") @shareable { id: ID! '
    return {
        "a": f'{head} x(of: Int @fromContext(field: "$c {{ y }}")): Int }} type Query {{ t: T }} {T}',
        "b": f"{head} x{theirs}: Int }}",
    }


REFUSED_CONTEXTS = {
    "context before there were any": (
        "INVALID_GRAPHQL",
        {name: sdl.replace("v2.8", "v2.7") for name, sdl in selecting("$c { y }").items()},
    ),
    "context by a name with an underscore": (
        "CONTEXT_NAME_INVALID",
        one(T.replace('"c"', '"_c"'), 'of: Int! @fromContext(field: "$_c { y }")'),
    ),
    "context on a scalar": (
        "INVALID_GRAPHQL",
        one(T, 'of: Int! @fromContext(field: "$c { y }")', 'scalar S @context(name: "s")'),
    ),
    "context that is not named": ("NO_CONTEXT_IN_SELECTION", selecting("{ y }")),
    "context of which nothing is selected": ("NO_SELECTION_FOR_CONTEXT", selecting("$c")),
    "context that nothing sets": ("CONTEXT_NOT_SET", selecting("$d { y }")),
    "context selection that is no GraphQL": ("CONTEXT_INVALID_SELECTION", selecting("$c { y")),
    "context selection of a field that is not there": ("CONTEXT_INVALID_SELECTION", selecting("$c { missing }")),
    "context selection of two fields": ("CONTEXT_INVALID_SELECTION", selecting("$c { y id }")),
    "context selection of an object": ("CONTEXT_INVALID_SELECTION", selecting("$c { v }")),
    "context selection of another type": ("CONTEXT_INVALID_SELECTION", selecting("$c { n }")),
    "context selection that may be null": ("CONTEXT_INVALID_SELECTION", selecting("$c { v { y } }")),
    "context selection by an alias": ("CONTEXT_INVALID_SELECTION", selecting("$c { z: y }")),
    "context selection under a directive": ("CONTEXT_INVALID_SELECTION", selecting("$c { y @skip(if: false) }")),
    "context selection of what takes arguments": ("CONTEXT_INVALID_SELECTION", selecting("$c { w }")),
    "context selection of another type's fragment": ("CONTEXT_INVALID_SELECTION", selecting("$c ... on V { y }")),
    "context selection of a fragment and a field": ("CONTEXT_INVALID_SELECTION", selecting("$c ... on T { y } y")),
    "context of a union one of whose types lacks the field": (
        "CONTEXT_INVALID_SELECTION",
        one(
            T.replace(' @context(name: "c")', ""),
            'of: Int! @fromContext(field: "$c { y }")',
            'union A @context(name: "c") = T | W type W { z: Int u: U }',
        ),
    ),
    "context of an interface object": (
        "CONTEXT_INVALID_SELECTION",
        one(T.replace("type T", "type T @interfaceObject"), 'of: Int! @fromContext(field: "$c { y }")'),
    ),
    "contextual argument with a default": (
        "CONTEXT_NOT_SET",
        one(T, 'of: Int! = 3 @fromContext(field: "$c { y }")'),
    ),
    "contextual argument of an interface": (
        "CONTEXT_NOT_SET",
        one(
            T,
            "of: Int",
            'interface I @key(fields: "id") { id: ID! x(of: Int! @fromContext(field: "$c { y }")): Int }',
        ),
    ),
    "contextual argument of a field that implements an interface's": (
        "CONTEXT_NOT_SET",
        one(
            T,
            'of: Int! @fromContext(field: "$c { y }")',
            "interface I { x: Int }",
            'implements I @key(fields: "id")',
        ),
    ),
    "contextual argument of a directive": (
        "CONTEXT_NOT_SET",
        one(T, "of: Int", 'directive @d(a: Int @fromContext(field: "$c { y }")) on FIELD_DEFINITION'),
    ),
    "contextual argument of what cannot be entered": (
        "CONTEXT_NO_RESOLVABLE_KEY",
        one(T, 'of: Int! @fromContext(field: "$c { y }")', "", '@key(fields: "id", resolvable: false)'),
    ),
    "contextual argument that another subgraph demands": (
        "CONTEXTUAL_ARGUMENT_NOT_CONTEXTUAL_IN_ALL_SUBGRAPHS",
        shared("(of: Int!)"),
    ),
    "contextual argument where nothing above sets it": (
        "SATISFIABILITY_ERROR",
        one(T, 'of: Int! @fromContext(field: "$c { y }")')
        | {"c": LINK + 'type Query { bare: U } type U @key(fields: "id") { id: ID! }'},
    ),
}
