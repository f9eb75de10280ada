"""A run of shots as a bundle: one ONNX graph for all its tasks, proven equal on real shots before anything is left."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
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
)
from rushes.bundles.calibrated import calibration_of_run
from rushes.bundles.card import scores_from_metrics, thresholds_from_table
from rushes.bundles.certificates import Certificate, write_certificates
from rushes.bundles.certified import certificate_of
from rushes.bundles.licence import licence_of
from rushes.bundles.onnx import RECORDED_TOLERANCE, spread_rows
from rushes.bundles.runtimes import DEFAULT, RUNTIMES, Runtime
from rushes.bundles.sealed import check_free, whole_folder
from rushes.bundles.shot_bundle import (
    CLASSES_SCHEMA,
    FACES_FILE,
    SHOTS_FILE,
    ShotBundle,
    file_of_task,
    open_shot_bundle,
    seal_shot_bundle,
    table_of_reading,
)
from rushes.bundles.shot_card import ShotCardFacts, TaskFacts, format_shot_card
from rushes.bundles.shot_graph import AGGREGATES_INPUT, FRAME_INPUTS, INPUTS, SERIES_INPUTS, ShotGraph
from rushes.bundles.shot_parity import Tables, compare_tasks, shots_at, write_shot_samples
from rushes.bundles.thresholded import THRESHOLDS_FILE, thresholds_of_run
from rushes.datasets.preprocessing import Preprocessing, prepare
from rushes.datasets.shot_sample import ShotReading, ShotSample, StackedShots, UnusableShot, stack_samples
from rushes.errors import BundleError, ManifestError, RunError, RushesError, StoreError, require_extra
from rushes.footage.movement import SERIES_COLUMNS, MotionSeries, motion_features
from rushes.footage.subject import subject_maps
from rushes.learning.calibration import CALIBRATION_FILE
from rushes.learning.predictions import read_predictions
from rushes.learning.shot_runs import ShotRun, read_shot_run
from rushes.models.clip_design import ShotDesign, ShotHeadDesign
from rushes.progress import Progress, silent
from rushes.storage.files import digest_of_file, write_bytes, write_json, write_text

if TYPE_CHECKING:
    from rushes.models.clip import ShotNetwork

COMPARED_SHOTS = 16
KEPT_SHOTS = 4  # in the bundle: a shot is many frames
LEAST_SHOTS = 8
_AT_ONCE = 4  # shots that eager torch is shown at a time

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class SampleShots:
    """Shots that the trained network and the graph are compared on.

    Attributes:
        names: what each is.
        recorded: task -> (shots, classes) what the run answered when it was trained; NaN where it was not asked.
        generated: how many of them, the last ones, are no shots of the run.
    """

    shots: StackedShots
    names: tuple[str, ...]
    recorded: Tables
    generated: int


@dataclass(frozen=True, slots=True)
class Places:
    """Where the films and kept readings of a run are found."""

    project_root: Path
    scans_folder: Path | None
    cache_folder: Path


@dataclass(frozen=True, slots=True)
class TaskTables:
    """What `evaluate` wrote of one task that goes along.

    Attributes:
        calibration: for `<task>/calibration.json`; None leaves it out.
        thresholds: for `<task>/thresholds.json`; None leaves it out.
    """

    calibration: Mapping[str, Any] | None
    thresholds: Mapping[str, Any] | None


def export_shot_run(
    run_folder: Path, to_folder: Path, *, places: Places, threads: int = 0, progress: Progress = silent
) -> ShotBundle:
    """Make a bundle of a run of shots; the folder appears whole, or not at all.

    Args:
        to_folder: the bundle's own folder, which must not be there yet; its name names the bundle.

    Raises:
        RunError: the run cannot be read.
        BundleError: the folder is taken, the network cannot be exported, the graph computes something else, or a
            calibration or threshold is not of the run's answers.
        MissingExtraError: torch or the exporter is not installed.
    """
    require_extra("train", "torch", "onnx", "onnxscript", "safetensors", purpose="exporting a run")
    from rushes.bundles.shot_onnx import export_shot_graph, inputs_of

    check_free(to_folder)
    progress(0, 4, "reading the run")
    run = read_shot_run(run_folder)
    network = load_shot_network(run)
    design = network.design
    evaluated = {task: _tables_of(run, task) for task in run.tasks}
    reading = reading_of(run, design, places.project_root)
    samples = _collect_samples(run, reading, places, threads)
    inputs = inputs_of(design)
    with whole_folder(to_folder) as folder:
        progress(1, 4, "exporting the graph")
        model = export_shot_graph(network, run.preprocessing)
        progress(2, 4, f"comparing on {len(samples.names)} shots")
        expected = _answers_of(network, samples.shots, inputs)
        certificate = _certify(model, run, samples, expected)
        runtimes = _try_runtimes(model, run, samples, expected)
        progress(3, 4, "writing the bundle")
        write_bytes(folder / GRAPH_FILE, model)
        shutil.copyfile(run_folder / WEIGHTS_FILE, folder / WEIGHTS_FILE)
        if reading.faces is not None:
            shutil.copyfile(reading.faces[0], folder / FACES_FILE)
        _write_tables(folder, run, reading, inputs)
        _write_evaluated(folder, evaluated)
        kept = slice(0, KEPT_SHOTS)
        write_shot_samples(
            folder,
            shots=shots_at(samples.shots, kept),
            inputs=inputs,
            names=samples.names[kept],
            probabilities={task: table[kept] for task, table in expected.items()},
            certificate=certificate,
        )
        facts = _facts_of(run, design, reading, inputs, evaluated, to_folder.name)
        write_text(folder / CARD_FILE, format_shot_card(facts, certificate=certificate, runtimes=runtimes))
        write_certificates(runtimes, folder)
        seal_shot_bundle(folder, name=to_folder.name, run=_provenance(run))
    progress(4, 4, "done")
    return open_shot_bundle(to_folder)


def load_shot_network(run: ShotRun) -> ShotNetwork:
    """Return the trained network of a run of shots, in evaluation mode, on the CPU.

    Raises:
        RunError: its weights are gone, or not those of its architecture.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    from rushes.models.clip import ShotNetwork

    try:
        network = ShotNetwork(ShotDesign.from_table(run.architecture), run.preprocessing)
        network.load_state_dict(load_file(run.folder / WEIGHTS_FILE))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        raise RunError(f"{run.folder} holds no network that can be loaded ({error}). "
                       "Was it copied whole? Otherwise train again with 'rushes train'") from error  # fmt: skip
    return network.eval()


