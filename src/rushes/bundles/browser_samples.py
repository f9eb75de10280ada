"""What a browser's page checks itself by: the bundle's stored samples, and pictures to be read as Python does."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rushes.bundles.bundle import EXPECTED_FILE, SAMPLES_FILE, Bundle
from rushes.datasets.preprocessing import prepare
from rushes.errors import BundleError
from rushes.footage.photo import read_photo_bytes
from rushes.footage.picture import parse_size, resize

CALIBRATED_TOLERANCE = 1e-5  # between this calibration in Python and in the page, of the same probabilities
# Between pixels as Python prepares them and the page, in levels of 255: resizing rounds otherwise by one, decoders of
# JPEG by a few. A turn that is not honoured, or a browser that blurs what a page reads, is off by tens.
PIXEL_TOLERANCE = 24
MEAN_TOLERANCE = 1.0
_TURNED = 6  # EXIF: to be shown turned by a quarter, clockwise


@dataclass(frozen=True, slots=True)
class BrowserSamples:
    """Bytes to compute with, and what is expected of them.

    Attributes:
        data: the pixels of the stored samples, one after the other; then picture files, and how each is prepared.
        parity, decoding: what the page is told of them.
    """

    data: bytes
    parity: dict[str, Any]
    decoding: dict[str, Any]


def collect_samples(bundle: Bundle) -> BrowserSamples:
    """Return what a page checks itself by.

    Raises:
        BundleError: the bundle's own samples cannot be read.
    """
    try:
        expected = json.loads(bundle.read(EXPECTED_FILE))
        with np.load(io.BytesIO(bundle.read(SAMPLES_FILE)), allow_pickle=False) as stored:
            pixels = np.asarray(stored["pixels"], np.uint8)
        probabilities = np.array(expected["probabilities"], np.float32)
        calibrated = bundle.calibration.apply(probabilities)
    except (KeyError, ValueError, OSError, EOFError) as error:
        raise BundleError(f"{bundle.folder}: the parity samples cannot be read ({error}). "
                          "Export the run again: rushes export RUN") from error  # fmt: skip
    pieces = [pixels.tobytes()]
    known = []
    for name, kind, file in _known_pictures(bundle):
        at = sum(map(len, pieces))
        prepared = _prepared(file, name, bundle).tobytes()
        pieces += [file, prepared]
        known.append({"name": name, "type": kind, "at": at, "bytes": len(file),
                      "prepared_at": at + len(file), "prepared_bytes": len(prepared)})  # fmt: skip
    parity = {
        "tolerance": float(expected["tolerance"]),
        "calibrated_tolerance": CALIBRATED_TOLERANCE,
        "probabilities": probabilities.astype(float).tolist(),
        "calibrated": calibrated.astype(float).tolist(),
    }
    decoding = {"tolerance": PIXEL_TOLERANCE, "mean_tolerance": MEAN_TOLERANCE, "pictures": known}
    return BrowserSamples(b"".join(pieces), parity, decoding)


def _prepared(file: bytes, name: str, bundle: Bundle) -> npt.NDArray[np.uint8]:
    pixels = read_photo_bytes(file, name).pixels
    return prepare(resize(pixels, parse_size(bundle.working_size)), bundle.preprocessing)


def _known_pictures(bundle: Bundle) -> list[tuple[str, str, bytes]]:
    """Return name, media type and bytes of generated pictures, each with something that a reader may miss."""
    from PIL import Image

    turned = Image.Exif()
    turned[0x0112] = _TURNED
    colours = [
        ("an odd size", "image/png", _encoded(_colours(301, 199), "PNG")),
        ("a small one", "image/png", _encoded(_colours(61, 47), "PNG")),
        ("a turned JPEG", "image/jpeg",
         _encoded(_colours(160, 120), "JPEG", quality=95, subsampling=0, exif=turned.tobytes())),
        ("see-through", "image/png", _encoded(_colours(90, 120, alpha=True), "PNG")),
    ]  # fmt: skip
    if bundle.preprocessing.letterbox == "remove":
        barred = _colours(320, 240)
        barred[:30], barred[-30:] = 3, 3
        colours.append(("black bars", "image/png", _encoded(barred, "PNG")))
    return colours


def _colours(width: int, height: int, *, alpha: bool = False) -> npt.NDArray[np.uint8]:
    """Return a picture of soft waves of colour, (height, width, 3 or 4), always the same."""
    down, across = np.mgrid[0:height, 0:width].astype(np.float64)
    waves = [across / 23 + down / 61, down / 19 - across / 71, (across + down) / 37, down / height * 3]
    planes = [127.5 + 120 * np.sin(wave) for wave in waves[: 4 if alpha else 3]]
    return np.asarray(np.stack(planes, axis=2).round(), np.uint8)


def _encoded(pixels: npt.NDArray[np.uint8], format: str, **options: Any) -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format, **options)
    return file.getvalue()
