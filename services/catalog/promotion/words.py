"""Enums of promotions as the graph names them: whoever shows or reads one takes it from here, so that it has its name
and description whichever module is imported first."""

import strawberry

from services.catalog.promotion.model import ActionKind, Reach

__all__ = ["ActionKind", "Reach"]

strawberry.enum(ActionKind, name="PromotionActionKind", description="What a promotion does.")
strawberry.enum(Reach, name="PromotionReach", description="Of every line, or of all target lines together.")
