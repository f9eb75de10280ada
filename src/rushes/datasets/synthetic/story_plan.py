"""The plan of a film that tells a story: scenes in places, dialogues between two set-ups, people who come back.

Seeds 0 to 9 are for development: thresholds may be chosen by what is seen on them. Seeds 100 to 119 are for the test
alone; what is found on them is reported and changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise
from typing import Literal

import numpy as np

from rushes.datasets.synthetic.looks import LOOKS, Look, Palette
from rushes.datasets.synthetic.person import Person
from rushes.datasets.synthetic.places import PLACES
from rushes.datasets.synthetic.scenes import Acting, Actor, CameraPath, ShotPlan, View, choose_cast
from rushes.datasets.synthetic.truth import Movement, Scale

DEVELOPMENT_SEEDS = range(10)
TEST_SEEDS = range(100, 120)

SceneKind = Literal["talk", "talk again", "call", "three", "wander", "watch", "long take", "montage"]
Role = Literal["side", "cutaway", "other", "blank"]
# How many shots a scene of a kind has in the middle, and how long its shots are, in seconds, in the middle.
_SHAPES: dict[SceneKind, tuple[float, float]] = {
    "talk": (14, 2.6),
    "talk again": (12, 2.6),
    "call": (12, 3.0),
    "three": (13, 2.6),
    "wander": (10, 3.4),
    "watch": (10, 2.4),
    "long take": (1, 24.0),
    "montage": (8, 1.6),
}
_WEIGHTS: dict[SceneKind, float] = {
    "talk": 0.36,
    "talk again": 0.10,
    "call": 0.06,
    "three": 0.10,
    "wander": 0.20,
    "watch": 0.06,
    "long take": 0.05,
    "montage": 0.07,
}
_SPREAD = 0.55  # standard deviation of the logarithm of a shot's length, as feature films have it
_SHORTEST, _LONGEST = 0.7, 45.0  # seconds
_GAPS = ("cut", "cut", "cut", "cut", "fade", "black")  # what stands between two scenes


@dataclass(frozen=True, slots=True)
class Setting:
    """A place in one light: what a scene plays in. `seed` decides the details of its scenery."""

    place: str
    look: Look
    seed: int


@dataclass(frozen=True, slots=True)
class Setup:
    """One camera position and who stands before it.

    Attributes:
        number: of the set-up in its film, from 0.
        setting: place of the setting in the film's list.
        people: numbers of the characters who are seen; `past` is seen from behind and does not count.
        turns: where each of them faces; `across`: where each stands.
        close: it is a medium close-up of one person.
    """

    number: int
    setting: int
    scale: Scale
    view: View
    backdrop: float
    people: tuple[int, ...] = ()
    turns: tuple[float, ...] = ()
    across: tuple[float, ...] = ()
    past: int | None = None
    past_side: int = 0
    close: bool = False
    movement: Movement = "static"
    walks: bool = False


@dataclass(frozen=True, slots=True)
class StoryShot:
    """One shot; `setup` is None of a black one.

    Attributes:
        fade_in, fade_out: frames over which it comes out of the dark and goes into it.
    """

    frames: int
    scene: int
    role: Role
    setup: Setup | None = None
    plan: ShotPlan | None = None
    fade_in: int = 0
    fade_out: int = 0


@dataclass(frozen=True, slots=True)
class StoryScene:
    """A scene and its shots `[first, stop)`; a black shot that follows it is its last."""

    kind: SceneKind
    first: int
    stop: int


@dataclass(frozen=True, slots=True)
class StoryDialogue:
    """Two people who answer each other, in shots `[first, stop)`.

    Attributes:
        people: numbers of the characters of the two sides.
        cutaways: places of the shots within that show neither side.
    """

    first: int
    stop: int
    people: tuple[int, int]
    cutaways: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class StoryPlan:
    """A film that tells a story."""

    look: Look
    cast: tuple[Person, ...]
    settings: tuple[Setting, ...]
    shots: tuple[StoryShot, ...]
    scenes: tuple[StoryScene, ...]
    dialogues: tuple[StoryDialogue, ...]
    seed: int


def plan_story(seed: int, *, scenes: int = 8, rate: Fraction = Fraction(12)) -> StoryPlan:
    """Return the plan of a film of so many scenes; it depends on nothing but the arguments.

    Args:
        rate: frames per second; the fewer, the sooner it is painted.

    Raises:
        ValueError: there is no scene to plan.
    """
    if scenes < 1:
        raise ValueError(f"a story has at least one scene, got {scenes=}")
    draw = np.random.default_rng([seed, 20])
    base = replace(LOOKS[int(draw.integers(len(LOOKS)))], rate=rate)
    cast = (*choose_cast(base, draw), *choose_cast(LOOKS[int(draw.integers(len(LOOKS)))], draw))
    writer = _Writer(draw, base, len(cast), seed)
    for number in range(scenes):
        writer.add_scene(_kind(writer, draw, first=number == 0), last=number == scenes - 1)
    shots = tuple(_filmed(shot, writer, cast, rate) for shot in writer.shots)
    return StoryPlan(base, cast, tuple(writer.settings), shots, tuple(writer.scenes), tuple(writer.dialogues), seed)


def _kind(writer: _Writer, draw: np.random.Generator, *, first: bool) -> SceneKind:
    kinds = list(_WEIGHTS)
    weights = np.array([_WEIGHTS[kind] for kind in kinds])
    for place, kind in enumerate(kinds):
        if (kind == "talk again" and not writer.earlier_talks()) or (first and kind in ("montage", "long take")):
            weights[place] = 0
    return kinds[int(draw.choice(len(kinds), p=weights / weights.sum()))]


@dataclass(frozen=True, slots=True)
class _Talk:
    """What is needed to return to a talk: who, and their set-ups far and near."""

    scene: int
    people: tuple[int, int]
    wide: Setup
    far: tuple[Setup, Setup]
    near: tuple[Setup, Setup]


class _Writer:
    """Writes a story scene after scene."""

    def __init__(self, draw: np.random.Generator, look: Look, people: int, seed: int) -> None:
        self.draw = draw
        self.look = look
        self.people = people
        self.seed = seed
        self.settings: list[Setting] = []
        self.shots: list[StoryShot] = []
        self.scenes: list[StoryScene] = []
        self.dialogues: list[StoryDialogue] = []
        self._talks: list[_Talk] = []
        self._setups = 0
        self._seconds = 2.6
        self._opens_dark = False

    def earlier_talks(self) -> list[_Talk]:
        """Return the talks that the film may come back to: not the scene just over."""
        return [talk for talk in self._talks if talk.scene < len(self.scenes) - 1]

    def add_scene(self, kind: SceneKind, *, last: bool) -> None:
        count, self._seconds = _SHAPES[kind]
        first = len(self.shots)
        size = 1 if kind == "long take" else int(np.clip(np.exp(self.draw.normal(np.log(count), 0.4)), 5, 40))
        if kind == "talk":
            talk = self._new_talk()
            self._talks.append(talk)
            self._talk(talk, size)
        elif kind == "talk again":
            known = self.earlier_talks()
            self._talk(known[int(self.draw.integers(len(known)))], size)
        elif kind == "call":
            self._talk(self._new_call(), size)
        else:
            _OTHERS[kind](self, size)
        if self._opens_dark:
            self.shots[first] = replace(self.shots[first], fade_in=self._fade())
        gap = "cut" if last else str(self.draw.choice(_GAPS))
        self._opens_dark = gap != "cut"
        if self._opens_dark:
            self.shots[-1] = replace(self.shots[-1], fade_out=self._fade())
        if gap == "black":
            frames = round(float(self.look.rate) * self.draw.uniform(0.8, 1.6))
            self.shots.append(StoryShot(frames, len(self.scenes), "blank"))
        self.scenes.append(StoryScene(kind, first, len(self.shots)))

    def _fade(self) -> int:
        return round(float(self.look.rate) * self.draw.uniform(0.4, 0.8))

    def _setting(self) -> int:
        """Add a place in a light; four times in ten the light is the film's own."""
        other = self.look if self.draw.random() < 0.4 else LOOKS[int(self.draw.integers(len(LOOKS)))]
        look = replace(
            self.look,
            palette=_whole(other.palette),
            outside=other.outside,
            inside=other.inside,
            weather=other.weather,
            night=other.night,
            light_from=int(self.draw.choice((-1, 1))),
        )
        names = sorted(PLACES)
        used = {one.place for one in self.settings[-3:]}
        free = [name for name in names if name not in used]
        place = free[int(self.draw.integers(len(free)))]
        self.settings.append(Setting(place, look, int(self.draw.integers(2**31))))
        return len(self.settings) - 1

    def _new(self, **stated: object) -> Setup:
        self._setups += 1
        return Setup(self._setups - 1, **stated)  # type: ignore[arg-type]

    def single(
        self, setting: int, who: int, side: int, field: float, *, past: int | None = None, middle: float = 0.0
    ) -> Setup:
        """Return a set-up of one person who looks to the side where the other is."""
        turn = -side * float(self.draw.uniform(0.30, 0.62))
        close = field < 0.5
        view = View(0.08 * np.sign(turn) * field, -1.0 - 0.09 * field - 0.01 + field / 2, field)
        return self._new(
            setting=setting,
            scale="CS" if close else "MS",
            view=view,
            backdrop=middle + side * float(self.draw.uniform(0.7, 1.2)),
            people=(who,),
            turns=(turn,),
            across=(0.0,),
            past=past,
            past_side=int(np.sign(turn)),
            close=close,
            movement="handheld" if self.draw.random() < 0.12 else "static",
        )

    def together(self, setting: int, people: Sequence[int], *, scale: Scale, middle: float = 0.0) -> Setup:
        """Return a set-up of several people."""
        low, high = PLACES[self.settings[setting].place].long_fields
        field = {"LS": float(self.draw.uniform(low, high)), "FS": 1.35, "MS": 0.72}[scale]
        y = {"LS": (0.5 - 0.82) * field, "FS": -0.5, "MS": -1.06 + field / 2}[scale]
        apart = {"LS": 0.36, "FS": 0.30, "MS": 0.19}[scale]
        across = [apart * 2 * (place - (len(people) - 1) / 2) for place in range(len(people))]
        return self._new(
            setting=setting,
            scale=scale,
            view=View(float(self.draw.uniform(-0.1, 0.1)) * field, y, field),
            backdrop=middle + float(self.draw.uniform(-0.3, 0.3)),
            people=tuple(people),
            turns=tuple(-np.sign(x or 1.0) * 0.5 for x in across),
            across=tuple(across),
        )

    def view(self, setting: int, field: float | None = None) -> Setup:
        """Return a set-up of the place, or of a detail of it, without anybody."""
        low, high = PLACES[self.settings[setting].place].long_fields
        wide = float(self.draw.uniform(low, high)) if field is None else field
        return self._new(
            setting=setting,
            scale="LS" if field is None else "FS",
            view=View(float(self.draw.uniform(-0.6, 0.6)), -0.9 + float(self.draw.uniform(-0.1, 0.35)), wide),
            backdrop=float(self.draw.uniform(-2.2, 2.2)),
        )

    def shoot(self, setup: Setup, role: Role = "other") -> None:
        """Add a shot from a set-up."""
        longer = 1.5 if setup.scale == "LS" else 1.0
        seconds = float(np.clip(np.exp(self.draw.normal(np.log(self._seconds * longer), _SPREAD)), _SHORTEST, _LONGEST))
        frames = max(6, round(seconds * float(self.look.rate)))
        self.shots.append(StoryShot(frames, len(self.scenes), role, setup))

    def _pair(self) -> tuple[int, int]:
        one, two = self.draw.permutation(self.people)[:2]
        return int(one), int(two)

    def _new_talk(self) -> _Talk:
        """Return two people and their set-ups; half of the far ones look past the other's shoulder."""
        setting, pair = self._setting(), self._pair()
        middle = float(self.draw.uniform(-1.4, 1.4))
        shoulder = bool(self.draw.random() < 0.5)
        field = float(self.draw.uniform(0.40, 0.62))
        far, near = (
            tuple(
                self.single(setting, pair[k], (-1, 1)[k], size, past=pair[1 - k] if over else None, middle=middle)
                for k in range(2)
            )
            for size, over in ((field, shoulder), (float(self.draw.uniform(0.27, 0.36)), False))
        )
        wide = self.together(setting, pair, scale="LS" if self.draw.random() < 0.6 else "FS", middle=middle)
        return _Talk(len(self.scenes), pair, wide, (far[0], far[1]), (near[0], near[1]))

    def _new_call(self) -> _Talk:
        """Return two people who talk from two places."""
        pair, places = self._pair(), (self._setting(), self._setting())
        far, near = (
            tuple(self.single(places[k], pair[k], (-1, 1)[k], size) for k in range(2)) for size in (0.45, 0.32)
        )
        return _Talk(len(self.scenes), pair, self.view(places[0]), (far[0], far[1]), (near[0], near[1]))

    def _talk(self, talk: _Talk, size: int) -> None:
        """Shot and reverse shot, with what is cut in between; midway the camera may come closer."""
        setting = talk.far[0].setting
        for _ in range(int(self.draw.integers(0, 3))):
            self.shoot(talk.wide if self.draw.random() < 0.7 else self.view(setting))
        first, side = len(self.shots), int(self.draw.integers(2))
        closer_from = first + round(size * float(self.draw.uniform(0.4, 0.7))) if self.draw.random() < 0.5 else None
        sides = 0
        cutaways: list[int] = []
        while sides < 5 or len(self.shots) - first < size:
            place = len(self.shots)
            if sides >= 2 and place - 1 not in cutaways and self.draw.random() < 0.14:
                cutaways.append(place)
                self.shoot(self._cutaway(talk, setting), "cutaway")
                continue
            near = closer_from is not None and place >= closer_from
            self.shoot((talk.near if near else talk.far)[side], "side")
            sides += 1
            side = 1 - side if self.draw.random() < 0.93 else side
        if cutaways and cutaways[-1] == len(self.shots) - 1:
            self.shoot(talk.far[side], "side")
        people = [shot.setup.people[0] for shot in self.shots[first:] if shot.role == "side" and shot.setup]
        order = talk.people if people[0] == talk.people[0] else talk.people[::-1]
        self.dialogues.append(StoryDialogue(first, len(self.shots), (order[0], order[1]), tuple(cutaways)))
        if self.draw.random() < 0.4:
            self.shoot(talk.wide)

    def _cutaway(self, talk: _Talk, setting: int) -> Setup:
        chance = self.draw.random()
        if chance < 0.4:
            return self.view(setting, float(self.draw.uniform(0.5, 0.9)))
        if chance < 0.75:
            return self.together(setting, talk.people, scale="MS") if talk.wide.people else talk.wide
        third = next(who for who in self.draw.permutation(self.people) if who not in talk.people)
        return self.single(setting, int(third), 1, float(self.draw.uniform(0.55, 0.66)))

    def _three(self, size: int) -> None:
        """Three who talk, in an order in which no two answer each other for long."""
        setting = self._setting()
        trio = [int(who) for who in self.draw.permutation(self.people)[:3]]
        setups = [self.single(setting, who, side, 0.42) for who, side in zip(trio, (-1, 1, -1), strict=True)]
        wide = self.together(setting, trio, scale="LS")
        self.shoot(wide)
        said: list[int] = []
        while len(said) < size:
            free = [who for who in range(3) if who not in said[-1:]]
            if len(said) >= 3 and said[-3] == said[-1]:
                free = [who for who in free if who != said[-2]]
            said.append(free[int(self.draw.integers(len(free)))])
            self.shoot(setups[said[-1]])
            if self.draw.random() < 0.1:
                self.shoot(wide)

    def _wander(self, size: int) -> None:
        """One or two people about a place, from many sides; few set-ups come back."""
        setting = self._setting()
        pair = self._pair()
        setups: list[Setup] = []
        for _ in range(size):
            if len(setups) > 3 and self.draw.random() < 0.25:
                setup = setups[int(self.draw.integers(len(setups) - 1))]
            else:
                setup = self._any(setting, pair)
                setups.append(setup)
            self.shoot(setup)

    def _any(self, setting: int, pair: tuple[int, int]) -> Setup:
        chance = self.draw.random()
        if chance < 0.3:
            return self.view(setting)
        if chance < 0.6:
            return self.together(setting, pair, scale=("LS", "FS", "MS")[int(self.draw.integers(3))],
                                 middle=float(self.draw.uniform(-2, 2)))  # fmt: skip
        who, side = int(self.draw.choice(pair)), int(self.draw.choice((-1, 1)))
        walking = self.draw.random() < 0.4
        setup = self.single(setting, who, side, float(self.draw.uniform(0.36, 0.68)),
                            middle=float(self.draw.uniform(-2, 2)))  # fmt: skip
        if not walking:
            return setup
        return replace(setup, scale="FS", view=View(0.0, -0.5, 1.35), close=False, movement="pan", walks=True)

    def _watch(self, size: int) -> None:
        """Somebody looks at something, again and again: it alternates, and nobody answers."""
        setting, (who, _) = self._setting(), self._pair()
        face, seen = self.single(setting, who, -1, 0.4), self.view(setting, float(self.draw.uniform(0.9, 1.4)))
        for number in range(size):
            self.shoot((face, seen)[number % 2])

    def _long_take(self, size: int) -> None:
        setting = self._setting()
        self.shoot(self.together(setting, self._pair(), scale="FS"))

    def _montage(self, size: int) -> None:
        """Shots that have nothing in common but that they follow each other quickly."""
        for _ in range(size):
            self.shoot(self._any(self._setting(), self._pair()))


