"""Sourcing: from which locations an order's lines are taken, by a configured order of rules."""
