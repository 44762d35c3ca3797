"""Coupons of rewards: loyalty tells that one was claimed, catalog makes it, and says whether it is unused."""