def reading_of(run: ShotRun, design: ShotDesign, project_root: Path) -> ShotReading:
    """Return what of each shot a run was shown.

    Raises:
        BundleError: the face detector that it names is gone.
    """
    asked = run.recipe["shots"]
    looks = bool({*design.views} & {"subject", "background"})
    faces = None
    if looks and asked.get("faces"):
        file = project_root / Path(asked["faces"]).expanduser()
        if not file.is_file():
            raise BundleError(f"{run.folder}: the face detector that its recipe names, {file}, is gone. Put it back, "
                              "then export again")  # fmt: skip
        faces = (str(file), digest_of_file(file))
    return ShotReading(
        run.preprocessing,
        frames=design.frames,
        choice="scan" if asked["choice"] == "scan" else "even",
        subject=looks,
        faces=faces,
    )


def _answers_of(network: ShotNetwork, shots: StackedShots, inputs: tuple[str, ...]) -> dict[str, npt.NDArray[Any]]:
    """Return what the network answers in eager torch: task -> (shots, classes) probabilities."""
    import torch

    found: dict[str, list[npt.NDArray[np.float32]]] = {task: [] for task in network.design.tasks}
    for at in range(0, len(shots.mask), _AT_ONCE):
        part = shots_at(shots, slice(at, at + _AT_ONCE))
        given = {name: torch.from_numpy(getattr(part, name)) if name in inputs else None for name in INPUTS}
        with torch.inference_mode():
            for task, logits in network(**given).items():
                found[task].append(torch.softmax(logits, dim=1).numpy())
    return {task: np.concatenate(tables) for task, tables in found.items()}


