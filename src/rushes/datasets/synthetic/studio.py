"""The frames of a film, painted one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from rushes.datasets.synthetic.figures import draw_figure, draw_shoulder
from rushes.datasets.synthetic.lettering import title_card
from rushes.datasets.synthetic.looks import Look
from rushes.datasets.synthetic.paint import Canvas, Color, Pixels, Points, Sketch
from rushes.datasets.synthetic.place import EYE_LEVEL
from rushes.datasets.synthetic.places import PLACES
from rushes.datasets.synthetic.scenes import FilmPlan, ShotPlan, View, pose_at, walked
from rushes.datasets.synthetic.truth import Scale
from rushes.datasets.synthetic.weather import Weather

_DRAWINGS: dict[Scale | None, int] = {"ECS": 8, "CS": 12, "MS": 12, "FS": 12, "LS": 12, None: 1}  # of figures a second
_SCENERY_WIDTH = (-5.9, 5.9)
_SCENERY_HEIGHT = (-3.9, 1.7)
_DENSITY = 0.42  # of scenery: pixels per unit and pixel of the picture's height
_BLUR: dict[Scale | None, float] = {"ECS": 0.022, "CS": 0.016, "MS": 0.007, "FS": 0.0015, "LS": 0.0, None: 0.006}
_FLAT: tuple[Scale, ...] = ("ECS", "CS")  # shots so near that the scenery is one layer


@dataclass(frozen=True, slots=True)
class _Layer:
    """Painted scenery, RGB multiplied by alpha, and alpha: cv2 moves four channels in half the time of three."""

    paint: Pixels
    origin: tuple[float, float]  # of the first pixel's corner, in the layer's units
    density: float  # pixels per unit


class Studio:
    """Paints the frames of one film; keeps its scenery from shot to shot."""

    def __init__(self, plan: FilmPlan, size: tuple[int, int]) -> None:
        self.look = plan.look
        self.seed = plan.seed
        self.size = size
        self.total = sum(shot.frames for shot in plan.shots)
        width, height = size
        if plan.look.aspect is not None:
            height = min(height, round(width / plan.look.aspect / 2) * 2)
        self.picture = (width, height)
        self._scenery: dict[str, tuple[_Layer, _Layer]] = {}
        self._mask = _light_mask(plan.look, self.picture)
        self._tone = _tone_curve(plan.look)
        self._grain = _grain(plan.look.grain, self.picture, plan.seed)
        self._random = np.random.default_rng([plan.seed, 5])

    def frames(self, shot: ShotPlan, first: int) -> Iterator[Pixels]:
        """Yield the frames of a shot as planar YUV 4:2:0, (height * 3 / 2, width), uint8.

        Args:
            first: ordinal of the shot's first frame in the film.
        """
        rate = float(self.look.rate)
        layers = self._layers(shot)
        past = self._shoulder(shot)
        card = title_card(shot.text, self.picture) if shot.text else None
        kind = "" if PLACES[shot.place].indoors else self.look.weather
        weather = Weather(kind, rate, self.picture, self.seed + first)
        still = shot.camera.movement == "static"
        drawings = _DRAWINGS[shot.scale]
        behind: Pixels | None = None
        planes: Pixels | None = None
        frame: Pixels | None = None
        drawing, sketch = -1, Sketch(1, (0, 0, 0, 0))
        for number in range(shot.frames):
            seconds = number / rate
            view = shot.camera.at(number / max(1, shot.frames - 1), seconds)
            if behind is None or not still:
                behind = self._compose(layers, view, shot)
            now = int(seconds * drawings + 1e-6)
            changed = now != drawing
            if changed:
                drawing, sketch = now, self._sketch(shot, view, now / drawings)
            if planes is None or changed or not still:
                picture = behind.copy()
                Canvas(picture, _matrix(view, self.picture)).show(sketch)
                if past is not None:
                    _blend(picture, past, _shift(shot.camera.start, view, self.picture))
                if card is not None:
                    _cover(picture, card)
                planes = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGBA2YUV_I420), np.uint8)
            light = _fade(first + number, self.total, rate)
            if frame is None or changed or not still or weather.kind or light < 1:
                frame = self._develop(planes, weather, number, light)
            yield frame

    def _light(self, place: str) -> Color:
        return self.look.inside if PLACES[place].indoors else self.look.outside

    def _sketch(self, shot: ShotPlan, view: View, seconds: float) -> Sketch:
        width, height = self.picture
        tall, wide = view.field * 0.56, view.field * 0.56 * width / height
        sketch = Sketch(height / view.field, (view.x - wide, view.y - tall, view.x + wide, view.y + tall))
        light = self._light(shot.place)
        for actor in shot.actors:
            x = actor.x + walked(actor.acting, seconds)
            draw_figure(
                sketch.moved(x, 0),
                actor.person.under(light),
                pose_at(actor.acting, seconds),
                light_from=self.look.light_from,
            )
        return sketch

    def _layers(self, shot: ShotPlan) -> list[tuple[_Layer, float]]:
        """The scenery behind a shot with its depths: cut out, out of focus, and as fine as the shot needs it."""
        if shot.place not in self._scenery:
            self._scenery[shot.place] = self._paint(shot.place)
        place = PLACES[shot.place]
        blur = _BLUR[shot.scale] * self.picture[1]
        if shot.scale in _FLAT:
            return [(self._flattened(shot, blur), place.mid_depth)]
        return [
            (_prepared(layer, _seen(shot, depth, place.long_fields, self.picture), blur * depth, self.picture), depth)
            for layer, depth in zip(self._scenery[shot.place], (place.far_depth, place.mid_depth), strict=True)
        ]

    def _flattened(self, shot: ShotPlan, blur: float) -> _Layer:
        """Both layers as one: out of focus nobody sees them slide."""
        place = PLACES[shot.place]
        left, top, right, bottom = _seen(shot, place.mid_depth, place.long_fields, self.picture)
        density = self.picture[1] / (bottom - top)
        size = round((right - left) * density), round((bottom - top) * density)
        middle = shot.camera.at(0.5, 0.0)
        near = _through(middle, place.mid_depth, place.long_fields, shot.backdrop)
        whole: Pixels | None = None
        for layer, depth in zip(self._scenery[shot.place], (place.far_depth, place.mid_depth), strict=True):
            seen = _through(middle, depth, place.long_fields, shot.backdrop)
            grow = seen.field / near.field
            box = (
                seen.x + (left - near.x) * grow,
                seen.y + (top - near.y) * grow,
                seen.x + (right - near.x) * grow,
                seen.y + (bottom - near.y) * grow,
            )
            part = _prepared(layer, box, blur * depth, self.picture)
            scale = density / grow / part.density
            move = np.array(
                [
                    [scale, 0, (part.origin[0] - box[0]) * density / grow],
                    [0, scale, (part.origin[1] - box[1]) * density / grow],
                ]
            )
            paint = _warped(part.paint, move, size)
            if whole is None:
                whole = paint
            else:
                _cover(whole, paint)
        if whole is None:
            raise ValueError("a place needs at least one layer")
        return _Layer(whole, (left, top), density)

    def _paint(self, name: str) -> tuple[_Layer, _Layer]:
        place = PLACES[name]
        density = _DENSITY * self.size[1]
        left, top = _SCENERY_WIDTH[0], _SCENERY_HEIGHT[0]
        shape = round((_SCENERY_HEIGHT[1] - top) * density), round((_SCENERY_WIDTH[1] - left) * density)
        matrix = np.array([[density, 0, -left * density], [0, density, -top * density], [0, 0, 1.0]])
        number = sorted(PLACES).index(name)
        far = Canvas(np.full((*shape, 4), 255, np.uint8), matrix)
        place.far(far, self.look, np.random.default_rng([self.seed, number, 1]))
        mid = Canvas(np.zeros((*shape, 4), np.uint8), matrix)
        place.mid(mid, self.look, np.random.default_rng([self.seed, number, 2]))
        return _Layer(far.pixels, (left, top), density), _Layer(mid.pixels, (left, top), density)

    def _compose(self, layers: list[tuple[_Layer, float]], view: View, shot: ShotPlan) -> Pixels:
        picture: Pixels | None = None
        for layer, depth in layers:
            seen = _through(view, depth, PLACES[shot.place].long_fields, shot.backdrop)
            move = _matrix(seen, self.picture) @ np.array(
                [[1 / layer.density, 0, layer.origin[0]], [0, 1 / layer.density, layer.origin[1]], [0, 0, 1]]
            )
            paint = _warped(layer.paint, move, self.picture)
            if picture is None:
                picture = paint
            else:
                _cover(picture, paint)
        if picture is None:
            raise ValueError("a place needs at least one layer")
        if shot.text:
            picture = np.asarray(cv2.convertScaleAbs(picture, alpha=0.55), np.uint8)
        return picture

    def _shoulder(self, shot: ShotPlan) -> Pixels | None:
        if shot.past is None:
            return None
        width, height = self.picture
        edge = _edge(self.picture)
        canvas = Canvas(np.zeros((height + 2 * edge, width + 2 * edge, 4), np.uint8), np.eye(3))
        size, low = (0.36, 0.62) if shot.scale == "CS" else (0.24, 0.66)
        x = edge + width / 2 + shot.past_side * width * 0.47
        person = shot.past.under(self._light(shot.place))
        draw_shoulder(canvas.moved(x, edge + height * low, scale=height * size), person)
        return np.asarray(cv2.GaussianBlur(canvas.pixels, (0, 0), max(0.5, height * 0.018)), np.uint8)

    def _develop(self, planes: Pixels, weather: Weather, number: int, light: float) -> Pixels:
        """Give a frame its light, weather, grain and shape."""
        (width, height), full = self.picture, self.size[1]
        luma = np.asarray(cv2.multiply(planes[:height], self._mask, scale=1 / 255), np.uint8)
        weather.fall(luma, number)
        luma = np.asarray(cv2.LUT(luma, self._tone), np.uint8)
        top, left = self._random.integers(0, 32, 2)
        grain = self._grain[top : top + height, left : left + width]
        luma = np.asarray(cv2.addWeighted(luma, light, grain, 1.0, -128 + 16 * (1 - light)), np.uint8)
        frame = np.empty((full * 3 // 2, width), np.uint8)
        bar = (full - height) // 4 * 2
        frame[:bar], frame[bar + height : full] = 16, 16
        frame[bar : bar + height] = luma
        chroma = frame[full:].reshape(2, full // 2, width // 2)
        chroma[:] = 128
        if not self.look.monochrome:
            colors = planes[height:].reshape(2, height // 2, width // 2)
            if light < 1:
                dimmed = cv2.convertScaleAbs(colors, alpha=light, beta=128 * (1 - light))
                colors = np.asarray(dimmed, np.uint8).reshape(colors.shape)
            chroma[:, bar // 2 : bar // 2 + height // 2] = colors
        return frame


def _matrix(view: View, picture: tuple[int, int]) -> Points:
    """World to pixel."""
    scale = picture[1] / view.field
    cos, sin = np.cos(view.roll) * scale, np.sin(view.roll) * scale
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1.0]])
    turn[:2, 2] = np.array([picture[0] / 2, picture[1] / 2]) - turn[:2, :2] @ (view.x, view.y)
    return turn


def _through(view: View, depth: float, long_fields: tuple[float, float], backdrop: float) -> View:
    """What a camera sees of a layer that follows `depth` of its moves."""
    reference = sum(long_fields) / 2
    return View(
        backdrop + view.x * depth,
        EYE_LEVEL + (view.y - EYE_LEVEL) * depth,
        reference * (view.field / reference) ** depth,
        view.roll,
    )


def _seen(
    shot: ShotPlan, depth: float, long_fields: tuple[float, float], picture: tuple[int, int]
) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of all that a shot's camera sees of a layer, and the smallest height of its view."""
    views = [_through(shot.camera.at(share, 1.0), depth, long_fields, shot.backdrop) for share in (0.0, 0.5, 1.0)]
    aspect = picture[0] / picture[1]
    reach = 0.56  # more than half: hands shake
    return (
        min(v.x - v.field * reach * aspect for v in views),
        min(v.y - v.field * reach for v in views),
        max(v.x + v.field * reach * aspect for v in views),
        max(v.y + v.field * reach for v in views),
    )


