"""Standings: what a product's reviews and sales amount to."""
