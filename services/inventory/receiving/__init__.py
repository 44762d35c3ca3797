"""Receiving: deliveries that are expected, what arrived of them, and what quality control says. See `model`."""
