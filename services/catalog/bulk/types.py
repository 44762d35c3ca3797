"""Bulk calls as the graph reads and shows them."""

from collections.abc import Sequence

import strawberry

from kit.errors import Refused
from kit.graphql.errors import Payload, UserError, present
from kit.graphql.execution import batch_field, wanted
from kit.idempotency import check_key, fingerprint
from services.catalog.bulk import model
from services.catalog.context import Info
from services.catalog.product import parts
from services.catalog.product.inputs import ProductUpsertInput
from services.catalog.product.model import ProductDraft
from services.catalog.product.types import Product, product_of

strawberry.enum(model.BulkOutcome, description="What became of an item.")


@strawberry.input(description="Products, each as `productUpsert` takes it and judged alone.")
class ProductBulkUpsertInput:
    """See `bulk.actions`."""

    idempotency_key: str = strawberry.field(description="The same key and items give the first call's results again.")
    items: list[ProductUpsertInput] = strawberry.field(description=f"1 to {model.MAX_ITEMS:,}.")

    def key(self) -> str:
        """Checked."""
        return check_key(self.idempotency_key)

    def fingerprint(self) -> str:
        """Of the items."""
        return fingerprint(self.items)

    def to_items(self) -> list[model.BulkItem]:
        """For the action; what cannot be read is that item's refusal."""
        return [_item(row, item) for row, item in enumerate(self.items)]


@strawberry.type(description="What became of one item.")
class ProductBulkResult:
    """See `bulk.model.ItemResult`."""

    row: int = strawberry.field(description="Which item, from 0.")
    outcome: model.BulkOutcome = strawberry.field(description="What became of it.")
    version: int | None = strawberry.field(description="The product's version after it.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty if it was not.")
    id: strawberry.Private[str | None]

    @batch_field(description="The product as it is now; null if the item was refused.")
    @staticmethod
    async def product(results: "Sequence[ProductBulkResult]", info: Info) -> list[Product | None]:
        """One query for all."""
        loader = info.context.loaders.product_by_id.of(parts.of_product(wanted(info)))
        found = iter(await loader.load_many([one.id for one in results if one.id is not None]))
        return [None if one.id is None else product_of(next(found)) for one in results]

    @classmethod
    def of(cls, result: model.ItemResult) -> "ProductBulkResult":
        """From the model."""
        errors = [present(refusal) for refusal in result.refusals]
        values = (result.row, result.outcome, result.version)
        row, outcome, version = values
        return cls(row=row, outcome=outcome, version=version, user_errors=errors, id=result.product_id)


@strawberry.type(description="What became of every item, or why the whole call was refused.")
class ProductBulkUpsertPayload(Payload):
    """Of productBulkUpsert."""

    results: list[ProductBulkResult] = strawberry.field(default_factory=list, description="In the items' order.")

    @classmethod
    def of(cls, results: Sequence[model.ItemResult]) -> "ProductBulkUpsertPayload":
        """From the model."""
        return cls(results=[ProductBulkResult.of(result) for result in results])


def _item(row: int, item: ProductUpsertInput) -> model.BulkItem:
    at = ("input", "items", str(row))
    try:
        draft, edit = item.to_draft(*at), item.to_edit(*at)
    except Refused as refused:
        return model.BulkItem(draft=_unread, at=at, refusals=refused.refusals)
    id, version = (None, None) if edit is None else (edit.id, edit.expected_version)
    return model.BulkItem(draft=lambda before: draft, at=at, id=id, expected_version=version)


def _unread(before: ProductDraft | None) -> ProductDraft:
    raise AssertionError("an item that was refused makes no draft")
