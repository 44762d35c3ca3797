"""Catalog: what its parts cost."""
