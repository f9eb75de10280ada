"""What drawn sheets have in common: colours, and fonts that can write a name in the room that there is."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

    Font = FreeTypeFont | ImageFont

PAPER, INK, SOFT, LINE = (20, 22, 25), (233, 231, 226), (150, 157, 166), (46, 50, 56)
ACCENT = (255, 154, 92)
# Tried in this order for names that the font in Pillow cannot write; found by name in the system's folders.
_NAME_FONTS = (
    "NotoSans-Regular.ttf", "DejaVuSans.ttf", "Arial Unicode.ttf", "Arial.ttf", "LiberationSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc", "SourceHanSans.ttc", "wqy-zenhei.ttc", "PingFang.ttc", "Hiragino Sans GB.ttc",
    "AppleGothic.ttf", "msyh.ttc", "YuGothM.ttc", "malgun.ttf", "segoeui.ttf", "DroidSansFallbackFull.ttf",
)  # fmt: skip


@lru_cache(maxsize=16)
def font_of(size: int) -> Font:
    """Return the font that comes with Pillow, in pixels."""
    from PIL import ImageFont

    return ImageFont.load_default(size)


def fitted_name(name: str, room: int, *, sizes: Sequence[int]) -> tuple[Font, str]:
    """Return a font and a name as it fits: smaller first, then with its middle left out.

    Args:
        room: pixels.
        sizes: of the font, the largest first.
    """
    for size in sizes:
        font = font_for(name, size)
        if font.getlength(name) <= room:
            return font, name
    fits = bisect_left(range(8, len(name)), True, key=lambda keep: font.getlength(_shortened(name, keep)) > room)
    return font, _shortened(name, 8 + max(0, fits - 1))


def _shortened(name: str, keep: int) -> str:
    return f"{name[: (keep + 1) // 2]}...{name[len(name) - keep // 2 :]}"


def font_for(name: str, size: int) -> Font:
    """Return a font that can write a name: Pillow's own, or the system's that lacks the fewest of its letters."""
    return _font_with(frozenset(letter for letter in name if not letter.isascii()), size)


@lru_cache(maxsize=256)
def _font_with(letters: frozenset[str], size: int) -> Font:
    from PIL import ImageFont

    best, best_lacks = font_of(size), _lacking(font_of(size), letters)
    for file in _NAME_FONTS if best_lacks else ():
        try:
            font = ImageFont.truetype(file, size)
        except OSError:
            continue
        lacks = _lacking(font, letters)
        if lacks < best_lacks:
            best, best_lacks = font, lacks
        if not lacks:
            break
    return best


def _lacking(font: Font, letters: Iterable[str]) -> int:
    """Return how many letters a font shows as the sign that it has for what it lacks."""
    sign = bytes(font.getmask("\U0010fffe"))
    return sum(not letter.isspace() and bytes(font.getmask(letter)) == sign for letter in letters)
