"""From words and narrowings to the index's own queries."""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from math import ceil

import tantivy
from tantivy import FieldType, Occur, Query

from services.catalog.search.fields import FULL, NAME, NEAR
from services.catalog.search.model import (
    ANYWHERE,
    OFFERED,
    FacetAsked,
    FacetKind,
    Narrow,
    offer,
    offers_wanted,
    pair,
    shown_at,
)
from services.catalog.search.synonyms import Group, Thesaurus, Words
from services.catalog.search.text import code_of, fold, inside, is_japanese, tokens_of_word, tolerated

ENOUGH = 0.6
"""Share of a long Japanese word's pairs that must be there when typing errors are forgiven: one wrong character
of six breaks two pairs of five."""


class Mode(Enum):
    """How forgiving a search is; the next one is tried where the one before finds nothing at all."""

    EXACT = "exact"
    SPLIT = "split"
    LOOSE = "loose"
    PARTIAL = "partial"


class Asking:
    """Builds queries for one index."""

    def __init__(self, schema: tantivy.Schema) -> None:
        self._schema = schema

    def tiers(self, text: str, mode: Mode, thesaurus: Thesaurus) -> list[Query]:
        """The ways to match, best first: a code, a whole name, words in names, around them, in descriptions."""
        if mode is Mode.EXACT:
            groups = thesaurus.groups(text)
            sure = [self.term("code", code_of(text)), self.term("exact", fold(text))]
            return sure + ([self._all_of(field, groups) for field in (NAME, NEAR, FULL)] if groups else [])
        groups = thesaurus.split_groups(text)
        if not groups:
            return []
        if mode is Mode.PARTIAL and len(groups) < 2:
            return []
        least = len(groups) - 1 if mode is Mode.PARTIAL else len(groups)
        loose = mode is not Mode.SPLIT
        return [self._all_of(field, groups, loose=loose, least=least) for field in (NAME, NEAR, FULL)]

    def visible(self, narrow: Narrow) -> list[Query]:
        """What is offered where somebody looks; staff sees all."""
        if narrow.sees_all:
            return []
        places = [shown_at(narrow.channel)]
        if narrow.location is not None:
            places.append(shown_at(narrow.channel, narrow.location))
        return [self.any_term("shown", places)]

    def due(self, second: int) -> Query:
        """Products in which something has changed by itself until then."""
        return self._range("due", None, second)

    def narrowed(self, narrow: Narrow, without: FacetAsked | None = None) -> list[Query]:
        """What every product of the listing must be, but for the narrowing by one facet."""
        kind = None if without is None else without.kind
        queries = self.visible(narrow)
        if narrow.categories and kind is not FacetKind.CATEGORY:
            queries.append(self.any_term("category", narrow.categories))
        if narrow.brands and kind is not FacetKind.BRAND:
            queries.append(self.any_term("brand", narrow.brands))
        if (narrow.price_from, narrow.price_to) != (None, None):
            queries.append(self._range(f"price_{narrow.channel}", narrow.price_from, narrow.price_to))
        if narrow.min_rating is not None and kind is not FacetKind.RATING:
            queries.append(self.rated(narrow.min_rating))
        for code, values in narrow.attributes.items():
            if without != FacetAsked(FacetKind.ATTRIBUTE, code):
                queries.append(self.any_term("attribute", [pair(code, value) for value in values]))
        where = None if kind is FacetKind.IN_STOCK else narrow.in_stock_at
        options = {
            n: v for n, v in narrow.options.items() if not (kind is FacetKind.OPTION and without and n == without.name)
        }
        if options or where is not None:
            queries.append(self.offered(where or OFFERED, options))
        return queries

    def offered(self, where: str, options: Mapping[str, Sequence[str]]) -> Query:
        """Products with one variant that has these option values and, at a location, is in stock."""
        exact = self.any_term("offer", offers_wanted(where, options))
        if where in (OFFERED, ANYWHERE) or not options:
            return exact
        coarse = self._term_number("coarse", 1)
        nearly = [coarse, self.term("offer", offer(where, ())), self.any_term("offer", offers_wanted(OFFERED, options))]
        return any_of([exact, all_of(nearly)])

    def rated(self, stars: int) -> Query:
        """Products of at least so many stars in the mean."""
        return self._range("rating_points", stars * 100, None)

    def past(self, field: str, key: int, *, rising: bool) -> Query:
        """Rows at a key and behind it."""
        return self._range(field, key, None) if rising else self._range(field, None, key)

    def past_name(self, fields: Sequence[str], words: Sequence[int], tie: int) -> Query:
        """Rows at a name and behind it: a > x, or a = x and b > y, and so on."""
        branches: list[Query] = []
        names, numbers = [*fields, "tie"], [*words, tie]
        for place, number in enumerate(numbers):
            same = [self._range(names[i], numbers[i], numbers[i]) for i in range(place)]
            lowest = number if place == len(fields) else number + 1
            if lowest < 2**64:
                branches.append(all_of([*same, self._range(names[place], lowest, None)]))
        return any_of(branches)

    def term(self, field: str, value: str) -> Query:
        """Products with this term."""
        return Query.term_query(self._schema, field, value, index_option="basic")

    def any_term(self, field: str, values: Iterable[str]) -> Query:
        """Products with any of these terms."""
        return any_of([self.term(field, value) for value in values])

    def _term_number(self, field: str, value: int) -> Query:
        return Query.term_query(self._schema, field, value, index_option="basic")

    def _range(self, field: str, lowest: int | None, highest: int | None) -> Query:
        return Query.range_query(self._schema, field, FieldType.Unsigned, lowest, highest)

    def _all_of(self, field: str, groups: Sequence[Group], *, loose: bool = False, least: int | None = None) -> Query:
        parts = [self._group(field, group, loose=loose) for group in groups]
        if least is None or least == len(parts):
            return all_of(parts)
        return Query.boolean_query([(Occur.Should, part) for part in parts], minimum_number_should_match=least)

    def _group(self, field: str, group: Group, *, loose: bool) -> Query:
        if len(group.alternatives) == 1 and len(group.alternatives[0]) == 1:
            word = group.alternatives[0][0]
            if len(word) == 1 and is_japanese(word):  # no word we know: wherever it stands
                return Query.term_query(self._schema, field, inside(word))
        return any_of([self._words(field, words, loose=loose) for words in group.alternatives])

    def _words(self, field: str, words: Words, *, loose: bool) -> Query:
        return all_of([self._word(field, word, loose=loose) for word in words])

    def _word(self, field: str, word: str, *, loose: bool) -> Query:
        tokens = tokens_of_word(word)
        errors = tolerated(word) if loose else 0
        if errors and len(tokens) == 1:
            return Query.fuzzy_term_query(self._schema, field, tokens[0], distance=errors)
        if errors and all(is_japanese(token) for token in tokens):
            pairs = [(Occur.Should, Query.term_query(self._schema, field, token)) for token in tokens]
            return Query.boolean_query(pairs, minimum_number_should_match=ceil(len(pairs) * ENOUGH))
        if len(tokens) == 1:
            return Query.term_query(self._schema, field, tokens[0])
        return Query.phrase_query(self._schema, field, list(tokens)) if tokens else Query.empty_query()


def all_of(queries: Sequence[Query]) -> Query:
    """Products that match every query; all products if there is none."""
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Must, query) for query in queries]) if queries else Query.all_query()


def any_of(queries: Sequence[Query]) -> Query:
    """Products that match at least one query; none if there is none."""
    if len(queries) == 1:
        return queries[0]
    return Query.boolean_query([(Occur.Should, query) for query in queries]) if queries else Query.empty_query()


def but_not(query: Query, queries: Sequence[Query]) -> Query:
    """Products that match `query` and none of the others."""
    if not queries:
        return query
    return Query.boolean_query([(Occur.Must, query), *((Occur.MustNot, other) for other in queries)])
