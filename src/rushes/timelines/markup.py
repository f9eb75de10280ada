"""Words as markup shows them: escaped, free of what no XML may hold, and long names broken where they may be."""

from __future__ import annotations

import html
import re

_NOT_IN_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2
_LONE_HALF = re.compile("[\ud800-\udfff]")
_LONGEST = 24  # characters without a place to break


def text(value: object) -> str:
    """Return any value as text that is safe inside elements and quoted attributes."""
    return html.escape(str(value), quote=True)


def xml_text(value: str) -> str:
    """Return text without the characters that XML 1.0 cannot hold, not even escaped; nothing else is changed."""
    return _NOT_IN_XML.sub("", value)


def whole_text(value: str) -> str:
    """Return text with U+FFFD for each lone half of a character, which no file of UTF-8 can hold.

    Names of files that are no UTF-8 have them, and JSON that somebody else wrote may.
    """
    return _LONE_HALF.sub("\ufffd", value)


def breakable(name: object) -> str:
    """Return a name as safe text that may be broken after its marks (`bbb_`, `opening_`, `480p`) and in long runs."""
    pieces = re.split(r"(?<=[_./\\-])(?=\w)", str(name))
    return "<wbr>".join(
        text(piece[at : at + _LONGEST]) for piece in pieces for at in range(0, len(piece) or 1, _LONGEST)
    )
