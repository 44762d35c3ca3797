"""Merging profiles that are one person's, and parting them again.

A merge moves nothing. The merged profile becomes MERGED and points to the one it hangs under (`parent`) and to the one
that stands for all (`root`); identities, values, consents and events stay where they are, and reading a customer reads
the whole family. So unmerging is cutting one pointer, and restores the profile as it was. Both are transactions, in
which the root of every family that takes part is written: two merges that touch one family take turns.

An anonymous profile (a device's) is hung under the one known profile that was seen on the device in the same way, and
cut off again when a second one is seen there (`sighting/`).
"""
