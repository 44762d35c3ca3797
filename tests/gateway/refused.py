"""Graphs that must not compose, each with the code of its refusal."""

LINK = """extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: [
  "@key", "@external", "@requires", "@provides", "@shareable", "@inaccessible", "@tag", "@override", "@interfaceObject"
])
"""
BASE = 'type Query { t: T } type T @key(fields: "id") { id: ID! name: String }'


def graph(**sdl: str) -> dict[str, str]:
    return {name: LINK + text for name, text in sdl.items()}


def graph_2_7(**sdl: str) -> dict[str, str]:
    return {name: LINK.replace("v2.5", "v2.7") + text for name, text in sdl.items()}


def costly(sdl: str) -> dict[str, str]:
    head = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@cost", "@listSize"]) '
    return {"a": head + sdl}


REFUSED = {
    "syntax": ("INVALID_GRAPHQL", graph(a="type Query {")),
    "unknown type": ("INVALID_GRAPHQL", graph(a="type Query { a: Missing }")),
    "federation 3": (
        "UNKNOWN_FEDERATION_LINK_VERSION",
        {"a": 'extend schema @link(url: "https://specs.apollo.dev/federation/v3.0") type Query { a: Int }'},
    ),
    "directive not imported": (
        "INVALID_GRAPHQL",
        {
            "a": 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5") '
            'type Query { t: T } type T @key(fields: "id") { id: ID! }'
        },
    ),
    "required other spec": (
        "UNSUPPORTED_LINKED_FEATURE",
        {
            "a": LINK
            + 'extend schema @link(url: "https://example.com/spec/v1.0", for: EXECUTION) type Query { a: Int }',
        },
    ),
    "connectors": (
        "UNSUPPORTED_LINKED_FEATURE",
        {
            "a": """extend schema @link(url: "https://specs.apollo.dev/federation/v2.10", import: ["@key"])
              @link(url: "https://specs.apollo.dev/connect/v0.1", import: ["@source", "@connect"])
            type Query { a: Int @connect(http: { GET: "http://127.0.0.1/a" }, selection: "$") }"""
        },
    ),
    "no query": ("NO_QUERIES", graph(a="type T { a: Int }")),
    "subscription shared": (
        "INVALID_FIELD_SHARING",
        graph(
            a="type Query { a: Int } type Subscription { s: Int @shareable }",
            b="type Query { b: Int } type Subscription { s: Int }",
        ),
    ),
    "subscription shared with nobody": (
        "INVALID_FIELD_SHARING",
        graph(a="type Query { a: Int } type Subscription { s: Int @shareable }"),
    ),
    "override by a label before there were any": (
        "INVALID_GRAPHQL",
        graph(a='type Query { a: Int @override(from: "b", label: "percent(1)") }', b="type Query { a: Int }"),
    ),
    "override by more than all": (
        "OVERRIDE_LABEL_INVALID",
        graph_2_7(a='type Query { a: Int @override(from: "b", label: "percent(101)") }', b="type Query { a: Int }"),
    ),
    "override by no name": (
        "OVERRIDE_LABEL_INVALID",
        graph_2_7(a='type Query { a: Int @override(from: "b", label: "1 of 2") }', b="type Query { a: Int }"),
    ),
    "override by label of what a third shares": (
        "INVALID_FIELD_SHARING",
        graph_2_7(
            a='type Query { a: Int @override(from: "b", label: "x") }',
            b="type Query { a: Int }",
            c="type Query { a: Int }",
        ),
    ),
    "override by label before the new owner can be reached": (
        "SATISFIABILITY_ERROR",
        graph_2_7(
            a='type Query { t: T } type T @key(fields: "id") { id: ID! x: Int }',
            b="""type T @key(fields: "id", resolvable: false) { id: ID! x: Int @override(from: "a", label: "x") }""",
        ),
    ),
    "cost of a field of an interface": (
        "COST_APPLIED_TO_INTERFACE_FIELD",
        costly("type Query { i: I } interface I { x: Int @cost(weight: 1) } type A implements I { x: Int }"),
    ),
    "size of what is no list": (
        "LIST_SIZE_APPLIED_TO_NON_LIST",
        costly("type Query { a: Int @listSize(assumedSize: 3) }"),
    ),
    "size below nothing": (
        "LIST_SIZE_INVALID_ASSUMED_SIZE",
        costly("type Query { a: [Int] @listSize(assumedSize: -1) }"),
    ),
    "size by an argument that is not there": (
        "LIST_SIZE_INVALID_SLICING_ARGUMENT",
        costly('type Query { a: [Int] @listSize(slicingArguments: ["first"]) }'),
    ),
    "size by an argument that is no number": (
        "LIST_SIZE_INVALID_SLICING_ARGUMENT",
        costly('type Query { a(first: String): [Int] @listSize(slicingArguments: ["first"]) }'),
    ),
    "size of a field that is not there": (
        "LIST_SIZE_INVALID_SIZED_FIELD",
        costly('type Query { a: T @listSize(assumedSize: 1, sizedFields: ["nodes"]) } type T { x: Int }'),
    ),
    "override from itself": ("OVERRIDE_FROM_SELF_ERROR", graph(a='type Query { a: Int @override(from: "a") }')),
    "override of what overrides": (
        "OVERRIDE_SOURCE_HAS_OVERRIDE",
        graph(a='type Query { a: Int @override(from: "b") }', b='type Query { a: Int @override(from: "c") }'),
    ),
    "override of what requires": (
        "OVERRIDE_COLLISION_WITH_ANOTHER_DIRECTIVE",
        graph(
            a='type Query { t: T } type T @key(fields: "id") { id: ID! z: Int x: Int @override(from: "b") }',
            b='type T @key(fields: "id") { id: ID! z: Int @external x: Int @requires(fields: "z") }',
        ),
    ),
    "override on an interface": (
        "OVERRIDE_ON_INTERFACE",
        graph(a='type Query { i: I } interface I { x: Int @override(from: "b") } type A implements I { x: Int }'),
    ),
    "interface object without an interface": (
        "INTERFACE_OBJECT_USAGE_ERROR",
        graph(a='type Query { a: I } type I @interfaceObject @key(fields: "id") { id: ID! }'),
    ),
    "interface object beside its implementation": (
        "INTERFACE_OBJECT_USAGE_ERROR",
        graph(
            a="""type Query { i: I } interface I @key(fields: "id") { id: ID! }
            type A implements I @key(fields: "id") { id: ID! }""",
            b="""type I @interfaceObject @key(fields: "id") { id: ID! x: Int }
            type A @key(fields: "id") { id: ID! y: Int }""",
        ),
    ),
    "interface object whose types nobody tells": (
        "SATISFIABILITY_ERROR",
        graph(
            a="""type Query { i: I } interface I @key(fields: "id", resolvable: false) { id: ID! }
            type A implements I @key(fields: "id") { id: ID! }""",
            b='type Query { j: I } type I @interfaceObject @key(fields: "id") { id: ID! x: Int }',
        ),
    ),
    "interface key without all its types": (
        "INTERFACE_KEY_MISSING_IMPLEMENTATION_TYPE",
        graph(
            a="""type Query { i: I } interface I @key(fields: "id") { id: ID! }
            type A implements I @key(fields: "id") { id: ID! }""",
            b='interface I { id: ID! } type B implements I @key(fields: "id") { id: ID! }',
        ),
    ),
    "way back to the root": ("UNSUPPORTED_FEATURE", graph(a="type Query { a: A } type A { query: Query! }")),
    "kinds": ("TYPE_KIND_MISMATCH", graph(a="type Query { a: A } type A { x: Int }", b="input A { x: Int }")),
    "field types": (
        "FIELD_TYPE_MISMATCH",
        graph(a="type Query { a: A } type A @shareable { x: Int }", b="type A @shareable { x: String }"),
    ),
    "argument types": (
        "FIELD_ARGUMENT_TYPE_MISMATCH",
        graph(a="type Query { a(x: Int): Int @shareable }", b="type Query { a(x: String): Int @shareable }"),
    ),
    "argument defaults": (
        "FIELD_ARGUMENT_DEFAULT_MISMATCH",
        graph(a="type Query { a(x: Int = 1): Int @shareable }", b="type Query { a(x: Int = 2): Int @shareable }"),
    ),
    "required argument": (
        "REQUIRED_ARGUMENT_MISSING_IN_SOME_SUBGRAPH",
        graph(a="type Query { a(x: Int!): Int @shareable }", b="type Query { a: Int @shareable }"),
    ),
    "required input field": (
        "REQUIRED_INPUT_FIELD_MISSING_IN_SOME_SUBGRAPH",
        graph(
            a="type Query { a(i: I): Int } input I { x: Int! y: Int }",
            b="type Query { b(i: I): Int } input I { y: Int }",
        ),
    ),
    "no common input field": (
        "EMPTY_MERGED_INPUT_TYPE",
        graph(a="type Query { a(i: I): Int } input I { x: Int }", b="type Query { b(i: I): Int } input I { y: Int }"),
    ),
    "enum both ways": (
        "ENUM_VALUE_MISMATCH",
        graph(a="type Query { a(e: E): E } enum E { X Y }", b="type Query { b: E } enum E { X }"),
    ),
    "no common enum value": (
        "EMPTY_MERGED_ENUM_TYPE",
        graph(a="type Query { a(e: E): Int } enum E { X }", b="type Query { b(e: E): Int } enum E { Y }"),
    ),
    "sharing": ("INVALID_FIELD_SHARING", graph(a=BASE, b='type T @key(fields: "id") { id: ID! name: String }')),
    "shared root": ("INVALID_FIELD_SHARING", graph(a="type Query { a: Int }", b="type Query { a: Int }")),
    "external unused": (
        "EXTERNAL_UNUSED",
        graph(a=BASE, b='type T @key(fields: "id") { id: ID! name: String @external }'),
    ),
    "external without owner": (
        "EXTERNAL_MISSING_ON_BASE",
        graph(a=BASE, b='type T @key(fields: "id") { id: ID! z: Int @external y: Int @requires(fields: "z") }'),
    ),
    "external type": (
        "EXTERNAL_TYPE_MISMATCH",
        graph(a=BASE, b='type T @key(fields: "id") { id: ID! name: Int @external y: Int @requires(fields: "name") }'),
    ),
    "requires what it owns": (
        "REQUIRES_FIELDS_MISSING_EXTERNAL",
        graph(a=BASE, b='type T @key(fields: "id") { id: ID! z: Int y: Int @requires(fields: "z") }'),
    ),
    "requires nonsense": (
        "REQUIRES_INVALID_FIELDS",
        graph(a=BASE, b='type T @key(fields: "id") { id: ID! y: Int @requires(fields: "nothing") }'),
    ),
    "provides on a scalar": ("PROVIDES_ON_NON_OBJECT_FIELD", graph(a='type Query { a: Int @provides(fields: "x") }')),
    "key of nothing": ("KEY_INVALID_FIELDS", graph(a='type Query { t: T } type T @key(fields: "x") { id: ID! }')),
    "key with arguments": (
        "KEY_FIELDS_HAS_ARGS",
        graph(a='type Query { t: T } type T @key(fields: "id(x: 1)") { id(x: Int): ID! }'),
    ),
    "key of an interface": (
        "KEY_FIELDS_SELECT_INVALID_TYPE",
        graph(
            a="""type Query { t: T } type T @key(fields: "i { id }") { i: I! }
            interface I { id: ID! } type J implements I { id: ID! }"""
        ),
    ),
    "external without its argument": (
        "EXTERNAL_ARGUMENT_MISSING",
        graph(
            a='type Query { t: T } type T @key(fields: "id") { id: ID! x(y: Int): Int }',
            b='type T @key(fields: "id") { id: ID! x: Int @external z: Int @requires(fields: "x") }',
        ),
    ),
    "interface not implemented": (
        "INTERFACE_FIELD_NO_IMPLEM",
        graph(
            a="type Query { i: I } interface I { x: Int } type A implements I { x: Int }",
            b="type Query { j: I } interface I { y: Int } type B implements I { y: Int x: Int }",
        ),
    ),
    "interface key": (
        "INTERFACE_KEY_NOT_ON_IMPLEMENTATION",
        graph(a='type Query { i: I } interface I @key(fields: "id") { id: ID! } type A implements I { id: ID! }'),
    ),
    "inaccessible type in public": (
        "REFERENCED_INACCESSIBLE",
        graph(a="type Query { a: A } type A @inaccessible { x: Int }"),
    ),
    "inaccessible required argument": (
        "REQUIRED_INACCESSIBLE",
        graph(a="type Query { a(x: Int! @inaccessible): Int }"),
    ),
    "inaccessible through and through": (
        "ONLY_INACCESSIBLE_CHILDREN",
        graph(a="type Query { a: A b: Int } type A { x: Int @inaccessible }"),
    ),
    "inaccessible in an implementation alone": (
        "IMPLEMENTED_BY_INACCESSIBLE",
        graph(a="type Query { i: I } interface I { x: Int } type A implements I { x: Int @inaccessible y: Int }"),
    ),
    "inaccessible argument of an implementation": (
        "IMPLEMENTED_BY_INACCESSIBLE",
        graph(
            a="type Query { i: I } interface I { x(y: Int): Int } type A implements I { x(y: Int @inaccessible): Int }"
        ),
    ),
    "inaccessible value as a default": (
        "DEFAULT_VALUE_USES_INACCESSIBLE",
        graph(a="type Query { a(e: [E] = [X]): Int } enum E { X @inaccessible Y }"),
    ),
    "inaccessible field in a default": (
        "DEFAULT_VALUE_USES_INACCESSIBLE",
        graph(a="type Query { a(i: I = {x: 1}): Int } input I { x: Int @inaccessible y: Int }"),
    ),
    "requires on an interface": (
        "REQUIRES_UNSUPPORTED_ON_INTERFACE",
        graph(
            a="""type Query { i: I } interface I { x: Int y: Int @requires(fields: "x") }
            type A implements I { x: Int y: Int }"""
        ),
    ),
    "provides on an interface": (
        "PROVIDES_UNSUPPORTED_ON_INTERFACE",
        graph(
            a="""type Query { i: I } interface I { a: A @provides(fields: "x") }
            type A implements I @key(fields: "id") { id: ID! a: A x: Int @external }""",
            b='type A @key(fields: "id") { id: ID! x: Int }',
        ),
    ),
    "shareable on an interface": (
        "INVALID_SHAREABLE_USAGE",
        graph(a="type Query { i: I } interface I { x: Int @shareable } type A implements I { x: Int }"),
    ),
    "key of an interface before its time": (
        "KEY_UNSUPPORTED_ON_INTERFACE",
        {
            "a": LINK.replace("v2.5", "v2.2").replace(', "@interfaceObject"', "")
            + """type Query { i: I } interface I @key(fields: "id") { id: ID! }
            type A implements I @key(fields: "id") { id: ID! }"""
        },
    ),
    "tag on an external field": (
        "MERGED_DIRECTIVE_APPLICATION_ON_EXTERNAL",
        graph(
            a=BASE,
            b="""type T @key(fields: "id") { id: ID! name: String @external @tag(name: "x")
            y: Int @requires(fields: "name") }""",
        ),
    ),
    "access rule on an interface": (
        "AUTH_REQUIREMENTS_APPLIED_ON_INTERFACE",
        {
            "a": 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@authenticated"]) '
            "type Query { i: I } interface I { x: Int @authenticated } type A implements I { x: Int }"
        },
    ),
    "compose directive of nothing": (
        "DIRECTIVE_COMPOSITION_ERROR",
        {
            "a": 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@composeDirective"]) '
            '@composeDirective(name: "@mine") type Query { a: Int }'
        },
    ),
    "federation 1 extension of nothing": (
        "EXTENSION_WITH_NO_BASE",
        {"a": 'type Query { t: T } extend type T @key(fields: "id") { id: ID! @external x: Int }'},
    ),
    "unresolvable key": (
        "SATISFIABILITY_ERROR",
        graph(a=BASE.replace(" name: String", ""), b='type T @key(fields: "id", resolvable: false) { id: ID! x: Int }'),
    ),
    "no common key": (
        "SATISFIABILITY_ERROR",
        graph(a=BASE, b='type T @key(fields: "other") { other: ID! x: Int }'),
    ),
    "value type in parts": (
        "SATISFIABILITY_ERROR",
        graph(
            a="type Query { a: V } type V @shareable { x: Int }",
            b="type Query { b: V } type V @shareable { x: Int y: Int }",
        ),
    ),
    "requires in a circle": (
        "SATISFIABILITY_ERROR",
        graph(
            a="type Query { t: T } "
            'type T @key(fields: "id") { id: ID! y: Int @external x: Int @requires(fields: "y") }',
            b='type T @key(fields: "id") { id: ID! x: Int @external y: Int @requires(fields: "x") }',
        ),
    ),
}
