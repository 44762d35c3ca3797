"""Customers that were merged, as the customer service tells it: their wallets follow."""
