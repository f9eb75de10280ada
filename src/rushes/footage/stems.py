"""Which photograph the name of an edited picture states: `Smith-DSC_0123-Edit (1)` is of `DSC_0123`."""

from __future__ import annotations

import unicodedata
from collections.abc import Container


def fold_stem(stem: str) -> str:
    """Return a file's name, without its extension, as it is compared: composed, case aside."""
    return unicodedata.normalize("NFC", stem).strip().casefold()


def find_stems(name: str, known: Container[str]) -> tuple[str, ...]:
    """Return the longest known stems that a name holds from boundary to boundary, in the order of the name.

    A boundary is an end of the name, or where one of the two characters is neither letter nor digit: `DSC_0123` is in
    `DSC_0123-Edit`, `Smith_DSC_0123` and `DSC_0123 (1)`, and not in `DSC_01234`. Several stems of the same length are
    several photographs, as in the name of a panorama of two.

    Args:
        name: of a picture, without its extension.
        known: stems as `fold_stem` returns them.
    """
    folded = fold_stem(name)
    if folded in known:
        return (folded,)
    edges = [at for at in range(len(folded) + 1) if _is_boundary(folded, at)]
    found: dict[str, None] = {}
    longest = 1
    for start in edges:
        for stop in edges:
            if stop - start >= longest and (piece := folded[start:stop]) in known:
                found = found if stop - start == longest else {}
                longest = stop - start
                found[piece] = None
    return tuple(found)


def _is_boundary(text: str, at: int) -> bool:
    return at in (0, len(text)) or not (text[at - 1].isalnum() and text[at].isalnum())
