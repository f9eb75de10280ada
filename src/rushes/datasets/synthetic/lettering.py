"""Titles as pictures."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from rushes.datasets.synthetic.paint import Pixels


@lru_cache(maxsize=64)
def _glyph(letter: str, size: int) -> tuple[Pixels, int]:
    """A letter's coverage, and how far the next stands from it."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size)
    wide = max(1, round(font.getlength(letter)))
    image = Image.new("L", (wide + size // 2, size * 3 // 2))
    ImageDraw.Draw(image).text((size // 4, 0), letter, fill=255, font=font)
    return np.asarray(image, np.uint8), wide


def title_card(text: tuple[str, ...], picture: tuple[int, int]) -> Pixels:
    """A title in the middle of the picture, RGB multiplied by alpha, and alpha."""
    width, height = picture
    cover = np.zeros((height, width), np.uint8)
    y = round(height * (0.40 if len(text) > 1 else 0.44))
    for row, line in enumerate(text):
        shown = line.upper() if row == 0 else line
        size = max(8, round(height * (0.105 if row == 0 else 0.05)))
        gap = round(size * (0.22 if row == 0 else 0.10))
        whole = sum(_glyph(letter, size)[1] + gap for letter in shown) - gap
        while whole > width * 0.9 and size > 8:
            size -= 1
            gap = round(size * (0.16 if row == 0 else 0.06))
            whole = sum(_glyph(letter, size)[1] + gap for letter in shown) - gap
        x = (width - whole) // 2
        for letter in shown:
            pixels, wide = _glyph(letter, size)
            left, top = x - size // 4, y
            part = cover[max(top, 0) : top + pixels.shape[0], max(left, 0) : left + pixels.shape[1]]
            cut = pixels[: part.shape[0], max(-left, 0) : max(-left, 0) + part.shape[1]]
            np.maximum(part[: cut.shape[0], : cut.shape[1]], cut, out=part[: cut.shape[0], : cut.shape[1]])
            x += wide + gap
        y += round(size * 1.5)
        if row == 0 and len(text) > 1:
            half = round(width * 0.06)
            cover[y : y + max(1, height // 240), width // 2 - half : width // 2 + half] = 220
            y += round(height * 0.035)
    light = np.array([255, 250, 238], np.float32) / 255
    return np.asarray(np.dstack([*(cover * part for part in light), cover]), np.uint8)
