"""Subjects: what is in a picture, as the words of a sheet's cell, and which of them a sheet changes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

Subjects = tuple[str, ...]

_BETWEEN = re.compile(r"[,;|\r\n\v\f\x85\u2028\u2029]+")
_KEYS = ("subjects", "subject", "tags", "keywords")


def parse_subjects(text: str) -> Subjects:
    """Return the words of a cell, cut at `,` `;` `|` and line ends, in their order.

    Case is kept, but "Car" and "car" are one word, spelt as it came first. A cell may also hold JSON: a list states
    its texts, an object what stands under `subjects`, `subject`, `tags` or `keywords`, and nothing without them.
    """
    return unite_subjects([_words_of(text)])


def unite_subjects(several: Iterable[Iterable[str]]) -> Subjects:
    """Return the words of several statements in order, each once."""
    found: dict[str, str] = {}
    for words in several:
        for word in words:
            found.setdefault(word.casefold(), word)
    return tuple(found.values())


def plan_subjects(
    previous: Mapping[str, Subjects], stated: Mapping[str, Subjects], *, is_whole: bool
) -> dict[str, Subjects]:
    """Return what changes in the subjects that one sheet states: frame id -> its words from now on, () for none.

    Args:
        previous: what the sheet stated so far.
        stated: what it states now.
        is_whole: whether every row found its frames; otherwise nothing is withdrawn, since a row that was misspelt is
            not a row that is gone.
    """
    changed = {frame: words for frame, words in stated.items() if previous.get(frame) != words}
    if is_whole:
        changed |= {frame: () for frame in previous if frame not in stated}
    return changed


def _words_of(text: str) -> list[str]:
    if text.lstrip().startswith(("[", "{")):
        try:
            return _words_in(json.loads(text))
        except (ValueError, RecursionError):
            pass  # a bracket may open a remark as well
    return _cut(text)


def _words_in(value: Any) -> list[str]:
    if isinstance(value, dict):
        by_folded = {str(key).casefold(): inner for key, inner in value.items()}
        return next((_words_in(by_folded[key]) for key in _KEYS if isinstance(by_folded.get(key), str | list)), [])
    if isinstance(value, list):
        return [word for item in value if isinstance(item, str) for word in _cut(item)]
    return _cut(value) if isinstance(value, str) else []


def _cut(text: str) -> list[str]:
    return [word for piece in _BETWEEN.split(text) if (word := piece.strip())]
