"""The memory of a project: sources, frames and labels."""
