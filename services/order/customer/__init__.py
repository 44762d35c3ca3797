"""What the order service adds to a customer: orders and returns, newest first."""
