"""Photographs as upright RGB pixels, through Pillow."""

from __future__ import annotations

import io
import threading
import warnings
from typing import IO, TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rushes.errors import MediaError
from rushes.footage.kinds import require_content
from rushes.storage.places import Place

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 178_000_000  # of the picture as stored; more is taken for a decompression bomb
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
_ORIENTATION = 0x0112  # EXIF tag
_opening = threading.Lock()  # warning filters belong to the process, so that one thread at a time may change them


def read_photo(path: Place) -> npt.NDArray[np.uint8]:
    """Return a photograph as it is to be seen.

    EXIF orientation is applied, an embedded colour profile is converted to sRGB, 16 bits become 8, transparency
    is laid on white, and of an animation the first picture is taken.

    Returns:
        (height, width, 3), RGB.

    Raises:
        MediaError: there is no picture to be read, it is cut off, or it is larger than MAX_PIXELS.
    """
    require_content(path)
    with path.open("rb") as file:
        return _pixels_of(file, path)


def read_photo_bytes(data: bytes, name: str | Place) -> npt.NDArray[np.uint8]:
    """Return a photograph held in memory as `read_photo` does; `name` stands in errors."""
    return _pixels_of(io.BytesIO(data), name)


def stored_format(path: Place) -> str:
    """Return the picture format by content, in lower case: `jpeg`, `png`, `heif`.

    Raises:
        MediaError: there is no picture to be read.
    """
    require_content(path)
    with path.open("rb") as file:
        return (_open(file, path).format or "unknown").lower()


def capture_time(path: Place) -> str | None:
    """Return when a photograph was taken, `2024-05-01T12:30:00`, where its EXIF says so."""
    require_content(path)
    with path.open("rb") as file:
        image = _open(file, path)
        with _opening, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                exif = image.getexif()
                stated = str(exif.get_ifd(0x8769).get(0x9003) or exif.get(0x0132) or "")
            except Exception:  # a damaged EXIF block raises whatever its bytes lead to; the picture is still good
                return None
    return parse_exif_time(stated)


def parse_exif_time(text: str) -> str | None:
    """Return EXIF's `2024:05:01 12:30:00` as ISO 8601; None where it is no time."""
    from datetime import datetime

    try:
        return datetime.strptime(text.strip("\0 ")[:19], "%Y:%m:%d %H:%M:%S").isoformat()
    except ValueError:
        return None


def _pixels_of(file: IO[bytes], name: str | Place) -> npt.NDArray[np.uint8]:
    image = _open(file, name)
    if image.width * image.height > MAX_PIXELS:
        raise MediaError(name, _too_large(image.width, image.height))
    try:
        image.load()
        upright = _turn_upright(image)
        return np.ascontiguousarray(np.asarray(_to_rgb(upright), np.uint8))
    except MemoryError:
        raise
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error … on damaged bytes
        reason = "is cut off" if "truncated" in str(error).lower() else f"cannot be decoded ({error})"
        raise MediaError(name, f"{reason}. Copy it again from where it came from") from error


def _open(file: IO[bytes], name: str | Place) -> Image.Image:
    from PIL import Image, UnidentifiedImageError

    start = file.read(65536)  # all that a HEIF says of its pictures, and more
    file.seek(0)
    if start[4:8] == b"ftyp" and start[8:12] in _HEIF_BRANDS:
        import pillow_heif

        pillow_heif.register_heif_opener()
    with _opening, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of sizes and EXIF blocks; what matters is raised below
        try:
            image = Image.open(file)
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


def _turn_upright(image: Image.Image) -> Image.Image:
    from PIL import ImageOps

    with _opening, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return ImageOps.exif_transpose(image)
        except Exception:  # a damaged EXIF block; the picture is still good
            return image


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
    return _to_srgb(image) or image.convert("RGB")


def _to_srgb(image: Image.Image) -> Image.Image | None:
    """Return the image in sRGB by its embedded profile; None where it has none that differs."""
    from PIL import ImageCms

    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK"):
        return None
    try:
        embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(embedded):
            return None
        return ImageCms.profileToProfile(image, embedded, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


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
