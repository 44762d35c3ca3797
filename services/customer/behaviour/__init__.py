"""Behaviour: what a member or a device did, on any channel, as it was told; read across merges."""