def _prepared(layer: _Layer, seen: tuple[float, float, float, float], blur: float, picture: tuple[int, int]) -> _Layer:
    """The part of a layer that is seen, out of focus by `blur` pixels of the picture."""
    height, width = layer.paint.shape[:2]
    x0 = int(np.clip((seen[0] - layer.origin[0]) * layer.density - 2, 0, width - 2))
    y0 = int(np.clip((seen[1] - layer.origin[1]) * layer.density - 2, 0, height - 2))
    x1 = int(np.clip((seen[2] - layer.origin[0]) * layer.density + 2, x0 + 2, width))
    y1 = int(np.clip((seen[3] - layer.origin[1]) * layer.density + 2, y0 + 2, height))
    wanted = picture[1] / (seen[3] - seen[1]) * 1.15  # pixels per unit
    shrink = min(1.0, wanted / layer.density)
    if blur > 2:
        shrink = min(shrink, 0.5 * wanted / layer.density)
    sigma = blur * layer.density * shrink / wanted
    to = max(2, round((x1 - x0) * shrink)), max(2, round((y1 - y0) * shrink))

    def cut(pixels: Pixels) -> Pixels:
        part = np.ascontiguousarray(pixels[y0:y1, x0:x1])
        if shrink < 1:
            part = np.asarray(cv2.resize(part, to, interpolation=cv2.INTER_AREA), np.uint8)
        return part if sigma < 0.3 else np.asarray(cv2.GaussianBlur(part, (0, 0), sigma), np.uint8)

    density = layer.density * to[1] / (y1 - y0)
    origin = layer.origin[0] + x0 / layer.density, layer.origin[1] + y0 / layer.density
    return _Layer(cut(layer.paint), origin, density)


