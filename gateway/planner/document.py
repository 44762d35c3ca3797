"""Writes the document that a fetch sends: variables, representations, and fragments only where types differ."""

from collections.abc import Iterable, Mapping

from graphql import OperationDefinitionNode, VariableDefinitionNode, print_ast

from gateway.plan import Kind
from gateway.planner.contexts import ContextValue
from gateway.planner.draft import Asked, Node
from gateway.planner.gather import ENTITIES
from gateway.supergraph import Subgraph
from gateway.supergraph.selection import TYPENAME


class Writer:
    """Writes the documents of one operation."""

    def __init__(self, operation: OperationDefinitionNode, kind: Kind) -> None:
        self.kind: Kind = kind
        self._name = operation.name.value if operation.name else None
        self._variables: dict[str, VariableDefinitionNode] = {
            definition.variable.name.value: definition for definition in operation.variable_definitions or ()
        }
        self._written: dict[Node, str] = {}
        self.representations_variable = "representations"
        while self.representations_variable in self._variables:
            self.representations_variable = "_" + self.representations_variable

    def document(
        self, subgraph: Subgraph, root: Node, number: int, contexts: Iterable[ContextValue] = ()
    ) -> tuple[str, tuple[str, ...], str | None]:
        """Return the document, the client's variables it uses, and its operation name."""
        used = _variables(root)
        variables = tuple(name for name in self._variables if name in used)
        declared = [_declaration(self._variables[name]) for name in variables]
        name = f"{self._name}__{subgraph.name.replace('-', '_')}__{number}" if self._name else None
        selection = self.selection(subgraph, root)
        declared += [f"${value.variable}: {value.type}" for value in contexts]
        if root.static == ENTITIES:
            declared.insert(0, f"${self.representations_variable}: [_Any!]!")
            selection = f"{{{ENTITIES}(representations: ${self.representations_variable}) {selection}}}"
        head = "query" if root.static not in ("Mutation", "Subscription") else self.kind
        if declared:
            return f"{head} {name or ''}({', '.join(declared)}) {selection}", variables, name
        return f"{head} {name or ''} {selection}", variables, name

    def selection(self, subgraph: Subgraph, node: Node) -> str:
        """Return a selection set as text. Fields which all types share stand outside of fragments."""
        if not node.abstract:
            fields = node.by_type.get(node.static, {})
            return self._braces([self.field(subgraph, key, asked) for key, asked in fields.items()])
        common = self._common(subgraph, node)
        # An entity fetch asks for types only where it is there to tell them.
        told = node.static != ENTITIES or any(TYPENAME in fields for fields in node.by_type.values())
        parts = [TYPENAME] if told else []
        parts += common.values()
        for type_name, fields in node.by_type.items():
            own = [
                self.field(subgraph, key, asked)
                for key, asked in fields.items()
                if key not in common and key != TYPENAME
            ]
            if own and type_name == node.static:
                parts += own
            elif own:
                parts.append(f"... on {type_name} {self._braces(own)}")
        return self._braces(parts)

    def _common(self, subgraph: Subgraph, node: Node) -> Mapping[str, str]:
        """Fields of an interface that are asked of each type it may stand for, in the same way."""
        interface = subgraph.types.get(node.static)
        possible = subgraph.possible.get(node.static, ())
        if interface is None or interface.kind != "interface" or set(possible) != set(node.by_type):
            return {}
        common = {}
        first = node.by_type[possible[0]] if possible else {}
        for key, asked in first.items():
            declared = interface.fields.get(asked.name)
            if declared is None or not all(key in node.by_type[t] for t in possible):
                continue
            texts = {self.field(subgraph, key, node.by_type[t][key]) for t in possible}
            if len(texts) > 1:
                continue
            returned = {subgraph.types[t].fields[asked.name].type.name for t in possible}
            if returned == {declared.type.name}:
                common[key] = texts.pop()
        return common

    def field(self, subgraph: Subgraph, key: str, asked: Asked) -> str:
        """Return one field as text, with all below it."""
        text = asked.name if key == asked.name else f"{key}: {asked.name}"
        text += asked.arguments
        if asked.below is None:
            return text
        # Nodes below a root are final when writing starts, and a shared field is written once per type.
        if asked.below not in self._written:
            self._written[asked.below] = self.selection(subgraph, asked.below)
        return f"{text} {self._written[asked.below]}"

    def _braces(self, parts: list[str]) -> str:
        return "{" + " ".join(parts or [TYPENAME]) + "}"


def _declaration(definition: VariableDefinitionNode) -> str:
    default = f" = {print_ast(definition.default_value)}" if definition.default_value else ""
    return f"${definition.variable.name.value}: {print_ast(definition.type)}{default}"


def _variables(node: Node) -> set[str]:
    used: set[str] = set()
    for fields in node.by_type.values():
        for asked in fields.values():
            used |= asked.variables
            if asked.below:
                used |= _variables(asked.below)
    return used
