"""Promotions: when something costs less than its list price, by how much, and how often at most."""
