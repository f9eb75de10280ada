"""The scanner: takes a film's frames one after the other and notes the signals of each."""

from __future__ import annotations

from collections import deque
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rushes.footage.motion import NO_MOTION, Tracked, follow, prepare
from rushes.footage.planes import Shrinker, SmallFrame
from rushes.footage.signals import COLOUR_GRID, LUMA_GRID, MOTION_COLUMNS, SIGNATURE_BYTES, Signals
from rushes.footage.signature import signatures_of
from rushes.footage.steps import Sight, StepMeter, reach_of
from rushes.footage.video_index import VideoIndex

if TYPE_CHECKING:
    import av

_MOTIONS_PER_SECOND = 8
_DRIFT_STRIDE = 2  # frames
_NOT_MEASURED = (float("nan"),) * len(NO_MOTION.rates())
SLOW_STEPS = 3  # measured steps between the frames on which slow zooms are measured
_LOOK_SIDE = 32
_LOOKS_AT_ONCE = 64
_LUMA_BYTES = LUMA_GRID[0] * LUMA_GRID[1]
_COLOUR_BYTES = COLOUR_GRID[0] * COLOUR_GRID[1]
_BLACK, _WHITE = 20, 247  # luma

Pixels = npt.NDArray[np.uint8]


class Scanner:
    """Notes the signals of the frames of a stretch of a film, in presentation order."""

    def __init__(self, index: VideoIndex, *, capacity: int) -> None:
        """Make room for `capacity` frames; more cannot be taken."""
        self._index = index
        self._times = np.asarray(index.pts, np.int64)
        self._shrink = Shrinker(index.width_pixels, index.height_pixels, index.flip)
        self._steps = StepMeter(reach_of(index.rate))
        self._stride = motion_stride(index.rate)
        self._tracked: deque[tuple[int, Tracked]] = deque(maxlen=SLOW_STEPS)
        self._ordinal = np.empty(capacity, np.int64)
        self._keyframe = np.empty(capacity, np.bool_)
        self._signature = np.empty((capacity, SIGNATURE_BYTES), np.uint8)
        self._tones = np.empty((capacity, 5), np.float32)  # brightness, contrast, dark, bright, sharpness
        self._look = np.empty(capacity, np.uint64)
        self._look_luma = np.empty((_LOOKS_AT_ONCE, _LOOK_SIDE, _LOOK_SIDE), np.uint8)
        self._motion = np.full((capacity, len(MOTION_COLUMNS)), np.nan, np.float32)
        self._count = 0

    def take(self, frame: av.VideoFrame, ordinal: int) -> None:
        """Note the signals of the next frame, whose ordinal is higher than that of the last."""
        import cv2

        small = self._shrink(frame)
        luma = small.luma
        height, width = luma.shape
        half = cv2.resize(luma, (max(4, width // 2), max(4, height // 2)), interpolation=cv2.INTER_LINEAR)
        quarter = cv2.resize(half, (max(4, width // 4), max(4, height // 4)), interpolation=cv2.INTER_LINEAR)
        sight = Sight(np.asarray(quarter, np.uint8), np.stack([small.blue, small.red]).astype(np.int16))
        self._steps.add(sight, drift=ordinal % _DRIFT_STRIDE == 0)
        row = self._count
        self._ordinal[row] = ordinal
        self._keyframe[row] = bool(frame.key_frame)
        self._note_signature(row, small, np.asarray(quarter, np.uint8))
        mean, spread = cv2.meanStdDev(luma)
        dark = np.count_nonzero(luma <= _BLACK) / luma.size
        bright = np.count_nonzero(luma >= _WHITE) / luma.size
        self._tones[row] = (mean[0, 0], spread[0, 0], dark, bright, small.sharpness)
        look = cv2.resize(half, (_LOOK_SIDE, _LOOK_SIDE), interpolation=cv2.INTER_LINEAR)
        self._look_luma[row % _LOOKS_AT_ONCE] = look
        self._count += 1
        if self._count % _LOOKS_AT_ONCE == 0:
            self._look[self._count - _LOOKS_AT_ONCE : self._count] = signatures_of(self._look_luma)
        if ordinal % self._stride == 0:
            self._note_motion(row, luma, ordinal)

    def signals(self, source: str) -> Signals:
        """Return what was noted so far."""
        count = self._count
        open_looks = count % _LOOKS_AT_ONCE
        if open_looks:
            self._look[count - open_looks : count] = signatures_of(self._look_luma[:open_looks])
        colours = self._signature[:count, _LUMA_BYTES:].astype(np.float32) - 128
        distance = np.hypot(colours[:, :_COLOUR_BYTES], colours[:, _COLOUR_BYTES:]).mean(axis=1)
        ordinal = self._ordinal[:count]
        return Signals(
            source=source,
            rate=self._index.rate,
            time_base=self._index.time_base,
            film_frames=self._index.frame_count,
            ordinal=ordinal,
            pts=self._times[ordinal],
            keyframe=self._keyframe[:count],
            signature=self._signature[:count],
            step=np.asarray(self._steps.step, np.float32),
            across=np.asarray(self._steps.across, np.float32),
            drift=np.asarray(self._steps.drift, np.float32),
            brightness=self._tones[:count, 0],
            contrast=self._tones[:count, 1],
            dark=self._tones[:count, 2],
            bright=self._tones[:count, 3],
            colour=np.asarray(distance, np.float32),
            sharpness=self._tones[:count, 4],
            look=self._look[:count],
            motion=self._motion[:count],
        )

    def _note_signature(self, row: int, small: SmallFrame, quarter: Pixels) -> None:
        import cv2

        signature = self._signature[row]
        luma = cv2.resize(quarter, LUMA_GRID[::-1], interpolation=cv2.INTER_LINEAR)
        signature[:_LUMA_BYTES] = np.asarray(luma, np.uint8).ravel()
        signature[_LUMA_BYTES : _LUMA_BYTES + _COLOUR_BYTES] = small.blue.ravel()
        signature[_LUMA_BYTES + _COLOUR_BYTES :] = small.red.ravel()

    def _note_motion(self, row: int, luma: Pixels, ordinal: int) -> None:
        now = prepare(luma, float(self._index.seconds_at(ordinal)))
        if self._tracked and self._tracked[-1][0] == ordinal - self._stride:
            motion = follow(self._tracked[-1][1], now)
            place, before = self._tracked[0]
            slow = follow(before, now) if place == ordinal - SLOW_STEPS * self._stride else NO_MOTION
            self._motion[row] = (*motion.rates(), *(slow.rates() if slow.support else _NOT_MEASURED))
        self._tracked.append((ordinal, now))


def motion_stride(rate: Fraction) -> int:
    """Return on every how many frames motion is measured."""
    return max(1, round(rate / _MOTIONS_PER_SECOND))


def warm_up_of(rate: Fraction) -> int:
    """Return for how many frames a scanner that begins within a film still lacks what was before."""
    return max(reach_of(rate) + 1, SLOW_STEPS * motion_stride(rate) + 1)
