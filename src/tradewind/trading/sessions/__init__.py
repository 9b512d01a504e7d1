"""Sessions: a strategy at a market as it comes, everything it acted on written down, and played again from that."""
