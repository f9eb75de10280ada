"""High dynamic range brought down to the 8-bit sRGB that models and screens take."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

TRANSFER_PQ = 16  # AVColorTransferCharacteristic: SMPTE ST 2084
TRANSFER_HLG = 18  # ARIB STD-B67
REFERENCE_WHITE_NITS = 203  # ITU-R BT.2408: a white sheet of paper
_KNEE = 0.7  # of white; brighter light is rolled off instead of clipped
_BT2020_TO_BT709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
)  # ITU-R BT.2087


def tone_map(pixels: npt.NDArray[np.uint16], transfer: int) -> npt.NDArray[np.uint8]:
    """Return PQ or HLG pixels as sRGB: white is the paper's white, and what is brighter is rolled off.

    Args:
        pixels: (height, width, 3), RGB, BT.2020 primaries, the full range of 16 bits.
        transfer: TRANSFER_PQ or TRANSFER_HLG.
    """
    light = _light(transfer)[pixels].reshape(-1, 3) @ _BT2020_TO_BT709.T
    np.maximum(light, 0, out=light)
    peak = light.max(axis=1, keepdims=True)
    over = np.maximum(peak - _KNEE, 0)
    rolled = np.minimum(peak, _KNEE) + (1 - _KNEE) * (1 - np.exp(-over / (1 - _KNEE)))
    light *= rolled / np.maximum(peak, 1e-6)  # one factor for three channels keeps the hue
    codes = np.rint(light * 4095).astype(np.uint16)
    return np.asarray(_srgb()[codes], np.uint8).reshape(pixels.shape)


@cache
def _light(transfer: int) -> npt.NDArray[np.float32]:
    """Return the light of each of 65,536 code values; 1 is the reference white."""
    code = np.arange(65536) / 65535
    if transfer == TRANSFER_PQ:
        power = code ** (1 / 78.84375)
        nits = 10000 * (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)
        return (nits / REFERENCE_WHITE_NITS).astype(np.float32)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
    return (1000 * scene**1.2 / REFERENCE_WHITE_NITS).astype(np.float32)  # a display of 1,000 nits


@cache
def _srgb() -> npt.NDArray[np.uint8]:
    light = np.arange(4096) / 4095
    code = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(code * 255), np.uint8)
