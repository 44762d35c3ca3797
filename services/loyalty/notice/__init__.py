"""Notices before points expire: 30, 7 and 1 days ahead, each told once."""
