"""Manifests as splits, as folders of classes, and as numbers that a model takes."""
