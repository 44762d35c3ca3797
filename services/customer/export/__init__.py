"""Everything this service holds on a person, as they would read it, in one call."""
