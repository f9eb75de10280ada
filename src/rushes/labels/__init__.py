"""Sheets as labels, labels as one resolved answer, answers as a manifest."""
