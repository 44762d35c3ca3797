"""Figures of the points ledger. See RESULTS.md."""
