"""What access costs: limits, rates, metrics; and what an attacker gets for it."""
