"""What orders earned: one accrual an order, so that returns take back exactly their part, in whatever order they come.

Owns the record of which order and which returns were heard and how many points each moved. Refuses to move points:
it decides how many, the wallet's postings move them.
"""
