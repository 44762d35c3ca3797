"""Stock counts (棚卸): what lies on the shelf against what the books say. See `model`."""
