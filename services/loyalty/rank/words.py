"""Enums of ranks as the graph names them: whoever shows or reads one takes it from here, so that it has its name and
description whichever module is imported first."""

import strawberry

from services.loyalty.rank.model import Measure, Window

__all__ = ["Measure", "Window"]

strawberry.enum(Measure, name="RankMeasure", description="What qualifies for a rank.")
strawberry.enum(Window, name="RankWindow", description="The period that is looked at.")
