"""Purchases: who bought what, as orders tell it; for verified reviews and for what is popular."""
