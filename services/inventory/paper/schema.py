"""The roots of all papers, and why they are refused."""

import strawberry

from services.inventory.fulfillment.schema import FulfillmentMutation, FulfillmentQuery
from services.inventory.fulfillment.types import FULFILLMENT_ERRORS
from services.inventory.paper.types import PAPER_ERRORS
from services.inventory.receiving.schema import DeliveryMutation, DeliveryQuery
from services.inventory.receiving.types import ReceiptExceedsOrder
from services.inventory.transfer.schema import TransferMutation, TransferQuery


@strawberry.type
class PaperQuery(TransferQuery, DeliveryQuery, FulfillmentQuery):
    """What may be read."""


@strawberry.type
class PaperMutation(TransferMutation, DeliveryMutation, FulfillmentMutation):
    """What may be changed."""


ERRORS = [*PAPER_ERRORS, ReceiptExceedsOrder, *FULFILLMENT_ERRORS]
