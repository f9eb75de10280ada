"""GoogleLink: which spreadsheet and worksheet a link names, however it was copied, and how a link is shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from rushes.labels.sheet import unreadable

_SHARE = "https://docs.google.com/spreadsheets/d/ID/edit#gid=0"
_GOOGLE = re.compile(r"^(?:https?://)?((?:docs|drive|sheets)\.google\.com)/", re.IGNORECASE)
_SPREADSHEET = re.compile(r"^/(?:a/[^/]+/)?spreadsheets/(?:u/\d+/)?d/([A-Za-z0-9_\-]{1,})(?:/|$)")


@dataclass(frozen=True, slots=True)
class GoogleLink:
    """A spreadsheet at Google, and the worksheet in it that is meant.

    Attributes:
        spreadsheet: the id that stands behind `/d/`.
        gid: number of the worksheet; None where the link names none.
    """

    spreadsheet: str
    gid: int | None = None

    def __str__(self) -> str:
        tail = "" if self.gid is None else f"#gid={self.gid}"
        return f"docs.google.com/spreadsheets/d/{self.spreadsheet}{tail}"

    def key_of(self, gid: int) -> str:
        """Return what tells a worksheet from all other sheets, whatever stood behind the id in the link."""
        return f"google:{self.spreadsheet}#gid={gid}"


def parse_google_link(text: str) -> GoogleLink | None:
    """Return the spreadsheet that a link names; None where the text is no link to Google's documents.

    Raises:
        SheetError: it leads to Google, and to no spreadsheet that can be read.
    """
    found = _GOOGLE.match(text.strip())
    if found is None:
        return None
    shown = without_query(text)
    try:
        address = urlsplit(f"https://{text.strip().partition('://')[2] or text.strip()}")
    except ValueError:
        raise unreadable(shown, f"this is no link to a spreadsheet. Copy it from the browser: {_SHARE}") from None
    at = _SPREADSHEET.match(address.path)
    if found[1].casefold() != "docs.google.com" or at is None:
        raise unreadable(shown, f"this link leads to no spreadsheet. Open the sheet and copy its link: {_SHARE}")
    if at[1] == "e":
        raise unreadable(shown, f"this is the link of a published page. Copy the link of the sheet itself: {_SHARE}")
    stated = (*parse_qs(address.fragment).get("gid", ()), *parse_qs(address.query).get("gid", ()))
    numbers = [number for number in stated if number.isascii() and number.isdigit()]
    return GoogleLink(at[1], int(numbers[0]) if numbers else None)


def without_query(text: str) -> str:
    """Return an address without what stands behind its question mark, which may be a key or a signature."""
    path, mark, _ = text.strip().partition("?")
    return f"{path}?…" if mark else path
