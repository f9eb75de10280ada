"""What explains answers: a run by its network, or a bundle by its graph, without torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from rushes.bundles.bundle import Bundle
from rushes.bundles.calibrated import calibration_of_run
from rushes.bundles.neighbours import SIDE_PIXELS, read_neighbours
from rushes.datasets.measured_input import Prepared, stack_measures
from rushes.datasets.preprocessing import Preprocessing, prepare
from rushes.errors import MediaError, UsageError
from rushes.evaluation.explained import reason_of
from rushes.evaluation.explanation import Lookalike
from rushes.evaluation.thumbnails import read_thumbnail
from rushes.footage.picture import PictureSize, parse_size, resize
from rushes.inference.predictor import Predictor
from rushes.learning.calibration import Calibration
from rushes.learning.known_samples import KnownSamples, find_nearest
from rushes.progress import Progress, silent
from rushes.storage.pictures import Pictures

if TYPE_CHECKING:
    from rushes.learning.explain_pictures import LookedInside
    from rushes.learning.explanation_checks import Sanity

CHECKED = 6  # pictures whose heat is checked, spread over all that are explained
LOOKED_INTO = 2  # pictures whose maps are shown
MEASURES_HELD = (
    "The model also takes what is measured of the photograph. The measures were held fixed: heat and covering show "
    "what the picture itself adds, not what sharpness or light did."
)
_DRAWS = 3  # random networks of each kind that the heat is held against

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class HeatWords:
    """By which method heat was read, where in the network, and what it shows."""

    method: str
    layer: str
    about: str
    source: str


class Explainer(Protocol):
    """What is asked for reasons; `kind` is `run` or `bundle`.

    Attributes:
        identity: of a bundle its id, of a run its name.
        notes: reasons that cannot be given, and why, in sentences.
        heat_words: of the heat that was given last; None before, and where there is none.
        searched: how many training pictures `lookalikes` searches.
        calibration: which its probabilities have gone through.
    """

    kind: str
    calibration: Calibration
    name: str
    identity: str
    task: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    working_size: PictureSize
    notes: tuple[str, ...]
    heat_words: HeatWords | None
    searched: int

    def prepared(self, pixels: Pixels) -> Prepared:
        """Return one picture, (height, width, 3), as the model takes it."""
        ...

    def probabilities(self, prepared: Sequence[Prepared]) -> Floats:
        """Return (pictures, classes) for pictures that `prepared` made."""
        ...

    def heat(self, prepared: Prepared, class_index: int) -> Floats | None:
        """Return where one picture speaks for a class, (rows, columns), 0 to 1; None where that cannot be said."""
        ...

    def lookalikes(self, prepared: Prepared, count: int) -> tuple[Lookalike, ...]:
        """Return the training samples that one picture looks like."""
        ...


class BundleExplainer:
    """A bundle that is asked for reasons: occlusion and neighbours, by ONNX Runtime alone."""

    kind = "bundle"
    heat_words: HeatWords | None = None

    def __init__(self, bundle: Bundle, *, threads: int = 0) -> None:
        """Load a bundle.

        Raises:
            BundleError: its graph or its neighbours cannot be read.
        """
        self._predictor = Predictor(bundle, threads=threads)
        self._neighbours = read_neighbours(bundle)
        self.searched = len(self._neighbours.known.samples) if self._neighbours else 0
        self.calibration = bundle.calibration
        self.name, self.identity, self.task, self.classes = bundle.name, bundle.id, bundle.task, bundle.classes
        self.preprocessing, self.working_size = bundle.preprocessing, self._predictor.working_size
        heat = (
            "A bundle has no torch network, so that there is no heat (Grad-CAM) and no map of a layer: explain the run"
        )
        self.notes: tuple[str, ...] = (f"{heat} it was made of for these.",)
        if bundle.measures is not None:
            self.notes += (MEASURES_HELD,)
        if self._neighbours is None:
            self.notes += ("The bundle carries no training pictures, so that nothing is said of what a picture looks "
                           "like. It was exported with --no-neighbours, or by an older rushes.",)  # fmt: skip

    def prepared(self, pixels: Pixels) -> Prepared:
        return self._predictor.prepared(pixels)

    def probabilities(self, prepared: Sequence[Prepared]) -> Floats:
        return self._predictor.probabilities_of_prepared(prepared)

    def heat(self, prepared: Prepared, class_index: int) -> Floats | None:
        return None

    def lookalikes(self, prepared: Prepared, count: int) -> tuple[Lookalike, ...]:
        features = self._predictor.features_of_prepared([prepared])
        if self._neighbours is None or features is None:
            return ()
        return tuple(
            Lookalike(self._neighbours.known.samples[row], likeness, self._neighbours.pictures[row])
            for row, likeness in _nearest_to(self._neighbours.known, features, count)
        )


class RunExplainer:
    """A run that is asked for reasons: by its network, in torch."""

    kind = "run"

    def __init__(
        self,
        folder: Path,
        *,
        project_root: Path,
        cache_folder: Path,
        method: str = "auto",
        layer: str | None = None,
        layers: Sequence[str] = (),
        threads: int = 1,
        progress: Progress = silent,
    ) -> None:
        """Load a run's network, and see its training pictures.

        Args:
            method, layer: as `rushes.learning.explain_pictures.explain_pictures` takes them.
            layers: whose maps `look_inside` is to show: `first`, `last`, or names.

        Raises:
            MissingExtraError: the `train` extra is not installed.
            RunError: the folder holds no run, or no network that can be loaded.
            BundleError: its calibration cannot be read, or is of other answers.
            UsageError: there is no such method or layer, or the network has no use for it.
        """
        from rushes.learning.explain_pictures import load_run_network
        from rushes.learning.explanation_options import name_layers, require_method
        from rushes.learning.measured_samples import measurer_of
        from rushes.learning.run_samples import read_known_samples
        from rushes.learning.runs import read_run

        require_method(method)
        run = read_run(folder)
        self._network, self._measurer = load_run_network(folder), measurer_of(run)
        self._folder, self._root, self._method, self._layer = folder, project_root, method, layer
        self.name = self.identity = run.name
        self.task, self.classes, self.preprocessing = run.task, run.classes, run.preprocessing
        self.working_size = parse_size(run.working_size)
        table = calibration_of_run(run)
        self.calibration = Calibration.from_table(table) if table is not None else Calibration()
        self.heat_words: HeatWords | None = None
        self.notes: tuple[str, ...] = () if self._measurer is None else (MEASURES_HELD,)
        self._seen: Spread[tuple[Prepared, int]] = Spread(CHECKED)
        self._known: KnownSamples | None = None
        self.searched = 0
        # A wrong method or layer is told of now, not after a thousand training pictures were looked at.
        self._has_heat = self._try_heat(asked=method != "auto" or layer is not None)
        self._layers = name_layers(self._network, self._blank().pixels[None], layers)
        try:
            self._known = read_known_samples(
                run, self._network, project_root=project_root, cache_folder=cache_folder, threads=threads,
                progress=progress,
            )  # fmt: skip
            self.searched = len(self._known.samples)
        except Exception as error:  # whatever it is, the other reasons can be given
            self._note(f"Nothing is said of what a picture looks like: {reason_of(error)}.")

    def prepared(self, pixels: Pixels) -> Prepared:
        kept = resize(pixels, self.working_size)
        measures = self._measurer(kept) if self._measurer is not None else None
        return Prepared(prepare(kept, self.preprocessing), measures)

    def probabilities(self, prepared: Sequence[Prepared]) -> Floats:
        from rushes.learning.explain_pictures import answer_pictures

        pixels = np.stack([one.pixels for one in prepared])
        return self.calibration.apply(answer_pictures(self._network, pixels, stack_measures(prepared)))

    def heat(self, prepared: Prepared, class_index: int) -> Floats | None:
        self._seen.add((prepared, class_index))
        if not self._has_heat:
            return None
        try:
            return self._heat_of(prepared, class_index)
        except Exception as error:
            self._note(f"Of some pictures there is no heat: {reason_of(error)}.")
            return None

    def _try_heat(self, *, asked: bool) -> bool:
        """Return whether heat can be read at all; what was asked for and cannot be had is raised."""
        try:
            self._heat_of(self._blank(), 0)
        except Exception as error:
            if asked and isinstance(error, UsageError):
                raise
            self.heat_words = None
            self._note(f"There is no heat: {reason_of(error)}.")
            return False
        return True

    def _blank(self) -> Prepared:
        shown, count = self.preprocessing, self._network.measure_count
        pixels = np.zeros((shown.height, shown.width, shown.channels), np.uint8)
        return Prepared(pixels, np.zeros(count, np.float32) if count else None)

    def _note(self, said: str) -> None:
        if said not in self.notes:
            self.notes += (said,)

    def _heat_of(self, prepared: Prepared, class_index: int) -> Floats:
        from rushes.learning.explain_pictures import explain_network

        found = explain_network(
            self._network,
            prepared.pixels[None],
            class_indices=[class_index],
            method=self._method,
            layer=self._layer,
            measures=stack_measures([prepared]),
        )
        self.heat_words = HeatWords(found.method, found.layer, found.about, found.source)
        if found.note:
            self._note(found.note)
        heat: Floats = found.heat[0]
        return heat

    def lookalikes(self, prepared: Prepared, count: int) -> tuple[Lookalike, ...]:
        from rushes.learning.run_samples import see_features

        if self._known is None:
            return ()
        try:
            nearest = _nearest_to(self._known, see_features(self._network, prepared.pixels[None]), count)
        except Exception as error:
            self._note(f"Of some pictures nothing is said of what they look like: {reason_of(error)}.")
            return ()
        samples = [self._known.samples[row] for row, _ in nearest]
        with Pictures(self._root) as stored:
            read = partial(read_thumbnail, side_pixels=SIDE_PIXELS)
            found: list[Any] = list(stored.read_each([sample.image for sample in samples], read))
        pictures = [b"" if one is None or isinstance(one, MediaError) else one.data for one in found]
        return tuple(
            Lookalike(sample, likeness, picture)
            for sample, (_, likeness), picture in zip(samples, nearest, pictures, strict=True)
        )

    def check(self) -> Sanity | None:
        """Return whether heat can be believed, from CHECKED pictures spread over all; None where there was none."""
        from rushes.learning.explanation_checks import check_sanity

        checked = self._seen.kept()
        if not checked or not self._has_heat:
            return None
        try:
            return check_sanity(
                self._folder,
                np.stack([prepared.pixels for prepared, _ in checked]),
                class_indices=[chosen for _, chosen in checked],
                method=self._method,
                layer=self._layer,
                draws=_DRAWS,
                calibration=self.calibration,
                measures=stack_measures([prepared for prepared, _ in checked]),
            )
        except Exception as error:
            self._note(f"Whether the heat can be believed could not be checked: {reason_of(error)}.")
            return None

    def look_inside(self) -> tuple[LookedInside, ...]:
        """Return what the layers that were asked for give for LOOKED_INTO of the pictures."""
        from rushes.learning.explain_pictures import look_inside

        seen = self._seen.kept()[:LOOKED_INTO]
        if not seen:
            return ()
        shown = np.stack([prepared.pixels for prepared, _ in seen])
        try:
            return tuple(look_inside(self._folder, shown, layer=layer) for layer in self._layers)
        except Exception as error:
            self._note(f"What layers respond to is left out: {reason_of(error)}.")
            return ()


Item = TypeVar("Item")


class Spread(Generic[Item]):
    """A few of many things that come one after another, spread over all of them; never holds more than twice as many.

    Of every so many one is kept, and the step is doubled whenever too many are.
    """

    def __init__(self, count: int) -> None:
        """Keep `count` things."""
        self._count, self._step, self._come = count, 1, 0
        self._held: list[Item] = []

    def add(self, item: Item) -> None:
        """Take one more."""
        if self._come % self._step == 0:
            self._held.append(item)
        self._come += 1
        if len(self._held) == 2 * self._count:
            self._held, self._step = self._held[::2], 2 * self._step

    def kept(self) -> list[Item]:
        """Return at most `count` of what came, in its order."""
        if len(self._held) <= self._count:
            return list(self._held)
        places = np.linspace(0, len(self._held) - 1, self._count).round().astype(int).tolist()
        return [self._held[place] for place in places]


def _nearest_to(known: KnownSamples, features: Floats, count: int) -> list[tuple[int, float]]:
    found = find_nearest(known, features, count)
    return list(zip(found.rows[0].tolist(), found.likeness[0].tolist(), strict=True))
