"""Promises: what a shopper can have, where and when: here now, here on a day, delivered on a day, not at all."""
