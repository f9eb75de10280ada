"""Each runtime that is installed where a run is exported, tried on pictures of the run and judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rushes.bundles.bundle import GRAPH_FILE, INT8_FILE, LITERT_FILE
from rushes.bundles.certificates import Certificate
from rushes.bundles.graph import Graph
from rushes.bundles.litert import Converted
from rushes.bundles.parity import TOLERANCE, Parity, compare
from rushes.bundles.quantised import METHODS, Method, quantise
from rushes.bundles.runtimes import DEFAULT, NOT_CONVERTED, RUNTIMES, Runtime, describe_difference
from rushes.bundles.weighed import (
    LEAST_GAIN,
    HeldOut,
    answer_held_out,
    describe_gains,
    describe_weighed,
    measure_gains,
    weigh_answers,
)
from rushes.errors import BundleError
from rushes.learning.calibration import UNCALIBRATED, Calibration
from rushes.learning.predictions import Predictions

LEAST_TOLERANCE = 0.005  # of a runtime that is not exact: other processors round otherwise
_ROOM = 2.0  # times what its probabilities differed by at export


@dataclass(frozen=True, slots=True, eq=False)
class RangePictures:
    """Pictures of training, from which ranges of activations are taken.

    Attributes:
        pixels: (pictures, height, width, channels) uint8, prepared; none where none can be read.
        measures: (pictures, measures) float32, of a graph that takes them.
    """

    pixels: npt.NDArray[np.uint8]
    measures: npt.NDArray[np.float32] | None


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What runtimes are tried on beside the samples; what takes time is read when it is needed.

    Attributes:
        held_out: reads validation.
        ranges: reads what 8-bit graphs are made by; None where no 8-bit graph was asked for.
        calibration, thresholds: that the bundle applies, both fitted to the default's answers.
        least_gain: times as fast as the default, below which a runtime that is not exact is refused.
        litert: converts the network to LiteRT; None where no LiteRT graph was asked for.
    """

    held_out: Callable[[], HeldOut]
    ranges: Callable[[], RangePictures] | None = None
    calibration: Calibration = UNCALIBRATED
    thresholds: Mapping[str, float] | None = None
    least_gain: float = LEAST_GAIN
    litert: Callable[[], Converted] | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of trying all runtimes.

    Attributes:
        certificates: runtime -> what was found, without the default, whose certificate is the bundle's.
        files: name within the bundle -> bytes of the further graphs that were accepted.
    """

    certificates: Mapping[str, Certificate]
    files: Mapping[str, bytes]


def try_runtimes(
    model: bytes,
    pixels: npt.NDArray[np.uint8],
    measures: npt.NDArray[np.float32] | None,
    expected: npt.NDArray[np.float32],
    trial: Trial,
    *,
    kept: slice,
) -> Tried:
    """Return what is found of every runtime but the default.

    Args:
        model: the bytes of the graph, proven equal to the network.
        pixels, measures: pictures that the network and the graph were compared on.
        expected: (pictures, classes), what the network answers.
        kept: which of them the bundle keeps.

    Raises:
        BundleError: a LiteRT graph was asked for, and cannot be made or computes something else.
    """
    bench = _Bench(model, pixels, measures, expected, trial, kept)
    certificates: dict[str, Certificate] = {}
    files: dict[str, bytes] = {}
    for name, runtime in RUNTIMES.items():
        if name == DEFAULT:
            continue
        if runtime.file == LITERT_FILE and trial.litert is None:
            certificates[name] = Certificate(False, NOT_CONVERTED)
        elif runtime.absent():
            certificates[name] = Certificate(False, f"at the export {runtime.absent()}")
        elif runtime.file == LITERT_FILE and trial.litert is not None:
            converted = trial.litert()
            certificates[name] = bench.prove(runtime, converted.graph, converted.made)
            files[LITERT_FILE] = converted.graph
            if not certificates[name].holds:
                raise BundleError("the LiteRT graph does not compute what the network does: "
                                  f"{certificates[name].reason}. Nothing was written. "
                                  "Export without --litert")  # fmt: skip
        elif runtime.is_exact:
            certificates[name] = bench.prove(runtime, model)
        elif runtime.file == GRAPH_FILE:
            certificates[name] = bench.judge(runtime, model)
        elif trial.ranges is None:
            certificates[name] = Certificate(False, "no 8-bit graph was asked for (rushes export RUN --int8)")
        elif INT8_FILE in files:
            certificates[name] = bench.judge(runtime, files[INT8_FILE])
        elif runtime.name == "int8":
            certificates[name], found = bench.find_int8(runtime, trial.ranges())
            files |= {} if found is None else {INT8_FILE: found}
        else:
            certificates[name] = Certificate(False, "the 8-bit graph was refused")
    return Tried(certificates, files)


class _Bench:
    """The pictures that runtimes are tried on, and the answers of the default to them, computed once."""

    def __init__(
        self,
        model: bytes,
        pixels: npt.NDArray[np.uint8],
        measures: npt.NDArray[np.float32] | None,
        expected: npt.NDArray[np.float32],
        trial: Trial,
        kept: slice,
    ) -> None:
        self._model, self._pixels, self._measures = model, pixels, measures
        self._expected, self._trial, self._kept = expected, trial, kept
        self._held_out: HeldOut | None = None
        self._default: Predictions | None = None

    def prove(self, runtime: Runtime, model: bytes, made: Mapping[str, object] | None = None) -> Certificate:
        """Return what is found of a runtime that computes what the network does but for rounding."""
        try:
            parity = compare(self._expected, self._graph(runtime, model)(self._pixels, self._measures))
        except BundleError as error:
            return Certificate(False, str(error), runtime.version(), made=made)
        return certificate_of(runtime, parity, made=made)

    def judge(
        self, runtime: Runtime, model: bytes, made: Mapping[str, object] | None = None
    ) -> Certificate:  # fmt: skip
        """Return whether a runtime that computes less exactly is fast enough, and answers well enough."""
        try:
            single = self._graph(runtime, model, threads=1)
            gains = measure_gains(Graph(self._model, threads=1), single, self._pixels, self._measures)
            graph = self._graph(runtime, model)
            answers = graph(self._pixels, self._measures)
        except BundleError as error:
            return Certificate(False, str(error), runtime.version(), made=made)
        furthest = float(np.abs(self._expected[self._kept] - answers[self._kept]).max())
        tolerance = max(LEAST_TOLERANCE, _ROOM * furthest)
        parity = compare(self._expected, answers, tolerance=tolerance)
        objections, figures = [], None
        if min(gains.values()) < self._trial.least_gain:
            objections.append(f"{describe_gains(gains)} (at least {self._trial.least_gain:g})")
        else:
            held_out, default = self._answered()
            weighed = weigh_answers(
                default, answer_held_out(graph, held_out, self._trial.calibration), self._trial.thresholds
            )  # fmt: skip
            objections, figures = [*weighed.objections], dict(weighed.figures) | {"of": held_out.of}
            if objections and "f1_macro" in figures:
                objections.append(describe_weighed(figures))
        return Certificate(
            holds=not objections,
            reason="; ".join(objections),
            version=runtime.version(),
            tolerance=tolerance,
            pictures=parity.pictures,
            largest_difference=parity.largest_difference,
            disagreements=parity.disagreements,
            gains=gains,
            validation=figures,
            made=made,
        )

    def find_int8(self, runtime: Runtime, ranges: RangePictures) -> tuple[Certificate, bytes | None]:
        """Return the certificate of the fastest 8-bit graph that is good enough, and its bytes; None where none is."""
        if not len(ranges.pixels):
            return Certificate(False, "no picture of training can be read, to take ranges from"), None
        found: list[tuple[Certificate, bytes]] = []
        refused: list[str] = []
        for method in METHODS:
            made = {"method": method, "pictures": len(ranges.pixels), "part": "train"}
            certificate, model = self._try_int8(runtime, method, ranges, made)
            if model is not None and certificate.holds:
                found.append((certificate, model))
            else:
                refused.append(f"{method}: {certificate.reason}")
        if not found:
            return Certificate(False, "; ".join(refused), runtime.version()), None
        return max(found, key=lambda one: min((one[0].gains or {"1": 0.0}).values()))

    def _try_int8(
        self, runtime: Runtime, method: Method, ranges: RangePictures, made: Mapping[str, object]
    ) -> tuple[Certificate, bytes | None]:
        try:
            model = quantise(self._model, method, pixels=ranges.pixels, measures=ranges.measures)
        except BundleError as error:
            return Certificate(False, str(error)), None
        return self.judge(runtime, model, made), model

    def _answered(self) -> tuple[HeldOut, Predictions]:
        if self._held_out is None or self._default is None:
            self._held_out = self._trial.held_out()
            self._default = self._held_out.labelled
            if len(self._default):
                self._default = answer_held_out(Graph(self._model), self._held_out, self._trial.calibration)
        return self._held_out, self._default

    @staticmethod
    def _graph(runtime: Runtime, model: bytes, *, threads: int = 0) -> Graph:
        return Graph(model, threads=threads, engine=runtime.engine)


def certificate_of(runtime: Runtime, parity: Parity, *, made: Mapping[str, object] | None = None) -> Certificate:
    """Return what a comparison on stored samples says of a runtime that computes what the network does."""
    return Certificate(
        holds=parity.holds,
        reason="" if parity.holds else describe_difference(parity),
        version=runtime.version(),
        tolerance=TOLERANCE,
        pictures=parity.pictures,
        largest_difference=parity.largest_difference,
        disagreements=parity.disagreements,
        made=made,
    )
