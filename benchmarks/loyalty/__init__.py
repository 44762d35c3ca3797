"""Figures of the points ledger."""
