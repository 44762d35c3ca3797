"""A posting: one change of one wallet, made once. What may be asked, what refuses it, and the update that makes it."""
