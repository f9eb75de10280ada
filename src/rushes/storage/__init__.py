"""Places for bytes."""
