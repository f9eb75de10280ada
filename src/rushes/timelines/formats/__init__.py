"""Timelines as text, one module per format."""
