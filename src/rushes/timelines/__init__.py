"""Shots for editing programs and for the eye: timelines in several formats, contact sheets."""
