"""Spent points given back, to the lots they came from, never more than were spent."""
