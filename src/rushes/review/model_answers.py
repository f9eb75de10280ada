"""Where a review's answers of a model come from: a run's stored predictions, a cull, or a bundle that is asked."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from rushes.errors import MediaError, RunError, RushesError, UsageError, did_you_mean
from rushes.inference.verdicts import Cull
from rushes.learning.predictions import Predictions, read_predictions
from rushes.learning.runs import RUN_FILE, Run, list_runs, read_run
from rushes.project import Project, Task
from rushes.review.opinions import Model, Opinions, Said
from rushes.review.session import Item, Review
from rushes.storage.files import digest_of_bytes

if TYPE_CHECKING:
    from rushes.bundles.bundle import Bundle
    from rushes.datasets.measured_input import Prepared

_BATCH = 16
_KEPT_AT_ONCE = 256  # answers in one file
_OUT_OF_FOLD = "out-of-fold"  # of the cache: where `rushes labels errors` keeps its answers on train
_log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]


class Answering(Protocol):
    """What answers for a bundle: see `rushes.inference.predictor.Predictor`."""

    def prepared(self, pixels: npt.NDArray[np.uint8], *, stored: bool = False) -> Prepared: ...

    def probabilities_of_prepared(self, pictures: Sequence[Prepared]) -> Floats: ...


def newest_run(project: Project, task: Task) -> Run | None:
    """Return the newest run of a task that holds predictions on frames; None where there is none."""
    runs = [run for run in list_runs(project.runs_folder) if run.task == task.name and not run.is_of_shots]
    there = [run for run in runs if any(run.predictions_file(part).is_file() for part in ("validation", "test"))]
    fitting = [run for run in there if set(run.classes) <= set(task.classes)]
    return fitting[-1] if fitting else None


def find_model(project: Project, named: Path) -> Path:
    """Return the folder of a run or bundle that is named by its path or its name.

    Raises:
        UsageError: there is no such thing; the nearest name is said.
    """
    from rushes.bundles.sealed import BUNDLE_FILE, list_bundles

    for folder in (named, project.runs_folder / named, project.bundles_folder / named):
        if (folder / RUN_FILE).is_file() or (folder / BUNDLE_FILE).is_file():
            return folder
    names = sorted(path.parent.name for path in project.runs_folder.glob(f"*/{RUN_FILE}"))
    names += list_bundles(project.bundles_folder)
    hint = did_you_mean(str(named), names) if names else "The project has neither; train and export one first"
    raise UsageError(f"--model {named}: is no run and no bundle. {hint}")


def is_bundle(folder: Path) -> bool:
    """Return whether a folder holds a bundle, and not a run."""
    return not (folder / RUN_FILE).is_file()


def opinions_of_run(project: Project, task: Task, review: Review, folder: Path) -> Opinions:
    """Return what a run answered where it was not told the labels: on validation and test, and on train out of fold.

    Raises:
        UsageError: the run is of another task or of shots.
        RunError: it cannot be read, or holds no predictions.
    """
    run = read_run(folder)
    _check_fits(f"the run {run.called}", run.task, run.classes, task, review)
    if run.is_of_shots:
        raise UsageError(f"--model {folder}: answers about shots, and frames are reviewed. Name a run of frames")
    tables = _predictions_of(project, run)
    if not tables:
        raise RunError(f"{run.folder}: holds no predictions. Name another run, or a bundle: --model BUNDLE")
    trained_on, note = _trained_on(project, run.split, review.items)
    answered = {frame for one in tables for frame in one.frames}
    told = trained_on - answered
    opinions = Opinions(
        Model("run", run.called, run.name, note=note),
        run.classes,
        total=sum(frame in review.by_id for frame in answered),
        trained_on=told,
        groups={item.id: item.group for item in review.items},
    )
    for one in tables:
        rows = [row for row, frame in enumerate(one.frames) if frame in review.by_id]
        opinions.add_probabilities([one.frames[row] for row in rows], one.probabilities[rows])
    return opinions


def opinions_of_cull(review: Review, cull: Cull) -> Opinions:
    """Return what a cull proposes; its margin is taken from the threshold, whichever side has more room."""
    assert review.culling is not None
    culling = review.culling
    found = {}
    for item in review.items:
        if (verdict := item.verdict) is None:
            continue
        score, threshold = verdict.score, cull.threshold
        room = 1 - threshold if score >= threshold else threshold
        margin = min(abs(score - threshold) / room, 1.0) if room else 1.0
        picks = verdict.verdict == "pick"
        found[item.id] = Said(culling.pick if picks else culling.reject, score if picks else 1 - score, margin)
    name = Path(cull.bundle_path).name
    opinions = Opinions(Model("cull", cull.name, cull.bundle, name or None), review.classes, total=len(found))
    opinions.add(found)
    return opinions


def opinions_of_bundle(project: Project, task: Task, review: Review, bundle: Bundle) -> Opinions:
    """Return the place for a bundle's answers, which an AnswerDesk fills.

    Raises:
        UsageError: the bundle is of another task.
    """
    _check_fits(f"the bundle {bundle.folder}", bundle.task, bundle.classes, task, review)
    run = project.runs_folder / str(bundle.run.get("name", ""))
    trained_on: set[str] = set()
    note = "which frames this bundle was trained on is not known here: its run is not in the project"
    if (run / RUN_FILE).is_file():
        trained_on, note = _trained_on(project, read_run(run).split, review.items)
    return Opinions(
        Model("bundle", bundle.name, bundle.id, bundle.name, note=note),
        bundle.classes,
        total=len(review.items),
        trained_on=trained_on,
        groups={item.id: item.group for item in review.items},
    )


class AnswerDesk:
    """Asks a bundle about every item of a review, one batch after another, on a thread of its own.

    What it answered is kept, by the bundle and the picture, so that the next review has it at once.
    """

    def __init__(
        self,
        opinions: Opinions,
        items: Sequence[Item],
        *,
        bundle_id: str,
        open_model: Callable[[], Answering],
        root: Path,
        kept: Path,
    ) -> None:
        """Begin to ask.

        Args:
            open_model: called on the thread, where something is to be asked.
            root: the project's folder.
            kept: folder for answers.
        """
        self._opinions, self._open_model, self._root = opinions, open_model, root
        self._kept = kept / bundle_id[:24]
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, args=(list(items),), name="answers", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Ask nothing more."""
        self._stopped.set()
        self._thread.join()

    def wait(self) -> None:
        """Return when all is answered."""
        self._thread.join()

    def _work(self, items: list[Item]) -> None:
        try:
            left = self._take_kept(items)
            if left:
                self._ask(left)
        except RushesError as error:
            self._opinions.give_up(str(error).rstrip("."), left=len(items) - self._opinions.count)
        except Exception as error:  # a fault of ours must not end the review
            _log.error("the answers of a bundle ended", exc_info=error)
            why = f"a fault of rushes itself: {type(error).__name__}"
            self._opinions.give_up(why, left=len(items) - self._opinions.count)

    def _take_kept(self, items: Sequence[Item]) -> list[Item]:
        """Take in the answers that are kept, and return the items that have none."""
        from rushes.storage.kept_vectors import read_vectors

        keys = {item.id: _key_of(item) for item in items}
        known = read_vectors(self._kept, set(keys.values()))
        there = [item for item in items if keys[item.id] in known]
        if there:
            rows = np.stack([known[keys[item.id]] for item in there])
            self._opinions.add_probabilities([item.id for item in there], rows)
        return [item for item in items if keys[item.id] not in known]

    def _ask(self, items: Sequence[Item]) -> None:
        from rushes.storage.kept_vectors import write_vectors

        waiting: list[tuple[Item, Floats]] = []

        def keep() -> None:
            if waiting:
                write_vectors(self._kept, [_key_of(item) for item, _ in waiting], np.stack([row for _, row in waiting]))
                waiting.clear()

        try:
            for some, rows in self._answered(items):
                self._opinions.add_probabilities([item.id for item in some], rows)
                waiting += zip(some, rows, strict=True)
                if len(waiting) >= _KEPT_AT_ONCE:
                    keep()
        finally:
            keep()

    def _answered(self, items: Sequence[Item]) -> Iterator[tuple[list[Item], Floats]]:
        """Give batches of items with (items, classes) probabilities; what cannot be read is counted and left out."""
        from rushes.footage.pictures import read_picture
        from rushes.storage.pictures import Pictures

        model = self._open_model()
        some: list[Item] = []
        prepared: list[Prepared] = []
        lost = 0
        with Pictures(self._root) as pictures:
            read = pictures.read_each(
                [item.image for item in items], lambda path: model.prepared(read_picture(path), stored=True)
            )
            for item, picture in zip(items, read, strict=True):
                if self._stopped.is_set():
                    return
                if isinstance(picture, MediaError):
                    lost += 1
                    self._opinions.give_up(f"pictures that could not be read: {lost:,}", left=1)
                else:
                    some.append(item)
                    prepared.append(picture)
                if len(some) == _BATCH:
                    yield some, model.probabilities_of_prepared(prepared)
                    some, prepared = [], []
        if some:
            yield some, model.probabilities_of_prepared(prepared)


