"""Products with their options and variants: one document each, edited whole."""
