"""Points set aside while a purchase is under way: held, then captured in whole or part, voided, or run out."""
