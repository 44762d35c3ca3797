"""Enums of the model that several rooms show in the graph."""

import strawberry

from services.loyalty.bonus.model import BonusPeriod, BonusTrigger
from services.loyalty.model import EntryKind, LotKind
from services.loyalty.reward.model import RewardKind
from services.loyalty.spending.model import Pace

__all__ = ["BonusPeriod", "BonusTrigger", "EntryKind", "LotKind", "Pace", "RewardKind"]

strawberry.enum(LotKind, description="Regular points share one sliding expiry; limited ones keep their own.")
strawberry.enum(EntryKind, description="What an entry of the statement did.")
strawberry.enum(BonusTrigger, description="What a member did.")
strawberry.enum(BonusPeriod, description="Within what a bonus is given so many times.")
strawberry.enum(Pace, description="The hour or the day (UTC) it is by the database's clock.")
strawberry.enum(RewardKind, description="What a member gets.")
