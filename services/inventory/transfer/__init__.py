"""Transfers: stock on its way from one location to another. See `model`."""
