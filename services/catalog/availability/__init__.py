"""Availability: what inventory tells of stock, kept beside the products so that listings can ask for it."""
