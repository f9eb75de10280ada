"""Films that tell a story, painted into video files, with their truth: set-ups, scenes, dialogues and characters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from rushes.datasets.synthetic.films import encode_film
from rushes.datasets.synthetic.paint import Pixels
from rushes.datasets.synthetic.scenes import CameraPath, FilmPlan, ShotPlan, View
from rushes.datasets.synthetic.story_plan import StoryDialogue, StoryPlan, StoryScene, StoryShot, plan_story
from rushes.datasets.synthetic.studio import Studio
from rushes.datasets.synthetic.truth import Scale
from rushes.progress import Progress, silent

_KEPT = 4  # studios at a time: each holds the scenery of its place


@dataclass(frozen=True, slots=True)
class ShotOfStory:
    """What is known of one shot.

    Attributes:
        start, stop: ordinals of frames, `[start, stop)`.
        setup: number of its camera position; -1 of a black shot.
        people: numbers of the characters whose faces it shows.
        close: it is a medium close-up of one of them.
    """

    start: int
    stop: int
    setup: int
    scene: int
    scale: Scale | None
    people: tuple[int, ...]
    close: bool
    blank: bool


@dataclass(frozen=True, slots=True)
class StoryTruth:
    """A rendered story; its shots follow each other without a gap, from frame 0 to the last."""

    path: Path
    rate: Fraction
    shots: tuple[ShotOfStory, ...]
    scenes: tuple[StoryScene, ...]
    dialogues: tuple[StoryDialogue, ...]

    def to_table(self) -> dict[str, Any]:
        """Return it as plain values of schema `structure-truth/1`, see `rushes.structure.truth`."""
        return {
            "schema": "structure-truth/1",
            "film": self.path.name,
            "shots": [
                {
                    "start": shot.start,
                    "stop": shot.stop,
                    "setup": None if shot.setup < 0 else shot.setup + 1,
                    "scene": shot.scene + 1,
                    "scale": shot.scale,
                    "characters": [who + 1 for who in shot.people],
                    "close": shot.close,
                }
                for shot in self.shots
            ],
            "scenes": [
                {"first_shot": scene.first + 1, "last_shot": scene.stop, "kind": scene.kind} for scene in self.scenes
            ],
            "dialogues": [
                {
                    "first_shot": one.first + 1,
                    "last_shot": one.stop,
                    "characters": [who + 1 for who in one.people],
                    "cutaways": [place + 1 for place in one.cutaways],
                }
                for one in self.dialogues
            ],
        }


def render_story(
    path: Path,
    *,
    seed: int,
    scenes: int = 8,
    size: tuple[int, int] = (320, 180),
    rate: Fraction = Fraction(12),
    progress: Progress = silent,
) -> StoryTruth:
    """Render a story into a video file, and return what is known about it.

    The same arguments make the same film. The file stands at `path` once it is complete.

    Args:
        seed: see `story_plan` for which are for what.
        size: width and height of the frames in pixels, both even and at least 32.
        progress: counts shots.

    Raises:
        ValueError: a number is out of its range.
    """
    if min(size) < 32 or size[0] % 2 or size[1] % 2:
        raise ValueError(f"the size needs to be even and at least 32x32, got {size=}")
    plan = plan_story(seed, scenes=scenes, rate=rate)
    progress(0, len(plan.shots))
    with encode_film(path, plan.look.rate, size) as write:
        for done, planes in _painted(plan, size):
            if planes is None:
                progress(done, len(plan.shots), path.stem)
            else:
                write(planes)
    return truth_of(plan, path)


def truth_of(plan: StoryPlan, path: Path) -> StoryTruth:
    """Return what is known of a story that is rendered into a file."""
    shots, start = [], 0
    for shot in plan.shots:
        setup = shot.setup
        shots.append(
            ShotOfStory(
                start,
                start + shot.frames,
                -1 if setup is None else setup.number,
                shot.scene,
                setup.scale if setup is not None and setup.people else None,
                () if setup is None else setup.people,
                setup is not None and setup.close,
                setup is None,
            )
        )
        start += shot.frames
    return StoryTruth(path, plan.look.rate, tuple(shots), plan.scenes, plan.dialogues)


def _painted(plan: StoryPlan, size: tuple[int, int]) -> Iterator[tuple[int, Pixels | None]]:
    """Yield the frames of a film, planar YUV 4:2:0, and after each shot None with how many shots are done."""
    whole = tuple(shot.plan or _black(shot) for shot in plan.shots)
    studios: dict[int, Studio] = {}
    ordinal = 0
    for number, shot in enumerate(plan.shots, start=1):
        if shot.setup is None or shot.plan is None:
            for _ in range(shot.frames):
                yield number - 1, _dark(size)
        else:
            studio = studios.pop(shot.setup.setting, None)
            if studio is None:
                setting = plan.settings[shot.setup.setting]
                studio = Studio(FilmPlan(setting.look, "", whole, setting.seed), size)
            studios[shot.setup.setting] = studio
            if len(studios) > _KEPT:
                del studios[next(iter(studios))]
            for place, planes in enumerate(studio.frames(shot.plan, ordinal)):
                yield number - 1, _dimmed(planes, _light(shot, place), size[1])
        ordinal += shot.frames
        yield number, None


def _black(shot: StoryShot) -> ShotPlan:
    view = View(0.0, 0.0, 1.0)
    return ShotPlan(None, shot.frames, "", CameraPath("static", view, view, 0.0))


def _dark(size: tuple[int, int]) -> Pixels:
    planes = np.full((size[1] * 3 // 2, size[0]), 128, np.uint8)
    planes[: size[1]] = 16
    return planes


def _light(shot: StoryShot, place: int) -> float:
    """Return how much light a frame of a shot has, 0 to 1."""
    rising = (place + 1) / (shot.fade_in + 1) if shot.fade_in else 1.0
    falling = (shot.frames - place) / (shot.fade_out + 1) if shot.fade_out else 1.0
    return min(1.0, rising, falling)


def _dimmed(planes: Pixels, light: float, height: int) -> Pixels:
    if light >= 1:
        return planes
    floor = np.full(planes.shape, 128.0, np.float32)
    floor[:height] = 16
    return np.asarray(floor + (planes - floor) * light, np.uint8)
