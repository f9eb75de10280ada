"""A run as a bundle: the network as an ONNX graph, proven equal on real pictures before anything is left on disk."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rushes.bundles.bundle import (
    CARD_FILE,
    CLASSES_FILE,
    CONFIG_FILE,
    GRAPH_FILE,
    PREPROCESSING_FILE,
    WEIGHTS_FILE,
    Bundle,
    open_bundle,
    seal_bundle,
)
from rushes.bundles.calibrated import calibration_of_run
from rushes.bundles.card import CardFacts, format_card
from rushes.bundles.certificates import write_certificates
from rushes.bundles.certified import Trial, Tried, try_runtimes
from rushes.bundles.graph import FEATURES, INPUT, LOGITS, MEASURES, PROBABILITIES, Graph
from rushes.bundles.held_out import picture_reader, read_held_out, read_ranges
from rushes.bundles.known_answers import answers_of_run, write_answers
from rushes.bundles.litert import convert_run
from rushes.bundles.neighbours import Neighbours, read_pictures_of, write_neighbours
from rushes.bundles.parity import Parity, compare, write_samples
from rushes.bundles.run_card import facts_of_run, travelling_recipe
from rushes.bundles.sealed import check_free, whole_folder
from rushes.bundles.thresholded import THRESHOLDS_FILE, parse_thresholds, thresholds_of_run
from rushes.bundles.traced import trace_graph
from rushes.datasets.measured_input import FACES_FILE, MeasuredInput, Prepared, stack_measures
from rushes.datasets.preprocessing import Preprocessing, prepare
from rushes.errors import BundleError, MediaError, RunError, require_extra
from rushes.learning.calibration import CALIBRATION_FILE, UNCALIBRATED, Calibration
from rushes.learning.known_samples import LIMIT
from rushes.learning.predictions import Predictions, read_predictions
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_file, write_bytes, write_json, write_text
from rushes.storage.pictures import Pictures

if TYPE_CHECKING:
    import torch

    from rushes.learning.runs import Run

_log = logging.getLogger(__name__)

COMPARED_PICTURES = 64
KEPT_PICTURES = 16
LEAST_PICTURES = 8
# Between what the run recorded while it trained (perhaps in bfloat16) and what the bundle computes: the mean over
# pictures of the largest difference of a probability. More means other pictures or another preprocessing.
RECORDED_TOLERANCE = 0.05


@dataclass(frozen=True, slots=True)
class Samples:
    """Pictures that the trained network and the graph are compared on.

    Attributes:
        pixels: (pictures, height, width, channels) uint8, prepared.
        names: what each is.
        recorded: (pictures, classes) what the run answered when it was trained; NaN where it was not asked.
        generated: how many of them, the last ones, are no pictures of the run.
        measures: (pictures, measures) float32, of a network that takes them; of generated pictures 0.
    """

    pixels: npt.NDArray[np.uint8]
    names: tuple[str, ...]
    recorded: npt.NDArray[np.float32]
    generated: int = 0
    measures: npt.NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """All of a bundle but its network and its samples.

    Attributes:
        config: for `config.json`, in timm's layout.
        run: provenance, as plain values.
        thresholds: for `thresholds.json`; None of a run without.
        calibration: for `calibration.json`; None leaves it out.
        measures: which measures the network takes; None of one that takes pixels alone.
        faces: file of the face detector that they need; None without.
        answers: part -> what the run answered there, from which thresholds can be chosen anew.
    """

    name: str
    task: str
    classes: tuple[str, ...]
    preprocessing: Preprocessing
    working_size: str
    config: Mapping[str, Any]
    run: Mapping[str, Any]
    facts: CardFacts
    thresholds: Mapping[str, Any] | None = None
    calibration: Mapping[str, Any] | None = None
    measures: MeasuredInput | None = None
    faces: Path | None = None
    answers: Mapping[str, Predictions] = field(default_factory=dict)


def export_run(
    run_folder: Path,
    to_folder: Path,
    *,
    project_root: Path,
    cache_folder: Path | None = None,
    neighbours: int = LIMIT,
    int8: bool = False,
    litert: Path | None = None,
    progress: Progress = silent,
) -> Bundle:
    """Make a bundle of a run; the folder appears whole, or not at all.

    Every runtime that is installed is tried, and what was found of it stands in the bundle. Only the default must hold.

    Args:
        to_folder: the bundle's own folder, which must not be there yet; its name names the bundle.
        project_root: where the pictures of the run's validation samples are found.
        cache_folder: of the project; None takes its usual one.
        neighbours: training pictures at most that travel along, so that answers can be explained by what they look
            like; 0 for none. Where they cannot be read there are none, and the log says why.
        int8: make the graph in 8-bit integers too, which is kept only where it is good enough on validation and faster;
            the certificate of `int8` says which.
        litert: the Python by which a LiteRT graph is made too, as `find_converter` gives it, which then must hold.

    Raises:
        RunError: the run cannot be read, or takes measures of another version.
        BundleError: the folder is taken, the network cannot be exported, or the graph computes something else.
        MissingExtraError: torch or the exporter is not installed.
    """
    require_extra("train", "torch", "onnx", "onnxscript", "safetensors", purpose="exporting a run")
    if litert is not None:
        require_extra("litert", "ai_edge_litert", purpose="checking a LiteRT graph")
    from rushes.learning.runs import read_run
    from rushes.models.network import load_network

    check_free(to_folder)
    progress(0, 5, "reading the run")
    run = read_run(run_folder)
    network = load_network(run_folder)
    samples = _collect_samples(run, project_root)
    candidate = _candidate_of(run, to_folder.name, project_root)
    known = _collect_neighbours(run, network, project_root, cache_folder, neighbours) if neighbours else None
    return build_bundle(
        to_folder,
        candidate,
        network=network,
        weights=run_folder / WEIGHTS_FILE,
        samples=samples,
        neighbours=known,
        trial=_trial_of(run, candidate, project_root, int8=int8, litert=litert),
        progress=progress,
    )


def build_bundle(
    to_folder: Path,
    candidate: Candidate,
    *,
    network: torch.nn.Module,
    weights: Path,
    samples: Samples,
    neighbours: Neighbours | None = None,
    trial: Trial | None = None,
    progress: Progress = silent,
) -> Bundle:
    """Export a network, compare graph and network on the samples, and write the bundle.

    Args:
        network: takes uint8 (batch, height, width, channels), and measures where the candidate says so; gives logits
            (batch, classes).
        weights: the network's state as safetensors, copied into the bundle.
        neighbours: training samples that travel along.
        trial: what other runtimes are tried on; None tries none.

    Raises:
        BundleError: what `export_run` says.
    """
    check_free(to_folder)
    with whole_folder(to_folder) as folder:
        progress(1, 5, "exporting the graph")
        model = export_graph(network, candidate.preprocessing)
        progress(2, 5, f"comparing on {len(samples.pixels)} pictures")
        expected = _answers_of(network, samples)
        certificate = _certify(model, samples, expected)
        kept = slice(0, KEPT_PICTURES)
        converts = trial is not None and trial.litert is not None
        progress(3, 5, f"{'converting to LiteRT (minutes), ' if converts else ''}trying other runtimes")
        tried = _try(model, samples, expected, trial, kept)
        progress(4, 5, "writing the bundle")
        write_bytes(folder / GRAPH_FILE, model)
        for name, further in tried.files.items():
            write_bytes(folder / name, further)
        shutil.copyfile(weights, folder / WEIGHTS_FILE)
        write_json(folder / CONFIG_FILE, dict(candidate.config))
        classes = {"schema": "classes/1", "task": candidate.task, "classes": list(candidate.classes)}
        write_json(folder / CLASSES_FILE, classes)
        preprocessing = candidate.preprocessing.to_table() | {"working_size": candidate.working_size}
        if candidate.measures is not None:
            preprocessing["measures"] = candidate.measures.to_table()
        if candidate.faces is not None:
            (folder / FACES_FILE).parent.mkdir()
            shutil.copyfile(candidate.faces, folder / FACES_FILE)
        write_json(folder / PREPROCESSING_FILE, preprocessing)
        if candidate.thresholds is not None:
            write_json(folder / THRESHOLDS_FILE, dict(candidate.thresholds))
        if candidate.calibration is not None:
            write_json(folder / CALIBRATION_FILE, dict(candidate.calibration))
        write_answers(candidate.answers, folder)
        write_samples(
            folder,
            pixels=samples.pixels[kept],
            names=samples.names[kept],
            probabilities=expected[kept],
            certificate=certificate,
            measures=samples.measures[kept] if samples.measures is not None else None,
        )
        if tried.certificates:
            write_certificates(tried.certificates, folder)
        if neighbours is not None:
            write_neighbours(neighbours, folder)
        facts = replace(candidate.facts, neighbours=len(neighbours.known.samples) if neighbours else 0)
        write_text(folder / CARD_FILE, format_card(facts, certificate=certificate, runtimes=tried.certificates))
        seal_bundle(folder, name=candidate.name, task=candidate.task, run=candidate.run)
    progress(5, 5, "done")
    return open_bundle(to_folder)


def export_graph(network: torch.nn.Module, preprocessing: Preprocessing) -> bytes:
    """Return the ONNX graph of a network with its probabilities, any number of pictures at a time.

    Input `pixels` uint8 (batch, height, width, channels), outputs `logits` and `probabilities` (batch, classes), and
    of a network of body and head `features` (batch, features), what the body sees. A network whose head takes measures
    has a second input, `measures` float32 (batch, measures).

    Raises:
        BundleError: the exporter cannot follow the network.
    """
    import torch

    from rushes.models.network import Network

    class Answering(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixels: torch.Tensor, measures: torch.Tensor | None = None) -> tuple[torch.Tensor, ...]:
            if not isinstance(self.network, Network):
                logits = self.network(pixels)
                return logits, torch.softmax(logits, dim=1)
            features = self.network.features(pixels)
            logits = self.network.answer(features, measures)
            return logits, torch.softmax(logits, dim=1), features

    given = [LOGITS, PROBABILITIES, FEATURES] if isinstance(network, Network) else [LOGITS, PROBABILITIES]
    pixels = torch.zeros((2, preprocessing.height, preprocessing.width, preprocessing.channels), dtype=torch.uint8)
    measure_count = network.measure_count if isinstance(network, Network) else 0
    examples = (pixels, torch.zeros((2, measure_count))) if measure_count else (pixels,)
    batch = torch.export.Dim("batch")
    return trace_graph(
        Answering().eval(),
        examples,
        dynamic_shapes=tuple({0: batch} for _ in examples),
        inputs=[INPUT, MEASURES] if measure_count else [INPUT],
        outputs=given,
    )


def _trial_of(run: Run, candidate: Candidate, project_root: Path, *, int8: bool, litert: Path | None) -> Trial:
    thresholds = candidate.thresholds
    return Trial(
        held_out=lambda: read_held_out(run, project_root),
        ranges=(lambda: read_ranges(run, project_root)) if int8 else None,
        calibration=Calibration.from_table(candidate.calibration) if candidate.calibration else UNCALIBRATED,
        thresholds=parse_thresholds(thresholds, candidate.classes) if thresholds else None,
        litert=None if litert is None else (lambda: convert_run(run.folder, litert)),
    )


def _try(model: bytes, samples: Samples, expected: npt.NDArray[np.float32], trial: Trial | None, kept: slice) -> Tried:
    """Return what is found of the other runtimes; what is wrong with one that is installed is said in the log."""
    if trial is None:
        return Tried({}, {})
    tried = try_runtimes(model, samples.pixels, samples.measures, expected, trial, kept=kept)
    for name, found in tried.certificates.items():
        if found.version and not found.holds:
            _log.info("the runtime %s is not certified: %s", name, found.reason)
    return tried


def _answers_of(network: torch.nn.Module, samples: Samples) -> npt.NDArray[np.float32]:
    """Return what the network answers in eager torch, in float32: (pictures, classes) probabilities."""
    import torch

    network.eval()
    tables: list[npt.NDArray[Any]] = [samples.pixels] + ([] if samples.measures is None else [samples.measures])
    with torch.inference_mode():
        parts = [
            torch.softmax(network(*(torch.from_numpy(table[at : at + 16]) for table in tables)), 1)
            for at in range(0, len(samples.pixels), 16)
        ]
    return np.asarray(torch.cat(parts).float().numpy(), np.float32)


def _certify(model: bytes, samples: Samples, expected: npt.NDArray[np.float32]) -> dict[str, Any]:
    """Return what was compared and how near it is, or raise BundleError where it is not near enough."""
    import onnxruntime
    import torch

    graph = Graph(model)
    measures = samples.measures
    together = compare(expected, graph(samples.pixels, measures))
    singly = np.concatenate(
        [
            graph(samples.pixels[at : at + 1], None if measures is None else measures[at : at + 1])
            for at in range(len(samples.pixels))
        ]
    )
    alone = compare(expected, singly)
    for parity, batch in ((together, len(samples.pixels)), (alone, 1)):
        if not parity.holds:
            raise BundleError(_difference(parity, batch))
    recorded = _distance_from_record(samples.recorded, expected)
    if recorded is not None and recorded > RECORDED_TOLERANCE:
        raise BundleError(f"the network does not answer as the run recorded: over its pictures the probabilities "
                          f"are {recorded:.3f} off on average (allowed {RECORDED_TOLERANCE}). The pictures or the "
                          "weights were changed after the training; train again, then export")  # fmt: skip
    return {
        "pictures": len(samples.pixels),
        "generated_pictures": samples.generated,
        "batch_sizes": [1, len(samples.pixels)],
        "largest_difference": max(together.largest_difference, alone.largest_difference),
        "difference_from_run": recorded,
        "reference": f"torch {torch.__version__.partition('+')[0]}, eager, float32",
        "runtime": f"onnxruntime {onnxruntime.__version__}, CPU",
    }


def _difference(parity: Parity, batch: int) -> str:
    return (
        f"the exported graph does not compute what the network does: with {batch} at a time, probabilities differ by "
        f"up to {parity.largest_difference:.2g} (allowed {parity.tolerance:.0e}) and {parity.disagreements} of "
        f"{parity.pictures} answers are others. Nothing was written. Train with another model.backbone"
    )


def _distance_from_record(recorded: npt.NDArray[np.float32], expected: npt.NDArray[np.float32]) -> float | None:
    known = np.isfinite(recorded).all(axis=1)
    if not known.any():
        return None
    return float(np.abs(recorded[known] - expected[known]).max(axis=1).mean())


def _collect_samples(run: Run, project_root: Path) -> Samples:
    """Read the pictures to compare on: validation's, then test's, then generated ones where too few can be read."""
    preprocessing, class_count, read = run.preprocessing, len(run.classes), picture_reader(run)
    pictures: list[Prepared] = []
    names: list[str] = []
    recorded: list[npt.NDArray[np.float32]] = []
    unread: list[str] = []

    for part in ("validation", "test"):
        file = run.predictions_file(part)
        if len(pictures) >= LEAST_PICTURES or not file.is_file():
            continue
        predictions = read_predictions(file)
        rows = spread_rows(predictions, COMPARED_PICTURES)
        with Pictures(project_root) as stored:
            found = list(stored.read_each([predictions.images[row] for row in rows], read))
        for row, picture in zip(rows, found, strict=True):
            if isinstance(picture, MediaError):
                unread.append(str(picture))
                continue
            pictures.append(picture)
            names.append(predictions.names[row])
            recorded.append(predictions.probabilities[row])
    if unread:
        _log.warning("%d pictures are left out of the comparison; the first: %s", len(unread), unread[0])
    unmeasured = np.zeros(len(run.measures["names"]), np.float32) if run.measures else None
    generated = [
        Prepared(pixels, unmeasured)
        for pixels in generate_pictures(preprocessing, max(0, LEAST_PICTURES - len(pictures)))
    ]
    if generated:
        _log.warning("only %d pictures of the run can be read; generated ones fill up", len(pictures))
    return Samples(
        pixels=np.stack([one.pixels for one in (*pictures, *generated)]),
        names=(*names, *(f"generated-{index}" for index in range(len(generated)))),
        recorded=np.stack([*recorded, *[np.full(class_count, np.nan, np.float32)] * len(generated)]),
        generated=len(generated),
        measures=stack_measures([*pictures, *generated]),
    )


def _collect_neighbours(
    run: Run, network: torch.nn.Module, project_root: Path, cache_folder: Path | None, limit: int
) -> Neighbours | None:
    """Return training samples to travel along; None, said in the log, where there are none to be had."""
    from rushes.learning.run_samples import read_known_samples
    from rushes.models.network import Network

    assert isinstance(network, Network)
    cache = cache_folder or project_root / ".rushes" / "cache"
    try:
        known = read_known_samples(run, network, project_root=project_root, cache_folder=cache, limit=limit)
    except RunError as error:
        _log.warning("no training pictures travel along, so that no answer is explained by them: %s", error)
        return None
    return Neighbours(known, read_pictures_of(known, project_root))


def spread_rows(predictions: Predictions, count: int) -> list[int]:
    """Return up to `count` rows, the classes taking turns, each class's rows evenly spread over the table."""
    present = [
        rows for index in range(len(predictions.classes)) if len(rows := np.flatnonzero(predictions.truth == index))
    ]
    each = -(-count // max(1, len(present)))
    turns: list[tuple[int, int]] = []
    for rows in present:
        chosen = rows[np.linspace(0, len(rows) - 1, min(len(rows), each)).astype(int)]
        turns += enumerate(chosen.tolist())
    return [row for _, row in sorted(turns)[:count]]


def generate_pictures(preprocessing: Preprocessing, count: int) -> list[npt.NDArray[np.uint8]]:
    """Return prepared pictures of coloured noise at several scales, always the same ones."""
    random = np.random.default_rng(20)
    pictures = []
    for index in range(count):
        side = 2 + index % 8
        coarse = random.integers(0, 256, (side, side, 3), np.uint8)
        pictures.append(prepare(coarse, preprocessing))
    return pictures


def _candidate_of(run: Run, name: str, project_root: Path) -> Candidate:
    from rushes.learning.measured_samples import measured_input_of

    measured = measured_input_of(run)
    recipe = travelling_recipe(run)
    model, size = recipe["model"], run.preprocessing
    backbone = "" if model["kind"] == "cnn" else model["backbone"]
    provenance = {
        "name": run.name,
        "created_at": run.created_at,
        "commit": run.commit,
        "manifest": run.manifest.get("sha256"),
        "split": run.split.get("sha256"),
        "model": digest_of_file(run.folder / WEIGHTS_FILE),
    }
    config: dict[str, Any] = {
        "architecture": backbone or model["design"],
        "num_classes": len(run.classes),
        "label_names": list(run.classes),
        "pretrained_cfg": {
            "input_size": [size.channels, size.height, size.width],
            "fixed_input_size": True,
            "crop_mode": {"squeeze": "squash", "crop": "center", "pad": "border"}[size.fit],
            "crop_pct": 1.0,
            "mean": list(size.mean),
            "std": list(size.std),
            "num_classes": len(run.classes),
            "label_names": list(run.classes),
        },
        "model_args": dict(model["backbone_args"]) if backbone else {},
        "library_name": "rushes",
        "recipe": recipe,
    }
    calibration = calibration_of_run(run)
    thresholds = thresholds_of_run(run, calibration)
    facts = facts_of_run(run, name=name, calibration=calibration, thresholds=thresholds)
    return Candidate(
        name, run.task, run.classes, size, run.working_size, config, provenance, facts,
        calibration=calibration, thresholds=thresholds, measures=measured, answers=answers_of_run(run),
        faces=run.folder / FACES_FILE if measured is not None and measured.faces else None,
    )  # fmt: skip
