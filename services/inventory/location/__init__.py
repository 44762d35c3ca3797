"""Locations: where stock lies, on the map and in the day."""
