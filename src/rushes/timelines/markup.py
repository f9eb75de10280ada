"""Words as a page shows them: escaped, and long names broken where they may be."""

from __future__ import annotations

import html
import re


def text(value: object) -> str:
    """Return any value as text that is safe inside elements and quoted attributes."""
    return html.escape(str(value), quote=True)


def breakable(name: object) -> str:
    """Return a name as safe text that may be broken after its marks: `bbb_`, `opening_`, `480p`."""
    return re.sub(r"(?<=[_./\\-])(?=\w)", "<wbr>", text(name))
