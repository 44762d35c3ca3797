"""How the lines of reservations are held in stock documents and settled."""
