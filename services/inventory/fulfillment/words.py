"""Enums of fulfilments as the graph names them: whoever shows or reads one takes it from here, so that it has its
description whichever module is imported first."""

import strawberry

from services.inventory.fulfillment.model import FulfillmentKind, FulfillmentState

__all__ = ["FulfillmentKind", "FulfillmentState"]

strawberry.enum(
    FulfillmentKind,
    description="PICKUP at the location where the pieces lie; SHIP home; SHIP_TO_STORE, then picked up; COUNTER_HOLD "
    "without payment.",
)
strawberry.enum(
    FulfillmentState,
    description="ALLOCATING is being made; ALLOCATED waits for a picker; PICKING; PICKED is in the box; IN_TRANSIT to "
    "the shop and ARRIVED there; READY at the counter; COLLECTED; SHIPPED home and DELIVERED; NO_SHOW was not "
    "collected in time; SHORT had nothing on its shelf; CANCELLED.",
)
