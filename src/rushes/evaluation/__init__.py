"""Predictions as a judgement."""
