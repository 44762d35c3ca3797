"""Balances that another system keeps: a file of them says how many points there are; the difference is posted."""
