"""What a photograph states of the camera that took it: body, lens, sensitivity, focal length, aperture, focus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rushes.footage.exif_tags import read_exif_tags
from rushes.storage.places import Place

# Canon's maker note as exiftool documents it: where ShotInfo (4) and FileInfo (147) state the focus, in centimetres.
_CANON_FOCUS = (("MakerNote Tag 0x0004", 19), ("MakerNote Tag 0x0093", 20))
_CANON_INFINITY = 65534  # and what is beyond


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
        exposure_bias: EV by which the photographer, or a bracketing camera, departed from what was metered.
        focus_distance: metres, inf where the lens was focused on infinity.
        serial: number of the body.
    """

    camera: str | None = None
    lens: str | None = None
    iso: float | None = None
    focal_length: float | None = None
    aperture: float | None = None
    exposure: float | None = None
    exposure_bias: float | None = None
    focus_distance: float | None = None
    serial: str | None = None


def read_camera_facts(path: Place) -> CameraFacts:
    """Return what a photograph or raw states of its camera; nothing where its EXIF is missing or damaged.

    Raises:
        MediaError: the file cannot be read.
        UnreachableError: its store does not answer.
    """
    return camera_facts_of(read_exif_tags(path, maker_note=True))


def camera_facts_of(tags: Mapping[str, Any]) -> CameraFacts:
    """Return what EXIF tags state of the camera."""
    serials = (_text(tags, name) for name in ("EXIF BodySerialNumber", "Image Tag 0xC62F"))  # the second is DNG's
    return CameraFacts(
        camera=_camera(_text(tags, "Image Make"), _text(tags, "Image Model")),
        lens=_text(tags, "EXIF LensModel") or None,
        iso=_number(tags, "EXIF ISOSpeedRatings", "EXIF PhotographicSensitivity"),
        focal_length=_number(tags, "EXIF FocalLength"),
        aperture=_number(tags, "EXIF FNumber"),
        exposure=_number(tags, "EXIF ExposureTime"),
        exposure_bias=_number(tags, "EXIF ExposureBiasValue", least=-100),
        focus_distance=_focus_distance(tags),
        serial=next((serial for serial in serials if serial), None),
    )


def _focus_distance(tags: Mapping[str, Any]) -> float | None:
    stated = getattr(tags.get("EXIF SubjectDistance"), "values", None)
    if isinstance(stated, list | tuple) and stated and getattr(stated[0], "num", 0) == 0xFFFFFFFF:
        return float("inf")
    distance = _number(tags, "EXIF SubjectDistance")
    if distance is not None:
        return distance
    centimetres = [getattr(tags.get("MakerNote SubjectDistance"), "values", None)]
    for name, place in _CANON_FOCUS:
        values = getattr(tags.get(name), "values", None)
        centimetres += [values[place]] if isinstance(values, list) and len(values) > place else []
    known = next((value for value in centimetres if isinstance(value, int) and value > 0), None)
    if known is None:
        return None
    return float("inf") if known >= _CANON_INFINITY else known / 100


def _camera(maker: str, model: str) -> str | None:
    """Return maker and model; the maker once, where the model begins with it."""
    first = maker.split(" ")[0].casefold()
    if not first or model.casefold().startswith(first):
        return model or None
    return f"{maker} {model}".strip()


def _text(tags: Mapping[str, Any], name: str) -> str:
    return " ".join(str(tags.get(name) or "").replace("\0", " ").split())


def _number(tags: Mapping[str, Any], *names: str, least: float = 0.0) -> float | None:
    """Return the first number above `least` that a tag states."""
    for name in names:
        values = getattr(tags.get(name), "values", None)
        if isinstance(values, list | tuple) and values:
            try:
                value = float(values[0])
            except (TypeError, ValueError, ZeroDivisionError):
                continue
            if least < value < float("inf"):
                return value
    return None
