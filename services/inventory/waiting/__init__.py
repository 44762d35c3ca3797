"""Waiting lists: customers who asked to be told when a SKU is back, told once, in the order in which they asked."""
