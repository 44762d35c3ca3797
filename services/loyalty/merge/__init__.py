"""Two wallets become one, and two again: lots, holds, debt, waiting points and ranks follow. Cold work."""
