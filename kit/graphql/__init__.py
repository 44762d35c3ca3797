"""The graph's conventions as types: scalars, money, connections, user errors, and the schema that prints them."""