def _check_fits(what: str, its_task: str, classes: Sequence[str], task: Task, review: Review) -> None:
    strangers = [name for name in classes if name not in review.classes]
    if its_task != task.name or strangers:
        said = f"of the task '{its_task}'" if its_task != task.name else f"with the class '{strangers[0]}'"
        raise UsageError(f"--model: {what} is {said}, and '{task.name}' with the classes {', '.join(task.classes)} is "
                         "reviewed. Name another one")  # fmt: skip


def _predictions_of(project: Project, run: Run) -> list[Predictions]:
    found = [read_predictions(run.predictions_file(part)) for part in ("validation", "test")
             if run.predictions_file(part).is_file()]  # fmt: skip
    held = {frame for one in found for frame in one.frames}
    out_of_fold = _kept_out_of_fold(project, run)
    if out_of_fold is not None and out_of_fold.classes == run.classes and held.isdisjoint(out_of_fold.frames):
        found.append(out_of_fold)
    return found


def _kept_out_of_fold(project: Project, run: Run) -> Predictions | None:
    """Return what `rushes labels errors` last kept of a run's train part, by models without each sample's group."""
    from polars.exceptions import PolarsError

    folder = project.cache_folder / _OUT_OF_FOLD
    for path in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True):
        try:
            table: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if table.get("run") == run.name:
                return read_predictions(path.with_suffix(".parquet"))
        except (OSError, ValueError, KeyError, AttributeError, PolarsError):
            continue  # a cache that is spoilt is as good as none
    return None


def _trained_on(project: Project, stated: Mapping[str, Any], items: Sequence[Item]) -> tuple[set[str], str]:
    """Return which items a run was trained on, or others of their group, and a sentence where that is not known."""
    from rushes.datasets.split import read_split
    from rushes.errors import SplitError

    try:
        split = read_split(project.root / str(stated["path"])) if stated.get("path") else None
    except SplitError:
        split = None
    if split is None or split.digest != stated.get("sha256"):
        return set(), "which frames it was trained on is not known here: its split is gone"
    return {item.id for item in items if split.part_of(item.id, item.group) == "train"}, ""


def _key_of(item: Item) -> str:
    return digest_of_bytes(f"{item.id}\0{item.image}\0{item.sha256}".encode())
