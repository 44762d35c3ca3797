"""Saying who somebody is from what was seen of them; idempotent, and independent of the order of arrival.

Of what an observation holds, three kinds are told apart:

- **proof**: cards, LINE, POS and external ids, and verified e-mails and phones. What one observation proves together is
  one customer: it is claimed for one, and customers who have it already are merged.
- **hints**: e-mails and phones nobody verified. They claim nothing beside proof; two customers with one are candidates.
- **devices**: they have an anonymous profile, which belongs to the one customer who was seen on it; seen with two, to
  nobody.
"""
