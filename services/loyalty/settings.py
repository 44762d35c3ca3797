"""Loyalty's settings."""

from pydantic import Field

from kit.settings import KitSettings


class Settings(KitSettings):
    """What loyalty may be told by its environment. How points are earned is not among it: rules have versions."""

    expiry_sweep_s: float = Field(default=30.0, gt=0, description="Pause between two sweeps for expired lots")
