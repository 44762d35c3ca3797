"""Catalog: the one truth of products and their prices.

Owns: products with options and variants, categories, channels, prices by currency and channel.
Extends: nothing.
Refuses: a slug, SKU or barcode that is taken, a barcode whose check digit is wrong, a variant that does not choose
one value of every option, a price without its currency's precision, an edit of a version that is gone.
"""
