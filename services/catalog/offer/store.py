"""The filter that `model.is_offered` is, written for MongoDB."""

from datetime import datetime

from kit.mongo import Document
from services.catalog.model import ChannelKind
from services.catalog.offer.model import Assortment, ProductStatus, Viewer

_ASSORTMENTS = {
    ChannelKind.ONLINE: (Assortment.EVERYWHERE, Assortment.ONLINE_ONLY),
    ChannelKind.STORE: (Assortment.EVERYWHERE, Assortment.STORE_ONLY),
    None: (Assortment.EVERYWHERE,),
}


def offered_to(viewer: Viewer | None) -> Document:
    """The products this viewer may see; None is nobody in particular, who sees all."""
    if viewer is None or viewer.sees_all:
        return {}
    current: Document = {"channel": viewer.channel, **_current(viewer.at)}
    clauses: list[Document] = [
        {"offer.status": ProductStatus.ACTIVE},
        {"$or": [{"offer.publications": None}, {"offer.publications": {"$elemMatch": current}}]},
        {"offer.assortment": {"$in": list(_ASSORTMENTS[viewer.kind])}},
    ]
    if viewer.kind is ChannelKind.STORE:
        clauses.append({"offer.locations": {"$in": [None, *([] if viewer.location is None else [viewer.location])]}})
    return {"$or": [{"offer": None}, {"$and": clauses}]}


def _current(at: datetime) -> Document:
    """Null bounds are stored as null, which equality finds and comparisons do not."""
    return {
        "$and": [{"$or": [{"from": None}, {"from": {"$lte": at}}]}, {"$or": [{"until": None}, {"until": {"$gt": at}}]}]
    }
