"""What access costs: trust, limits, rates, metrics; and what an attacker gets for it."""
