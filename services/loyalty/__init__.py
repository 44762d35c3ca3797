"""Loyalty: members' points, from earning to expiry.

Owns `Wallet`: its lots, holds, debt and statement, and the journal every point is in, twice; and `RewardClaim`: what
members have for points.
Extends `Customer` with `wallet` and `Variant` with `pointsEarned`.
Refuses to know who a customer is, what was in an order and what a product costs: it takes ids, amounts and prices as
they are told. It never lets a point be spent twice, or after its expiry.
"""
