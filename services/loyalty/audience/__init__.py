"""What loyalty has heard of members: their segments, and the month they were born in."""
