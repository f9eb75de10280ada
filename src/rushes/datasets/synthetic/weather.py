"""What falls or floats before the camera in the open air."""

from __future__ import annotations

import cv2
import numpy as np

from rushes.datasets.synthetic.paint import Pixels


class Weather:
    """Snow, rain, leaves or dust of one shot."""

    def __init__(self, kind: str, rate: float, picture: tuple[int, int], seed: int) -> None:
        """`kind` is "" for none; `picture` is width and height in pixels."""
        self.kind = kind
        self.rate = rate
        self.picture = picture
        rng = np.random.default_rng([seed, 9])
        count = {"snow": 70, "rain": 80, "leaves": 10, "dust": 26}.get(self.kind, 0)
        self.near = rng.uniform(0.35, 1.0, count) ** 1.5
        self.place = rng.uniform(0, 1, (count, 2))
        self.phase = rng.uniform(0, 6.28, count)

    def fall(self, luma: Pixels, number: int) -> None:
        """Paint what there is `number` frames into the shot onto the luma plane."""
        if not self.kind:
            return
        width, height = self.picture
        t = number / self.rate
        speed = {"snow": (0.05, 0.28), "rain": (-0.10, 2.6), "leaves": (0.16, 0.30), "dust": (0.10, -0.03)}[self.kind]
        x = (self.place[:, 0] + self.near * speed[0] * t + 0.012 * np.sin(2.4 * t + self.phase)) % 1.1 * width
        y = (self.place[:, 1] + self.near * speed[1] * t) % 1.15 * height - 0.07 * height
        size = self.near * height
        for k in range(len(x)):
            at = round(float(x[k]) * 16), round(float(y[k]) * 16)
            if self.kind == "rain":
                tip = round(float(x[k] + 0.004 * size[k]) * 16), round(float(y[k] - 0.10 * size[k]) * 16)
                cv2.line(luma, at, tip, 150, 1, cv2.LINE_AA, 4)
            elif self.kind == "leaves":
                angle = float(np.degrees(3 * t + self.phase[k]))
                axes = (
                    round(size[k] * 0.022 * 16),
                    round(size[k] * 0.011 * (0.4 + abs(np.sin(4 * t + self.phase[k]))) * 16),
                )
                cv2.ellipse(luma, at, axes, angle, 0, 360, 78 + 60 * (k % 2), -1, cv2.LINE_AA, 4)
            else:
                radius = round(float(size[k]) * (0.010 if self.kind == "snow" else 0.005) * 16)
                cv2.circle(luma, at, max(8, radius), 232 if self.kind == "snow" else 170, -1, cv2.LINE_AA, 4)
