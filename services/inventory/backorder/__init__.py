"""Back-orders and pre-orders: pieces sold before they are there, against dated incoming stock."""
