"""Price lists, tax and what a shopper has been shown: everything between a variant's base price and its figure."""
