"""What tills and warehouses upload, late and out of order: applied once a line, or kept as a visible discrepancy."""
