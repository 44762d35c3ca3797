"""By what a document is recorded once: its external ids and its idempotency key."""
