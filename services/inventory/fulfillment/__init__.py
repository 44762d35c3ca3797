"""Fulfilment: from pieces that are sold to pieces in somebody's hands. See `model`."""
