"""What the rooms of a customer need of the profile they belong to."""
