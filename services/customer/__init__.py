"""Customer: who somebody is, on every channel.

Owns: profiles with names, contact data and external ids, every value with its source, and the identities they are found
by; which profiles are one person's (merges, candidates), and which devices are whose; what they did on every channel,
asked, wished for, bought and consented to.
Extends: nothing.
Refuses: an identity that another profile has, a placeholder for one, more identities than a person can have, an edit
of a version that is gone, an event from the future or of somebody who wants nothing noted, a look at a profile by
anybody but its customer and callers with `customers:read`.
"""
