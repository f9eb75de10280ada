"""The plan of a film before a pixel of it is painted: who is seen, where, from how near, moving how."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rushes.datasets.synthetic.looks import LOOKS, Look
from rushes.datasets.synthetic.paint import Color, mix, rgb, shade
from rushes.datasets.synthetic.person import EYE_LINE, HEAD, MOUTH_LINE, Person, Pose, head_centre
from rushes.datasets.synthetic.places import PLACES
from rushes.datasets.synthetic.truth import Movement, Scale

_STEP = 0.62  # how far a figure walks in a second, in heights
_STRIDES = 1.15  # walks' full cycles per second

# In each scene every scale is seen, in an order that films use.
_SCENES: tuple[tuple[Scale, ...], ...] = (
    ("LS", "FS", "MS", "CS", "ECS"),
    ("LS", "MS", "CS", "ECS", "FS"),
    ("FS", "MS", "CS", "ECS", "LS"),
    ("CS", "ECS", "MS", "FS", "LS"),
    ("LS", "FS", "CS", "MS", "ECS"),
    ("ECS", "CS", "MS", "LS", "FS"),
)

_SKINS = tuple(rgb(c) for c in ("#f4cfae", "#e6b48c", "#c98f62", "#9c6440", "#6f4630", "#f7dcc4", "#b87a50", "#573828"))
_HAIRS = tuple(rgb(c) for c in ("#2a1c18", "#1c1820", "#4a2f1e", "#8c4a24", "#c9963f", "#8f2f20", "#6f6a6a", "#d8d2c8"))
_IRISES = tuple(rgb(c) for c in ("#4f86b0", "#5c3c22", "#4f8a54", "#7d6a34", "#3f5f7a", "#6f4a2c"))


@dataclass(frozen=True, slots=True)
class Acting:
    """What a figure does during a shot; every number shifts or scales a habit.

    Attributes:
        turn: where it faces, -1 left to 1 right.
        turns_at: seconds after which it turns the other way; None never.
        gesture: rest, talk, hips, wave, chest or walk.
        phase: moves all habits in time, radians.
    """

    turn: float
    turns_at: float | None
    talks: bool
    mood: float
    gesture: str
    phase: float


@dataclass(frozen=True, slots=True)
class Actor:
    """One figure in a shot."""

    person: Person
    x: float
    acting: Acting


@dataclass(frozen=True, slots=True)
class View:
    """What a camera sees: the middle and height of its picture in the world, and its roll in radians."""

    x: float
    y: float
    field: float
    roll: float = 0.0


@dataclass(frozen=True, slots=True)
class CameraPath:
    """A camera's way through a shot; `start` and `stop` are its views at the first and the last frame."""

    movement: Movement
    start: View
    stop: View
    phase: float

    def at(self, share: float, seconds: float) -> View:
        """Return the view when `share` of the shot, from 0 to 1, is over."""
        eased = share * share * (3 - 2 * share) * 0.6 + share * 0.4
        field = self.start.field * (self.stop.field / self.start.field) ** eased
        x = self.start.x + (self.stop.x - self.start.x) * eased
        y = self.start.y + (self.stop.y - self.start.y) * eased
        if self.movement != "handheld":
            return View(x, y, field)
        t, p = seconds, self.phase
        return View(
            x + field * (0.014 * np.sin(2.9 * t + p) + 0.006 * np.sin(7.3 * t + 2 * p)),
            y + field * (0.011 * np.sin(3.7 * t + 3 * p) + 0.005 * np.sin(8.9 * t + p)),
            field * (1 + 0.006 * np.sin(2.1 * t + p)),
            0.006 * np.sin(2.3 * t + p) + 0.002 * np.sin(6.1 * t),
        )


@dataclass(frozen=True, slots=True)
class ShotPlan:
    """One shot.

    Attributes:
        text: lines of a title card; a shot has none.
        backdrop: which part of the place is behind the people, in its units.
        past: whom the camera looks past, over a shoulder.
    """

    scale: Scale | None
    frames: int
    place: str
    camera: CameraPath
    actors: tuple[Actor, ...] = ()
    backdrop: float = 0.0
    past: Person | None = None
    past_side: int = 0
    text: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FilmPlan:
    """One film; `seed` decides the scenery's details and the grain."""

    look: Look
    title: str
    shots: tuple[ShotPlan, ...]
    seed: int


