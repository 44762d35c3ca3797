"""Barcodes: GTINs with their check digit."""
