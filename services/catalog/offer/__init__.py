"""Who is offered a product: its state, its publications on channels, and where it is sold."""
