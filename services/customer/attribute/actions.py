"""Defining attributes, and setting them on a customer."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from kit.errors import InvalidInput, NotFound, Refusal, Refused, Unavailable, VersionConflict
from services.customer.actions import ATTEMPTS, INTERRUPTED
from services.customer.attribute.model import (
    FIELD,
    MAX_DEFINITIONS,
    MAX_LABEL,
    MAX_VALUES,
    AttributeDefinition,
    check_definition,
    check_value,
)
from services.customer.attribute.store import AttributeStore
from services.customer.checks import line_of
from services.customer.model import Customer
from services.customer.profile import store as profiles
from services.customer.profile.model import Trait
from services.customer.store import CustomerStore


async def define(store: CustomerStore, draft: AttributeDefinition, expected_version: int | None) -> AttributeDefinition:
    """Add a definition, or change label, choices and visibility of the version somebody saw. The same again changes
    nothing; the type of one never changes.
    """
    problems = check_definition(draft)
    if problems:
        raise Refused(*problems)
    label = line_of(draft.label, MAX_LABEL) or draft.label
    choices = tuple(line_of(choice, MAX_LABEL) or choice for choice in draft.choices)
    draft = replace(draft, label=label, choices=choices)
    attributes = AttributeStore(store.db)
    for _ in range(ATTEMPTS):
        known = await attributes.all()
        there = known.get(draft.key)
        if there is None:
            if len(known) >= MAX_DEFINITIONS:
                expected = f"at most {MAX_DEFINITIONS} attributes"
                raise Refused(InvalidInput(path=("input", "key"), expected=expected, got="one more"))
            if await attributes.add(draft):
                return draft
            continue
        if _same(there, draft):
            return there
        if there.type is not draft.type:
            raise Refused(
                InvalidInput(
                    path=("input", "type"), expected=f"{there.type.value}, as it was defined", got=draft.type.value
                )
            )
        if expected_version != there.version:
            raise Refused(VersionConflict(expected_version=expected_version or 0, actual_version=there.version))
        await attributes.change(draft, there.version)
    raise Unavailable(INTERRUPTED)


async def set_values(
    store: CustomerStore, id: str, values: Mapping[str, str | None], *, source: str, now: datetime
) -> Customer:
    """Set attributes of a customer on the word of `source`; None takes a value away. An edit: older values are out."""
    customer = (await store.customers_by_id([id])).get(id)
    if customer is None:
        raise Refused(NotFound(path=("input", "customerId"), kind="Customer", id=id))
    traits = _traits(await AttributeStore(store.db).all(), values, source, now)
    await profiles.observe(store, customer.id, traits, now)
    return (await store.customers_by_id([id])).get(id, customer)


def _traits(
    definitions: Mapping[str, AttributeDefinition], values: Mapping[str, str | None], source: str, now: datetime
) -> list[Trait]:
    problems: list[Refusal] = []
    if not 1 <= len(values) <= MAX_VALUES:
        problems.append(InvalidInput(path=("input", "values"), expected=f"1 to {MAX_VALUES}", got=str(len(values))))
    traits: list[Trait] = []
    for index, (key, text) in enumerate(values.items()):
        path = ("input", "values", str(index))
        if key not in definitions:
            problems.append(NotFound(path=(*path, "key"), kind="CustomerAttributeDefinition", id=key))
            continue
        value = None if text is None else check_value(definitions[key], text, (*path, "value"))
        if isinstance(value, InvalidInput):
            problems.append(value)
        else:
            traits.append(Trait(f"{FIELD}{key}", source, now, value, edited=True))
    if problems:
        raise Refused(*problems)
    return traits


def _same(there: AttributeDefinition, draft: AttributeDefinition) -> bool:
    facts = [(one.label, one.type, one.choices, one.visibility) for one in (there, draft)]
    return facts[0] == facts[1]