def _certify(model: bytes, run: ShotRun, samples: SampleShots, expected: Tables) -> dict[str, Any]:
    """Return what was compared and how near it is, or raise BundleError where it is not near enough."""
    import onnxruntime
    import torch

    graph = ShotGraph(model, {task: one.classes for task, one in run.tasks.items()})
    count = len(samples.names)
    singly = [graph(shots_at(samples.shots, slice(at, at + 1))) for at in range(count)]
    alone = {task: np.concatenate([one[task] for one in singly]) for task in expected}
    each = [compare_tasks(expected, found) for found in (graph(samples.shots), alone)]
    for parity, batch in zip(each, (count, 1), strict=True):
        if not parity.holds:
            raise BundleError(
                f"the exported graph does not compute what the network does: with {batch} at a time, probabilities "
                f"differ by up to {parity.largest_difference:.2g} (allowed {parity.tolerance:.0e}) and "
                f"{parity.disagreements} answers are others. Nothing was written. Train with another model.backbone"
            )
    off = {task: _distance(samples.recorded[task], expected[task]) for task in expected}
    for task, distance in off.items():
        if distance is not None and distance > RECORDED_TOLERANCE:
            raise BundleError(
                f"the network does not answer {task} as the run recorded: over its shots the probabilities are "
                f"{distance:.3f} off on average (allowed {RECORDED_TOLERANCE}). The films or the weights were changed "
                "after the training; train again, then export"
            )
    return {
        "shots": count,
        "generated_shots": samples.generated,
        "batch_sizes": [1, count],
        "largest_difference": max(parity.largest_difference for parity in each),
        "difference_from_run": off,
        "reference": f"torch {torch.__version__.partition('+')[0]}, eager, float32",
        "runtime": f"onnxruntime {onnxruntime.__version__}, CPU",
    }


def _try_runtimes(model: bytes, run: ShotRun, samples: SampleShots, expected: Tables) -> dict[str, Certificate]:
    """Return what is found of the runtimes beside the default that run bundles of shots."""
    tasks = {task: one.classes for task, one in run.tasks.items()}

    def prove(runtime: Runtime) -> Certificate:
        if why := runtime.absent():
            return Certificate(False, f"at the export {why}")
        try:
            found = ShotGraph(model, tasks, engine=runtime.engine)(samples.shots)
        except BundleError as error:
            return Certificate(False, str(error), runtime.version())
        return certificate_of(runtime, compare_tasks(expected, found))

    return {name: prove(one) for name, one in RUNTIMES.items() if one.of_shots and name != DEFAULT}


def _distance(recorded: npt.NDArray[np.float32], expected: npt.NDArray[np.float32]) -> float | None:
    """Return the mean over shots of the largest difference of a probability; None where nothing was recorded."""
    known = np.isfinite(recorded).all(axis=1)
    return float(np.abs(recorded[known] - expected[known]).max(axis=1).mean()) if known.any() else None


def _collect_samples(run: ShotRun, reading: ShotReading, places: Places, threads: int) -> SampleShots:
    """Read the shots to compare on: validation's, then test's, then generated ones where too few can be read."""
    found: dict[str, ShotSample] = {}
    recorded: dict[str, dict[str, npt.NDArray[np.float32]]] = {task: {} for task in run.tasks}
    for part in ("validation", "test"):
        if len(found) >= LEAST_SHOTS:
            break
        ids = _recorded_shots(run, part, recorded)
        found |= _read_shots(run, ids[: COMPARED_SHOTS - len(found)], reading, places, threads)
    names, samples = [*found], [*found.values()]
    generated = [_generated_shot(reading, number) for number in range(max(0, LEAST_SHOTS - len(samples)))]
    if generated:
        _log.warning("only %d shots of the run can be read; generated ones fill up", len(samples))
    tables = {
        task: np.stack(
            [of.get(name, np.full(len(run.tasks[task].classes), np.nan, np.float32)) for name in names]
            + [np.full(len(run.tasks[task].classes), np.nan, np.float32)] * len(generated)
        )
        for task, of in recorded.items()
    }
    return SampleShots(
        shots=stack_samples([*samples, *generated], reading.frames),
        names=(*names, *(f"generated-{number}" for number in range(len(generated)))),
        recorded=tables,
        generated=len(generated),
    )


