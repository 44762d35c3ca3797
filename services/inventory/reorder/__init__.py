"""Reorder points and low stock, and what shops could send each other. See `model` and `redistribution`."""
