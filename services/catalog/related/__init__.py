"""What else a shopper of a product may want."""
