"""Manifests as splits and as numbers that a model takes."""
