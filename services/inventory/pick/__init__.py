"""Waves: what one picker fetches in one walk for many fulfilments. See `model`."""
