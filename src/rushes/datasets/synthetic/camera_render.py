"""The frames of a virtual camera's clip, drawn from a picture or from the frames of a shot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, hypot

import cv2
import numpy as np
import numpy.typing as npt

from rushes.datasets.synthetic.camera_plan import CameraPlan, LookPlan, PatchPlan
from rushes.datasets.synthetic.camera_view import background_view, corners_seen, patch_view

Pixels = npt.NDArray[np.uint8]
_FINEST = 0.55  # pixels of the material for one of the picture, at the close end; with less it would only be soft
_SHUTTER = 0.5  # share of a frame's time that it is exposed
_PATCH_PIXELS = 0.9  # of a patch's texture, for one of the picture
_GRAIN_TILE = 96  # pixels that the tile of grain is larger than the picture
_LEAST_SPREAD = 32  # levels of luma between the dark and the light parts
_BLACK = 16  # luma of bars


def draw_clip(plan: CameraPlan, pictures: Sequence[Pixels]) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the frames of a clip, in the order they are shown.

    Args:
        pictures: (height, width, 3) RGB each, all of one size: one still, or as many frames of a shot as the plan has.

    Yields:
        (height * 3 / 2, width), the planes of yuv420p.

    Raises:
        ValueError: there are neither one picture nor enough for all frames.
    """
    last = max(plan.shown)
    if len(pictures) != 1 and len(pictures) <= last:
        raise ValueError(f"a clip of {last + 1} frames needs one picture or one for each, got {len(pictures)}")
    stage = _stage(plan, pictures[0])
    shown = [_shrunk(picture, stage.shrink) for picture in (pictures if len(pictures) == 1 else pictures[: last + 1])]
    textures = [_texture(patch, shown[0], plan, stage) for patch in plan.patches]
    if plan.look.behind:
        blur = plan.look.behind * stage.scale
        shown = [np.asarray(cv2.GaussianBlur(picture, (0, 0), blur), np.uint8) for picture in shown]
    other = _other_view(plan, pictures[-1]) if any(plan.look.mixed) else None
    middle = plan.shown[len(plan.shown) // 2]
    sample = _background(plan, middle, shown[0 if len(shown) == 1 else middle], stage)
    finish = _Finish(plan, _stretch(plan, sample))
    drawn, of_frame = finish.blank(), -1
    for frame in plan.shown:
        if frame != of_frame:
            background = shown[0 if len(shown) == 1 else frame]
            picture = _background(plan, frame, background, stage)
            for patch, texture in zip(plan.patches, textures, strict=True):
                _lay(picture, plan, patch, texture, frame)
            if other is not None and plan.look.mixed[frame]:
                share = plan.look.mixed[frame]
                picture = np.asarray(cv2.addWeighted(picture, 1 - share, other, share, 0), np.uint8)
            drawn, of_frame = finish.planes(picture, frame), frame
        yield drawn


@dataclass(frozen=True, slots=True, eq=False)
class _Stage:
    """How the background lies in the material: `shrink` of the material, then pixels = scale · point + (x, y)."""

    shrink: float
    scale: float
    x: float
    y: float

    def to_pixels(self) -> npt.NDArray[np.float64]:
        return np.array([[self.scale, 0, self.x - 0.5], [0, self.scale, self.y - 0.5], [0, 0, 1]])


def _stage(plan: CameraPlan, material: Pixels) -> _Stage:
    """Lay all that the camera will see into the material, which is mirrored at its edges where it is too small."""
    height, width = material.shape[:2]
    seen = corners_seen(plan)
    low, high = seen.min(axis=(0, 1)), seen.max(axis=(0, 1))
    spread = np.maximum(high - low, 1e-6)
    sides = np.linalg.norm(seen[:, 1] - seen[:, 0], axis=1)  # widths of the view; 1 at rest
    fitting = float(min(width / spread[0], height / spread[1]))
    finest = _FINEST * plan.picture_size[0] / float(sides.min())
    scale = max(plan.crop * fitting, min(finest, width / float(sides.max())))
    # About one pixel of the material for one of the picture, or the far end would shimmer.
    shrink = min(1.0, 1.15 * plan.picture_size[0] / (scale * float(np.sqrt(sides.min() * sides.max()))))
    place = _telling_place(plan, material, scale * spread[0], scale * spread[1])
    left = place[0] * (width - scale * spread[0]) - scale * low[0]
    top = place[1] * (height - scale * spread[1]) - scale * low[1]
    return _Stage(shrink, shrink * scale, shrink * left, shrink * top)


def _telling_place(plan: CameraPlan, material: Pixels, across: float, along: float) -> tuple[float, float]:
    """Return where in the material to look: where the plan says, or elsewhere if there is hardly anything to see.

    Over an even sky nobody could tell what the camera does.
    """
    height, width = material.shape[:2]
    spare = max(0.0, width - across), max(0.0, height - along)
    planned = plan.place_x, plan.place_y
    if spare[0] < 8 and spare[1] < 8:
        return planned
    gray = cv2.cvtColor(cv2.resize(material, (64, 64), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
    edges = np.abs(cv2.Laplacian(gray, cv2.CV_32F))
    columns, rows = max(1, round(64 * min(1, across / width))), max(1, round(64 * min(1, along / height)))

    def detail(place: tuple[float, float]) -> float:
        left, top = round(place[0] * (64 - columns)), round(place[1] * (64 - rows))
        return float(edges[top : top + rows, left : left + columns].mean())

    best = max(((x, y) for x in (0.0, 0.5, 1.0) for y in (0.0, 0.5, 1.0)), key=detail)
    return planned if detail(planned) > 0.6 * detail(best) else best


def _stretch(plan: CameraPlan, sample: Pixels) -> tuple[float, float]:
    """Return (factor, level): how much the luma is spread around a level, so that something is to be seen of it."""
    if plan.kind == "card":
        return 1.0, 0.0
    luma = cv2.cvtColor(sample, cv2.COLOR_RGB2GRAY)
    low, middle, high = np.percentile(luma, (5, 50, 95)) / 255
    visible = 219 * (high - low) * float(np.median(plan.look.light)) * min(1.0, plan.look.contrast)
    return min(4.0, max(1.0, _LEAST_SPREAD / max(visible, 1.0))), float(middle)


def _shrunk(picture: Pixels, shrink: float) -> Pixels:
    if shrink >= 0.95:
        return np.ascontiguousarray(picture)
    height, width = picture.shape[:2]
    size = (max(2, round(width * shrink)), max(2, round(height * shrink)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def _to_points(plan: CameraPlan) -> npt.NDArray[np.float64]:
    """From pixels of the picture to points in frame widths from its middle."""
    width, height = plan.picture_size
    return np.array([[1, 0, 0.5 - width / 2], [0, 1, 0.5 - height / 2], [0, 0, width]]) / width


def _background(plan: CameraPlan, frame: int, material: Pixels, stage: _Stage) -> Pixels:
    matrix = stage.to_pixels() @ background_view(plan, frame) @ _to_points(plan)
    picture = cv2.warpPerspective(
        material,
        matrix,
        plan.picture_size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return _streaked(np.asarray(picture, np.uint8), plan, frame)


def _other_view(plan: CameraPlan, material: Pixels) -> Pixels:
    """Return the material's far corner in mirror image, which stands for another shot."""
    height, width = material.shape[:2]
    part = material[height // 3 :, : width - width // 3]
    return np.asarray(cv2.flip(cv2.resize(part, plan.picture_size, interpolation=cv2.INTER_AREA), 1), np.uint8)


def _streaked(picture: Pixels, plan: CameraPlan, frame: int) -> Pixels:
    """Blur along a fast pan, as an open shutter does."""
    before = max(0, frame - 1)
    after = min(len(plan.path.pan_x) - 1, before + 1)
    x = (plan.path.pan_x[after] - plan.path.pan_x[before]) * plan.picture_size[0] * _SHUTTER
    y = (plan.path.pan_y[after] - plan.path.pan_y[before]) * plan.picture_size[0] * _SHUTTER
    length = hypot(x, y)
    if length < 2:
        return picture
    size = 2 * ceil(min(length, 60) / 2) + 1
    kernel = np.zeros((size, size), np.float32)
    middle, reach = size // 2, min(length, 60) / 2 / length
    start, stop = (
        (round(middle - x * reach), round(middle - y * reach)),
        (round(middle + x * reach), round(middle + y * reach)),
    )
    cv2.line(kernel, start, stop, 1.0)
    if not y or abs(y) < 1:  # a row of equal weights is a box, at a fraction of the time
        return np.asarray(cv2.blur(picture, (size, 1)), np.uint8)
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class _Texture:
    """A patch's pixels, (size, size, 4) with their alpha; `reach` is how many radii half of it spans."""

    pixels: Pixels
    reach: float


def _texture(patch: PatchPlan, material: Pixels, plan: CameraPlan, stage: _Stage) -> _Texture:
    reach = 1.35 * max(1.0, patch.squash)
    size = max(8, round(2 * reach * patch.radius * plan.picture_size[0] * _PATCH_PIXELS))
    height, width = material.shape[:2]
    per_pixel = stage.scale * patch.radius * 2 * reach / size  # of the material for one of the texture
    if patch.cut_x is None or patch.cut_y is None:
        middle = (stage.x + stage.scale * patch.x, stage.y + stage.scale * patch.y)
    else:
        span = min(per_pixel * size, 0.9 * min(width, height))
        per_pixel = span / size
        middle = (span / 2 + patch.cut_x * (width - span), span / 2 + patch.cut_y * (height - span))
    way = -per_pixel if patch.mirrored else per_pixel
    matrix = np.array([[way, 0, middle[0] - way * size / 2], [0, per_pixel, middle[1] - per_pixel * size / 2]])
    cut = cv2.warpAffine(
        material, matrix, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REFLECT_101
    )
    if patch.gain != 1:
        cut = cv2.convertScaleAbs(cut, alpha=patch.gain)
    return _Texture(np.dstack([cut, _outline(patch, size, reach)]), reach)


def _outline(patch: PatchPlan, size: int, reach: float) -> Pixels:
    """Return the alpha of a wavy ellipse; the edge of what is cut out is sharp, that of a moving part is soft."""
    line = (np.arange(size, dtype=np.float32) + 0.5) * (2 * reach / size) - reach
    x, y = line[None, :], line[:, None] / patch.squash
    distance, angle = np.hypot(x, y), np.arctan2(y, x)
    edge = np.ones_like(distance)
    for wave, height in enumerate(patch.outline, 1):
        edge += np.float32(height / wave**0.5) * np.cos(wave * angle + 1.7 * wave)
    soft = 0.04 if patch.cut_x is not None else 0.3
    return np.asarray(np.clip((np.clip(edge, 0.4, 1.3) - distance) / soft, 0, 1) * 255, np.uint8)


def _lay(picture: Pixels, plan: CameraPlan, patch: PatchPlan, texture: _Texture, frame: int) -> None:
    """Lay a patch over a picture, in place."""
    size = texture.pixels.shape[0]
    width, height = plan.picture_size
    per_radius = size / 2 / texture.reach
    to_texture = np.array([[per_radius, 0, size / 2 - 0.5], [0, per_radius, size / 2 - 0.5], [0, 0, 1]])
    matrix = to_texture @ patch_view(plan, patch, frame) @ _to_points(plan)
    matrix = matrix / matrix[2, 2]
    corners = np.linalg.inv(matrix) @ np.array([[0, size, size, 0], [0, 0, size, size], [1, 1, 1, 1.0]])
    left, top = np.floor(corners[:2].min(axis=1)).astype(int)
    right, bottom = np.ceil(corners[:2].max(axis=1)).astype(int) + 1
    left, top, right, bottom = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    if right - left < 1 or bottom - top < 1:
        return
    placed = matrix[:2].copy()
    placed[:, 2] += placed[:, :2] @ (left, top)
    laid = cv2.warpAffine(
        texture.pixels, placed, (right - left, bottom - top), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    )
    under = picture[top:bottom, left:right]
    alpha = cv2.cvtColor(cv2.extractChannel(laid, 3), cv2.COLOR_GRAY2RGB)
    over = cv2.cvtColor(laid, cv2.COLOR_RGBA2RGB)
    cv2.add(cv2.multiply(over, alpha, scale=1 / 255), cv2.multiply(under, 255 - alpha, scale=1 / 255), dst=under)


class _Finish:
    """Soft focus, light, grain, a title, bars: what is the same for the whole clip is made once."""

    def __init__(self, plan: CameraPlan, stretch: tuple[float, float]) -> None:
        self._plan, self._look, self._stretch = plan, plan.look, stretch
        self._dice = np.random.default_rng(plan.seed)
        width, height = plan.picture_size
        self._grain = _grain_tile(plan.look, self._dice, width, height)
        self._title = _title(plan.look, width, height)
        levels = np.clip((np.arange(256) - 128) * plan.look.saturation + 128, 0, 255)
        self._chroma = levels.astype(np.uint8)

    def blank(self) -> Pixels:
        width, height = self._plan.frame_size
        planes = np.full((height * 3 // 2, width), 128, np.uint8)
        planes[:height] = _BLACK
        return planes

    def planes(self, picture: Pixels, frame: int) -> Pixels:
        width, height = self._plan.picture_size
        look = self._look
        blur = look.blur[frame] * width
        if blur > 0.3:
            picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), blur), np.uint8)
        planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420)
        luma = cv2.LUT(planes[:height], _light(look, frame, *self._stretch))
        if self._title is not None and look.title_start <= frame < look.title_stop:
            luma = cv2.add(
                cv2.multiply(luma, 255 - self._title, scale=1 / 255), cv2.convertScaleAbs(self._title, alpha=235 / 255)
            )
        if self._grain is not None:
            x, y = self._dice.integers(0, _GRAIN_TILE, 2)
            luma = cv2.add(luma, self._grain[y : y + height, x : x + width], dtype=cv2.CV_8U)
        chroma = cv2.LUT(planes[height:], self._chroma)
        if look.white[frame] or look.light[frame] < 0.8:
            share = (1 - look.white[frame]) * min(1.0, look.light[frame] / 0.8)
            chroma = cv2.convertScaleAbs(chroma, alpha=share, beta=128 * (1 - share))
        return self._framed(np.asarray(luma, np.uint8), np.asarray(chroma, np.uint8))

    def _framed(self, luma: Pixels, chroma: Pixels) -> Pixels:
        """Put a picture's planes into the middle of a frame's."""
        (width, height), (across, along) = self._plan.frame_size, self._plan.picture_size
        frame = self.blank()
        left, top = (width - across) // 4 * 2, (height - along) // 4 * 2
        frame[top : top + along, left : left + across] = luma
        for place, plane in enumerate(chroma.reshape(2, along // 2, across // 2)):
            whole = frame[height:].reshape(2, height // 2, width // 2)[place]
            whole[top // 2 : (top + along) // 2, left // 2 : (left + across) // 2] = plane
        return frame


def _light(look: LookPlan, frame: int, factor: float, middle: float) -> Pixels:
    """Return (256,): what becomes of each level of luma."""
    level = np.clip((np.arange(256) - 16) / 219, 0, 1)
    # What is spread in the dark is spread upwards, or half of it would be black.
    around = middle if middle > 0.25 else 0.0
    level = np.clip((level - around) * factor + around, 0, 1) ** look.gamma
    level = (level - 0.4) * look.contrast + 0.4 if look.contrast < 1 else level * look.contrast
    level = np.clip(level, 0, 1) * look.light[frame]
    level = level + (1 - level) * look.white[frame]
    return np.clip(16 + 219 * level + look.lift * min(1.0, look.light[frame] / 0.3), 16, 235).astype(np.uint8)


def _grain_tile(look: LookPlan, dice: np.random.Generator, width: int, height: int) -> npt.NDArray[np.int16] | None:
    if look.grain < 0.3:
        return None
    tile = dice.standard_normal((height + _GRAIN_TILE, width + _GRAIN_TILE), np.float32)
    if look.grain_size > 0.5:
        tile = np.asarray(cv2.GaussianBlur(tile, (0, 0), look.grain_size))
        tile /= tile.std()
    return np.asarray(np.round(tile * look.grain), np.int16)


def _title(look: LookPlan, width: int, height: int) -> Pixels | None:
    """Return (height, width): how opaque white letters are; None where there are none."""
    if not look.title:
        return None
    size = look.title_size * width / 22  # OpenCV's letters are 22 pixels high
    long = cv2.getTextSize(look.title, cv2.FONT_HERSHEY_DUPLEX, size, max(1, round(size * 1.6)))[0][0]
    size *= min(1.0, 0.9 * width / long)
    left = min((0.5 + look.title_x) * width, 0.95 * width - min(long, 0.9 * width))
    canvas = np.zeros((height, width), np.uint8)
    place = (round(left), round(height / 2 + look.title_y * width))
    cv2.putText(canvas, look.title, place, cv2.FONT_HERSHEY_DUPLEX, size, 255, max(1, round(size * 1.6)), cv2.LINE_AA)
    return canvas
