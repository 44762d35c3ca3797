"""Oracles that need Node: development only, never part of the test command."""
