"""The way to a price, told step by step in sentences for people who wonder. No I/O."""

from collections.abc import Sequence
from decimal import Decimal

from services.catalog.pricing.model import STEPS, Candidate, Step
from services.catalog.quote.model import Quote

WORDS = {
    Step.WHO: "for whom: rank and segment, rank, segment, everybody",
    Step.WHERE: "where: location, channel, everywhere",
    Step.HOW_MANY: "how many: the higher quantity tier",
    Step.WHEN: "when: with an end before without one",
    Step.BASE: "list price before the variant's own price, its channel's before the general one",
    Step.AMOUNT: "the lower price, then the older one",
}


def told_steps(candidates: Sequence[Candidate], quoted: Quote | None) -> list[str]:
    """Who fits, who falls at which step, who is left, what comes off, and the tax."""
    steps = [f"{len(candidates)} prices; {sum(one.misfit is None for one in candidates)} fit here and now"]
    for step in STEPS:
        lost = [one.price.id for one in candidates if one.lost_at is step]
        if lost:
            steps.append(f"{step.value} ({WORDS[step]}): {', '.join(lost)} lost to {_winner(candidates)}")
    steps += [f"{one.price.id} holds: {one.price.amount_minor} minor units a piece" for one in candidates if one.won]
    if quoted is None:
        return [*steps, "no price holds"]
    for line in quoted.lines:
        for discount in line.discounts:
            promotion = discount.promotion
            steps.append(f"{promotion.id} version {promotion.version} takes off {discount.amount_minor}")
        rate = Decimal(line.tax_rate_bp) / 100
        steps.append(f"tax {line.tax_class.value} {rate.normalize():f} %: {line.tax_minor} of {line.gross_minor}")
    return steps


def _winner(candidates: Sequence[Candidate]) -> str:
    return next((one.price.id for one in candidates if one.won), "nobody")
