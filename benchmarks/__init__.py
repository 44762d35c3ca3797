"""Figures anyone can take again; each module is a command, RESULTS.md has what it printed here."""
