"""Media files as sources, frames and pixels."""
