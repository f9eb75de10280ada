"""The names of files in a dataset: each names one frame, and stands in every folder and key."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import TYPE_CHECKING

from rushes.storage.files import digest_of_bytes

if TYPE_CHECKING:
    import polars as pl

LONGEST_BYTES = 255
_FORBIDDEN = r'[<>:"/\\|?*\x00-\x1f\x7f]'
_RESERVED = r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)"
_RESERVED_STEM = re.compile(rf"{_RESERVED} *(?:\.|$)", re.IGNORECASE)
# Names that need a second look; all others are fit as they are.
_ODD = rf"^[. ]|[. ]$|^$|{_FORBIDDEN}|[^\x00-\x7f]|^(?i:{_RESERVED}) *(?:\.|$)"
_EXTENSION = r"^[^?]*[^/?](\.[A-Za-z0-9]{1,16})(?:\?|$)"
_USUAL = ".jpg"
# Digits of the digest behind a name; each step is taken by the names that were not alone at the one before.
_DIGITS = (0, 8, 16, 64)


def file_names(table: pl.DataFrame) -> pl.Series:
    """Return the file name of every frame: its name, and the extension of its picture in lower case.

    No two are the same, case aside. Names that would be get `-` and eight digits of the SHA-256 of their frame's id,
    all of them, so that a name does not depend on the order of the rows; so do names cut to fit in 255 bytes.

    Args:
        table: columns name, img-ref and frame_id, one row per frame.
    """
    import polars as pl

    stems, extensions = _fit_stems(table["name"]), _extensions(table["img-ref"])
    names = stems + extensions
    odd = names.str.len_bytes() > LONGEST_BYTES
    for digits in _DIGITS[1:]:
        odd |= _repeated(names)
        if not odd.any():
            return names.alias("file")
        places = odd.arg_true()
        rows = zip(table["frame_id"].gather(places), stems.gather(places), extensions.gather(places), strict=True)
        names = names.scatter(places, [_with_digest(*row, digits) for row in rows])
        odd = pl.zeros(table.height, dtype=pl.Boolean, eager=True)
    return names.alias("file")


def why_no_folder(name: str) -> str | None:
    """Return why a text cannot be the name of a folder on every system, as a sentence; None where it can."""
    bad = re.search(_FORBIDDEN, name)
    if bad:
        return f"it holds {bad[0]!r}"
    if not name or name[0] in ". " or name[-1] in ". ":
        return "it begins or ends with a dot or a space"
    if _RESERVED_STEM.match(name):
        return "Windows keeps this name for a device"
    if name != unicodedata.normalize("NFC", name):
        return "its letters and accents are apart (Unicode NFD)"
    if len(name.encode()) > LONGEST_BYTES:
        return f"it is longer than {LONGEST_BYTES} bytes"
    return None


def fold_case(names: pl.Series) -> pl.Series:
    """Return names as a file system compares them that does not tell case apart."""
    plain = names.str.to_lowercase()
    beyond = names.str.len_bytes() != names.str.len_chars()  # not in ASCII
    if not beyond.any():
        return plain
    folded = [unicodedata.normalize("NFC", name.casefold()) for name in names.filter(beyond)]
    return plain.scatter(beyond.arg_true(), folded)


def _fit_stems(names: pl.Series) -> pl.Series:
    odd = names.str.contains(_ODD)
    return names.scatter(odd.arg_true(), _fit_all(names.filter(odd))) if odd.any() else names


def _fit_all(names: Iterable[str]) -> list[str]:
    """Return names with `_` for what a file name cannot hold, composed (Unicode NFC)."""
    fit = []
    for name in names:
        stem = re.sub(_FORBIDDEN, "_", unicodedata.normalize("NFC", name)) or "_"
        stem = re.sub(r"^[. ]|[. ]$", "_", stem)
        fit.append(f"_{stem}" if _RESERVED_STEM.match(stem) else stem)
    return fit


def _extensions(pictures: pl.Series) -> pl.Series:
    import polars as pl

    ends = pictures.str.ends_with(_USUAL) & ~pictures.str.ends_with(f"/{_USUAL}")
    usual = ends & ~pictures.str.contains("?", literal=True)
    found = pl.repeat(_USUAL, len(pictures), dtype=pl.String, eager=True)
    if usual.all():
        return found
    others = pictures.filter(~usual).str.extract(_EXTENSION).fill_null("").str.to_lowercase()
    return found.scatter((~usual).arg_true(), others)


def _repeated(names: pl.Series) -> pl.Series:
    """Return which names occur more than once, case aside."""
    import polars as pl

    folded = fold_case(names)
    # Equal names have equal hashes; numbers settle the common case sooner.
    hashes = folded.hash()
    if hashes.n_unique() == len(names):
        return pl.zeros(len(names), dtype=pl.Boolean, eager=True)
    return folded.is_duplicated()


def _with_digest(frame: str, stem: str, extension: str, digits: int) -> str:
    room = LONGEST_BYTES - len(extension.encode()) - 1 - digits
    cut = stem.encode()[:room].decode(errors="ignore")
    return f"{cut}-{digest_of_bytes(frame.encode())[:digits]}{extension}"
