"""A recipe as a run."""
