"""The routes of runs: the leaderboard, one run, and its report."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import APIRouter, HTTPException, Response

from rushes.errors import did_you_mean
from rushes.evaluation.leaderboard import (
    Leaderboard,
    Standing,
    describe_epochs,
    describe_model,
    history_of,
    rank_standings,
    read_standing,
    standing_table,
)
from rushes.learning.runs import RUN_FILE, Run, survey_runs
from rushes.project import Project
from rushes.storage.reading import local_state
from rushes.studio.films import Held
from rushes.web.replies import json_reply

RUNS_SCHEMA, RUN_SCHEMA = "runs/1", "one-run/1"
REPORT_FILE = "report.html"
# A report brings its script and style within it. It runs them in an origin of its own, with no way to the network, to
# the token or to this server, and stands in no other site's frame.
REPORT_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
    "img-src data: blob:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
_STANDINGS_HELD = 5000
_WORDS = ("f1_macro", "balanced_accuracy", "accuracy")  # of a run in the list


def runs_router(project: Project) -> APIRouter:
    """Return the routes of a project's runs. A run is one that the listing names; nothing else of an address is one."""
    desk, router = _Desk(project), APIRouter(tags=["runs"])

    @router.get("/runs")
    def runs() -> Response:
        """The runs in tables of those that can be compared, the best macro-F1 on validation first."""
        return json_reply(_board_tables(desk.leaderboard()))

    @router.get("/runs/{name:path}/report")
    def report(name: str) -> Response:
        """The report of a run, a page of its own."""
        path = desk.find(name).run.whole_folder / REPORT_FILE
        try:
            data = path.read_bytes()
        except OSError as error:
            said = f"{name} has no report. Make it: rushes evaluate {name}"
            raise HTTPException(HTTPStatus.NOT_FOUND, said) from error
        headers = {"Content-Security-Policy": REPORT_POLICY, "Cache-Control": "private, no-cache"}
        return Response(data, media_type="text/html; charset=utf-8", headers=headers)

    @router.get("/runs/{name:path}")
    def run(name: str) -> Response:
        """A run: its scores by class, its recipe, its history."""
        return json_reply(_run_table(desk.find(name)))

    return router


class _Desk:
    """The runs as they are now; what was judged once is held while its files stay as they are."""

    def __init__(self, project: Project) -> None:
        self._folder = project.runs_folder
        self._standings = Held(_STANDINGS_HELD)

    def leaderboard(self) -> Leaderboard:
        runs, unreadable = survey_runs(self._folder)
        return Leaderboard(rank_standings([self._standing(run) for run in runs]), tuple(unreadable))

    def find(self, name: str) -> Standing:
        runs, _ = survey_runs(self._folder)
        for run in runs:
            if run.called == name:
                return self._standing(run)
        said = did_you_mean(name[:80], [run.called for run in runs][::-1])
        raise HTTPException(HTTPStatus.NOT_FOUND, f"the project has no run '{name[:80]}'. {said}")

    def _standing(self, run: Run) -> Standing:
        files = [run.whole_folder / RUN_FILE, run.folder / "metrics.json"]
        files += [run.predictions_file(part) for part in ("validation", "test")]
        return self._standings.get((run.called, *map(local_state, files)), lambda: read_standing(run))


def _board_tables(leaderboard: Leaderboard) -> dict[str, Any]:
    return {
        "schema": RUNS_SCHEMA,
        "boards": [
            {
                "board": number,
                "task": board.task,
                "split_kind": board.kind,
                "title": board.title,
                "runs": [
                    _listed(standing, letter=board.test_letters.get(standing.test_ground, ""))
                    for standing in board.standings
                ],
            }
            for number, board in enumerate(leaderboard.boards, start=1)
        ],
        "unreadable": [{"run": one.folder.name, "reason": one.reason} for one in leaderboard.unreadable],
    }


def _listed(standing: Standing, *, letter: str) -> dict[str, Any]:
    """Return a run as the leaderboard shows it; `test_letter` tells tests apart that cannot be compared."""
    run, validation = standing.run, standing.validation
    judged = validation.to_table() if validation is not None and validation.samples else None
    return {
        "run": run.called,
        "task": run.task,
        "model": describe_model(run),
        "recipe": str(run.recipe.get("name", "")),
        "recipe_digest": standing.recipe_digest,
        "split_kind": run.split.get("kind"),
        "created_at": run.created_at,
        "elapsed_seconds": run.elapsed_seconds,
        "epochs": describe_epochs(run),
        "parameters": run.parameters,
        "validation": None if judged is None else {word: _score(judged["metrics"][word]) for word in _WORDS},
        "blind_f1_macro": standing.blind,
        "test": None if standing.metrics is None else _scores_of(standing.metrics),
        "test_letter": letter,
        "never_predicted": list(standing.never_predicted),
        "warnings": len(run.warnings),
        "problem": standing.problem or None,
        "has_report": (run.whole_folder / REPORT_FILE).is_file(),
    }


def _scores_of(metrics: Mapping[str, Any]) -> dict[str, Any]:
    test = metrics["test"]["metrics"]
    return {word: _score(test[word]) for word in _WORDS if word in test}


def _score(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a score with its interval and what two answers without a look at the picture score."""
    return {key: table.get(key) for key in ("value", "low", "high", "level", "majority", "prior")}


def _run_table(standing: Standing) -> dict[str, Any]:
    """Return all that is known of a run, but where it stands on this machine."""
    run = standing.run
    table = standing_table(standing)
    weights = table["weights"]
    if isinstance(weights, dict) and "path" in weights:
        table["weights"] = weights | {"path": Path(str(weights["path"])).name}
    return table | {
        "schema": RUN_SCHEMA,
        "run": run.called,
        "report": None,
        "has_report": table["report"] is not None,
        "epochs_said": describe_epochs(run),
        "history": [dict(one) for one in history_of(run)],
    }
