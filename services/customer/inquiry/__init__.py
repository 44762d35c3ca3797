"""Inquiries: what customers ask, on whatever channel, as one thread that every channel's staff sees."""
