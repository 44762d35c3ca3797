"""The sample shop: data files, what they come from, and the reader that yields typed rows.

Owns the AdventureWorks catalogue, customers and online orders, placed in real Japanese shop positions.
Refuses to know any service: loading the rows is the seeder's work.
"""
