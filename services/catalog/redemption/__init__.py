"""Redemptions: what a signed quote takes of budgets, limits and coupons, all of it or nothing."""
