"""`noren import points`: balances of another points system, a store card's or a web shop's, into the wallets.

Owns what a file's rows mean and the reconciliation to the last point. Pure but for `run`, which speaks to the services.
"""
