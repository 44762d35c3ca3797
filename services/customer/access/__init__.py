"""Who saw whom: one entry a request that shows a customer to anybody but themselves, kept before it is answered."""
