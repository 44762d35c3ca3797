"""What catalog lets go of a person who was erased: who wrote, voted, bought and shopped; what was written stays."""
