"""Inventory: what lies where, what of it may still be promised, and who holds it.

Owns: locations, stock of a SKU at a location, adjustments, reservations of many lines;
and the papers by which stock moves: transfers, deliveries, fulfilments, waves, counts.
Extends: `Variant` with `availability`, `promise` and `stock`, `Order` with `fulfillments`.
Refuses: to promise or remove more than is available, a count made against figures that have moved, a reservation
that has ended, a key that came with other input, an absurd quantity, a position or time zone that does not exist.
"""
