"""Points from one member to another: they keep their expiry on the way, and a day has a limit."""
