"""What customer costs: the vault's candidates, look-ups, identification, imports."""
