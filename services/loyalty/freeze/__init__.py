"""A wallet that spends nothing until somebody has looked at it."""
