"""Pictures to measure: drawn ones whose edges are known, real ones, and what spoils a picture by a known amount."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

Gray = npt.NDArray[np.uint8]


def confetti(*, width: int = 480, height: int = 320, seed: int = 0) -> Gray:
    """Return discs of many grays, with sharp edges in all directions."""
    dice = np.random.default_rng(seed)
    large = np.full((4 * height, 4 * width), 128, np.uint8)
    for _ in range(60):
        place = (int(dice.integers(0, 4 * width)), int(dice.integers(0, 4 * height)))
        cv2.circle(large, place, int(dice.integers(60, 160)), int(dice.integers(20, 236)), -1)
    return cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)


def landscape(tilt: float, *, width: int = 480, height: int = 320) -> Gray:
    """Return a bright sky over dark ground whose horizon is tilted, degrees, clockwise."""
    down, across = np.mgrid[: 4 * height, : 4 * width].astype(np.float32)
    line = 2.2 * height + np.tan(np.radians(tilt)) * (across - 2 * width)
    large = np.where(down < line, 190, 70).astype(np.uint8)
    return cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA)


def blurred(picture: npt.NDArray[np.uint8], sigma: float) -> npt.NDArray[np.uint8]:
    return cv2.GaussianBlur(picture, (0, 0), sigma)


def grainy(picture: npt.NDArray[np.uint8], deviation: float, *, seed: int = 0) -> npt.NDArray[np.uint8]:
    noise = np.random.default_rng(seed).normal(0, deviation, picture.shape)
    return np.clip(np.round(picture + noise), 0, 255).astype(np.uint8)


def shaken(picture: npt.NDArray[np.uint8], length: float, direction: float) -> npt.NDArray[np.uint8]:
    """Return a picture smeared along a line of so many pixels, in degrees clockwise from the right."""
    side = 2 * int(length / 2) + 5
    kernel = np.zeros((8 * side, 8 * side), np.float32)
    step = 4 * length * np.array([np.cos(np.radians(direction)), np.sin(np.radians(direction))])
    start, stop = (np.round(4 * side - 0.5 + sign * step).astype(int).tolist() for sign in (-1, 1))
    cv2.line(kernel, start, stop, 1, 8)
    kernel = cv2.resize(kernel, (side, side), interpolation=cv2.INTER_AREA)
    return cv2.filter2D(picture, -1, kernel / kernel.sum(), borderType=cv2.BORDER_REPLICATE)


def turned(picture: npt.NDArray[np.uint8], degrees: float) -> npt.NDArray[np.uint8]:
    """Return the middle of a picture turned clockwise, without what was not in it."""
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1)
    whole = cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.ascontiguousarray(whole[height // 10 : -height // 10, width // 10 : -width // 10])


def coloured(gray: Gray) -> npt.NDArray[np.uint8]:
    return np.repeat(gray[:, :, None], 3, axis=2)


def real_pictures(media: Path, count: int) -> list[npt.NDArray[np.uint8]]:
    """Return photographs of at least 400 pixels, RGB, spread over those at hand."""
    files = [path for name in ("archive3", "flowers") for path in sorted((media / "images" / name).rglob("*.jpg"))]
    found = []
    for path in files[:: max(1, len(files) // (3 * count))]:
        picture = cv2.imread(str(path))
        if picture is not None and max(picture.shape) >= 400:
            found.append(np.ascontiguousarray(picture[:, :, ::-1]))
    return found[:count]
