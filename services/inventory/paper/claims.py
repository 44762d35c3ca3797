"""Whose the committed pieces of a stock are: every kind of claim in one list. No I/O."""

from collections.abc import Collection, Iterable, Sequence

from services.inventory.fulfillment.model import Fulfillment
from services.inventory.fulfillment.model import committed as committed_by_fulfillment
from services.inventory.owed.model import Owed
from services.inventory.owed.model import committed as committed_for_later
from services.inventory.paper.model import Claim
from services.inventory.transfer.leg import committed_on_arrival
from services.inventory.transfer.model import Transfer
from services.inventory.transfer.model import committed as committed_by_transfer


def claims_of(
    transfers: Sequence[Transfer],
    on_the_way: Collection[str],
    fulfillments: Iterable[Fulfillment],
    owed: Iterable[Owed],
) -> list[Claim]:
    """What these have committed; for the fulfilments that are `on_the_way` their transfers claim what has arrived."""
    legs = [transfer for transfer in transfers if transfer.fulfillment_id in on_the_way]
    return [
        *(claim for transfer in transfers for claim in committed_by_transfer(transfer)),
        *(claim for leg in legs for claim in committed_on_arrival(leg)),
        *(claim for fulfillment in fulfillments for claim in committed_by_fulfillment(fulfillment)),
        *(claim for each in owed for claim in committed_for_later(each)),
    ]
