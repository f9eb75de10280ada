"""A run as a portable model, proven equal."""
