"""Search: an index of products beside MongoDB, which finds, counts and orders them for listings.

The index is derived: MongoDB stays the truth, `noren search rebuild` makes the index anew, and what a page shows of a
product is read from MongoDB.
"""
