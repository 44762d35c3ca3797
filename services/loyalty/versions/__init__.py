"""Rules that are set whole: numbered versions that never change, each set once a key on top of the one before."""
