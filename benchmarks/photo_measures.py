"""Time and truth of the measures of photographs: one core, and real pictures spoilt by known amounts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.harness import Outcome, Say, Target, find_media
from rushes.footage.photo_measures import PhotoMeasures, measure_photograph
from rushes.footage.subject import Faces

TARGET = Target("ours", 25)
_LONG_SIDE = 1024
_BLURS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)  # pixels, standard deviation
_SHAKES = (4.0, 8.0, 12.0, 16.0)  # pixels
_TURNS = (-4.0, -3.0, -1.5, 1.5, 3.0, 4.0)  # degrees
_NOISES = (0.0, 3.0, 6.0, 12.0)  # levels
_LIGHTS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.5)
_DETECTOR = "weights/face_detection_yunet_n_640.onnx"

Picture = npt.NDArray[np.uint8]


def measure(say: Say) -> Outcome:
    media = find_media()
    if media is None:
        say("Not measured: it needs shared/media (or RUSHES_MEDIA).")
        return Outcome("photo_measures", None, None, "ms", TARGET)
    pictures = _pictures(media)
    say(f"{len(pictures)} real pictures of 400 to 640 pixels, spoilt by known amounts.")
    _say_truth(pictures, say)
    cv2.setNumThreads(1)
    faces = Faces(media / _DETECTOR)
    times = {name: _milliseconds(pictures[::5], detector) for name, detector in (("without", None), ("with", faces))}
    for name, each in times.items():
        middle, most = np.quantile(each, (0.5, 0.95))
        say(f"  {name} faces, enlarged to {_LONG_SIDE} pixels: median {middle:.1f} ms, 95 % within {most:.1f}")
    return Outcome("photo_measures", float(np.median(times["without"])), None, "ms", TARGET)


def _pictures(media: Path) -> list[Picture]:
    found = []
    for name in ("archive3", "flowers"):
        for path in sorted((media / "images" / name).rglob("*.jpg")):
            picture = cv2.imread(str(path))
            if picture is not None and max(picture.shape) >= 400:
                found.append(np.ascontiguousarray(picture[:, :, ::-1]))
    return found


def _say_truth(pictures: Sequence[Picture], say: Say) -> None:
    blurred = {sigma: [measure_photograph(_blurred(one, sigma)) for one in pictures] for sigma in _BLURS}
    for name in ("sharpness", "subject_sharpness"):
        values = np.array([[getattr(one, name) for one in blurred[sigma]] for sigma in _BLURS])
        say(f"  {name} and blur: {_rank(_BLURS, values)}; in one picture always falling: "
            f"{np.mean((np.diff(values, axis=0) <= 1e-6).all(axis=0)):.3f}")  # fmt: skip
    plain = blurred[0.0]
    for sigma, ones in ((0.0, plain), (2.0, blurred[2.0])):
        halves = [measure_photograph(_half(_blurred(one, sigma))) for one in pictures]
        say(f"  half the size of a picture blurred by {sigma:g}: sharpness {_change(ones, halves, 'sharpness')}")
        for noise in _NOISES[1:]:
            noisy = [measure_photograph(_noisy(_blurred(one, sigma), noise)) for one in pictures]
            say(f"  noise {noise:g} on a blur of {sigma:g}: sharpness {_change(ones, noisy, 'sharpness')}, "
                f"noise found {np.median([one.noise for one in noisy]):.1f}")  # fmt: skip
    noises = np.array([[measure_photograph(_noisy(one, level)).noise for one in pictures] for level in _NOISES])
    say(f"  noise and what was added: {_rank(_NOISES, noises)}")
    _say_shakes(pictures, plain, say)
    lights = [[measure_photograph(_lit(one, factor)) for one in pictures] for factor in _LIGHTS]
    for name in ("brightness", "clipped_bright"):
        say(f"  {name} and light: {_rank(_LIGHTS, np.array([[getattr(o, name) for o in row] for row in lights]))}")
    _say_turns(pictures, say)


def _say_shakes(pictures: Sequence[Picture], plain: Sequence[PhotoMeasures], say: Say) -> None:
    for length in _SHAKES:
        shaken = [measure_photograph(_shaken(one, length, 30 * at)).motion_blur for at, one in enumerate(pictures)]
        soft = [measure_photograph(_blurred(one, length / np.sqrt(12))).motion_blur for one in pictures]
        still = [one.motion_blur for one in plain]
        say(f"  motion of {length:g} px: AUC beside defocus of the same size {_auc(shaken, soft):.3f}, beside "
            f"untouched {_auc(shaken, still):.3f}; from 0.25 on {np.mean(np.array(shaken) >= 0.25):.2f}, untouched "
            f"{np.mean(np.array(still) >= 0.25):.2f}")  # fmt: skip


def _say_turns(pictures: Sequence[Picture], say: Say) -> None:
    before = np.array([measure_photograph(_turned(one, 0)).horizon for one in pictures])
    off, lost = [], 0
    for degrees in _TURNS:
        after = np.array([measure_photograph(_turned(one, degrees)).horizon for one in pictures])
        both = np.isfinite(before) & np.isfinite(after)
        lost += int((np.isfinite(before) & ~np.isfinite(after)).sum())
        off += np.abs(after - before - degrees)[both].tolist()
    near = np.mean(np.array(off) <= 0.7)
    say(f"  horizon: seen in {np.isfinite(before).mean():.2f}; turned by {_TURNS}: lost in {lost} of "
        f"{lost + len(off)}; off by {np.median(off):.2f} degrees in the median, at most 0.7 in {near:.3f}")  # fmt: skip


def _rank(amounts: Sequence[float], values: npt.NDArray[np.float64]) -> str:
    """Return the rank correlation of (amounts, pictures) values with the amounts: over all, and within a picture."""
    each = [_spearman(np.array(amounts), values[:, at]) for at in range(values.shape[1])]
    whole = _spearman(np.repeat(amounts, values.shape[1]), values.ravel())
    return f"rank correlation {whole:.3f} over all, {np.median(each):.3f} within a picture (median)"


def _spearman(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float:
    ranks = [_ranks(values) for values in (one, other)]
    return float(np.corrcoef(*ranks)[0, 1]) if all(np.ptp(each) for each in ranks) else 0.0


def _ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[place], float)


def _auc(positive: Sequence[float], negative: Sequence[float]) -> float:
    wins = np.sign(np.array(positive)[:, None] - np.array(negative)[None, :])
    return float((wins.mean() + 1) / 2)


def _change(before: Sequence[PhotoMeasures], after: Sequence[PhotoMeasures], name: str) -> str:
    steps = [getattr(b, name) - getattr(a, name) for a, b in zip(before, after, strict=True)]
    low, middle, high = np.quantile(steps, (0.05, 0.5, 0.95))
    return f"changes by {middle:+.3f} ({low:+.3f} to {high:+.3f})"


def _milliseconds(pictures: Sequence[Picture], faces: Faces | None) -> list[float]:
    found = []
    for picture in pictures:
        scale = _LONG_SIDE / max(picture.shape)
        large = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        runs = []
        for _ in range(3):
            start = time.process_time()
            measure_photograph(large, faces=faces)
            runs.append(1000 * (time.process_time() - start))
        found.append(min(runs))
    return found


def _blurred(picture: Picture, sigma: float) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma) if sigma else picture, np.uint8)


def _half(picture: Picture) -> Picture:
    return np.asarray(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def _noisy(picture: Picture, level: float) -> Picture:
    if not level:
        return picture
    noise = np.random.default_rng(len(picture)).normal(0, level, picture.shape)
    return np.clip(np.round(picture + noise), 0, 255).astype(np.uint8)


def _lit(picture: Picture, factor: float) -> Picture:
    return np.clip(np.round(factor * picture.astype(np.float32)), 0, 255).astype(np.uint8)


def _shaken(picture: Picture, length: float, direction: float) -> Picture:
    side = 2 * int(length / 2) + 5
    kernel = np.zeros((8 * side, 8 * side), np.float32)
    turn = np.radians(direction)
    step = 4 * length * np.array([np.cos(turn), np.sin(turn)])
    start, stop = (np.round(4 * side - 0.5 + sign * step).astype(int).tolist() for sign in (-1, 1))
    cv2.line(kernel, start, stop, (1.0,), 8)
    small = cv2.resize(kernel, (side, side), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.filter2D(picture, -1, small / small.sum(), borderType=cv2.BORDER_REPLICATE), np.uint8)


def _turned(picture: Picture, degrees: float) -> Picture:
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1)
    whole = cv2.warpAffine(picture, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    return np.ascontiguousarray(whole[height // 10 : -(height // 10), width // 10 : -(width // 10)], np.uint8)
