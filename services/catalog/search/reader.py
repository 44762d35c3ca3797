"""One opened state of the index: finds pages, counts, and completes what somebody begins to type."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any, Final, TypeVar

import tantivy
from tantivy import Order as Direction
from tantivy import Query

from kit.errors import BadUserInput
from kit.pages import NOT_OURS, PageArgs, encode_cursor
from services.catalog.search.fields import FULL, NAME_PARTS, NEAR, SUGGESTED
from services.catalog.search.model import (
    ANYWHERE,
    OFFERED,
    PAIR,
    Facet,
    FacetAsked,
    FacetKind,
    FacetValue,
    Narrow,
    Order,
    name_tie,
    name_words,
)
from services.catalog.search.query import Asking, Mode, all_of, any_of, but_not
from services.catalog.search.synonyms import Thesaurus
from services.catalog.search.text import distance, fold, is_japanese, stem, tolerated, words_of

SLACK: Final = 8
"""Rows that may share a key (a value and 32 bits of its id's hash) without any of them being lost between pages."""
MAX_FACET_VALUES: Final = 100
"""Values counted of one facet: what a screen shows; of more, the ones most products have."""
MAX_SUGGESTIONS: Final = 10
ALL_OPTIONS: Final = 50_000
"""Values of all options together; only an option with more than `MAX_FACET_VALUES` is counted this way."""
SUGGESTIONS_READ: Final = 400
"""Suggestions with the same beginning that are looked at for the most frequent ones."""
VOCABULARY: Final = 20_000
"""Words of one beginning that a misspelt one is compared with."""
CACHED: Final = 1_024
"""Answers about one state of the index that are kept: pages, counts, modes of texts, values of facets."""

_FIELDS: Final[Mapping[Order, tuple[str, bool]]] = {
    Order.RELEVANCE: ("rank", False),
    Order.POPULARITY: ("popularity", False),
    Order.NEWEST: ("newest", False),
    Order.RATING: ("rating", False),
    Order.NAME: ("sort_name", True),
    Order.PRICE_LOW: ("low", True),
    Order.PRICE_HIGH: ("high", False),
}
"""The field of each order, and whether it rises."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody looks for; without a text it is a listing."""

    narrow: Narrow
    text: str = ""
    order: Order = Order.RELEVANCE


@dataclass(frozen=True, slots=True)
class Found:
    """A page: ids of products in order, each with its cursor, and how forgiving the search had to be."""

    ids: Sequence[str]
    cursors: Sequence[str]
    has_next: bool
    mode: Mode


Hit = tuple[Any, str]
T = TypeVar("T")


class Reader:
    """Reads one state; everything it answers is of that state. Synchronous: a page is well under a millisecond."""

    def __init__(self, schema: tantivy.Schema, searcher: tantivy.Searcher, thesaurus: Thesaurus) -> None:
        self._asking = Asking(schema)
        self._searcher = searcher
        self._modes = lru_cache(CACHED)(self._find_mode)
        self._values = lru_cache(CACHED)(self._values_of)
        self._text_tiers = lru_cache(CACHED)(partial(self._asking.tiers, thesaurus=thesaurus))
        self._answers: OrderedDict[str, Any] = OrderedDict()

    def page(self, ask: Ask, args: PageArgs) -> Found:
        """The page behind the cursor, tier after tier; a tier holds what no better one does."""
        return self._once(("page", ask, args), lambda: self._page(ask, args))

    def count(self, ask: Ask) -> int:
        """How many products there are to page through."""
        return self._once(("count", ask), lambda: self._count(self._whole(ask)))

    def facets(self, ask: Ask, asked: Sequence[FacetAsked]) -> list[Facet]:
        """Counts by value; what is selected in a facet narrows the others, not itself."""
        plain = replace(ask, order=Order.RELEVANCE)
        return [self._once(("facet", plain, one), partial(self._facet, plain, one)) for one in asked]

    def _once(self, key: object, make: Callable[[], T]) -> T:
        """An answer about this state, kept: what many ask is worked out once between two commits."""
        name = repr(key)
        if name in self._answers:
            self._answers.move_to_end(name)
        else:
            self._answers[name] = make()
            if len(self._answers) > CACHED:
                self._answers.popitem(last=False)
        answer: T = self._answers[name]
        return answer

    def _page(self, ask: Ask, args: PageArgs) -> Found:
        mode, tier, after = self._start(ask, args)
        tiers = self._tiers(ask, mode)
        narrow = self._asking.narrowed(ask.narrow)
        rows: list[tuple[int, Hit]] = []
        for place in range(tier, len(tiers)):
            query = but_not(all_of([tiers[place], *narrow]), tiers[:place])
            hits = self._hits(ask, query, after if place == tier else None, args.first + 1 - len(rows))
            rows += [(place, hit) for hit in hits]
            if len(rows) > args.first:
                break
        kept = rows[: args.first]
        cursors = [encode_cursor([ask.order.value, mode.value, place, str(key), id]) for place, (key, id) in kept]
        return Found([id for _, (_, id) in kept], cursors, len(rows) > args.first, mode)

    def price_range(self, ask: Ask) -> tuple[int, int] | None:
        """Lowest and highest price of the products found on the channel, whatever range is chosen."""
        open_range = replace(ask, narrow=replace(ask.narrow, price_from=None, price_to=None))
        stats = {"price": {"stats": {"field": f"price_{ask.narrow.channel}"}}}
        found = self._searcher.aggregate(self._whole(open_range), stats)["price"]
        return (int(found["min"]), int(found["max"])) if found["count"] else None

    def due(self, second: int, limit: int) -> list[str]:
        """Ids of products in which something has changed by itself until then."""
        found = self._searcher.search(self._asking.due(second), limit, count=False)
        return [str(self._searcher.doc(address).get_first("id")) for _, address in found.hits]

    def suggestions(self, narrow: Narrow, typed: str, first: int) -> list[str]:
        """What begins with `typed`, in any of its words; what most products have first."""
        prefix = " ".join(fold(typed).split())
        if not prefix:
            return []
        terms = self._searcher.terms_with_prefix("suggestion", prefix, self._visible(narrow), SUGGESTIONS_READ)
        counts: dict[str, int] = {}
        for term, count in terms:
            shown = term.partition(SUGGESTED)[2]
            counts[shown] = max(count, counts.get(shown, 0))
        return sorted(counts, key=lambda shown: (-counts[shown], len(shown), shown))[:first]

    def correction(self, narrow: Narrow, text: str) -> str | None:
        """The text with every unknown Latin word replaced by the nearest known one; None if nothing changes."""
        words = words_of(text)
        corrected = [self._corrected(narrow, word) for word in words]
        return " ".join(corrected) if corrected != words else None

    def _start(self, ask: Ask, args: PageArgs) -> tuple[Mode, int, Hit | None]:
        if args.after is None:
            return self._mode_of(ask), 0, None
        if len(args.after) != 5 or args.after[0] != ask.order.value or not isinstance(args.after[2], int):
            raise BadUserInput(NOT_OURS)
        try:
            mode = Mode(args.after[1])
            key = args.after[3] if ask.order is Order.NAME else int(args.after[3])
        except ValueError as error:
            raise BadUserInput(NOT_OURS) from error
        return mode, max(args.after[2], 0), (key, str(args.after[4]))

    def _tiers(self, ask: Ask, mode: Mode) -> list[Query]:
        if not ask.text:
            return [Query.all_query()]
        tiers = self._text_tiers(ask.text, mode)
        return tiers if ask.order is Order.RELEVANCE else [any_of(tiers)]

    def _whole(self, ask: Ask, without: FacetAsked | None = None, *more: Query) -> Query:
        narrow = [*self._asking.narrowed(ask.narrow, without), *more]
        if ask.text:
            narrow.append(any_of(self._text_tiers(ask.text, self._mode_of(ask))))
        return all_of(narrow)

    def _mode_of(self, ask: Ask) -> Mode:
        """Of what can be seen at all, whatever it is narrowed to: a filter does not make a search forgiving."""
        seen = ask.narrow
        return self._modes(ask.text, seen.channel, seen.location, seen.sees_all) if ask.text else Mode.EXACT

    def _find_mode(self, text: str, channel: str, location: str | None, sees_all: bool) -> Mode:
        visible = self._asking.visible(Narrow(channel, location, sees_all))
        for mode in Mode:
            if self._count(all_of([any_of(self._text_tiers(text, mode)), *visible])):
                return mode
        return Mode.EXACT

    def _count(self, query: Query) -> int:
        return int(self._searcher.search(query, 1).count)  # type: ignore[attr-defined]

    def _hits(self, ask: Ask, query: Query, after: Hit | None, limit: int) -> list[Hit]:
        """Rows behind `after` in order; rows of one key are ordered by id."""
        field, rising = _FIELDS[ask.order]
        name = f"{field}_{ask.narrow.channel}" if field in ("low", "high") else field
        if after is not None:
            query = all_of([query, self._past(name, after[0], rising=rising)])
        direction = Direction.Asc if rising else Direction.Desc
        found = self._searcher.search(query, limit + SLACK, count=False, order_by_field=name, order=direction)
        hits: list[Hit] = [(key, str(self._searcher.doc(address).get_first("id"))) for key, address in found.hits]
        hits.sort(key=lambda hit: hit[1])
        hits.sort(key=lambda hit: hit[0], reverse=not rising)
        if after is not None:
            hits = [hit for hit in hits if hit[0] != after[0] or hit[1] > after[1]]
        return hits[:limit]

    def _past(self, field: str, key: Any, *, rising: bool) -> Query:
        if field == "sort_name":
            return self._asking.past_name(NAME_PARTS, name_words(key), name_tie(key))
        return self._asking.past(field, key, rising=rising)

    def _facet(self, ask: Ask, asked: FacetAsked) -> Facet:
        selected = _selected(ask.narrow, asked)
        base = self._whole(ask, asked)
        of_value = self._of_value(ask, asked, base)
        counted = [
            FacetValue(value, self._count(of_value(value)), value in selected)
            for value in self._candidates(base, asked, selected)
        ]
        kept = [one for one in counted if one.count or one.selected]
        return Facet(asked, sorted(kept, key=lambda one: (-one.count, one.value)))

    def _candidates(self, base: Query, asked: FacetAsked, selected: Sequence[str]) -> Sequence[str]:
        if asked.kind is FacetKind.IN_STOCK:
            return selected or [ANYWHERE]
        if asked.kind is FacetKind.RATING:
            return [str(stars) for stars in (4, 3, 2, 1)]
        values = self._values(asked)
        if len(values) > MAX_FACET_VALUES:
            values = self._frequent(base, asked)
        return list(dict.fromkeys([*selected, *values]))

    def _of_value(self, ask: Ask, asked: FacetAsked, base: Query) -> Callable[[str], Query]:
        """What a value of the facet is counted by. The value of an option, other options that are chosen, and stock
        must be one variant's: they are asked for as one."""
        narrow, asking = ask.narrow, self._asking
        others = {name: values for name, values in narrow.options.items() if name != asked.name}
        if asked.kind is FacetKind.IN_STOCK:
            rest = self._whole(replace(ask, narrow=replace(narrow, options={})), asked)
            return lambda value: all_of([rest, asking.offered(value, narrow.options)])
        if asked.kind is FacetKind.RATING:
            return lambda value: all_of([base, asking.rated(int(value))])
        if asked.kind is FacetKind.OPTION and (others or narrow.in_stock_at is not None):
            rest = self._whole(replace(ask, narrow=replace(narrow, options={}, in_stock_at=None)), asked)
            where = narrow.in_stock_at or OFFERED
            return lambda value: all_of([rest, asking.offered(where, {**others, asked.name: (value,)})])
        prefix = _prefix(asked)
        return lambda value: all_of([base, asking.term(asked.kind.value, f"{prefix}{value}")])

    def _frequent(self, base: Query, asked: FacetAsked) -> Sequence[str]:
        """Of very many values those that most of the products found have."""
        prefix = _prefix(asked)
        terms: dict[str, Any] = {"field": asked.kind.value, "size": ALL_OPTIONS if prefix else MAX_FACET_VALUES}
        buckets = self._searcher.aggregate(base, {"values": {"terms": terms}})["values"]["buckets"]
        keys = [bucket["key"] for bucket in buckets if bucket["key"].startswith(prefix)]
        return [key.removeprefix(prefix) for key in keys[:MAX_FACET_VALUES]]

    def _values_of(self, asked: FacetAsked) -> Sequence[str]:
        """The values there are, the ones most products have first."""
        prefix = _prefix(asked)
        terms = self._searcher.terms_with_prefix(asked.kind.value, prefix)
        return [term.removeprefix(prefix) for term, _ in sorted(terms, key=lambda term: (-term[1], term[0]))]

    def _visible(self, narrow: Narrow) -> Query | None:
        visible = self._asking.visible(narrow)
        return visible[0] if visible else None

    def _corrected(self, narrow: Narrow, word: str) -> str:
        token, most = stem(word), tolerated(word)
        if not most or is_japanese(word) or self._searcher.doc_freq(FULL, token):
            return word
        near = self._searcher.terms_with_prefix(NEAR, token[0], self._visible(narrow), VOCABULARY)
        known = [(distance(token, term, most), -count, term) for term, count in near]
        best = min(known, default=(most + 1, 0, ""))
        return best[2] if best[0] <= most else word


def _prefix(asked: FacetAsked) -> str:
    return f"{asked.name}{PAIR}" if asked.name else ""


def _selected(narrow: Narrow, asked: FacetAsked) -> Sequence[str]:
    match asked.kind:
        case FacetKind.BRAND:
            return narrow.brands
        case FacetKind.CATEGORY:
            return narrow.categories
        case FacetKind.OPTION:
            return narrow.options.get(asked.name, ())
        case FacetKind.ATTRIBUTE:
            return narrow.attributes.get(asked.name, ())
        case FacetKind.IN_STOCK:
            return () if narrow.in_stock_at is None else (narrow.in_stock_at,)
        case FacetKind.RATING:
            return () if narrow.min_rating is None else (str(narrow.min_rating),)
