"""Refusals of bundles as the graph shows them."""

import strawberry

from kit.graphql.errors import UserError, presents
from services.catalog.bundle import model


@presents(model.BundleNested)
@strawberry.type(description="A bundle would be a component of another bundle.")
class BundleNested(UserError):
    """See `model.BundleNested`."""

    sku: strawberry.ID = strawberry.field(description="The bundle that would be a component, too.")


@presents(model.ComponentInUse)
@strawberry.type(description="A variant that is taken away is a component of a bundle.")
class ComponentInUse(UserError):
    """See `model.ComponentInUse`."""

    sku: strawberry.ID = strawberry.field(description="The variant that is taken away.")
    bundle_sku: strawberry.ID = strawberry.field(description="The bundle it is in.")
