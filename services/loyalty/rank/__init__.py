"""Members' ranks (会員ランク): who has bought enough within a period, for how long, and what is missing to the next."""
