"""The roots of all papers, and why they are refused."""

import strawberry

from services.inventory.adjustment.schema import AdjustmentMutation, AdjustmentQuery
from services.inventory.adjustment.types import ApprovalNeeded
from services.inventory.count.schema import CountMutation, CountQuery
from services.inventory.count.types import CountIncomplete
from services.inventory.fulfillment.schema import FulfillmentMutation, FulfillmentQuery
from services.inventory.fulfillment.types import FULFILLMENT_ERRORS
from services.inventory.paper.types import PAPER_ERRORS
from services.inventory.pick.schema import WaveMutation, WaveQuery
from services.inventory.receiving.schema import DeliveryMutation, DeliveryQuery
from services.inventory.receiving.types import ReceiptExceedsOrder
from services.inventory.reorder.schema import ReorderMutation, ReorderQuery
from services.inventory.transfer.schema import TransferMutation, TransferQuery


@strawberry.type
class PaperQuery(TransferQuery, DeliveryQuery, FulfillmentQuery, CountQuery, WaveQuery, ReorderQuery, AdjustmentQuery):
    """What may be read."""


@strawberry.type
class PaperMutation(
    TransferMutation,
    DeliveryMutation,
    FulfillmentMutation,
    CountMutation,
    WaveMutation,
    ReorderMutation,
    AdjustmentMutation,
):
    """What may be changed."""


ERRORS = [*PAPER_ERRORS, ReceiptExceedsOrder, *FULFILLMENT_ERRORS, CountIncomplete, ApprovalNeeded]
