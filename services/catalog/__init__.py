"""Catalog: the one truth of products and their prices.

Owns: products with options, variants, attributes, media, bundles and customizations, saved designs, categories,
collections, channels, prices, promotions, coupons, quotes. Reviews and questions, the search index, signage.
Extends: `RewardClaim` with the code of its coupon.
Refuses: a slug, SKU or barcode that is taken, a barcode whose check digit is wrong, a variant that does not choose
one value of every option, a price without its currency's precision, two prices that would hold at once, a
promotion that could never apply, a budget or coupon that is used up, an edit of a version that is gone.
"""
