"""Questions: what customers want to know of products, and what the merchant and other customers answer."""
