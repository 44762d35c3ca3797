"""Consent: what somebody allowed, record by record, and what follows from it now."""
