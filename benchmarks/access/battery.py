"""Documents that cost a default GraphQL server more than they cost who sends them; for the tests and the benchmark."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a graph the bombs are laid: a root field, its type, a leaf of it, and a way from it to itself."""

    root: str
    type: str
    leaf: str
    onward: str

    def nest(self, depth: int, inner: str = "") -> str:
        """A selection that goes `depth` times around."""
        text = inner or self.leaf
        for _ in range(depth):
            text = self.onward.replace("%", text)
        return text

    def ask(self, inner: str) -> str:
        """A query for this at the root."""
        return f"{{ {self.root} {{ {inner} }} }}"


PRODUCT = Place('product(slug: "x")', "Product", "slug", "variants(first: 1) { nodes { product { % } } }")
COMPLEX, INVALID, BAD = "OPERATION_TOO_COMPLEX", "GRAPHQL_VALIDATION_FAILED", "BAD_USER_INPUT"
ANYTHING = ""


def bombs(at: Place) -> Iterator[tuple[str, str, str]]:
    """Name, document and the code of its refusal."""
    leaf, kind = at.leaf, at.type

    def fragments(count: int, body: str) -> str:
        return " ".join(f"fragment F{n} on {kind} {{ {body.replace('%', f'...F{n + 1}')} }}" for n in range(count))

    last = f" fragment F40 on {kind} {{ {leaf} }}"
    yield "nested fragments", f"{at.ask('...F0')} {fragments(40, '% %')}{last}", COMPLEX
    yield "nested fragments that merge", f"{at.ask('...F0')} {fragments(40, f'{at.onward} {at.onward}')}{last}", COMPLEX
    yield (
        "fragments in a circle",
        at.ask("...A") + f" fragment A on {kind} {{ ...B }} fragment B on {kind} {{ ...A }}",
        (INVALID),
    )
    yield "aliases", at.ask(" ".join(f"a{n}: {leaf}" for n in range(600))), COMPLEX
    yield "aliased roots", "{ " + " ".join(f"a{n}: {at.root} {{ {leaf} }}" for n in range(200)) + " }", COMPLEX
    yield "150 kB of directives", at.ask(leaf + " @a" * 50_000), COMPLEX
    yield "directives within the limit", at.ask(leaf + " @a" * 900), INVALID
    yield "overlapping fields", at.ask(f"{leaf} " * 1_900), COMPLEX
    yield "overlapping objects", at.ask(at.nest(1) + " " + " ".join([at.nest(1)] * 150)), COMPLEX
    yield "unknown fields", at.ask(" ".join(f"z{n}" for n in range(1_900))), INVALID
    yield "unknown fragments", at.ask(" ".join(f"...Z{n}" for n in range(900))), INVALID
    yield (
        "unused fragments",
        at.ask(leaf) + "".join(f" fragment U{n} on {kind} {{ {leaf} }}" for n in range(240)),
        INVALID,
    )
    yield "unused variables", "query (" + " ".join(f"$v{n}: Int" for n in range(480)) + ") " + at.ask(leaf), INVALID
    yield "a long comment", at.ask(leaf) + " #" + "x" * 150_000, COMPLEX
    yield "many comments", at.ask(leaf) + "#\n" * 75_000, COMPLEX
    yield "commas", at.ask(leaf + "," * 150_000), COMPLEX
    yield "a long string", at.ask(leaf).replace('"x"', '"' + "x" * 150_000 + '"') + " " * 150_000, COMPLEX
    yield "deep selections", at.ask(at.nest(60)), COMPLEX
    yield "deep inline fragments", at.ask("... { " * 600 + leaf + " }" * 600), COMPLEX
    yield "an unclosed document", "{ " + "a { " * 900, COMPLEX
    yield "deep lists", "{ __type(name: " + "[" * 900 + "]" * 900 + ") { name } }", COMPLEX
    yield "deep objects", "{ __type(name: " + "{a: " * 400 + "1" + "}" * 400 + ") { name } }", COMPLEX
    yield (
        "circular introspection",
        "{ __schema { types { fields { type { fields { type { fields { type { name } } } } } } } } }",
        (INVALID),
    )
    schema = "__schema { types { name fields { name type { name } } } }"
    yield "the schema again and again", "{ " + " ".join(f"a{n}: {schema}" for n in range(10)) + " }", ANYTHING
