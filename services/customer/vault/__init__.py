"""The vault: how personal values lie at rest, and how they are destroyed.

Every personal value of a profile (names, contact data, birthday, language, tags, preferences, attributes, the values of
identities) is encrypted in the client, field by field, with AES-256-GCM and a key of this one profile's, bound to the
profile and the field as associated data: a ciphertext moved to another place does not open. The profile's key lies in a
collection of its own (`member_keys`), wrapped by the master key (`NOREN_VAULT_KEY`), so that a backup of the profiles
without that collection says nothing. What is looked up by is an HMAC: the claims of identities, and the look-up tokens
of the counter. Erasing a person is destroying the key, the claims and the tokens; the ciphertexts go as well.

In the clear stay: ids, states, times, which source told a field, the kinds of identities, and external ids, by which
imports match (they go with an erasure). Why not libmongocrypt: docs/decisions/0012-member-keys.md.
"""
