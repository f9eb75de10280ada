"""The model card of a run: what a bundle of it would state, before there is one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rushes.bundles.calibrated import calibration_of_run
from rushes.bundles.card import CardFacts, format_card, scores_from_metrics, thresholds_from_table
from rushes.bundles.licence import licence_of
from rushes.bundles.thresholded import thresholds_of_run
from rushes.storage.files import write_text

if TYPE_CHECKING:
    from rushes.learning.runs import Run

RUN_CARD_FILE = "model_card.md"


def write_run_card(run: Run) -> Path:
    """Write `model_card.md` into the folder of a run that was evaluated, and return where it is.

    Raises:
        BundleError: its `calibration.json` or `thresholds.json` is not of this run.
    """
    calibration = calibration_of_run(run)
    thresholds = thresholds_of_run(run, calibration)
    facts = facts_of_run(run, name=run.name, calibration=calibration, thresholds=thresholds)
    path = run.folder / RUN_CARD_FILE
    write_text(path, format_card(facts, certificate=None))
    return path


def facts_of_run(
    run: Run, *, name: str, calibration: Mapping[str, Any] | None, thresholds: Mapping[str, Any] | None
) -> CardFacts:
    """Return what a card states of a run.

    Args:
        name: what the model is called.
        calibration, thresholds: what `calibration.json` and `thresholds.json` of the run hold; None of a run without.
    """
    recipe = travelling_recipe(run)
    model = recipe["model"]
    metrics_file = run.folder / "metrics.json"
    metrics = json.loads(metrics_file.read_text(encoding="utf-8")) if metrics_file.is_file() else {}
    stated = {
        "run": run.name,
        "trained at": run.created_at,
        "commit": run.commit,
        "manifest, SHA-256": run.manifest.get("sha256"),
        "split, SHA-256": run.split.get("sha256"),
    }
    return CardFacts(
        name=name,
        task=run.task,
        classes=run.classes,
        preprocessing=run.preprocessing,
        working_size=run.working_size,
        architecture=model["design"] if model["kind"] == "cnn" else model["backbone"],
        method=_method(recipe, run.head),
        split_kind=str(run.split.get("kind", recipe["split"])),
        counts=run.counts,
        licence=licence_of(recipe),
        made={word: str(value) for word, value in stated.items() if value},
        warnings=tuple(run.warnings),
        scores=scores_from_metrics(metrics),
        calibration=calibration,
        thresholds=thresholds_from_table(thresholds) if thresholds else (),
        measures=len(run.measures.get("names", ())),
        ablation=(metrics.get("ablation") or {}).get("sentence", ""),
    )


def travelling_recipe(run: Run) -> dict[str, Any]:
    """Return a run's recipe with the names, and not the folders, of local weights and of what it went on from."""
    model = dict(run.recipe["model"])
    local = {key: Path(model.get(key, "")).name for key in ("weights", "start")}
    shown = dict(run.recipe.get("input", {}))
    if shown.get("faces"):
        shown["faces"] = Path(shown["faces"]).name
    return dict(run.recipe) | {"model": model | local} | ({"input": shown} if shown else {})


def _method(recipe: Mapping[str, Any], head: Mapping[str, Any]) -> str:
    model = recipe["model"]
    return {
        "cnn": f"A small convolutional network (`{model['design']}`), trained from scratch",
        "features": f"The backbone `{model['backbone']}`, frozen, with {_describe_head(head)}{_measured(recipe)}",
        "finetune": f"The backbone `{model['backbone']}`, {_trained_part(model)} trained on",
    }[model["kind"]]


def _describe_head(head: Mapping[str, Any]) -> str:
    """Return in words what stands on top of a frozen backbone; of stored pictures it says so, for they travel along."""
    if head["kind"] == "knn":
        voters = f"the {head['neighbours']:,} nearest of {head['samples']:,} training pictures"
        return f"a vote of {voters}, whose features are part of the bundle"
    if head["kind"] == "mlp":
        return f"an mlp head (one hidden layer of {head['hidden']:,}) trained on its features"
    return f"a {head['kind']} head trained on its features"


def _measured(recipe: Mapping[str, Any]) -> str:
    shown = recipe.get("input", {})
    if not shown.get("features"):
        return ""
    faces = ", eyes and faces by a detector that is part of the bundle" if shown.get("faces") else ""
    return f" and on what is measured of the photograph (sharpness, light, composition{faces})"


def _trained_part(model: Mapping[str, Any]) -> str:
    part = model.get("trained", "stages")
    return {"head": "frozen, its head", "all": "all of it"}.get(part, f"its last {model['stages']} of stages")
