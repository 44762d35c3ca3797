"""How well and how fast linkage finds who is whom."""