def plan_film(index: int, *, seed: int, shots: int) -> FilmPlan:
    """Return the plan of the film number `index`, from 0; it depends on nothing but the arguments.

    Args:
        shots: how many, title and end card aside, >= 1.
    """
    look = LOOKS[index % len(LOOKS)]
    rng = np.random.default_rng([seed, index, 11])
    title = look.title if index < len(LOOKS) else f"{look.title} {index // len(LOOKS) + 1}"
    cast = choose_cast(look, rng)
    plans = [_card((title, look.line), look.places[0], look.rate, 1.5)]
    scenes = _order(shots, rng)
    for number, scales in enumerate(scenes):
        plans += _scene(scales, look, look.places[number % len(look.places)], cast, rng)
    plans.append(_card(("The End",), look.places[-1], look.rate, 1.0))
    return FilmPlan(look, title, tuple(plans), int(rng.integers(2**31)))


def _order(shots: int, rng: np.random.Generator) -> list[tuple[Scale, ...]]:
    scenes: list[tuple[Scale, ...]] = []
    left = shots
    while left > 0:
        scene = _SCENES[0] if not scenes else _SCENES[int(rng.integers(len(_SCENES)))]
        scenes.append(scene[:left])
        left -= len(scene)
    return scenes


def _card(text: tuple[str, ...], place: str, rate: Fraction, seconds: float) -> ShotPlan:
    low, high = PLACES[place].long_fields
    view = View(0.0, -0.3 * (low + high) / 2, (low + high) / 2)
    return ShotPlan(None, round(rate * Fraction(seconds)), place, CameraPath("static", view, view, 0.0), text=text)


def choose_cast(look: Look, rng: np.random.Generator) -> tuple[Person, ...]:
    """Return two leads and a third who look unlike each other."""
    skins, hairs = rng.permutation(len(_SKINS)), rng.permutation(len(_HAIRS))
    clothes = rng.permutation(len(look.clothes))
    outfits = rng.permutation(len(look.outfits))
    first = int(rng.integers(2))
    people = []
    for k in range(3):
        masculine = (k + first) % 2 == 0
        styles = (
            ("short", "swept", "short", "bald", "curls")
            if masculine
            else ("bob", "long", "bun", "curls", "tail", "swept")
        )
        kinds = [look.outfits[int(o)] for o in outfits if not (masculine and look.outfits[int(o)] == "dress")]
        style = str(rng.choice(styles))
        beards = ("full", "moustache") if style == "bald" else ("", "", "full", "stubble", "moustache")
        hat = look.hats[(k + first) % len(look.hats)]
        top = look.clothes[int(clothes[k])]
        skin = _SKINS[int(skins[k])]
        hair = _HAIRS[int(hairs[k])]
        people.append(
            Person(
                skin=skin,
                hair=hair,
                iris=_IRISES[int(rng.integers(len(_IRISES)))],
                top=top,
                bottom=_trousers(look.clothes[int(clothes[(k + 3) % len(clothes)])]),
                accent=look.clothes[int(clothes[(k + 2) % len(clothes)])],
                shoes=(60, 42, 36),
                hair_style=style,
                outfit=kinds[k % len(kinds)],
                hat="" if style in ("bun", "curls") and hat != "beret" else hat,
                beard=str(rng.choice(beards)) if masculine else "",
                glasses=bool(rng.random() < 0.25),
                freckles=bool(sum(skin) > 480 and rng.random() < 0.4),
                lips=mix(skin, (196, 52, 64) if not masculine else (170, 70, 66), 0.62 if not masculine else 0.42),
                height=float(rng.uniform(0.97, 1.04) if masculine else rng.uniform(0.92, 0.98)),
                jaw=float(rng.uniform(1.02, 1.14) if masculine else rng.uniform(0.90, 0.98)),
                brows=float(rng.uniform(1.0, 1.3) if masculine else rng.uniform(0.7, 0.95)),
            )
        )
    return tuple(people)


def _trousers(color: Color) -> Color:
    return shade(mix(color, (44, 48, 66), 0.6), 0.9)


