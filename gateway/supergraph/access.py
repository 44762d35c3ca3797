"""What a schema demands of who asks (`@authenticated`, `@requiresScopes`, `@policy`), and what a caller holds of it.

A field of an object demands what stands on itself, on its object type, and on the type that it gives. What is demanded
is judged by concrete type: of an interface or union, the objects whose type a caller may not see lack their fields, the
others do not. `__typename` demands nothing. Keys and `@requires` are fetched whatever the caller holds, since they are
asked by the graph and not by the caller; they are not shown to whoever may not ask for them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from gateway.errors import UNAUTHORIZED, error
from gateway.supergraph.selection import TYPENAME, Field, Selection

Atoms = frozenset[str]
"""What can be held: `authenticated`, `scope:NAME`, `policy:NAME`."""
AUTHENTICATED = "authenticated"
Clause = tuple[Atoms, ...]
"""Any of these, each of them whole."""
Rule = tuple[Clause, ...]
"""All of these clauses."""
Path = tuple[str, ...]

MAX_ERRORS = 20
"""Fields named by one refusal."""


@dataclass(frozen=True, slots=True)
class Authority:
    """What a caller holds. `unlimited` is for the gateway's own questions, never for a client's."""

    holds: Atoms = frozenset()
    unlimited: bool = False

    @classmethod
    def of(cls, scopes: Iterable[str], policies: Iterable[str] = (), *, authenticated: bool) -> "Authority":
        """Of a caller with these scopes, of whom these policies are true."""
        holds = {*(f"scope:{name}" for name in scopes), *(f"policy:{name}" for name in policies)}
        return cls(frozenset(holds | {AUTHENTICATED} if authenticated else holds))

    def of_these(self, demanded: Atoms) -> Atoms:
        """What it holds of what is demanded: callers with the same may share a plan."""
        return demanded if self.unlimited else demanded & self.holds


NOBODY = Authority()
UNLIMITED = Authority(unlimited=True)


def allows(rule: Rule, held: Atoms) -> bool:
    """Whether this is enough."""
    return all(any(needed <= held for needed in clause) for clause in rule)


@dataclass(frozen=True, slots=True)
class Rules:
    """What each field of each object type demands, where it demands anything."""

    fields: Mapping[str, Mapping[str, Rule]] = field(default_factory=dict)
    by_name: Mapping[str, Atoms] = field(init=False)
    """Everything that any field of a name demands."""

    def __post_init__(self) -> None:
        by_name: dict[str, Atoms] = {}
        for rules in self.fields.values():
            for name, rule in rules.items():
                by_name[name] = by_name.get(name, frozenset()).union(*(part for clause in rule for part in clause))
        object.__setattr__(self, "by_name", by_name)

    def demanded(self, names: Iterable[str]) -> Atoms:
        """What an operation with fields of these names may depend on."""
        found: Atoms = frozenset()
        for name in names:
            if name in self.by_name:
                found |= self.by_name[name]
        return found

    def everything(self) -> Atoms:
        """All that is demanded anywhere."""
        return frozenset[str]().union(*self.by_name.values())


@dataclass(frozen=True, slots=True)
class Permitted:
    """What is left of a selection, and the client's way to each field that is not."""

    selection: Selection
    withheld: tuple[Path, ...] = ()

    def refusal(self) -> list[dict[str, object]]:
        """One error for each field that is withheld, up to `MAX_ERRORS`."""
        return [refused(path) for path in self.withheld[:MAX_ERRORS]]


def refused(path: Iterable[str | int]) -> dict[str, object]:
    """The error of a field that the caller may not see; it does not say what would have to be held."""
    return error("The API key or token does not allow this field.", UNAUTHORIZED, [*path])


def permitted(selection: Selection, rules: Rules, held: Atoms) -> Permitted:
    """Withhold the fields for which this is not enough: they are not fetched, and shown as null."""
    cut = _Cut(rules, held)
    left = cut.selection(selection, ())
    return Permitted(left, tuple(dict.fromkeys(cut.withheld)))


class _Cut:
    """One walk. Fields that types share stay shared."""

    def __init__(self, rules: Rules, held: Atoms) -> None:
        self._rules = rules
        self._held = held
        self._known: dict[int, Field] = {}
        self.withheld: list[Path] = []

    def selection(self, selection: Selection, path: Path) -> Selection:
        by_type: dict[str, dict[str, Field]] = {}
        shown: dict[str, tuple[Field, ...]] = {}
        same = True
        for concrete, fields in selection.by_type.items():
            rules = self._rules.fields.get(concrete, {})
            kept = by_type[concrete] = {}
            listed = []
            for key, asked in fields.items():
                rule = rules.get(asked.name) if asked.name != TYPENAME else None
                if rule is not None and not allows(rule, self._held):
                    self.withheld.append((*path, key))
                    listed.append(replace(asked, selection=None, withheld=True))
                    same = False
                    continue
                kept[key] = left = self._field(asked, (*path, key))
                listed.append(left)
                same = same and left is asked
            shown[concrete] = tuple(listed)
        return selection if same else replace(selection, by_type=by_type, shown=shown)

    def _field(self, asked: Field, path: Path) -> Field:
        if asked.selection is None:
            return asked
        if id(asked) not in self._known:
            below = self.selection(asked.selection, path)
            self._known[id(asked)] = asked if below is asked.selection else asked.copy_with(below)
        return self._known[id(asked)]
