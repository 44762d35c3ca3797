"""Custom attributes: what a shop wants to know of its customers besides what every profile has.

They are defined, typed, and shown to whom they are for. Their values are traits like all others: sealed, with source
and time.
"""
