"""What of a run is told to a store of experiments: names, numbers and files, whatever the store."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeGuard

from rushes.learning.runs import RUN_FILE, Run
from rushes.storage.files import digest_of_bytes

REPORT_FILE = "report.html"
METRICS_FILE = "metrics.json"
_PASSED_OVER = ("epoch", "chosen")
_LONGEST = 500  # characters of a parameter's value


@dataclass(frozen=True, slots=True)
class Reading:
    """One number of one moment.

    Attributes:
        step: the epoch, or the number of the head that was tried; 0 of what holds of the whole run.
        time: milliseconds since 1970, UTC.
    """

    name: str
    value: float
    step: int
    time: int


@dataclass(frozen=True, slots=True)
class Sending:
    """One run as a store of experiments takes it.

    Attributes:
        name: of the run; it is sent once.
        params: dotted key of the recipe -> its value as text.
        readings: of every epoch, then of the whole run.
        judged: what `rushes evaluate` found on test; () before it was asked.
        tags: digests, versions and words to find it by.
        files: what stands in the run's folder and goes along.
        start, end: milliseconds since 1970, UTC.
    """

    name: str
    params: Mapping[str, str]
    readings: tuple[Reading, ...]
    judged: tuple[Reading, ...]
    tags: Mapping[str, str]
    files: tuple[Path, ...]
    start: int
    end: int

    @property
    def judgement(self) -> str:
        """Digest of what was found on test and of its page: another one is told again; "" before it was asked."""
        if not self.judged:
            return ""
        said = json.dumps([(one.name, one.value) for one in self.judged])
        return digest_of_bytes(said.encode() + (self.report.read_bytes() if self.report else b""))

    @property
    def report(self) -> Path | None:
        """The page that `rushes evaluate` wrote; None before it was asked."""
        return next((path for path in self.files if path.name == REPORT_FILE), None)


def plan_sending(run: Run) -> Sending:
    """Return what is told of a run; its weights and its pictures' predictions stay where they are."""
    end = int(datetime.fromisoformat(run.created_at).timestamp() * 1000)
    judged_at = _judged_at(run) or end
    start = end - int(run.elapsed_seconds * 1000)
    files = tuple(path for path in (run.whole_folder / RUN_FILE, run.whole_folder / REPORT_FILE) if path.is_file())
    facts = {
        "elapsed_seconds": run.elapsed_seconds,
        "parameters": run.parameters,
        "trained_parameters": run.trained_parameters,
        "epochs": run.epochs,
        "best_epoch": run.best_epoch,
        **{key: value for key, value in run.pace.items() if _is_number(value)},
        **_validation_of(run),
    }
    return Sending(
        name=run.name,
        params={key: _shortened(value) for key, value in _flat(run.recipe)},
        readings=(
            *_of_epochs(run.history, run.classes, start=start),
            *(Reading(name_for_store(key), float(value), 0, end) for key, value in facts.items()),
        ),
        judged=tuple(Reading(f"test/{name_for_store(key)}", value, 0, judged_at) for key, value in _test_of(run)),
        tags=_tags_of(run),
        files=files,
        start=start,
        end=end,
    )


def name_for_store(name: str) -> str:
    """Return a name with what MLflow allows in one: letters, digits, `_ - . : /` and spaces."""
    return re.sub(r"[^\w\-. :/]", "_", name)[:240]


def _tags_of(run: Run) -> dict[str, str]:
    versions = run.machine.get("versions")
    tags = {
        "rushes.run": run.name,
        "rushes.task": run.task,
        "rushes.classes": ", ".join(run.classes),
        "rushes.manifest": run.manifest.get("sha256"),
        "rushes.split": run.split.get("sha256"),
        "rushes.split_kind": run.split.get("kind"),
        "rushes.weights": run.weights.get("sha256"),
        "rushes.commit": run.commit,
        "rushes.head": run.head.get("kind"),
        "rushes.warnings": "\n".join(run.warnings),
        "rushes.torch": versions.get("torch") if isinstance(versions, Mapping) else None,
    }
    return {key: str(value)[:4000] for key, value in tags.items() if value}


def _of_epochs(
    history: Sequence[Mapping[str, Any]], classes: Sequence[str], *, start: int
) -> Iterator[Reading]:  # fmt: skip
    """Give the numbers of every epoch, or of every head that was tried."""
    passed = 0.0
    for position, record in enumerate(history):
        step = record.get("epoch", position)
        passed += record["seconds"] if _is_number(record.get("seconds")) else 0.0
        time = start + int(passed * 1000)
        for key, value in record.items():
            if _is_number(value) and key not in _PASSED_OVER:
                yield Reading(name_for_store(key), float(value), int(step), time)
        for name, recall in zip(classes, record.get("recalls") or (), strict=False):
            if _is_number(recall):
                yield Reading(name_for_store(f"recall/{name}"), float(recall), int(step), time)


def _validation_of(run: Run) -> dict[str, float]:
    """Return the scores on validation of the weights that were kept; {} where there are no predictions of it."""
    from rushes.learning.monitors import score
    from rushes.learning.predictions import read_predictions

    path = run.predictions_file("validation")
    if not path.is_file():
        return {}
    predictions = read_predictions(path)
    if not len(predictions):
        return {}
    found = score(predictions.probabilities, predictions.truth)
    scores = {"loss": found.loss, "f1_macro": found.f1_macro, "balanced_accuracy": found.balanced_accuracy,
              "accuracy": found.accuracy}  # fmt: skip
    scores |= {f"recall/{name}": recall for name, recall in zip(predictions.classes, found.recalls, strict=True)}
    return {f"validation/{key}": value for key, value in scores.items() if value is not None and _is_number(value)}


def _judged_at(run: Run) -> int:
    """Return when the run was judged last, in milliseconds: of two readings of a step a store shows the later."""
    try:
        return int((run.folder / METRICS_FILE).stat().st_mtime * 1000)
    except OSError:
        return 0


def _test_of(run: Run) -> Iterator[tuple[str, float]]:
    """Give what metrics.json says of the test part, with the ends of each interval."""
    try:
        table = json.loads((run.folder / METRICS_FILE).read_text(encoding="utf-8"))
        metrics = table["test"]["metrics"].items()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return
    for name, estimate in metrics:
        for key, suffix in (("value", ""), ("low", "/low"), ("high", "/high")):
            value = estimate.get(key) if isinstance(estimate, Mapping) else None
            if _is_number(value):
                yield name + suffix, float(value)


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield name_for_store(prefix + key), value


def _shortened(value: Any) -> str:
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=list)
    return said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
