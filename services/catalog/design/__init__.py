"""Customised products: what a shopper may choose of a product, and the designs they saved."""
