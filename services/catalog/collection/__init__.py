"""Collections: products gathered by hand, or by a rule that finds them."""
