"""Devices and cookies: who was seen at them, and so whose is what was done there without logging in."""
