"""At the counter: who stands there, found by what they say or show."""
