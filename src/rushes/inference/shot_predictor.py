"""A bundle of shots as a function from what is read of shots to probabilities, by one of its runtimes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rushes.bundles.runtimes import DEFAULT, choose_runtime
from rushes.bundles.shot_bundle import ShotBundle
from rushes.bundles.shot_graph import ShotGraph
from rushes.datasets.shot_sample import ShotSample, stack_samples
from rushes.errors import BundleError
from rushes.footage.movement import MOVEMENTS
from rushes.footage.subject import Faces
from rushes.inference.prediction import Scores, find_above, name_scores

_FRAMES_AT_ONCE = 32  # in one batch: what a backbone makes of a frame takes much more room than the frame
_MOTIONS_AT_ONCE = 256


class ShotPredictor:
    """A loaded bundle of shots.

    Attributes:
        runtime: name of what runs the graph.
        faces: the detector by which subjects are found; None without one.
        moving: tasks about what the camera does, whose answers a measured reason stands beside.
    """

    def __init__(self, bundle: ShotBundle, *, threads: int = 0, runtime: str = DEFAULT) -> None:
        """Load the graph of a bundle.

        Args:
            threads: how many threads compute; 0 takes as many as there are cores.
            runtime: name of what runs it; another than the default is held against the stored samples first.

        Raises:
            BundleError: the graph was altered, cannot be run, or does not fit what the bundle says of it; or the
                runtime cannot run here.
            WeightsError: its face detector cannot be read.
        """
        chosen = choose_runtime(bundle, runtime)
        self.bundle = bundle
        self.runtime = chosen.name
        self._graph = ShotGraph(bundle.read(chosen.file), bundle.tasks, threads=threads, engine=chosen.engine)
        shown = bundle.reading.preprocessing
        wanted = (shown.height, shown.width, shown.channels) if bundle.looks else None
        if self._graph.frame_shape != wanted:
            raise BundleError(
                f"{bundle.folder}: the graph takes frames of {self._graph.frame_shape}, its preprocessing makes "
                f"{wanted}. Export the run again: rushes export RUN"
            )
        faces = bundle.reading.faces
        self.faces = Faces(Path(faces[0])) if faces is not None and bundle.reading.subject else None
        known = {name.casefold() for name in MOVEMENTS}
        self.moving = tuple(
            task for task, classes in bundle.tasks.items() if len(known & {name.casefold() for name in classes}) > 1
        )

    @property
    def batch_size(self) -> int:
        """How many shots are answered at a time."""
        return max(1, _FRAMES_AT_ONCE // self.bundle.reading.frames) if self.bundle.looks else _MOTIONS_AT_ONCE

    def scores(self, samples: Sequence[ShotSample]) -> list[Mapping[str, Scores]]:
        """Return for each shot its scores: task -> class -> probability, as the bundle calibrates it."""
        found: list[Mapping[str, Scores]] = []
        for at in range(0, len(samples), self.batch_size):
            part = samples[at : at + self.batch_size]
            raw = self._graph(stack_samples(part, max(len(sample.pixels) for sample in part)))
            tables = {task: self.bundle.calibrations[task].apply(table) for task, table in raw.items()}
            found += [
                {task: name_scores(self.bundle.tasks[task], table[row]) for task, table in tables.items()}
                for row in range(len(part))
            ]
        return found

    def find_above(self, scores: Mapping[str, Scores]) -> dict[str, tuple[str, ...]]:
        """Return task -> the classes whose threshold a shot reaches, without tasks that have no thresholds.

        Args:
            scores: task -> scores of one shot.
        """
        found = {task: find_above(of_task, self.bundle.thresholds.get(task)) for task, of_task in scores.items()}
        return {task: above for task, above in found.items() if above is not None}
