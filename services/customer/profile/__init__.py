"""A profile's values: each with its source and time, and the rules that choose the ones that are shown."""
