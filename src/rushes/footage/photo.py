"""Photographs as upright RGB pixels, through Pillow."""

from __future__ import annotations

import io
import math
import threading
import warnings
from typing import IO, TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rushes.errors import MediaError
from rushes.footage.capture_time import parse_exif_time
from rushes.footage.hdr import TRANSFER_HLG, TRANSFER_PQ, tone_map
from rushes.footage.kinds import require_content
from rushes.footage.orientation import flip_of_orientation, turn
from rushes.footage.picture import PictureSize, resize_exactly
from rushes.footage.still import Still
from rushes.storage.places import Place
from rushes.storage.reading import open_place

if TYPE_CHECKING:
    from PIL import Image, ImageCms

MAX_PIXELS = 178_000_000  # of the picture as stored; more is taken for a decompression bomb
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
# What Pillow may take a file for, whatever it is called. Its readers of drawings run another program (EPS).
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF", "BMP", "DIB", "AVIF", "JPEG2000", "PPM", "TGA")
_ANIMATED = frozenset(("GIF", "WEBP", "PNG", "AVIF"))
_SHRINKS = frozenset(("JPEG", "MPO", "HEIF"))  # formats that can be decoded smaller than they are
_WORTH_SHRINKING = 1_000_000  # pixels; fewer are decoded whole in milliseconds
# A decoder shrinks more coarsely than a mean over areas does. Where it leaves nearly half as much again as is wanted,
# and the mean does the rest, photographs of cameras differ by 0.2 to 0.7 of 255 levels from those that were decoded
# whole. Just so much is left where the usual 24 megapixels, 6000 pixels long, are brought to 1024.
_LEFT_TO_MEAN = 1.46
_ORIENTATION = 0x0112  # EXIF tag
_EXIF_DIRECTORY = 0x8769
# Tags of EXIF 2.32 that state a time, with those of its fraction and of its offset; the first that is stated counts.
_TIMES = ((0x9003, 0x9291, 0x9011), (0x9004, 0x9292, 0x9012), (0x0132, 0x9290, 0x9010))
_transforms = threading.local()  # of each thread: colour profiles met lately -> their way to sRGB
_MOST_TRANSFORMS = 16
_opening = threading.Lock()  # warning filters belong to the process, so that one thread at a time may change them


def read_photo(path: Place, *, size: PictureSize | None = None) -> Still:
    """Return a photograph as it is to be seen.

    EXIF orientation is applied, an embedded colour profile is converted to sRGB, 16 bits become 8, transparency
    is laid on white, and of an animation the first picture is taken.

    Args:
        size: what the pixels are brought to; a JPEG is then decoded no larger than that needs. None leaves every pixel.

    Raises:
        MediaError: there is no picture to be read, it is cut off, or it is larger than MAX_PIXELS.
    """
    require_content(path)
    with open_place(path) as file:
        return _read(file, path, size)


def read_photo_bytes(data: bytes, name: str | Place, *, size: PictureSize | None = None) -> Still:
    """Return a photograph held in memory as `read_photo` does; `name` stands in errors."""
    return _read(io.BytesIO(data), name, size)


def is_photo(path: Place) -> bool:
    """Return whether a file is a photograph by its first bytes: a JPEG, PNG, WebP, GIF, HEIC or AVIF.

    No camera raw begins like one of these; a TIFF does, and is not looked for.
    """
    with open_place(path) as file:
        start = file.read(12)
    if start[4:8] == b"ftyp":
        return start[8:12] in _HEIF_BRANDS | _AVIF_BRANDS
    return start.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8")) or (start[:4], start[8:]) == (b"RIFF", b"WEBP")


def is_animation(path: Place) -> bool:
    """Return whether a picture file holds several pictures to be shown one after the other, as a GIF may."""
    from PIL import Image

    try:
        with (
            _opening,
            warnings.catch_warnings(action="ignore"),
            open_place(path) as file,
            Image.open(file, formats=_FORMATS) as image,
        ):
            return bool(getattr(image, "is_animated", False)) and image.format in _ANIMATED
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False


def capture_time(path: Place) -> str | None:
    """Return when a photograph was taken, `2024-05-01T12:30:00.25+02:00`, where its EXIF says so.

    Raises:
        MediaError: there is no picture to be read.
    """
    require_content(path)
    with open_place(path) as file:
        return _stated(_open(file, path))[1]


def capture_time_of_bytes(data: bytes, name: str | Place) -> str | None:
    """Return when a photograph held in memory was taken, as `capture_time` does."""
    return _stated(_open(io.BytesIO(data), name))[1]


def _read(file: IO[bytes], name: str | Place, size: PictureSize | None) -> Still:
    image = _open(file, name)
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise MediaError(name, _too_large(width, height))
    try:
        if image.format not in _SHRINKS:
            image.load()  # a PNG may state its EXIF behind its pixels
        orientation, captured_at = _stated(image)
        flip = flip_of_orientation(orientation)
        if flip & 4:
            width, height = height, width
        aim = (width, height) if size is None else size.applied_to(width, height)
        if image.format in _SHRINKS and width * height >= _WORTH_SHRINKING:
            _shrink(image, aim[::-1] if flip & 4 else aim)
        image.load()
        upright = turn(_in_screen_light(image, np.asarray(_to_rgb(image), np.uint8), file), flip)
        pixels = resize_exactly(upright, *aim)
    except MemoryError:
        raise
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error … on damaged bytes
        reason = "is cut off" if "truncated" in str(error).lower() else f"cannot be decoded ({error})"
        raise MediaError(name, f"{reason}. Copy it again from where it came from") from error
    # A MPO is a JPEG with more pictures behind the first.
    named = (image.format or "unknown").lower().replace("mpo", "jpeg")
    return Still(pixels, width, height, named, captured_at, orientation)


