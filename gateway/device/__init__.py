"""Tills and kiosks that are let in by somebody beside them, after RFC 8628: no key is ever typed.

The device asks for a code and shows it; an administrator who holds `keys:write` types it in on their own screen and
says where the device stands; the device, which asks every few seconds, gets an API key of its own.
"""
