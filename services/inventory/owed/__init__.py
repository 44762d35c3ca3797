"""Pieces committed for later of which no fulfilment has been made yet: whose they are. See `model`."""
