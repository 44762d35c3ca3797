"""Tokens of people: customers and staff who signed in somewhere, or here.

`model` whom a token speaks for and what it must be, `jwks` the keys of issuers elsewhere, `reader` tokens to persons.
"""
