"""Rewards: what members may have for points, by definitions with versions, and how many pieces of each there are."""
