"""Test suites of others, run against a real gateway: `make audits`; development only."""
