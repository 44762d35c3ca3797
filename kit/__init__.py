"""What would serve a hospital as well as a shop; holds no business word and imports no service."""
