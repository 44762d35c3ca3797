"""How each table of the sample is derived from its source, one noun a file.

Owns the rules (what is kept, cleaned, rounded, left out); refuses to write files (see `noren.sample.build`).
"""
