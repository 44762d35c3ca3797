"""Attributes: what a shop says of its products beside names and prices, with a definition for each."""
