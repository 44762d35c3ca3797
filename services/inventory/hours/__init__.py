"""Opening hours: when a location is open, in its own time zone, over midnight, holidays and clock changes."""
