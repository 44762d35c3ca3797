"""Quotes: the one pricing function, its signed promise, and what a redemption takes."""
