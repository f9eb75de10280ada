"""Small parts of a card's text."""

from __future__ import annotations

from collections.abc import Sequence


def sentence(text: str) -> str:
    """Return a text with a full stop at its end."""
    return text if text.endswith(".") else f"{text}."


def counted(number: int, noun: str) -> str:
    """Return `1 shot`, `3 shots`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def as_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    cells = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in cells)
