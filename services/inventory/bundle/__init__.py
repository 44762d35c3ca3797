"""Bundles as the catalog tells them: what a bundle's SKU takes from stock."""
