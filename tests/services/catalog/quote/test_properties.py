"""What holds of every quote, whatever is in the basket and whatever promotions there are."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from services.catalog.pricing.tax import TaxBasis, TaxMode
from services.catalog.promotion.compiled import compile_promotions
from services.catalog.quote.actions import quote_one
from services.catalog.quote.model import Item, Market, Quote, WantedLine
from tests.services.catalog.quote.baskets import LINES, items, markets, priced

Figures = tuple[object, ...]


def figures(quote: Quote) -> Figures:
    """Everything but which input line went where."""
    return (
        [replace(line, places=()) for line in quote.lines],
        quote.rates,
        quote.discounts,
        quote.shipping,
        quote.extra_points,
    )


@given(lines=LINES, known=items(), where=markets(), data=st.data())
def test_the_order_of_lines_of_promotions_and_of_coupons_does_not_matter(
    lines: list[WantedLine], known: dict[str, Item], where: Market, data: st.DataObject
) -> None:
    turned = data.draw(st.permutations(lines))
    promotions = compile_promotions(data.draw(st.permutations(where.promotions.compiled.ordered)))
    coupons = dict(data.draw(st.permutations(list(where.situation.coupons.items()))))
    other = Market.of(where.policy, replace(where.situation, coupons=coupons), promotions)

    assert figures(priced(turned, known, other)) == figures(priced(lines, known, where))


@given(lines=LINES, known=items(), where=markets())
def test_splitting_a_line_changes_nothing_tiers_included(
    lines: list[WantedLine], known: dict[str, Item], where: Market
) -> None:
    pieces = [WantedLine(line.sku, 1) for line in lines for _ in range(line.quantity)]

    assert figures(priced(pieces, known, where)) == figures(priced(lines, known, where))


@given(lines=LINES, known=items(), where=markets())
def test_discounts_never_pass_the_line_and_all_sums_add_to_the_minor_unit(
    lines: list[WantedLine], known: dict[str, Item], where: Market
) -> None:
    quote = priced(lines, known, where)

    for line in quote.lines:
        assert 0 <= line.amount_minor == line.list_minor - sum(one.amount_minor for one in line.discounts)
        assert all(one.amount_minor > 0 for one in line.discounts)
        stated = line.gross_minor if where.policy.mode is TaxMode.INCLUSIVE else line.net_minor
        assert stated == line.amount_minor
        assert line.net_minor + line.tax_minor == line.gross_minor >= line.net_minor >= 0
    assert quote.gross_minor == sum(line.gross_minor for line in quote.lines)
    assert quote.tax_minor == sum(line.tax_minor for line in quote.lines)
    taken = {one.promotion.id: one.amount_minor for one in quote.discounts}
    for id, total in taken.items():
        of_lines = [one.amount_minor for line in quote.lines for one in line.discounts if one.promotion.id == id]
        assert total == sum(of_lines)
    assert sorted(place for line in quote.lines for place in line.places) == list(range(len(lines)))


@given(lines=LINES, known=items(), where=markets())
def test_the_tax_of_a_rate_is_that_of_its_total_where_an_invoice_rounds_once(
    lines: list[WantedLine], known: dict[str, Item], where: Market
) -> None:
    where = replace(where, policy=replace(where.policy, basis=TaxBasis.RATE))
    quote = priced(lines, known, where)

    for rate in quote.rates:
        stated = rate.gross_minor if where.policy.mode is TaxMode.INCLUSIVE else rate.net_minor
        assert rate.tax_minor == where.policy.tax_on(stated, rate.rate_bp)


@given(lines=LINES, known=items(), where=markets())
def test_a_line_takes_one_promotion_of_a_group_and_nothing_beside_an_exclusive_one(
    lines: list[WantedLine], known: dict[str, Item], where: Market
) -> None:
    for line in priced(lines, known, where).lines:
        groups = [one.promotion.draft.group for one in line.discounts if one.promotion.draft.group]
        assert len(groups) == len(set(groups))
        if any(one.promotion.draft.exclusive for one in line.discounts):
            assert len(line.discounts) == 1
        priorities = [one.promotion.draft.priority for one in line.discounts]
        assert priorities == sorted(priorities, reverse=True)


@given(known=items(), where=markets(), sku=st.sampled_from("ABCDE"), quantity=st.integers(1, 9))
def test_the_price_of_a_listing_is_the_quote_of_that_line_alone(
    known: dict[str, Item], where: Market, sku: str, quantity: int
) -> None:
    assert quote_one(known[sku], where, quantity) == priced([WantedLine(sku, quantity)], known, where)


@given(lines=LINES, known=items(), where=markets(), channel=st.sampled_from(["web", "app", "pos"]))
def test_the_same_context_gives_the_same_total_on_every_channel(
    lines: list[WantedLine], known: dict[str, Item], where: Market, channel: str
) -> None:
    situation = replace(where.situation, channel=channel)
    there = Market.of(replace(where.policy, channel=channel), situation, where.promotions.compiled)

    assert figures(priced(lines, known, there)) == figures(priced(lines, known, where))
