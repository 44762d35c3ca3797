"""The command, and what puts the whole together; it alone may import everything."""