def _scene(
    scales: tuple[Scale, ...], look: Look, place: str, cast: tuple[Person, ...], rng: np.random.Generator
) -> list[ShotPlan]:
    """Shots of two people in one place: the camera looks from one to the other, each before another part of it."""
    pair = rng.permutation(3)[:2]
    leads = (cast[int(pair[0])], cast[int(pair[1])])
    middle = float(rng.uniform(-1.6, 1.6))
    side = int(rng.integers(2))
    plans = []
    for scale in scales:
        side = 1 - side if rng.random() < 0.7 else side
        movement = _movement(look, scale, rng)
        seconds = rng.uniform(1.05, 1.75)
        frames = max(12, round(float(look.rate) * seconds))
        together = scale in ("LS", "FS", "MS") and rng.random() < {"LS": 0.45, "FS": 0.5, "MS": 0.4}.get(scale, 0)
        actors = _actors(scale, leads, side, together, movement, rng)
        camera = _camera(scale, place, actors, movement, frames / float(look.rate), rng)
        faces = 1 if actors[0].acting.turn > 0 else -1
        past = leads[1 - side] if scale in ("CS", "MS") and not together and rng.random() < 0.35 else None
        plans.append(
            ShotPlan(
                scale,
                frames,
                place,
                camera,
                actors,
                backdrop=middle + (0.9 if side else -0.9) * (0 if scale == "LS" else 1) + float(rng.uniform(-0.2, 0.2)),
                past=past,
                past_side=faces,
            )
        )
    return plans


def _movement(look: Look, scale: Scale, rng: np.random.Generator) -> Movement:
    chosen: Movement = rng.choice(np.array(look.moves)).item()
    return chosen


def _actors(
    scale: Scale, leads: tuple[Person, Person], side: int, together: bool, movement: Movement, rng: np.random.Generator
) -> tuple[Actor, ...]:
    faces = 1 if side == 0 else -1
    apart = {"LS": 0.34, "FS": 0.30, "MS": 0.20}.get(scale, 0.0)
    walks = scale in ("LS", "FS") and rng.random() < (0.55 if scale == "LS" else 0.35)
    actors = []
    talker = int(rng.integers(2))
    for k in range(2 if together else 1):
        who = leads[side if k == 0 else 1 - side]
        toward = faces if k == 0 else -faces
        if walks:
            toward = faces
        turn = (
            toward * float(rng.uniform(0.30, 0.72))
            if together or rng.random() < 0.75
            else float(rng.uniform(-0.15, 0.15))
        )
        if walks:
            turn = toward * float(rng.uniform(0.55, 0.85))
        gestures = (
            ("rest", "talk", "hips", "talk", "wave", "chest")
            if scale in ("FS", "LS")
            else ("rest", "rest", "talk", "hips", "chest")
        )
        acting = Acting(
            turn=turn,
            turns_at=float(rng.uniform(0.5, 0.9))
            if not walks and scale in ("CS", "MS", "FS") and rng.random() < 0.2
            else None,
            talks=bool(rng.random() < 0.6) if k == 0 or not together else talker == 1,
            mood=float(rng.uniform(-0.5, 0.9)),
            gesture="walk" if walks else str(rng.choice(gestures)),
            phase=float(rng.uniform(0, 6.28)),
        )
        x = 0.0 if not together else (-faces if k == 0 else faces) * apart * float(rng.uniform(0.9, 1.15))
        actors.append(Actor(who, x, acting))
    return tuple(actors)


def _camera(
    scale: Scale, place: str, actors: tuple[Actor, ...], movement: Movement, seconds: float, rng: np.random.Generator
) -> CameraPath:
    lead = actors[0]
    pose = pose_at(lead.acting, 0.0)
    x = sum(actor.x for actor in actors) / len(actors)
    head_x, head_y = head_centre(lead.person, pose)
    tall = max(actor.person.height * (1.06 if actor.person.hat else 1.0) for actor in actors)
    room = 0.06 * np.sign(lead.acting.turn) if len(actors) == 1 else 0.0  # a face looks into the picture
    radius = HEAD * lead.person.height
    if scale == "LS":
        field = float(rng.uniform(*PLACES[place].long_fields))
        y = (0.5 - float(rng.uniform(0.78, 0.87))) * field
        x += float(rng.uniform(-0.30, 0.30)) * field
        if lead.acting.gesture == "walk":
            x += np.sign(lead.acting.turn) * 0.2 * field
    elif scale == "FS":
        field = float(rng.uniform(1.20, 1.45)) * tall
        y = -tall * 0.5 + field * 0.01
        x += room * field
    elif scale == "MS":
        field = float(rng.uniform(0.58, 0.70))
        y = -tall - 0.045 + field / 2
        x += room * field * 1.5
    elif scale == "CS":
        field = float(rng.uniform(0.25, 0.32))
        x, y = lead.x + head_x + room * field * 1.5, head_y + 0.018
    else:
        detail = str(rng.choice(("eyes", "eyes", "eye", "mouth")))
        field = float(rng.uniform(0.040, 0.052) if detail == "eye" else rng.uniform(0.058, 0.080))
        x = lead.x + head_x + radius * pose.turn * 0.45
        if detail == "eye":
            x += radius * 0.345 * (1 if pose.turn <= 0 else -1)
        y = head_y + radius * ((MOUTH_LINE - 0.06) if detail == "mouth" else EYE_LINE - 0.06)
    walk = _STEP * seconds * np.sign(lead.acting.turn) if lead.acting.gesture == "walk" else 0.0
    start = stop = View(x, y, field)
    if lead.acting.gesture == "walk" and scale == "FS":
        start, stop = View(x - walk * 0.15, y, field), View(x + walk * 0.85, y, field)  # walks along
        movement = "pan"
    elif movement == "pan":
        reach = (
            {"LS": 0.26, "FS": 0.12, "MS": 0.09, "CS": 0.07, "ECS": 0.22}[scale]
            * field
            * float(rng.choice((-1.0, 1.0)))
        )
        start, stop = View(x - reach, y, field), View(x + reach, y, field)
    elif movement in ("push", "pull"):
        reach = {"LS": 0.12, "FS": 0.08, "MS": 0.07, "CS": 0.09, "ECS": 0.12}[scale]
        wide, close = View(x, y, field * (1 + reach)), View(x, y, field * (1 - reach))
        if scale == "FS":
            close = View(x, y, max(field * (1 - reach), tall * 1.12))
        start, stop = (wide, close) if movement == "push" else (close, wide)
    return CameraPath(movement, start, stop, float(rng.uniform(0, 6.28)))


