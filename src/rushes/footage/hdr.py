"""High dynamic range and wide gamuts brought down to the 8-bit sRGB that models and screens take."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import numpy.typing as npt

Curve = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]

TRANSFER_PQ = 16  # AVColorTransferCharacteristic: SMPTE ST 2084
TRANSFER_HLG = 18  # ARIB STD-B67
PRIMARIES_BT709 = 1  # AVColorPrimaries
PRIMARIES_BT2020 = 9
PRIMARIES_P3 = 12  # with the white of sRGB, as phones and screens have it
REFERENCE_WHITE_NITS = 203  # ITU-R BT.2408: a white sheet of paper
_PEAK_NITS = 1000  # of the display that HLG is shown on; what is brighter in PQ comes out white
_KNEE = 0.5  # of the reference white, in light; what is brighter is rolled off up to the peak
_SCREEN_GAMMA = 2.4  # ITU-R BT.1886
_HLG_GAMMA = 1.2  # ITU-R BT.2100, of a display of 1,000 nits
_BT2020_LUMINANCE = np.array([0.2627, 0.6780, 0.0593], np.float32)
_TO_BT709 = {
    PRIMARIES_BT709: np.eye(3, dtype=np.float32),
    PRIMARIES_BT2020: np.array(
        [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32
    ),  # ITU-R BT.2087
    PRIMARIES_P3: np.array(
        [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]], np.float32
    ),  # SMPTE EG 432-1
}


def is_wide(primaries: int) -> bool:
    """Return whether colours of these primaries look pale where they are taken for those of sRGB."""
    return primaries in _TO_BT709 and primaries != PRIMARIES_BT709


def tone_map(pixels: npt.NDArray[np.uint16], transfer: int, primaries: int = PRIMARIES_BT2020) -> npt.NDArray[np.uint8]:
    """Return PQ or HLG pixels as sRGB: half the light of white paper is kept, and what is brighter is rolled off.

    Args:
        pixels: (height, width, 3), RGB, the full range of 16 bits.
        transfer: TRANSFER_PQ or TRANSFER_HLG.
        primaries: of the pixels; those that are not known here are taken for BT.2020.
    """
    light = _light_of(_nits if transfer == TRANSFER_PQ else _scene)[pixels].reshape(-1, 3)
    if transfer == TRANSFER_HLG:
        luminance = np.maximum(light @ _BT2020_LUMINANCE, 1e-6)
        light *= (luminance ** (_HLG_GAMMA - 1) * (_PEAK_NITS / REFERENCE_WHITE_NITS))[:, None]
    light = light @ _TO_BT709.get(primaries, _TO_BT709[PRIMARIES_BT2020]).T
    np.maximum(light, 0, out=light)
    peak = light.max(axis=1, keepdims=True)
    light *= _roll_off(peak) / np.maximum(peak, 1e-6)  # one factor for three channels keeps the hue
    return _encoded(light, _srgb).reshape(pixels.shape)


def narrow(pixels: npt.NDArray[np.uint16], primaries: int) -> npt.NDArray[np.uint8]:
    """Return pixels of a wide gamut and an ordinary transfer with the primaries of sRGB; what lies outside is clipped.

    Args:
        pixels: (height, width, 3), RGB, the full range of 16 bits.
        primaries: PRIMARIES_BT2020 or PRIMARIES_P3.
    """
    light = _light_of(_screen)[pixels].reshape(-1, 3) @ _TO_BT709[primaries].T
    return _encoded(np.clip(light, 0, 1), _screen_code).reshape(pixels.shape)


def _roll_off(light: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return light in [0, 1]: as it is up to the knee, then ever flatter, with the peak at 1."""
    over = np.maximum(light - _KNEE, 0) / (1 - _KNEE)
    longest = (_PEAK_NITS / REFERENCE_WHITE_NITS - _KNEE) / (1 - _KNEE)
    shoulder = over * (1 + over / longest**2) / (1 + over)
    return np.asarray(np.minimum(np.minimum(light, _KNEE) + (1 - _KNEE) * shoulder, 1), np.float32)


def _encoded(light: npt.NDArray[np.float32], code_of: Curve) -> npt.NDArray[np.uint8]:
    return np.asarray(_codes_of(code_of)[np.rint(light * 65535).astype(np.uint16)], np.uint8)


@cache
def _light_of(curve: Curve) -> npt.NDArray[np.float32]:
    """Return the light of each of 65,536 code values."""
    return curve(np.arange(65536) / 65535).astype(np.float32)


@cache
def _codes_of(curve: Curve) -> npt.NDArray[np.uint8]:
    """Return the code of each of 65,536 amounts of light."""
    return np.rint(curve(np.arange(65536) / 65535) * 255).astype(np.uint8)


def _nits(code: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the light of PQ codes; 1 is the reference white."""
    power = code ** (1 / 78.84375)
    nits = 10000 * (np.maximum(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)
    return np.asarray(nits / REFERENCE_WHITE_NITS)


def _scene(code: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the light of the scene of HLG codes; 1 is its peak."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)


def _screen(code: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(code**_SCREEN_GAMMA)


def _screen_code(light: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(light ** (1 / _SCREEN_GAMMA))


def _srgb(light: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
