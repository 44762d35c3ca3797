"""Policies: what a channel keeps back, shows, promises and prefers; one versioned document a channel."""
