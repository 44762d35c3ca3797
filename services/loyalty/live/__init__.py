"""Live wallets: each entry as it is made, from one change stream a process to many subscribers."""