def _shrink(image: Image.Image, aim: tuple[int, int]) -> None:
    """Let an image be decoded at the smallest size that its format offers and that leaves enough to average."""
    image.draft(None, (math.ceil(aim[0] * _LEFT_TO_MEAN), math.ceil(aim[1] * _LEFT_TO_MEAN)))


def _in_screen_light(image: Image.Image, pixels: npt.NDArray[np.uint8], file: IO[bytes]) -> npt.NDArray[np.uint8]:
    """Return the pixels of an image; those of a HEIC or AVIF in PQ or HLG, as cameras write HIF, as sRGB."""
    if image.format not in ("HEIF", "AVIF"):
        return pixels
    file.seek(0)
    # ISO 23008-12: a colour box of the kind nclx holds the primaries, then the transfer, each in two bytes.
    _, found, colors = file.read(65536).partition(b"colrnclx")
    transfer = int.from_bytes(colors[2:4]) if found else 0
    if transfer not in (TRANSFER_PQ, TRANSFER_HLG):
        return pixels
    deep = pixels.astype(np.uint16) * 257
    if image.format == "HEIF":
        import pillow_heif

        file.seek(0)
        whole = np.asarray(pillow_heif.open_heif(file, convert_hdr_to_8bit=False))
        if whole.dtype == np.uint16 and whole.shape[:2] == pixels.shape[:2]:
            deep = whole[:, :, :3]
    return tone_map(deep, transfer)


def _stated(image: Image.Image) -> tuple[int, str | None]:
    """Return the orientation that an image states, 1 to 8, and when it was taken."""
    with _opening, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            exif = image.getexif()
            orientation = exif.get(_ORIENTATION)
            tags = {**exif, **exif.get_ifd(_EXIF_DIRECTORY)}
        except Exception:  # a damaged EXIF block raises whatever its bytes lead to; the picture is still good
            return 1, None
    times = (parse_exif_time(*(str(tags.get(tag) or "") for tag in of_one_time)) for of_one_time in _TIMES)
    known = orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1
    return known, next((time for time in times if time), None)


def _open(file: IO[bytes], name: str | Place) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    start = file.read(65536)  # all that a HEIF says of its pictures, and more
    file.seek(0)
    formats: tuple[str, ...] = _FORMATS
    if start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS and b"avif" not in start[16:64]:
        import pillow_heif

        pillow_heif.register_heif_opener()
        formats = ("HEIF", *_FORMATS)
    with _opening, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of sizes and EXIF blocks; what matters is raised below
        try:
            image = Image.open(file, formats=formats)
            if image.format == "HEIF" and not any(box in start for box in (b"irot", b"imir")):
                # No turn is stated where HEIF states it, so that the one in EXIF has not been applied.
                image.getexif()[_ORIENTATION] = image.info.get("original_orientation") or 1
            return image
        except Image.DecompressionBombError as error:
            raise MediaError(name, f"is larger than rushes opens ({MAX_PIXELS:,} pixels). Shrink it first") from error
        except UnidentifiedImageError as error:
            raise MediaError(name, _no_picture(start[:12])) from error
        except MemoryError:
            raise
        except Exception as error:  # as above: a damaged header raises whatever its bytes lead to
            reason = f"has a damaged header ({error}). Copy it again from where it came from"
            raise MediaError(name, reason) from error


def _to_rgb(image: Image.Image) -> Image.Image:
    from PIL import Image

    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)).convert("RGB")
    if image.mode in ("I", "F"):
        return Image.fromarray(_stretch(np.asarray(image, np.float64))).convert("RGB")
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        over = image.convert("RGBA")
        white = Image.new("RGBA", over.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, over).convert("RGB")
    return _to_srgb(image) or (image if image.mode == "RGB" else image.convert("RGB"))


def _to_srgb(image: Image.Image) -> Image.Image | None:
    """Return the image in sRGB by its embedded profile; None where it has none that differs."""
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK"):
        return None
    # To build a transform takes longer than to decode a still, and the stills of a shoot bear the same profile.
    known: dict[tuple[bytes, str], ImageCms.ImageCmsTransform | None] = _transforms.__dict__.setdefault("known", {})
    key = (bytes(profile), image.mode)
    try:
        if key not in known:
            if len(known) >= _MOST_TRANSFORMS:
                known.clear()
            known[key] = _transform_to_srgb(*key)
        transform = known[key]
        return ImageCms.applyTransform(image, transform) if transform is not None else None
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _transform_to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return what brings pixels of a profile to sRGB; None where they are in it."""
    from PIL import ImageCms

    embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if "sRGB" in ImageCms.getProfileDescription(embedded):
        return None
    return ImageCms.buildTransform(embedded, ImageCms.createProfile("sRGB"), mode, "RGB")


def _stretch(values: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """Return values of unknown scale as 8 bits: 0…1, 0…255 and 0…65535 as they stand, others by their extremes."""
    finite = np.nan_to_num(values)
    low, high = float(finite.min(initial=0.0)), float(finite.max(initial=0.0))
    if low >= 0:
        high = next((top for top in (1.0, 255.0, 65535.0) if high <= top), high)
    scaled = (finite - low) * (255.0 / (high - low))
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def _too_large(width: int, height: int) -> str:
    return f"is {width}x{height}, more than the {MAX_PIXELS:,} pixels that rushes opens. Shrink it first"


def _no_picture(start: bytes) -> str:
    return f"is not a picture (it starts with {start!r}). Give a JPEG, PNG, WebP, TIFF, HEIC or AVIF"
