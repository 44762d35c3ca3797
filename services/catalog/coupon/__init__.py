"""Coupons: codes that open a promotion, and who may use one, where, when and how often."""
