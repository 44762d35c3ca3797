"""Random queries over any schema: aliases, fragments, conditions, arguments, `__typename`. A seed makes them again."""

from dataclasses import replace
from random import Random
from typing import Any

from graphql import (
    DirectiveNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    Visitor,
    get_named_type,
    is_abstract_type,
    is_composite_type,
    is_leaf_type,
    is_union_type,
    parse,
    print_ast,
    visit,
)

ALIASES = ("one", "two", "id", "s0", "code")
MAX_DEPTH = 5


def random_query(schema: GraphQLSchema, random: Random) -> str:
    """Make one document. It is mostly valid: two fields may still claim one key."""
    writer = _Writer(schema, random)
    body = writer.selection(schema.query_type, MAX_DEPTH)
    declared = "($yes: Boolean = true, $no: Boolean = false)" if "$" in body + "".join(writer.fragments) else ""
    return "\n".join([f"query Q{declared} {body}", *writer.fragments])


def deferring(query: str, random: Random) -> str:
    """The same document with `@defer` on some of its fragments, and on new ones around some of its fields."""
    document = visit(parse(query), _Deferring(random))
    used = "$yes" in print_ast(document)
    text = print_ast(document)
    return text.replace("query Q {", "query Q($yes: Boolean = true) {") if used else text


class _Deferring(Visitor):
    """Adds `@defer` here and there."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._random = random
        self._labels = 0

    def leave_selection_set(self, node: SelectionSetNode, *_: Any) -> SelectionSetNode:
        kept, moved = [], []
        for selection in node.selections:
            (moved if self._random.random() < 0.2 else kept).append(selection)
        if not moved:
            return node
        around = InlineFragmentNode(
            type_condition=None, directives=self._directive(), selection_set=SelectionSetNode(selections=tuple(moved))
        )
        # A field that is deferred and not, or deferred twice, is delivered once.
        again = tuple(moved[:1]) if self._random.random() < 0.2 else ()
        return SelectionSetNode(selections=(*kept, around, *again))

    def leave_inline_fragment(self, node: InlineFragmentNode, *_: Any) -> InlineFragmentNode:
        return self._maybe(node)

    def leave_fragment_spread(self, node: FragmentSpreadNode, *_: Any) -> FragmentSpreadNode:
        return self._maybe(node)

    def _maybe(self, node: Any) -> Any:
        if self._random.random() < 0.6 or any(d.name.value == "defer" for d in node.directives or ()):
            return node
        return replace(node, directives=(*(node.directives or ()), *self._directive()))

    def _directive(self) -> tuple[DirectiveNode, ...]:
        self._labels += 1
        condition = self._random.choice(("", "", "if: true, ", "if: $yes, "))
        [definition] = parse(f'{{ ... @defer({condition}label: "d{self._labels}") {{ a }} }}').definitions
        assert isinstance(definition, OperationDefinitionNode)
        return tuple(definition.selection_set.selections[0].directives or ())


class _Writer:
    def __init__(self, schema: GraphQLSchema, random: Random) -> None:
        self._schema = schema
        self._random = random
        self.fragments: list[str] = []

    def selection(self, parent: Any, depth: int) -> str:
        items = [self._item(parent, depth) for _ in range(self._random.randint(1, 3))]
        return "{ " + " ".join(items) + " }"

    def _item(self, parent: Any, depth: int) -> str:
        kind = self._random.random()
        if kind < 0.1 or (depth <= 0 and is_union_type(parent)):
            return "__typename"
        if is_union_type(parent) or (kind < 0.35 and depth > 0 and parent.name != "Query"):
            return self._fragment(parent, depth)
        return self._field(parent, depth)

    def _fragment(self, parent: Any, depth: int) -> str:
        inside = parent
        if is_abstract_type(parent):
            inside = self._random.choice(self._schema.get_possible_types(parent))
        elif parent.interfaces and self._random.random() < 0.5:
            inside = self._random.choice(parent.interfaces)
        body, condition = self.selection(inside, depth - 1), self._condition()
        if self._random.random() < 0.3:
            self.fragments.append(f"fragment F{len(self.fragments)} on {inside.name} {body}")
            return f"...F{len(self.fragments) - 1}{condition}"
        return f"... on {inside.name}{condition} {body}"

    def _field(self, parent: Any, depth: int) -> str:
        names = [n for n, f in parent.fields.items() if depth > 0 or is_leaf_type(get_named_type(f.type))]
        if not names:
            return "__typename"
        name = self._random.choice(names)
        declared = parent.fields[name]
        returned = get_named_type(declared.type)
        alias = f"{self._random.choice(ALIASES)}: " if self._random.random() < 0.15 else ""
        arguments = self._random.choice(("", '(in: "X")', '(in: "Z")')) if "in" in declared.args else ""
        text = f"{alias}{name}{arguments}{self._condition()}"
        return f"{text} {self.selection(returned, depth - 1)}" if is_composite_type(returned) else text

    def _condition(self) -> str:
        if self._random.random() < 0.9:
            return ""
        directive, switch = self._random.choice(("skip", "include")), self._random.choice(("$yes", "$no", "true"))
        return f" @{directive}(if: {switch})"
