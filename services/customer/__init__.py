"""Customer: who somebody is, on every channel.

Owns: profiles with names, contact data, external ids and the identities they are found by (e-mail, phone, card, LINE).
Extends: nothing.
Refuses: an identity that another profile has, a placeholder for one, more identities than a person can have, an edit
of a version that is gone, a look at a profile by anybody but its customer and callers with `customers:read`.
"""