def pose_at(acting: Acting, seconds: float) -> Pose:
    """Return what a figure does `seconds` into its shot."""
    t, p = seconds, acting.phase
    turn = acting.turn
    if acting.turns_at is not None:
        share = min(max((t - acting.turns_at) / 0.35, 0.0), 1.0)
        turn += (-0.5 * acting.turn - acting.turn) * share * share * (3 - 2 * share)
    turn += 0.03 * float(np.sin(1.3 * t + p))
    since = (t + p) % 2.3
    lids = 0.0 if since < 0.09 else 0.55 if since < 0.17 else 1.0 + 0.08 * float(np.sin(p))
    mouth = 0.0
    if acting.talks:
        mouth = max(0.0, float(np.sin(17.0 * t + p) * 0.5 + np.sin(7.7 * t + 2 * p) * 0.45)) * 0.75
    glance = int((t + p) / 0.8)
    gaze = (float(np.sin(glance * 2.4 + p)) * 0.45 + 0.25 * acting.turn, float(np.sin(glance * 4.1 + p)) * 0.22)
    stride = None
    sway = float(np.sin(2.2 * t + p))
    left = right = (0.13 + 0.015 * sway, 0.14)
    if acting.gesture == "talk":
        right = (0.36 + 0.08 * sway, 1.45 + 0.35 * float(np.sin(6.0 * t + p)))
        left = (0.20, 0.45 + 0.10 * float(np.sin(4.0 * t + p)))
    elif acting.gesture == "hips":
        left = right = (0.62 + 0.02 * sway, -1.25)
    elif acting.gesture == "wave":
        right = (2.05, 0.75 + 0.45 * float(np.sin(11.0 * t + p)))
    elif acting.gesture == "chest":
        right = (0.30, -2.15 + 0.06 * sway)
    elif acting.gesture == "walk":
        stride = 2 * np.pi * _STRIDES * t + p
        swing = float(np.sin(stride))
        left, right = (0.10 + 0.30 * swing, 0.22), (0.10 - 0.30 * swing, 0.22)
    if turn < 0:
        left, right = right, left
    return Pose(
        turn=max(-0.95, min(0.95, turn)),
        tilt=0.035 * float(np.sin(1.7 * t + p)) + 0.05 * float(np.sin(p * 3)),
        nod=0.02 * float(np.sin(5.1 * t + p)) if acting.talks else 0.0,
        lids=lids,
        gaze=(max(-1.0, min(1.0, gaze[0])), gaze[1]),
        mouth=mouth,
        smile=acting.mood,
        brow=0.5 * acting.mood + 0.3 * float(np.sin(1.1 * t + 2 * p)),
        arms=(left, right),
        stride=stride,
        breath=0.5 + 0.5 * float(np.sin(2.6 * t + p)),
    )


def walked(acting: Acting, seconds: float) -> float:
    """Return how far a figure has come `seconds` into its shot."""
    return _STEP * seconds * float(np.sign(acting.turn)) if acting.gesture == "walk" else 0.0
