"""Random supergraphs and queries: one schema split into subgraphs by a seed, with data and the queries to ask it.

A graph has entities with one or two keys, value types, an interface, a union, at times an interface object; its fields
are dealt out to subgraphs, some shared, some moved by `@override`, some external for `@requires` or `@provides`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.gateway.worlds import HEAD, Obj, World

NAMES = ("a", "b", "c", "d")
KEY_FIELDS = {"id": ("id: ID!",), "code": ("code: ID!",), "pin { x } code": ("code: ID!", "pin: Val!")}
"""What an entity declares for each of its keys."""
VALUE = "type Val @shareable { x: String! y: String }"


@dataclass
class Entity:
    """An entity type: its keys, and the type of each field that is dealt out."""

    name: str
    keys: tuple[str, ...]
    fields: dict[str, str]
    in_interface: bool


@dataclass
class Part:
    """An entity in one subgraph."""

    keys: set[str] = field(default_factory=set)
    resolvable: bool = True
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class RandomGraph:
    """What one seed makes."""

    subgraphs: dict[str, str]
    objects: list[Obj]
    roots: dict[str, Any]

    def world(self) -> World:
        """The graph, composed and served."""
        return World(self.subgraphs, self.objects, self.roots)


def random_graph(seed: int) -> RandomGraph:
    """Make the graph of a seed. It may not compose: dealing by chance can leave a field out of reach."""
    return _Maker(Random(seed)).make()


class _Maker:
    """Makes one graph."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.names = NAMES[: random.randint(2, 4)]
        self.entities = [self._entity(n) for n in range(random.randint(3, 5))]
        self.members = [e for e in self.entities if e.in_interface]
        self.union = [e for e in self.entities if random.random() < 0.6] or self.entities[:1]
        self.opaque = random.choice(self.names[1:]) if self.members and random.random() < 0.4 else None
        self.parts: dict[str, dict[str, Part]] = {name: {} for name in self.names}
        self.roots: dict[str, dict[str, str]] = {name: {} for name in self.names}

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def _entity(self, number: int) -> Entity:
        fields = {}
        for n in range(self.random.randint(2, 5)):
            bang = "!" if self.chance(0.3) else ""
            argument = "(in: String)" if self.chance(0.15) else ""
            fields[f"s{n}"] = f"{argument}: String{bang}"
        if self.chance(0.6):
            fields["val"] = ": Val" if self.chance(0.7) else ": [Val!]!"
        for n in range(self.random.randint(0, 2)):
            fields[f"r{n}"] = ": " + self.random.choice(("E0", "E1", "E2", "[E0!]!", "[E1]", "U", "[U!]!", "I", "[I!]"))
        keys = self.random.choice((("id",), ("id", "code"), ("id", "pin { x } code"), ("id",)))
        in_interface = self.chance(0.6)
        if in_interface:
            fields["label"] = ": String"
        return Entity(f"E{number}", keys, fields, in_interface)

    def make(self) -> RandomGraph:
        if not self.members:
            for entity in self.entities:
                entity.fields = {
                    n: t.replace("I", "U") if t.startswith((": I", ": [I")) else t for n, t in entity.fields.items()
                }
        for entity in self.entities:
            self._deal(entity)
        for name in self.names:
            self._root_fields(name)
        for name in self.names:
            self._stubs(name)
        for name in self.names:
            for entity in self.entities:
                if entity.name in self.parts[name]:
                    self._require(name, entity)
            self._provide(name)
        subgraphs = {name: HEAD + self._sdl(name) for name in self.names}
        return RandomGraph(subgraphs, *self._data())

    def _moved(self, field_name: str) -> bool:
        """Whether some subgraph takes a field of this name over; it then provides nothing."""
        parts = [part for parts in self.parts.values() for part in parts.values()]
        return any("@override" in part.fields.get(field_name, "") for part in parts)

    def _may_hold(self, name: str, entity: Entity) -> bool:
        return name != self.opaque or not entity.in_interface

    def _part(self, name: str, entity: Entity) -> Part:
        if entity.name not in self.parts[name]:
            keys = set(entity.keys) if self.chance(0.6) else {self.random.choice(entity.keys)}
            if entity.in_interface:
                keys.add("id")
            self.parts[name][entity.name] = Part(keys)
        return self.parts[name][entity.name]

    def _deal(self, entity: Entity) -> None:
        able = [name for name in self.names if self._may_hold(name, entity)]
        for field_name, declared in entity.fields.items():
            if field_name.startswith("r") and "I" not in declared:
                able = [name for name in able if name != self.opaque]
            owner = self.random.choice(able)
            part = self._part(owner, entity)
            other = self.random.choice(able)
            if other != owner and self.chance(0.2):
                part.fields[field_name] = f"{declared} @shareable"
                self._part(other, entity).fields[field_name] = f"{declared} @shareable"
            elif other != owner and self.chance(0.15):
                part.fields[field_name] = f'{declared} @override(from: "{other}")'
                self._part(other, entity).fields[field_name] = declared
            else:
                part.fields[field_name] = declared

    def _root_fields(self, name: str) -> None:
        for n in range(self.random.randint(1, 2)):
            choices = [e.name for e in self.entities if self._may_hold(name, e)] + ["U", "I"]
            if name == self.opaque:
                choices = [c for c in choices if c != "U"]
            if not self.members:
                choices.remove("I")
            kind = self.random.choice(choices or ["Val"])
            self.roots[name][f"{name}{n}"] = ": " + (f"[{kind}!]!" if self.chance(0.4) else kind)
        if name == self.names[0]:
            first = next(e for e in self.entities)
            shared = [n for n in self.names if self._may_hold(n, first)]
            for other in self.random.sample(shared, min(2, len(shared))):
                self.roots[other]["shared"] = f": {first.name} @shareable"

    def _stubs(self, name: str) -> None:
        """Declare whatever the subgraph's fields return."""
        todo = [*self.roots[name].values()]
        todo += [t for part in self.parts[name].values() for t in part.fields.values()]
        for declared in todo:
            kind = declared.partition(" ")[2].split(" ")[0].strip("[]!")
            wanted = {"U": self.union, "I": self.members}.get(kind, [e for e in self.entities if e.name == kind])
            for entity in wanted:
                if not self._may_hold(name, entity):
                    continue
                if entity.name not in self.parts[name]:
                    part = self._part(name, entity)
                    part.resolvable = self.chance(0.5)

    def _others(self, name: str, entity: Entity) -> list[str]:
        """Text fields of an entity that only other subgraphs give."""
        own = self.parts[name][entity.name].fields if entity.name in self.parts[name] else {}
        return [f for f in entity.fields if f not in own and not f.startswith("r")]

    def _through(self, name: str, entity: Entity) -> str | None:
        """A requirement that reaches through a reference to another entity's field."""
        part = self.parts[name][entity.name]
        for field_name, declared in entity.fields.items():
            target = next((e for e in self.entities if declared.strip(": []!") == e.name), None)
            if target is None or field_name in part.fields or not self._may_hold(name, target):
                continue
            there = self._part(name, target)
            wanted = [f for f, t in target.fields.items() if f.startswith("s") and "(" not in t]
            if not wanted or target is entity:
                continue
            deep = self.random.choice(wanted)
            there.fields.setdefault(deep, f"{target.fields[deep]} @external")
            part.fields[field_name] = f"{declared} @external"
            return f"{field_name} {{ {deep} }}"
        return None

    def _require(self, name: str, entity: Entity) -> None:
        part = self.parts[name][entity.name]
        if not part.resolvable or not self.chance(0.35):
            return
        needed = self._others(name, entity)
        if not needed:
            return
        texts = []
        for field_name in self.random.sample(needed, min(len(needed), self.random.randint(1, 2))):
            declared = entity.fields[field_name]
            part.fields[field_name] = f"{declared} @external"
            text = field_name
            if declared.startswith("("):
                text += self.random.choice(("", '(in: \\"X\\")', '(in: \\"Y\\")'))
            if field_name == "val":
                text += self.random.choice((" { x }", " { x y }"))
            texts.append(text)
        deep = self._through(name, entity) if self.chance(0.5) else None
        texts += [deep] if deep else []
        part.fields[f"q{name}"] = f': String @requires(fields: "{" ".join(texts)}")'
        entity.fields[f"q{name}"] = ": String"

    def _provide(self, name: str) -> None:
        """Let some reference give a field of what it refers to."""
        places = [self.roots[name], *(part.fields for part in self.parts[name].values())]
        for fields in places:
            for field_name, declared in list(fields.items()):
                kind = declared.partition(" ")[2].strip("[]!")
                entity = next((e for e in self.entities if e.name == kind), None)
                members = [entity] if entity else self.union if kind == "U" and name != self.opaque else []
                if not members or self._moved(field_name) or not self.chance(0.4):
                    continue
                member = self.random.choice(members)
                free = [f for f in self._others(name, member) if f.startswith("s") and "(" not in member.fields[f]]
                if not free or member.name not in self.parts[name]:
                    continue
                given = self.random.choice(free)
                self.parts[name][member.name].fields[given] = f"{member.fields[given]} @external"
                text = given if entity else f"... on {member.name} {{ {given} }}"
                fields[field_name] = f'{declared} @provides(fields: "{text}")'

    def _sdl(self, name: str) -> str:
        lines = ["type Query {"] + [f"  {n}{t}" for n, t in self.roots[name].items()] + ["}", VALUE]
        parts = self.parts[name]
        for entity in self.entities:
            if entity.name not in parts:
                continue
            part = parts[entity.name]
            off = "" if part.resolvable else ", resolvable: false"
            keys = " ".join(f'@key(fields: "{key}"{off})' for key in sorted(part.keys))
            implements = " implements I" if entity.in_interface and "id" in part.keys else ""
            own_keys = dict.fromkeys(text for key in sorted(part.keys) for text in KEY_FIELDS[key])
            fields = [f"  {text}" for text in own_keys] + [f"  {n}{t}" for n, t in part.fields.items()]
            lines += [f"type {entity.name}{implements} {keys} {{", *fields, "}"]
        text = "\n".join(lines)
        if self.opaque == name:
            text += '\ntype I @interfaceObject @key(fields: "id") { id: ID! extra: String near: I }'
        elif self.members:
            whole = all(
                e.name in parts and "id" in parts[e.name].keys and parts[e.name].resolvable for e in self.members
            )
            key = '@key(fields: "id") ' if whole and self.opaque else ""
            held = [parts[e.name].fields.get("label", "@external") for e in self.members if e.name in parts]
            label = "" if any("@external" in t or "@override" in t for t in held) else " label: String"
            text += f"\ninterface I {key}{{ id: ID!{label} }}"
        known = [e.name for e in self.union if e.name in parts]
        return text + (f"\nunion U = {' | '.join(known)}" if known else "")

    def _data(self) -> tuple[list[Obj], dict[str, Any]]:
        objects = {
            e.name: [
                Obj(
                    e.name,
                    {"id": f"{e.name}-{n}", "code": f"{e.name}:{n}", "pin": Obj("Val", {"x": f"p{n}", "y": None})},
                )
                for n in range(3)
            ]
            for e in self.entities
        }
        union = [o for e in self.union for o in objects[e.name]]
        members = [o for e in self.members for o in objects[e.name]]
        pools = {**objects, "U": union, "I": members}

        def value(declared: str, text: str) -> Any:
            shape = declared.rpartition(": ")[2].split(" ")[0]
            kind = shape.strip("[]!")
            if not shape.endswith("!") and self.chance(0.15):
                return None
            if kind == "String":
                return f"{text} {self.random.randint(0, 9)}"

            def one() -> Any:
                if kind == "Val":
                    return Obj("Val", {"x": f"x{self.random.randint(0, 9)}", "y": self.random.choice((None, "y"))})
                return self.random.choice(pools[kind])

            return [one() for _ in range(self.random.randint(0, 3))] if shape.startswith("[") else one()

        for entity in self.entities:
            for obj in objects[entity.name]:
                obj.values |= {n: value(t, f"{obj.values['id']}.{n}") for n, t in entity.fields.items()}
                if entity.in_interface and self.opaque:
                    obj.values |= {"extra": f"extra {obj.values['id']}", "near": self.random.choice((None, *members))}
        roots = {n: value(t.split(" @")[0], n) for fields in self.roots.values() for n, t in fields.items()}
        return [o for listed in objects.values() for o in listed], roots


def random_graphs(seeds: range) -> Iterator[tuple[int, RandomGraph]]:
    """Graphs of many seeds."""
    for seed in seeds:
        yield seed, random_graph(seed)
