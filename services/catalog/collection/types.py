"""Collections as the graph reads and shows them."""

from collections.abc import Sequence
from decimal import Decimal

import strawberry

from kit.graphql.errors import Payload
from kit.graphql.execution import batch_field, wanted
from kit.graphql.types import After, Connection, First
from kit.pages import DEFAULT_PAGE, PageArgs
from services.catalog.collection import actions, model
from services.catalog.context import Info
from services.catalog.inputs import TranslationInput, needed_version, translations
from services.catalog.model import translated
from services.catalog.product import parts
from services.catalog.product.types import Product
from services.catalog.types import Locale, Translation

strawberry.enum(
    model.CollectionKind, description="MANUAL: products in an order somebody gave them. RULE: whatever fits, by name."
)
strawberry.enum(model.ConditionKind, name="CollectionConditionKind", description="What of a product is looked at.")
strawberry.enum(model.Match, name="CollectionMatch", description="Whether all conditions must hold, or any.")


@strawberry.type(description="A condition of a collection's rule.")
class CollectionCondition:
    """See `model.Condition`."""

    kind: model.ConditionKind = strawberry.field(description="What is looked at.")
    name: str | None = strawberry.field(description="Which attribute or option, or the currency of the price.")
    values: list[str] = strawberry.field(description="Any of these will do.")
    min: Decimal | None = strawberry.field(description="At least; a price in minor units.")
    max: Decimal | None = strawberry.field(description="At most; a price in minor units.")
    days: int | None = strawberry.field(description="Of NEW_SINCE: made at most so many days ago.")


@strawberry.type(description="Products gathered by hand, or by a rule that finds them.")
class ProductCollection:
    """See `model.Collection`."""

    row: strawberry.Private[model.Collection]

    @strawberry.field(description="col_…")
    def id(self) -> strawberry.ID:
        """The id."""
        return strawberry.ID(self.row.id)

    @strawberry.field(description="Unique, for addresses: summer-sale.")
    def slug(self) -> str:
        """The slug."""
        return self.row.draft.slug

    @batch_field(description="In the locale asked for.")
    @staticmethod
    async def name(collections: "Sequence[ProductCollection]", info: Info, locale: Locale = None) -> list[str]:
        """Translated."""
        chain = await info.context.locales()
        return [translated(one.row.draft.names, locale, chain) or one.row.draft.slug for one in collections]

    @batch_field(description="In the locale asked for; null if there is none at all.")
    @staticmethod
    async def description(
        collections: "Sequence[ProductCollection]", info: Info, locale: Locale = None
    ) -> list[str | None]:
        """Translated."""
        chain = await info.context.locales()
        return [translated(one.row.draft.descriptions, locale, chain) for one in collections]

    @strawberry.field(description="Its name in every language there is.")
    def names(self) -> list[Translation]:
        """In the order they were given."""
        return Translation.all(self.row.draft.names)

    @strawberry.field(description="By hand or by rule.")
    def kind(self) -> model.CollectionKind:
        """How its products come into it."""
        return self.row.draft.kind

    @strawberry.field(description="Whether all conditions of the rule must hold, or any.")
    def match(self) -> model.Match:
        """Of a RULE."""
        return self.row.draft.match

    @strawberry.field(description="Of a RULE: what a product must fit.")
    def conditions(self) -> list[CollectionCondition]:
        """At most 20."""
        return [
            CollectionCondition(
                kind=one.kind, name=one.name, values=list(one.values), min=one.minimum, max=one.maximum, days=one.days
            )
            for one in self.row.draft.conditions
        ]

    @strawberry.field(description="Its products, of those the caller is offered: in its order, or a rule's by name.")
    async def products(self, info: Info, first: First = DEFAULT_PAGE, after: After = None) -> Connection[Product]:
        """A page."""
        fields, page = wanted(info), PageArgs.parse(first, after)
        needed = parts.of_product(fields.at("nodes")) | parts.of_product(fields.at("edges", "node"))
        viewer = await info.context.viewer()
        found = await actions.list_members(info.context.store, self.row, viewer, page, needed)
        return Connection.of(found, lambda row: Product(row=row))

    @strawberry.field(description="Rises with every edit; give it as `expectedVersion`.")
    def version(self) -> int:
        """For optimistic edits."""
        return self.row.version


@strawberry.input(description="A condition of a collection's rule.")
class CollectionConditionInput:
    """See `model.Condition`."""

    kind: model.ConditionKind = strawberry.field(description="What is looked at.")
    name: str | None = strawberry.field(
        default=None, description="Which ATTRIBUTE or OPTION, or the currency of the PRICE."
    )
    values: list[str] = strawberry.field(default_factory=list, description="Any of these will do.")
    min: Decimal | None = strawberry.field(default=None, description="At least; a price in minor units.")
    max: Decimal | None = strawberry.field(default=None, description="At most; a price in minor units.")
    days: int | None = strawberry.field(default=None, description="Of NEW_SINCE: made at most so many days ago.")

    def to_model(self) -> model.Condition:
        """For the model."""
        return model.Condition(
            kind=self.kind,
            name=self.name,
            values=tuple(self.values),
            minimum=self.min,
            maximum=self.max,
            days=self.days,
        )


@strawberry.input(description="A collection, whole: what is left out is empty afterwards.")
class CollectionUpsertInput:
    """See `model.CollectionDraft`."""

    slug: str = strawberry.field(description="Unique: lower-case letters, digits, single hyphens.")
    names: list[TranslationInput] = strawberry.field(description="At least one; the first is the one sorted by.")
    kind: model.CollectionKind = strawberry.field(description="By hand or by rule.")
    id: strawberry.ID | None = strawberry.field(default=None, description="To replace a collection.")
    expected_version: int | None = strawberry.field(
        default=None, description="The version that is replaced; needed with `id`."
    )
    descriptions: list[TranslationInput] = strawberry.field(default_factory=list, description="By language.")
    product_ids: list[strawberry.ID] = strawberry.field(
        default_factory=list, description="Of a MANUAL one: its products in their order, at most 1,000."
    )
    match: model.Match = strawberry.field(
        default=model.Match.ALL, description="Whether all conditions must hold, or any."
    )
    conditions: list[CollectionConditionInput] = strawberry.field(
        default_factory=list, description="Of a RULE: what a product must fit, at most 20."
    )

    def to_draft(self) -> model.CollectionDraft:
        """For the model."""
        return model.CollectionDraft(
            slug=self.slug,
            names=translations(self.names),
            kind=self.kind,
            descriptions=translations(self.descriptions),
            product_ids=tuple(self.product_ids),
            match=self.match,
            conditions=tuple(one.to_model() for one in self.conditions),
        )

    def read_version(self) -> int:
        """The version to replace; refused if it is missing beside an id, 0 of a new one."""
        return 0 if self.id is None else needed_version(self.expected_version)


@strawberry.type(description="The collection as it is now, or why not.")
class CollectionUpsertPayload(Payload):
    """Of collectionUpsert."""

    collection: ProductCollection | None = strawberry.field(default=None, description="As it is kept now.")

    @classmethod
    def of(cls, row: model.Collection) -> "CollectionUpsertPayload":
        """From the model."""
        return cls(collection=ProductCollection(row=row))
