"""Test suites of others, run against a real gateway: `make audit-http`, `make audit-schema`; development only."""
