"""Fixed bonuses for what members do besides buying: rules with versions, and the door through which events come."""
