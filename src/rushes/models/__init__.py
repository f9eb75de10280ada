"""Names as networks."""
