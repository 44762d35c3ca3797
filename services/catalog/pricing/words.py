"""Enums of prices as the graph names them: whoever shows or reads one takes it from here, so that it has its name and
description whichever module is imported first."""

import strawberry

from services.catalog.pricing.tax import Rounding, TaxBasis, TaxClass, TaxMode

__all__ = ["Rounding", "TaxBasis", "TaxClass", "TaxMode"]

strawberry.enum(TaxClass, description="What a product is to the tax office.")
strawberry.enum(TaxMode, description="Whether a channel's prices are with tax or without.")
strawberry.enum(Rounding, description="Which way a fraction of a minor unit of tax goes.")
strawberry.enum(
    TaxBasis, description="What is rounded: every line, or once all lines of a rate, as a qualified invoice demands."
)
