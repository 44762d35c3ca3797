"""Which of many promotions may apply: by kind of situation, as each by itself would be asked."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.catalog.promotion.compiled import MAX_KINDS, compile_promotions
from services.catalog.promotion.model import (
    Conditions,
    Limits,
    Promotion,
    Situation,
    fits,
)
from tests.services.catalog.quote.baskets import percent, promotion
from tests.services.catalog.shop import NOW

SOON = NOW + timedelta(hours=1)
INSTANTS = st.sampled_from([None, NOW, SOON])
CONDITIONS = st.builds(
    Conditions,
    channels=st.frozensets(st.sampled_from(["web", "tokyo"]), max_size=1),
    locations=st.frozensets(st.sampled_from(["ginza"]), max_size=1),
    segments=st.frozensets(st.sampled_from(["vip", "staff"]), max_size=2),
    ranks=st.frozensets(st.sampled_from(["gold"]), max_size=1),
    first_purchase=st.booleans(),
    needs_coupon=st.booleans(),
    valid_from=INSTANTS,
    valid_until=INSTANTS,
)
DRAFTS = st.tuples(CONDITIONS, st.sampled_from([None, 1, 2]), st.sampled_from([None, "JPY", "EUR"]))
SITUATIONS = st.builds(
    Situation,
    channel=st.sampled_from(["web", "tokyo"]),
    currency=st.sampled_from(["JPY", "EUR"]),
    at=st.sampled_from([NOW - timedelta(seconds=1), NOW, SOON]),
    location=st.sampled_from([None, "ginza"]),
    customer=st.sampled_from([None, "cus_1"]),
    segments=st.frozensets(st.sampled_from(["vip", "staff"]), max_size=2),
    rank=st.sampled_from([None, "gold"]),
    is_first_purchase=st.booleans(),
    used=st.dictionaries(st.sampled_from(["prm_0", "prm_1"]), st.integers(0, 2)),
    coupons=st.dictionaries(st.sampled_from(["prm_0", "prm_1"]), st.just("cpn_1")),
)


def made(number: int, conditions: Conditions, most: int | None, currency: str | None) -> Promotion:
    limits = Limits(max_uses_per_customer=most)
    return promotion(f"prm_{number}", percent(100), conditions, currency=currency, limits=limits)


@given(st.lists(DRAFTS, max_size=4), st.lists(SITUATIONS, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_those_that_fit_are_those_that_each_fit_alone(drafts: list[tuple], situations: list[Situation]) -> None:  # type: ignore[type-arg]
    compiled = compile_promotions(made(number, *draft) for number, draft in enumerate(drafts))
    for situation in situations:
        allowed = compiled.fitting(situation).allowed
        assert allowed == {place for place, one in enumerate(compiled.ordered) if fits(one, situation)}


def test_a_promotion_begins_and_ends_at_the_second_for_a_kind_that_was_asked_before() -> None:
    compiled = compile_promotions([promotion("prm_0", percent(100), Conditions(valid_from=NOW, valid_until=SOON))])
    second = timedelta(seconds=1)
    instants = (NOW - second, NOW, SOON - second, SOON)
    assert [len(compiled.fitting(Situation("web", "JPY", at)).allowed) for at in instants] == [0, 1, 1, 0]
    assert len(compiled.kinds) == 1


def test_kinds_that_are_kept_are_few() -> None:
    compiled = compile_promotions([])
    for number in range(MAX_KINDS + 1):
        compiled.fitting(Situation(f"channel-{number}", "JPY", NOW))
    assert len(compiled.kinds) == 1
