"""Moderation: what people write is shown once staff have read it."""
