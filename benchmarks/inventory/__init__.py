"""Figures of the inventory: reservations, synchronisation, live stock. See RESULTS.md."""
