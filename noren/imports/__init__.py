"""Bringing a shop's history in from files: `noren import orders FILE`.

Owns what a file's rows mean (the mapping), which rows are not taken and why, and the proof that every row is
accounted for. Refuses to guess: a row it cannot read is refused by its line and reason, never mended in silence.
`reading`, `rows` and `sales` are pure over the file; `loading` alone speaks to the services.
"""
