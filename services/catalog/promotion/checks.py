"""Why a promotion cannot be kept: values that can never be taken, and promotions that could never apply. No I/O."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfoNotFoundError

from kit.errors import InvalidInput, NotFound, Path, Refusal
from kit.money import MAX_MINOR_UNITS
from services.catalog.model import MAX_NAME, Channel, check_names
from services.catalog.pricing.tax import BASIS_POINTS
from services.catalog.promotion.model import (
    DAY_MINUTES,
    Action,
    ActionKind,
    Conditions,
    Limits,
    NeverApplies,
    PromotionDraft,
    Reach,
    WeeklyWindow,
    meets,
    zone,
)

MAX_NAMED = 1_000
"""SKUs, products, categories or others of one condition: a promotion is held in memory by every process."""
MAX_COLLECTIONS = 20
"""Collections of one condition: each is held in memory with up to 1,000 products."""
MAX_WINDOWS = 14
"""Two a day of the week."""
MAX_PIECES = 100
"""Buy 100, get 100: no leaflet says more."""
MAX_PRIORITY = 1_000
IN: Path = ("input",)


def check_promotion(draft: PromotionDraft, channels: Mapping[str, Channel], *, now: datetime) -> list[Refusal]:
    """Every reason against `draft`; `channels` are all there are."""
    problems = [*check_names(draft.names, (*IN, "names")), *_check_action(draft.action), *_check_limits(draft)]
    problems += _check_conditions(draft.conditions)
    if draft.speaks_of_amounts and draft.currency is None:
        problems.append(_invalid("currency", "the currency of its amounts", None))
    if not -MAX_PRIORITY <= draft.priority <= MAX_PRIORITY:
        problems.append(_invalid("priority", f"-{MAX_PRIORITY} to {MAX_PRIORITY}", draft.priority))
    if draft.group is not None and not 1 <= len(draft.group) <= MAX_NAME:
        problems.append(_invalid("group", f"1 to {MAX_NAME} characters", len(draft.group)))
    problems += [
        NotFound(path=(*IN, "conditions", "channels"), kind="Channel", id=id)
        for id in sorted(draft.conditions.channels - set(channels))
    ]
    return problems or _never(draft, channels, now)


def _check_action(action: Action) -> list[Refusal]:
    kind, problems = action.kind, list[Refusal]()
    percents = (ActionKind.PERCENT, ActionKind.BUY_X_GET_Y, ActionKind.CHEAPEST)
    if kind in percents and not 1 <= action.percent_bp <= BASIS_POINTS:
        problems.append(_invalid("action.percent", "more than 0, at most 1", action.percent_bp / BASIS_POINTS))
    if kind is ActionKind.AMOUNT and not 1 <= action.amount_minor <= MAX_MINOR_UNITS:
        problems.append(_invalid("action.amount", f"1 to {MAX_MINOR_UNITS} minor units", action.amount_minor))
    if kind is ActionKind.FIXED_PRICE and not 0 <= action.amount_minor <= MAX_MINOR_UNITS:
        problems.append(_invalid("action.amount", f"0 to {MAX_MINOR_UNITS} minor units", action.amount_minor))
    if kind is ActionKind.SHIPPING and (action.percent_bp > 0) == (action.amount_minor > 0):
        problems.append(_invalid("action", "either a percent or an amount off the shipping", "both or neither"))
    if kind is ActionKind.SHIPPING and not 0 <= action.percent_bp <= BASIS_POINTS:
        problems.append(_invalid("action.percent", "more than 0, at most 1", action.percent_bp / BASIS_POINTS))
    if kind is ActionKind.BUY_X_GET_Y and not 1 <= action.buy <= MAX_PIECES:
        problems.append(_invalid("action.buy", f"1 to {MAX_PIECES}", action.buy))
    if kind in (ActionKind.BUY_X_GET_Y, ActionKind.CHEAPEST) and not 1 <= action.get <= MAX_PIECES:
        problems.append(_invalid("action.get", f"1 to {MAX_PIECES}", action.get))
    if kind is ActionKind.POINTS and not (action.points >= 0 and action.points_bp >= 0):
        problems.append(_invalid("action.points", "0 or more", min(action.points, action.points_bp)))
    if max(action.points, action.points_bp) > MAX_MINOR_UNITS // BASIS_POINTS:
        problems.append(_invalid("action.points", f"at most {MAX_MINOR_UNITS // BASIS_POINTS}", action.points))
    if kind not in (ActionKind.PERCENT, ActionKind.AMOUNT) and action.reach is Reach.BASKET:
        problems.append(_invalid("action.reach", "LINE, except for PERCENT and AMOUNT", action.reach.value))
    return problems


def _check_limits(draft: PromotionDraft) -> list[Refusal]:
    limits: Limits = draft.limits
    named = {
        "budget": limits.budget_minor,
        "maxUses": limits.max_uses,
        "maxUsesPerCustomer": limits.max_uses_per_customer,
    }
    return [
        _invalid(f"limits.{name}", f"0 to {MAX_MINOR_UNITS}", limit)
        for name, limit in named.items()
        if limit is not None and not 0 <= limit <= MAX_MINOR_UNITS
    ]


def _check_conditions(conditions: Conditions) -> list[Refusal]:
    target, problems = conditions.target, list[Refusal]()
    named = {
        "skus": target.skus,
        "productIds": target.product_ids,
        "categoryIds": target.category_ids,
        "excludedSkus": target.excluded_skus,
        "segments": conditions.segments,
        "ranks": conditions.ranks,
        "channels": conditions.channels,
        "locations": conditions.locations,
    }
    for name, ids in {
        "collectionIds": target.collection_ids,
        "excludedCollectionIds": target.excluded_collection_ids,
    }.items():
        if len(ids) > MAX_COLLECTIONS:
            problems.append(_invalid(f"conditions.{name}", f"at most {MAX_COLLECTIONS}", len(ids)))
    for name, values in named.items():
        if len(values) > MAX_NAMED:
            problems.append(_invalid(f"conditions.{name}", f"at most {MAX_NAMED}", len(values)))
        elif not all(1 <= len(value) <= MAX_NAME for value in values):
            problems.append(_invalid(f"conditions.{name}", f"1 to {MAX_NAME} characters each", "another length"))
    if not 0 <= conditions.min_basket_minor <= MAX_MINOR_UNITS:
        problems.append(
            _invalid("conditions.minBasket", f"0 to {MAX_MINOR_UNITS} minor units", conditions.min_basket_minor)
        )
    if conditions.min_quantity < 1:
        problems.append(_invalid("conditions.minQuantity", "1 or more", conditions.min_quantity))
    if len(conditions.windows) > MAX_WINDOWS:
        problems.append(_invalid("conditions.windows", f"at most {MAX_WINDOWS}", len(conditions.windows)))
    for index, window in enumerate(conditions.windows):
        problems += _check_window(window, f"conditions.windows.{index}")
    return problems


def _check_window(window: WeeklyWindow, at: str) -> list[Refusal]:
    problems: list[Refusal] = []
    if not window.weekdays <= set(range(1, 8)):
        problems.append(_invalid(f"{at}.weekdays", "1 (Monday) to 7", sorted(window.weekdays)))
    if not (0 <= window.start_minute < DAY_MINUTES and 0 <= window.end_minute <= DAY_MINUTES):
        problems.append(_invalid(at, "times of a day", f"{window.start_minute} to {window.end_minute} minutes"))
    try:
        zone(window.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        problems.append(_invalid(f"{at}.timeZone", "an IANA time zone such as Asia/Tokyo", repr(window.time_zone[:40])))
    return problems


def _never(draft: PromotionDraft, channels: Mapping[str, Channel], now: datetime) -> list[Refusal]:
    conditions, limits, action = draft.conditions, draft.limits, draft.action
    start, end = conditions.valid_from, conditions.valid_until
    reasons = {
        "conditions.validUntil": "it ends before it begins" if start and end and end <= start else "",
        "conditions.target": _empty_target(conditions),
        "limits": "a limit is 0" if 0 in _limits(limits) else "",
        "action": "it gives no points" if action.kind is ActionKind.POINTS and not _gives_points(action) else "",
        "conditions.windows": _closed_windows(conditions, now),
        "currency": _no_currency(draft, channels),
    }
    if end is not None and end <= now:
        reasons["conditions.validUntil"] = reasons["conditions.validUntil"] or "it is over already"
    return [NeverApplies(path=(*IN, *path.split(".")), reason=reason) for path, reason in reasons.items() if reason]


def _limits(limits: Limits) -> tuple[int | None, ...]:
    return (limits.budget_minor, limits.max_uses, limits.max_uses_per_customer)


def _gives_points(action: Action) -> bool:
    return action.points > 0 or action.points_bp > 0


def _empty_target(conditions: Conditions) -> str:
    target = conditions.target
    if target.is_everything or target.product_ids or target.category_ids:
        return ""
    is_left = target.skus - target.excluded_skus or target.collection_ids - target.excluded_collection_ids
    return "" if is_left else "every SKU and collection it names is excluded"


def _closed_windows(conditions: Conditions, now: datetime) -> str:
    if not conditions.windows:
        return ""
    opening = [w for w in conditions.windows if w.weekdays and w.start_minute != w.end_minute]
    if not opening:
        return "its weekly windows are empty"
    end = conditions.valid_until
    if end is None:
        return ""
    start = max(conditions.valid_from or now, now)
    return "" if any(meets(w, start, end) for w in opening) else "no weekly window opens while it is valid"


def _no_currency(draft: PromotionDraft, channels: Mapping[str, Channel]) -> str:
    """Channels sell in their own currency unless another is asked for; a promotion for none of theirs is a mistake."""
    named = [channels[id] for id in draft.conditions.channels]
    if draft.currency is None or not named or any(channel.currency == draft.currency for channel in named):
        return ""
    return f"none of its channels sells in {draft.currency}"


def _invalid(name: str, expected: str, got: object) -> InvalidInput:
    return InvalidInput(path=(*IN, *name.split(".")), expected=expected, got=str(got))
