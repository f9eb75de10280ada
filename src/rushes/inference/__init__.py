"""A bundle and footage as predictions."""
