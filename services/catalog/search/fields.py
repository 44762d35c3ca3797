"""The index's fields, and a product as a document of them. A change here rebuilds every index: raise `VERSION`."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Final

import tantivy

from services.catalog.search.entry import IndexedProduct
from services.catalog.search.model import NAME_WORDS, name_words
from services.catalog.search.text import GAP, code_of, fold, indexed

VERSION: Final = 3
"""Of fields and of the text pipeline: an index of another version is made anew."""
TOKENS: Final = "noren_tokens"
NAME, NEAR, FULL = "name", "near", "full"
"""Tokens of the names; of names, brand, categories and option values; of these and descriptions."""
NAME_PARTS: Final = tuple(f"name_{place}" for place in range(NAME_WORDS))
SUGGESTED: Final = "\x1f"
"""In a suggestion, between the folded text that is typed and the text that is shown."""
MAX_SUGGESTION: Final = 60
"""Characters: longer ones are titles of whole pages."""
DESCRIPTION: Final = 2_000
"""Characters of a description that are searched: what matters is said first."""


def stamp(channels: Sequence[str]) -> str:
    """What an index was made for; one with another stamp cannot be read."""
    return f"v{VERSION};tantivy {version('tantivy').rsplit('.', 1)[0]};{','.join(sorted(channels))}"


def build_schema(channels: Sequence[str]) -> tantivy.Schema:
    """Fields by use: found by, narrowed by, ordered by."""
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    for name in (NAME, NEAR, FULL):
        builder.add_text_field(name, tokenizer_name=TOKENS, index_option="position")
    for name in ("exact", "code", "offer", "suggestion", "shown"):
        builder.add_text_field(name, tokenizer_name="raw", index_option="basic")
    for name in ("brand", "category", "option", "attribute"):
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("sort_name", fast=True, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("coarse", indexed=True)
    builder.add_unsigned_field("due", fast=True)
    builder.add_unsigned_field("rating_points", fast=True, indexed=True)
    for name in ("rank", "popularity", "rating", "newest", "tie", *NAME_PARTS):
        builder.add_unsigned_field(name, fast=True)
    for channel in channels:
        builder.add_unsigned_field(f"low_{channel}", fast=True)
        builder.add_unsigned_field(f"high_{channel}", fast=True)
        builder.add_unsigned_field(f"price_{channel}", fast=True)
    return builder.build()


def register_tokenizer(index: tantivy.Index) -> None:
    """Texts come as tokens already; only the gaps are dropped, and keep their places."""
    gapless = tantivy.Filter.custom_stopword([GAP])
    index.register_tokenizer(
        TOKENS, tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).filter(gapless).build()
    )


def document_of(row: IndexedProduct) -> tantivy.Document:
    """What the writer adds."""
    document = tantivy.Document()
    near = [*row.names, *row.near]
    document.add_text("id", row.id)
    document.add_text(NAME, indexed(row.names))
    document.add_text(NEAR, indexed(near))
    document.add_text(FULL, indexed([*near, *(text[:DESCRIPTION] for text in row.descriptions)]))
    _add_terms(document, row)
    document.add_text("sort_name", row.sort_key)
    document.add_unsigned("coarse", int(row.coarse))
    document.add_unsigned("due", row.due)
    document.add_unsigned("rating_points", row.rating)
    for name, number in zip(NAME_PARTS, name_words(row.sort_key), strict=True):
        document.add_unsigned(name, number)
    for name, key in row.keys.items():
        document.add_unsigned(name, key)
    for channel, amounts in row.prices.items():
        for amount in amounts:
            document.add_unsigned(f"price_{channel}", amount)
    return document


def _add_terms(document: tantivy.Document, row: IndexedProduct) -> None:
    terms = {
        "exact": {fold(name) for name in row.names},
        "code": {code_of(code) for code in row.codes},
        "category": row.categories,
        "option": row.options,
        "attribute": row.attributes,
        "shown": row.shown,
        "offer": row.offers,
        "brand": [row.brand] if row.brand else [],
        "suggestion": _suggestions([*row.names, *row.near]),
    }
    for name, values in terms.items():
        for value in values:
            document.add_text(name, value)


def _suggestions(texts: Sequence[str]) -> set[str]:
    """Every text, to be found by its beginning and by that of each of its words."""
    found: set[str] = set()
    for text in dict.fromkeys(" ".join(text.split()) for text in texts):
        if not text or len(text) > MAX_SUGGESTION:
            continue
        folded = fold(text)
        words = folded.split(" ")
        found |= {f"{' '.join(words[i:])}{SUGGESTED}{text}" for i in range(len(words))}
    return found
