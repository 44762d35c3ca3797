"""Which profiles are one person: what belongs to several ids is read by all of them, and never rewritten."""
