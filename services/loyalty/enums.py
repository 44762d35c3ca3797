"""Enums of the model that several rooms show; made enums of the graph here, once."""

import strawberry

from services.loyalty.model import LotKind

__all__ = ["LotKind"]

strawberry.enum(LotKind, description="Regular points share one sliding expiry; limited ones keep their own.")
