"""Shoppers: what pricing knows of a customer, a small projection of what other services tell."""
