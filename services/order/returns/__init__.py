"""Returns: goods that came back, with the order they were sold on or without one."""
