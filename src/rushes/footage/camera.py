"""What a photograph states of the camera that took it: body, lens, sensitivity, focal length, aperture."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from rushes.errors import MediaError, UnreachableError
from rushes.storage.places import Place
from rushes.storage.reading import open_place


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """What the EXIF of a photograph states (EXIF 2.32); None where it does not.

    Attributes:
        camera: maker and model, `Canon EOS R5`.
        lens: its model.
        iso: sensitivity.
        focal_length: millimetres, as the lens states it.
        aperture: f-number.
        exposure: seconds.
    """

    camera: str | None = None
    lens: str | None = None
    iso: float | None = None
    focal_length: float | None = None
    aperture: float | None = None
    exposure: float | None = None


def read_camera_facts(path: Place) -> CameraFacts:
    """Return what a photograph or raw states of its camera; nothing where its EXIF is missing or damaged.

    Raises:
        MediaError: the file cannot be read.
        UnreachableError: its store does not answer.
    """
    import exifread

    logging.getLogger("exifread").setLevel(logging.CRITICAL)  # a file without EXIF is no news
    try:
        with open_place(path) as file:
            tags = exifread.process_file(file, details=False, extract_thumbnail=False)
    except (UnreachableError, MediaError):
        raise
    except OSError as error:
        raise MediaError(path, f"cannot be read ({error.strerror or error})") from error
    except Exception:  # a damaged EXIF block raises whatever its bytes lead to; the picture may still be good
        return CameraFacts()
    return CameraFacts(
        camera=_camera(_text(tags, "Image Make"), _text(tags, "Image Model")),
        lens=_text(tags, "EXIF LensModel") or None,
        iso=_number(tags, "EXIF ISOSpeedRatings", "EXIF PhotographicSensitivity"),
        focal_length=_number(tags, "EXIF FocalLength"),
        aperture=_number(tags, "EXIF FNumber"),
        exposure=_number(tags, "EXIF ExposureTime"),
    )


def _camera(maker: str, model: str) -> str | None:
    """Return maker and model; the maker once, where the model begins with it."""
    first = maker.split(" ")[0].casefold()
    if not first or model.casefold().startswith(first):
        return model or None
    return f"{maker} {model}".strip()


def _text(tags: Any, name: str) -> str:
    return " ".join(str(tags.get(name) or "").replace("\0", " ").split())


def _number(tags: Any, *names: str) -> float | None:
    for name in names:
        values = getattr(tags.get(name), "values", None)
        if isinstance(values, list | tuple) and values:
            try:
                value = float(values[0])
            except (TypeError, ValueError, ZeroDivisionError):
                continue
            if 0 < value < float("inf"):
                return value
    return None
