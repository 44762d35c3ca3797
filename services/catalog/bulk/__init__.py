"""Products by the thousand: each judged alone, each written wholly or not at all."""
