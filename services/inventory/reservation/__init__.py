"""Reservations: many lines held all or nothing, without a transaction (the fenced method)."""