def _recorded_shots(run: ShotRun, part: str, recorded: dict[str, dict[str, npt.NDArray[np.float32]]]) -> list[str]:
    """Return the ids of shots that a run answered, the classes and tasks taking turns, and note its answers."""
    turns: list[tuple[int, str]] = []
    for task in run.tasks:
        file = run.of_task(task).predictions_file(part)
        if not file.is_file():
            continue
        predictions = read_predictions(file)
        recorded[task] |= dict(zip(predictions.frames, predictions.probabilities, strict=True))
        turns += enumerate(predictions.frames[row] for row in spread_rows(predictions, COMPARED_SHOTS))
    return list(dict.fromkeys(name for _, name in sorted(turns, key=lambda turn: turn[0])))


def _read_shots(
    run: ShotRun, ids: list[str], reading: ShotReading, places: Places, threads: int
) -> dict[str, ShotSample]:
    """Return by id those of the shots that can be read, in the order of the ids."""
    if not ids:
        return {}
    from rushes.datasets.shot_samples import read_shot_samples
    from rushes.labels.shot_manifest import read_shots

    try:
        known = {row.id: row for row in read_shots(places.project_root / run.manifest["path"])}
        rows = sorted((known[name] for name in ids if name in known), key=lambda row: (row.video, row.start))
        read = {
            row.id: sample
            for row, sample in read_shot_samples(
                rows,
                reading,
                project_root=places.project_root,
                scans_folder=places.scans_folder,
                cache_folder=places.cache_folder,
                threads=threads,
            )
        }
    except StoreError:
        raise
    except (ManifestError, KeyError, RushesError) as error:
        _log.warning("the run's shots cannot be read: %s", error)
        return {}
    unusable = [sample.reason for sample in read.values() if isinstance(sample, UnusableShot)]
    if unusable:
        _log.warning("%d shots are left out of the comparison; the first: %s", len(unusable), unusable[0])
    return {name: one for name in ids if isinstance(one := read.get(name), ShotSample)}


def _generated_shot(reading: ShotReading, number: int) -> ShotSample:
    """Return a shot of coloured noise and of a camera that trembles, always the same one for a number."""
    random = np.random.default_rng([20, number])
    shown: Preprocessing = reading.preprocessing
    side = 2 + number % 8
    frames = [
        prepare(random.integers(0, 256, (side, side, 3), np.uint8), shown) for _ in range(1 + number % reading.frames)
    ]
    pairs = 3 * number
    # Never below 0, as some columns never are, and small enough to be measured.
    values = np.abs(random.normal(0, 0.1, (pairs, len(SERIES_COLUMNS)))).astype(np.float32)
    series = MotionSeries(
        seconds=np.arange(pairs).astype(np.float32) / np.float32(8),
        seconds_each=np.full(pairs, 1 / 8, np.float32),
        values=values,
        trusted=np.ones(pairs, np.bool_),
        duration_seconds=pairs / 8,
    )
    return ShotSample(
        pixels=np.stack(frames),
        ordinals=np.arange(len(frames)),
        subject=subject_maps(frames) if reading.subject else None,
        series=series,
        aggregates=motion_features(series),
    )


def _write_tables(folder: Path, run: ShotRun, reading: ShotReading, inputs: tuple[str, ...]) -> None:
    classes = {"schema": CLASSES_SCHEMA, "tasks": {task: list(one.classes) for task, one in run.tasks.items()}}
    write_json(folder / CLASSES_FILE, classes)
    write_json(folder / PREPROCESSING_FILE, run.preprocessing.to_table())
    by_motion = AGGREGATES_INPUT in inputs or SERIES_INPUTS[0] in inputs
    write_json(folder / SHOTS_FILE, table_of_reading(reading, looks=FRAME_INPUTS[0] in inputs, by_motion=by_motion))
    config = {"library_name": "rushes", "architecture": dict(run.architecture), "recipe": _portable(run.recipe)}
    write_json(folder / CONFIG_FILE, config)


def _tables_of(run: ShotRun, task: str) -> TaskTables:
    """Return what was written of a task, held against what the run answers now.

    Raises:
        BundleError: it cannot be read, or is not of these answers.
    """
    of_task = run.of_task(task)
    calibration = calibration_of_run(of_task)
    return TaskTables(calibration, thresholds_of_run(of_task, calibration))


