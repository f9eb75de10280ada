"""A photograph as the page shows it: small, filling the window, or pixel by pixel."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from rushes.errors import MediaError, StoreError
from rushes.footage.picture import PictureSize, encode_picture
from rushes.review.session import Item
from rushes.storage.files import digest_of_bytes
from rushes.storage.places import Place, parse_place

Kind = Literal["thumb", "fit", "full"]
LONG_SIDES: dict[Kind, int] = {"thumb": 320, "fit": 2048, "full": 100_000}
_QUALITIES: dict[Kind, int] = {"thumb": 82, "fit": 90, "full": 94}
_LEAST_FIT = 0.89  # of the named size
_LEFT_TO_MEAN = 1.5  # as `rushes.footage.photo` decodes
_VERSION = "1"  # of how renditions are made: another one makes them anew
# Pictures that every browser shows as they are, upright and in their colours, by their first bytes.
_SHOWN_AS_THEY_ARE = {b"\xff\xd8\xff": "image/jpeg", b"\x89PNG": "image/png"}


@dataclass(frozen=True, slots=True)
class Rendition:
    """Bytes of a picture, and what they are.

    Attributes:
        media_type: `image/jpeg`.
        flaw: why it shows something else than the photograph, for a person; "" where it is the photograph.
        is_lasting: whether the same address shows the same as long as the file stays as it is.
    """

    data: bytes
    media_type: str = "image/jpeg"
    flaw: str = ""
    is_lasting: bool = True


class Renditions:
    """How items become what the page shows; reads files, and never writes to them."""

    def __init__(self, root: Path) -> None:
        """Show what the catalog of the project in a folder knows."""
        self._root = root

    def key(self, item: Item, kind: Kind) -> str:
        """Return what a rendition is known by: the content of its file, as far as its size and time tell."""
        shown = [item.path, *item.companions[:1]] if item.is_still else [str(self._image_of(item))]
        states = [_state_of(path) for path in shown]
        return digest_of_bytes("\n".join([_VERSION, kind, item.digest, item.id, *states]).encode())[:40]

    def make(self, item: Item, kind: Kind, smaller_from: Callable[[], bytes | None] = lambda: None) -> Rendition:
        """Return a rendition; what cannot be read comes as a picture that says so.

        Args:
            smaller_from: gives the `fit` rendition, where it was made before; a thumb is then made of that.
        """
        if kind == "thumb" and (larger := smaller_from()) is not None:
            return Rendition(_shrunk(larger))
        try:
            return self._read(item, kind)
        except (MediaError, StoreError, OSError) as error:  # a store may give again what it refuses now
            said = error.strerror or error if isinstance(error, OSError) else error
            reason = error.reason if isinstance(error, MediaError) else f"cannot be read ({said})"
        if item.is_still and "://" not in item.path and not Path(item.path).exists():
            reason = "is gone, or its disk is away"
        try:
            pixels = self._kept(item, kind)
        except (MediaError, StoreError, OSError):
            return Rendition(placeholder(item.name, reason, kind), flaw=reason, is_lasting=False)
        shown = f"a kept picture of {pixels.shape[1]} × {pixels.shape[0]} pixels stands for the file, which {reason}"
        return Rendition(encode_picture(pixels, "jpeg", _QUALITIES[kind]), flaw=shown, is_lasting=False)

    def original(self, item: Item) -> tuple[Path, str] | None:
        """Return the file that a browser shows 1:1 as it is, and its media type; None where one has to be made."""
        if not item.is_still or "://" in item.path:
            return None
        path = Path(item.path)
        try:
            with path.open("rb") as file:
                start = file.read(4)
        except OSError:
            return None
        return next(((path, kind) for mark, kind in _SHOWN_AS_THEY_ARE.items() if start.startswith(mark)), None)

    def _read(self, item: Item, kind: Kind) -> Rendition:
        if not item.is_still:
            return Rendition(encode_picture(self._kept(item, kind), "jpeg", _QUALITIES[kind]))
        from rushes.footage.sources import read_still

        path = parse_place(item.path)
        size = PictureSize(long_side=long_side_of(item, kind))
        companion = _companion_of(item)
        known = {"name": item.name, "group": "", "digest": item.digest, "size": size}
        try:
            _, still = read_still(path, companion=companion, **known)  # type: ignore[arg-type]
        except MediaError as error:
            if companion is None or error.path != str(companion):
                raise
            _, still = read_still(path, **known)  # type: ignore[arg-type]
        return Rendition(encode_picture(still.pixels, "jpeg", _QUALITIES[kind]))

    def _kept(self, item: Item, kind: Kind) -> npt.NDArray[np.uint8]:
        """Return the picture that the project keeps."""
        from rushes.footage.photo import read_photo

        return read_photo(self._image_of(item), size=PictureSize(long_side=LONG_SIDES[kind])).pixels

    def _image_of(self, item: Item) -> Place:
        return parse_place(item.image) if "://" in item.image else self._root / item.image


def long_side_of(item: Item, kind: Kind) -> int:
    """Return the long side that a rendition of an item has, in pixels.

    A JPEG is decoded at half its size in half the time, where half leaves enough to average. So that this is so of the
    usual 20 and 24 megapixels too, `fit` may be up to a tenth smaller than it is named.
    """
    whole, wanted = max(item.width, item.height), LONG_SIDES[kind]
    quick = int(whole / 2 / _LEFT_TO_MEAN)
    return quick if kind == "fit" and _LEAST_FIT * wanted <= quick < wanted else min(wanted, whole)


def placeholder(name: str, reason: str, kind: Kind) -> bytes:
    """Return a JPEG that says of a photograph that it cannot be read, and why."""
    from PIL import Image, ImageDraw, ImageFont

    width = min(LONG_SIDES[kind], 1600)
    height = width * 2 // 3
    image = Image.new("RGB", (width, height), (38, 38, 38))
    draw = ImageDraw.Draw(image)
    large, small = ImageFont.load_default(width / 22), ImageFont.load_default(width / 32)
    letters = 46
    lines = [(large, "This photograph cannot be read"), (small, name[:60])]
    if kind != "thumb":
        lines += [(small, line) for line in _folded(reason, letters)]
    top = height / 2 - len(lines) * width / 44
    for font, line in lines:
        draw.text((width / 2, top), line, font=font, fill=(232, 232, 232), anchor="ma")
        top += width / 20
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return file.getvalue()


def _folded(text: str, letters: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, letters)[:6]


def _shrunk(larger: bytes) -> bytes:
    from rushes.footage.photo import read_photo_bytes

    still = read_photo_bytes(larger, "picture", size=PictureSize(long_side=LONG_SIDES["thumb"]))
    return encode_picture(np.asarray(still.pixels), "jpeg", _QUALITIES["thumb"])


def _companion_of(item: Item) -> Place | None:
    """Return the companion of a raw that is there; a stand-in for a photograph is none."""
    from rushes.footage.kinds import kind_of

    if not item.companions or kind_of(parse_place(item.path)) != "raw":
        return None
    companion = parse_place(item.companions[0])
    return companion if not isinstance(companion, Path) or companion.is_file() else None


def _state_of(path: str) -> str:
    try:
        state = Path(path).stat()
    except (OSError, ValueError):  # an address, whose frame's id names its content; or a file that is gone
        return path
    return f"{state.st_size} {state.st_mtime_ns}"
