"""Adjustments too large for one person: asked for by one, approved by another. See `model`."""
