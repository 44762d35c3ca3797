"""Linkage: which profiles may be of one person, found offline by comparing what they say, not by an identifier.

Fellegi and Sunter's model (1969), its weights estimated from the records themselves by `splink`; needs the extra
`linkage`. It merges nobody: what it finds are candidates with a probability and the evidence for it.
"""
