"""Changes by hand: what one member of staff may change alone, and what somebody else has to approve."""
