"""Channels of sale."""
