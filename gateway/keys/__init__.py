"""API keys that are made, rotated and revoked while the gateway runs.

`secret` how a key reads, `model` what it may hold, `store` where it lies, `actions` what changes it, `directory` the
copy in memory by which requests are judged.
"""
