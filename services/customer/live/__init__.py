"""Live: what members do, and who is looked up at a counter, as it happens; one change stream a process for each."""
