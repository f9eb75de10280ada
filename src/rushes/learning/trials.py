"""What became of each training of a search, as values and as lines of `trials.jsonl`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from rushes.errors import RunError
from rushes.learning.search import Setting, key_of

if TYPE_CHECKING:
    from rushes.learning.runs import Run

TRIALS_FILE = "trials.jsonl"
State = Literal["done", "pruned", "failed"]


@dataclass(frozen=True, slots=True)
class Trial:
    """One training of one setting.

    Attributes:
        number: of the setting, from 0, in the order in which settings were first tried.
        repeat: from 0; the recipe's seed plus this was the training's seed.
        state: `pruned` was ended early, because it had fallen behind; `failed` for the `reason`.
        score: the monitor on validation, higher is better (a loss is negative); None where it failed.
        measures: on validation: `f1_macro`, `balanced_accuracy`, `accuracy`, and by class `recall` and
            `false_positive_rate`; {} where there is no run. A value is None where it is undefined.
        curve: (epoch, score) of each epoch.
        run: the name of its folder under the search's `runs/`; "" where there is none.
    """

    number: int
    setting: Setting
    repeat: int
    seed: int
    state: State
    score: float | None = None
    measures: Mapping[str, Any] = field(default_factory=dict)
    curve: tuple[tuple[int, float], ...] = ()
    run: str = ""
    seconds: float = 0.0
    epochs: int = 0
    reason: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """What is trained once: the setting and the repeat."""
        return key_of(self.setting), self.repeat


def read_trials(path: Path) -> list[Trial]:
    """Return the trials of a file in their order; of two of the same training, the later.

    A last line that was cut off, as by a kill, is passed over.

    Raises:
        RunError: another line is no trial.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    *lines, _cut_off = text.split("\n")
    trials: dict[tuple[str, int], Trial] = {}
    for number, line in enumerate(lines, start=1):
        try:
            trial = _trial_of(json.loads(line))
        except (ValueError, TypeError, KeyError) as error:
            raise RunError(f"{path}, line {number}: no trial of a search ({error!r}). Remove the line, and its "
                           "training is done again") from error  # fmt: skip
        trials[trial.key] = trial
    return list(trials.values())


def append_trial(path: Path, trial: Trial) -> None:
    """Write a trial behind the others; it is on disk on return. What a kill left of a line goes first."""
    line = json.dumps(asdict(trial), ensure_ascii=False) + "\n"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with path.open("rb+") as file:
        file.truncate(file.seek(file.read().rfind(b"\n") + 1))
        file.write(line.encode())
        file.flush()
        os.fsync(file.fileno())


def measure_validation(run: Run) -> dict[str, Any]:
    """Return the measures of a run on validation; test is not looked at."""
    import numpy as np

    from rushes.learning.measures import Tallies, count_confusion, measure
    from rushes.learning.predictions import read_predictions

    predictions = read_predictions(run.predictions_file("validation"))
    cells = count_confusion(predictions.truth, predictions.predicted, len(run.classes))
    found, labelled, predicted = np.diag(cells), cells.sum(axis=1), cells.sum(axis=0)
    scores = measure(Tallies(found, labelled, predicted))
    others = labelled.sum() - labelled
    false_positives = {
        name: float(predicted[at] - found[at]) / float(others[at]) if others[at] else None
        for at, name in enumerate(run.classes)
    }
    return {
        "f1_macro": _number(scores.f1_macro),
        "balanced_accuracy": _number(scores.balanced_accuracy),
        "accuracy": _number(scores.accuracy),
        "recall": {name: _number(scores.recall[at]) for at, name in enumerate(run.classes)},
        "false_positive_rate": false_positives,
    }


def score_of(record: Mapping[str, Any], monitor: str) -> float:
    """Return the monitor of an epoch's record, or of a head's, such that higher is better."""
    return -float(record["validation_loss"]) if monitor == "loss" else float(record[monitor])


def score_of_run(run: Run, monitor: str) -> tuple[float, tuple[tuple[int, float], ...]]:
    """Return the score of the weights that a run kept, and the (epoch, score) of each epoch."""
    chosen = [record for record in run.history if record.get("chosen") or record.get("epoch") == run.best_epoch]
    curve = tuple((int(record["epoch"]), score_of(record, monitor)) for record in run.history if "epoch" in record)
    return score_of(chosen[-1], monitor), curve


def trials_of(trials: Iterable[Trial]) -> dict[str, list[Trial]]:
    """Return the key of each setting -> its trials by repeat; settings in the order in which they were tried."""
    found: dict[str, list[Trial]] = {}
    for trial in sorted(trials, key=lambda trial: (trial.number, trial.repeat)):
        found.setdefault(key_of(trial.setting), []).append(trial)
    return found


def _trial_of(table: Mapping[str, Any]) -> Trial:
    trial = Trial(**{**table, "curve": tuple((int(epoch), float(score)) for epoch, score in table["curve"])})
    if trial.state not in get_args(State):
        raise ValueError(f"state is '{trial.state}'")
    return trial


def _number(value: Any) -> float | None:
    number = float(value)
    return number if number == number else None
