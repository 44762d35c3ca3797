"""Order: what was sold on every channel, exactly as it was sold, and what came back.

Owns: orders and returns, recorded once by their external ids.
Extends: `Customer` with `orders` and `returns`.
Refuses: sums that do not agree to the minor unit, the same external id with other content, more returned of a line than
was sold of it.
"""
