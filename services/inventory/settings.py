"""Inventory's settings."""

from kit.settings import KitSettings


class Settings(KitSettings):
    """Nothing of its own yet; the name is the room."""
