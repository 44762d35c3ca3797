"""Bundles: variants that are made of other variants."""