def _shift(start: View, view: View, picture: tuple[int, int]) -> tuple[int, int]:
    """By how many pixels something close to the camera has moved since the start of a shot."""
    scale = picture[1] / start.field * 1.6
    return round((start.x - view.x) * scale), round((start.y - view.y) * scale)


def _warped(pixels: Pixels, move: Points, size: tuple[int, int]) -> Pixels:
    how = cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(pixels, move[:2], size, flags=how, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _cover(picture: Pixels, over: Pixels) -> None:
    """Lay RGB multiplied by alpha, and alpha, over the same of the same size."""
    shows = cv2.cvtColor(cv2.bitwise_not(cv2.extractChannel(over, 3)), cv2.COLOR_GRAY2RGBA)
    shows[:, :, 3] = 255
    picture[:] = cv2.add(cv2.multiply(picture, shows, scale=1 / 255), over)


def _edge(picture: tuple[int, int]) -> int:
    """By how many pixels what is close to the camera is larger than the picture, on each side."""
    return picture[1] // 4


def _blend(picture: Pixels, over: Pixels, shift: tuple[int, int]) -> None:
    """Lay what is close to the camera over a picture, moved by whole pixels."""
    height, width = picture.shape[:2]
    edge = _edge((width, height))
    dx, dy = (int(np.clip(d, -edge, edge)) for d in shift)
    above = over[edge - dy : edge - dy + height, edge - dx : edge - dx + width]
    columns = np.flatnonzero(above[:, :, 3].max(axis=0))
    rows = np.flatnonzero(above[:, :, 3].max(axis=1))
    if len(columns):
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        _cover(picture[box], above[box])


def _light_mask(look: Look, picture: tuple[int, int]) -> Pixels:
    """(height, width): how much of its light each pixel keeps, 255 is all."""
    x = np.linspace(-1, 1, picture[0])[None, :]
    y = np.linspace(-1, 1, picture[1])[:, None]
    rim = 1 - look.vignette * np.clip((x * x + y * y) / 2, 0, 1) ** 1.3
    return np.asarray(255 * rim * (1 + 0.05 * (x * look.light_from - y - 2) * 0.5), np.uint8)


def _tone_curve(look: Look) -> Pixels:
    """(256,): a print's curve on luma of 16 to 235."""
    level = np.clip((np.arange(256) - 16) / 219, 0, 1)
    curved = np.clip(0.5 + (level - 0.5) * look.contrast + 0.02 + 0.4 * max(0.0, 1 - look.contrast), 0, 1)
    softened = curved + 0.06 * (look.contrast - 1) * np.sin(2 * np.pi * (curved - 0.5))
    return np.asarray(np.clip(16 + 219 * softened, 16, 235), np.uint8)


def _grain(strength: float, picture: tuple[int, int], seed: int) -> Pixels:
    """A field of grain around 128, 32 pixels larger than the picture each way."""
    noise = np.random.default_rng([seed, 3]).normal(0, 1, (picture[1] + 32, picture[0] + 32)).astype(np.float32)
    soft = cv2.GaussianBlur(noise, (0, 0), 0.6)
    return np.asarray(np.clip(128 + soft / soft.std() * strength, 0, 255), np.uint8)


def _fade(ordinal: int, total: int, rate: float) -> float:
    """How much light a frame has: films come out of the dark and go back into it."""
    edge = 0.35 * rate
    return float(min(1.0, (ordinal + 1) / edge, (total - ordinal) / edge))
