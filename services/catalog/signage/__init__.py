"""Signage: what a screen in a shop should show now, decided once, the same for every screen that asks the same."""