def _whole(palette: Palette) -> Palette:
    """Return a palette with as many colours as any place asks for: the last ones stand for those that follow."""
    sky, ground, accents = (
        (*colours, *(colours[-1:] * (4 - len(colours)))) for colours in (palette.sky, palette.ground, palette.accents)
    )
    return replace(palette, sky=sky, ground=ground, accents=accents)


_OTHERS = {
    "three": _Writer._three,
    "wander": _Writer._wander,
    "watch": _Writer._watch,
    "long take": _Writer._long_take,
    "montage": _Writer._montage,
}


def _filmed(shot: StoryShot, writer: _Writer, cast: tuple[Person, ...], rate: Fraction) -> StoryShot:
    """Return a shot with what its painter needs: nobody stands twice in the same way, no camera twice to a hair."""
    setup, draw = shot.setup, writer.draw
    if setup is None:
        return shot
    view = View(
        setup.view.x + setup.view.field * float(draw.normal(0, 0.012)),
        setup.view.y + setup.view.field * float(draw.normal(0, 0.006)),
        setup.view.field * float(np.exp(draw.normal(0, 0.015))),
    )
    seconds = shot.frames / float(rate)
    actors = tuple(
        Actor(
            cast[who],
            x + float(draw.normal(0, 0.006)),
            Acting(
                turn=float(np.clip(turn + draw.normal(0, 0.06), -0.9, 0.9)),
                turns_at=None,
                talks=bool(draw.random() < 0.6),
                mood=float(draw.uniform(-0.5, 0.9)),
                gesture="walk" if setup.walks else str(draw.choice(("rest", "rest", "talk", "hips"))),
                phase=float(draw.uniform(0, 6.28)),
            ),
        )
        for who, turn, x in zip(setup.people, setup.turns, setup.across, strict=True)
    )
    goes = np.sign(setup.turns[0]) * 0.62 * seconds * 0.9 if setup.walks else 0.0
    path = CameraPath(setup.movement, view, View(view.x + goes, view.y, view.field), float(draw.uniform(0, 6.28)))
    plan = ShotPlan(
        setup.scale,
        shot.frames,
        writer.settings[setup.setting].place,
        path,
        actors,
        backdrop=setup.backdrop,
        past=None if setup.past is None else cast[setup.past],
        past_side=setup.past_side,
    )
    return replace(shot, plan=plan)


def count_changes(plan: StoryPlan, dialogue: StoryDialogue) -> int:
    """Return how often a dialogue goes from one side to the other, cutaways passed over."""
    people = [
        shot.setup.people[0]
        for shot in plan.shots[dialogue.first : dialogue.stop]
        if shot.role == "side" and shot.setup is not None
    ]
    return sum(one != other for one, other in pairwise(people))
