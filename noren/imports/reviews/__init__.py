"""Reviews from files into the catalog, published; the same file again changes nothing."""
