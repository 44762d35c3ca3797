"""Enums of sourcing as the graph names them: whoever shows or reads one takes it from here, so that it has its
description whichever module is imported first."""

import strawberry

from services.inventory.sourcing.model import SourcingRule

__all__ = ["SourcingRule"]

strawberry.enum(SourcingRule, description="What a sourcing plan is judged by; less is always better.")
