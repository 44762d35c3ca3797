"""Products from files: every row accounted for, what a file does not name stays as it is, again changes nothing."""
