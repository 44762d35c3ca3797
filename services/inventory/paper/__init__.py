"""Paperwork: documents with a state, a history and the movements of stock they have decided. See `model`."""
