"""Customers from the card desk, the web shop, the newsletter, surveys, LINE: one row is somebody as they were seen."""
