"""Whom a token speaks for, and what of its claims says so; pure.

A customer's token opens what is that customer's and no more: it carries `CUSTOMER_SCOPES`, whatever it claims. A staff
member's carries the scopes of their roles, which an operator keeps as data.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

CUSTOMER_SCOPES: frozenset[str] = frozenset({"points:redeem"})
"""What customers do with what is their own, where a service asks for a scope even of them."""
MAX_ROLES = 50
"""Of one token; more are no roles of a shop's but a directory's groups, which an issuer can filter."""
MAX_LOCATIONS = 100

IsName = Callable[[str], object]
"""Whether a text may name somebody: true or not."""


class NotAPerson(ValueError):
    """The claims name nobody as they should; the message says which."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in. `locations` are those they may act at; none: any. `issuer` is the operator's name of it."""

    issuer: str
    customer: str | None = None
    staff: str | None = None
    scopes: frozenset[str] = frozenset()
    locations: tuple[str, ...] = ()


def scopes_of(roles: Iterable[str], known: Mapping[str, Collection[str]]) -> frozenset[str]:
    """What these roles may do together; a role nobody knows may do nothing."""
    return frozenset(scope for role in roles for scope in known.get(role, ()))


def customer_of(issuer: str, claim: str, claims: Mapping[str, Any], is_name: IsName) -> Person:
    """The customer that a token's claims name."""
    return Person(issuer, customer=_name(claims, claim, is_name), scopes=CUSTOMER_SCOPES)


def staff_of(
    issuer: str, claim: str, claims: Mapping[str, Any], is_name: IsName, roles: Mapping[str, Collection[str]]
) -> Person:
    """The staff member that a token's claims name, with what their roles may do."""
    listed = _names(claims, "roles", MAX_ROLES)
    locations = _names(claims, "locations", MAX_LOCATIONS)
    if not all(is_name(location) for location in locations):
        raise NotAPerson("locations: a name that cannot be one")
    return Person(issuer, None, _name(claims, claim, is_name), scopes_of(listed, roles), locations)


def _name(claims: Mapping[str, Any], claim: str, is_name: IsName) -> str:
    value = claims.get(claim)
    if not isinstance(value, str) or not is_name(value):
        raise NotAPerson(f"{claim}: expected up to 64 letters, digits and ._:-, beginning with a letter or digit")
    return value


def _names(claims: Mapping[str, Any], claim: str, limit: int) -> tuple[str, ...]:
    value = claims.get(claim, [])
    if isinstance(value, str):
        value = value.split()
    if not isinstance(value, list) or len(value) > limit or not all(isinstance(one, str) for one in value):
        raise NotAPerson(f"{claim}: expected up to {limit} names")
    return tuple(value)
