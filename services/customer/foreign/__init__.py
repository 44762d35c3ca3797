"""What other services own and customer points to, by its key."""
