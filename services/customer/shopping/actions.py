"""Lists are made, edited, shared and taken over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kit.errors import IdempotencyKeyReused, NotFound, Refused, VersionConflict
from kit.idempotency import check_key, fingerprint
from services.customer.device.model import is_device
from services.customer.kin.model import Person
from services.customer.person.actions import refuse_forgotten
from services.customer.shopping.model import (
    MAX_ITEMS,
    MAX_LISTS,
    Item,
    ItemDraft,
    ListFull,
    ListKind,
    ListOwned,
    ShoppingList,
    check_days,
    check_items,
    check_name,
    forgotten_at,
    token_digest,
    token_of,
    with_item,
)
from services.customer.shopping.store import NewList, NoRoom, ShoppingStore
from services.customer.store import CustomerStore


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A list to be made. `owner`: a profile's id, or a device's name."""

    owner: str
    kind: ListKind
    name: str
    items: tuple[ItemDraft, ...]
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class MadeLink:
    """A link with its token, which is shown to who makes it and kept nowhere."""

    row: ShoppingList
    token: str
    expires_at: datetime


async def create(store: CustomerStore, request: ListRequest, *, now: datetime) -> ShoppingList:
    """Make a list; the same key and input again gives the same one, as it is by now."""
    key = check_key(request.idempotency_key)
    problems = check_name(request.name) + check_items(request.items, ("input", "items"))
    if problems:
        raise Refused(*problems)
    items: tuple[Item, ...] = ()
    for draft in request.items:
        items = with_item(items, draft, now)
    if len(items) > MAX_ITEMS:
        raise Refused(ListFull(path=("input", "items"), limit=MAX_ITEMS))
    digest = _fingerprint(request)
    before = await store.shopping.made_by(key)
    if before is None:
        await refuse_forgotten(store, request.owner, ("input", "customerId"))
        forget_at = forgotten_at(now) if is_device(request.owner) else None
        new = NewList(request.owner, request.kind, request.name, items, key, digest, forget_at)
        try:
            id = await store.shopping.create(new, now)
        except NoRoom:
            raise Refused(ListFull(limit=MAX_LISTS)) from None
        before = (id, digest) if id is not None else await store.shopping.made_by(key)
    if before is None or before[1] != digest:
        raise Refused(IdempotencyKeyReused(key=key))
    return await existing(store.shopping, before[0])


async def put_item(
    store: CustomerStore, there: ShoppingList, version: int, draft: ItemDraft, *, now: datetime
) -> ShoppingList:
    """Put, change or take out an item of the version that was read."""
    problems = check_items([draft], ("input",), lowest=0)
    if problems:
        raise Refused(*problems)
    items = with_item(there.items, draft, now)
    if len(items) > MAX_ITEMS:
        raise Refused(ListFull(path=("input", "sku"), limit=MAX_ITEMS))
    return await _edit(store.shopping, there, version, {"items": items}, now)


async def rename(store: CustomerStore, there: ShoppingList, version: int, name: str, *, now: datetime) -> ShoppingList:
    """Call the version that was read something else."""
    problems = check_name(name)
    if problems:
        raise Refused(*problems)
    return await _edit(store.shopping, there, version, {"name": name}, now)


async def delete(store: CustomerStore, there: ShoppingList, version: int) -> None:
    """Let the version that was read go."""
    if version != there.version or not await store.shopping.delete(there.id, version):
        raise await _stale(store.shopping, there.id, version)


async def make_link(store: CustomerStore, there: ShoppingList, key: str, days: int, *, now: datetime) -> MadeLink:
    """A link in place of the one before; the same key again gives the same link, unless it is out of force by now."""
    check_key(key)
    problems = check_days(days)
    if problems:
        raise Refused(*problems)
    token = token_of(store.secret, there.id, key)
    await store.shopping.link(there.id, token_digest(token), key, now + timedelta(days=days))
    expires_at = await store.shopping.link_of(there.id, key)
    if expires_at is None:
        raise Refused(IdempotencyKeyReused(key=key))
    return MadeLink(await existing(store.shopping, there.id), token, expires_at)


async def revoke_link(store: CustomerStore, there: ShoppingList) -> ShoppingList:
    """Nobody comes to the list by its link any more."""
    await store.shopping.revoke(there.id)
    return await existing(store.shopping, there.id)


async def take_over(
    store: CustomerStore, token: str, customer_id: str, person: Person, *, now: datetime
) -> ShoppingList:
    """Make the device's list a link leads to the member's own; again changes nothing. The link is void afterwards."""
    digest = token_digest(token)
    there = await store.shopping.by_link(digest, None)
    if there is not None and there.owner in person.ids:
        return there
    there = await store.shopping.by_link(digest, now)
    if there is None:
        raise no_list("token", "behind this link")
    if not is_device(there.owner):
        raise Refused(ListOwned())
    try:
        await store.shopping.take_over(digest, there.owner, customer_id, now)
    except NoRoom:
        raise Refused(ListFull(path=("input", "token"), limit=MAX_LISTS)) from None
    taken = await existing(store.shopping, there.id)
    if taken.owner != customer_id:
        raise Refused(ListOwned())
    return taken


async def existing(lists: ShoppingStore, id: str) -> ShoppingList:
    """The list, or Refused: there is none."""
    there = (await lists.by_id([id])).get(id)
    if there is None:
        raise no_list("listId", id)
    return there


def no_list(field: str, id: str) -> Refused:
    """There is none, or not for this caller."""
    return Refused(NotFound(path=("input", field), kind="ShoppingList", id=id))


async def _edit(
    lists: ShoppingStore, there: ShoppingList, version: int, change: dict[str, object], now: datetime
) -> ShoppingList:
    """What was read here is written only over the same version: the filter demands it."""
    forget_at = forgotten_at(now) if is_device(there.owner) else None
    if version != there.version or not await lists.edit(there.id, version, change, forget_at, now):
        raise await _stale(lists, there.id, version)
    return await existing(lists, there.id)


async def _stale(lists: ShoppingStore, id: str, version: int) -> Refused:
    there = await existing(lists, id)
    return Refused(VersionConflict(expected_version=version, actual_version=there.version))


def _fingerprint(request: ListRequest) -> str:
    items: Sequence[object] = [[one.sku, one.design_id, one.quantity, one.note] for one in request.items]
    return fingerprint(request.owner, request.kind.value, request.name, items)
