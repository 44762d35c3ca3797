"""Pick capacity: how many pieces a location picks on a business day, held like stock."""