def _write_evaluated(folder: Path, evaluated: Mapping[str, TaskTables]) -> None:
    for task, of in evaluated.items():
        for file, table in ((CALIBRATION_FILE, of.calibration), (THRESHOLDS_FILE, of.thresholds)):
            if table is not None:
                path = folder / file_of_task(task, file)
                path.parent.mkdir(exist_ok=True)
                write_json(path, dict(table))


def _portable(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe as it travels: of local files it keeps the names, not the folders."""
    local = {key: Path(recipe["model"].get(key) or "").name for key in ("weights", "start")}
    shots = dict(recipe["shots"])
    shots |= {"sheet": [Path(sheet).name for sheet in shots["sheet"]], "videos": ""}
    shots |= {"faces": Path(shots.get("faces") or "").name}
    synthetic = dict(recipe["synthetic"]) | {"stills": ""}
    return dict(recipe) | {"model": dict(recipe["model"]) | local, "shots": shots, "synthetic": synthetic}


def _provenance(run: ShotRun) -> dict[str, Any]:
    return {
        "name": run.name,
        "created_at": run.created_at,
        "commit": run.commit,
        "manifest": run.manifest.get("sha256"),
        "split": run.split.get("sha256"),
        "model": digest_of_file(run.folder / WEIGHTS_FILE),
    }


def _facts_of(
    run: ShotRun,
    design: ShotDesign,
    reading: ShotReading,
    inputs: tuple[str, ...],
    evaluated: Mapping[str, TaskTables],
    name: str,
) -> ShotCardFacts:
    recipe = _portable(run.recipe)
    stated = {
        "run": run.name,
        "trained at": run.created_at,
        "commit": run.commit,
        "manifest, SHA-256": run.manifest.get("sha256"),
        "split, SHA-256": run.split.get("sha256"),
    }
    looks = FRAME_INPUTS[0] in inputs and design.backbone is not None
    return ShotCardFacts(
        name=name,
        tasks={head.task: _task_facts(run, head, design, evaluated[head.task]) for head in design.heads},
        reading=reading,
        backbone=design.backbone.name if looks and design.backbone is not None else "",
        inputs=inputs,
        split_kind=str(run.split.get("kind", recipe["split"])),
        licence=licence_of(recipe, looks=looks),
        faces=reading.faces is not None,
        synthetic=run.synthetic,
        made={key: str(value) for key, value in stated.items() if value},
        warnings=run.warnings,
    )


def _task_facts(run: ShotRun, head: ShotHeadDesign, design: ShotDesign, evaluated: TaskTables) -> TaskFacts:
    outcome = run.tasks[head.task]
    file = run.folder / head.task / "metrics.json"
    metrics = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return TaskFacts(
        classes=outcome.classes,
        method=_method(head, design),
        counts=outcome.counts,
        scores=scores_from_metrics(metrics),
        calibration=evaluated.calibration,
        thresholds=thresholds_from_table(evaluated.thresholds) if evaluated.thresholds else (),
    )


_MOTION = {
    "linear": "a linear model of the measured camera motion",
    "boosted": "boosted trees on the measured camera motion",
    "gru": "a recurrent layer over the measured camera motion",
    "shipped": "the model of the measured camera motion that comes with rushes",
}
_POOLED = {"mean": "their mean", "gru": "a GRU", "lstm": "an LSTM", "attention": "attention"}


def _method(head: ShotHeadDesign, design: ShotDesign) -> str:
    """Return in words how a task is answered."""
    parts = []
    if head.sees_frames:
        assert design.backbone is not None
        seen = {"whole": "", "subject": " of the subject", "background": " of the background",
                "apart": " of subject and background"}[head.subject]  # fmt: skip
        parts.append(f"the backbone `{design.backbone.name}` over the shot's frames, whose features{seen} become one "
                     f"by {_POOLED[head.pooling]}")  # fmt: skip
    if head.sees_motion:
        parts.append(_MOTION[head.motion])
    joined = " and ".join(parts)
    return f"By {joined}{', joined by a learned gate' if len(parts) == 2 else ''}"
