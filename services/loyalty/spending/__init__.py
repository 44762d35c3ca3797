"""Spending rules: how many points a basket takes, and what loyalty has heard of the goods in it."""
