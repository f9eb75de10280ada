"""What bundles of shots said of films, kept in a project's cache so that a film is answered once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rushes.inference.prediction import Scores
from rushes.inference.shot_prediction import ShotPrediction
from rushes.storage.files import write_json
from rushes.timelines.timeline import Answers, ShotAnswer

SCHEMA = "shot-answers/1"
_KEPT = ("start", "stop", "answers")


@dataclass(frozen=True, slots=True)
class FilmAnswers:
    """What one bundle said of the shots of a film.

    Attributes:
        bundle: its name, that of its folder; `id` the digest of all that it is.
        shots: (start, stop) -> answers.
        scores: (start, stop) -> task -> scores.
    """

    bundle: str
    id: str
    shots: Mapping[tuple[int, int], Answers]
    scores: Mapping[tuple[int, int], Mapping[str, Scores]]


def keep_answers(
    cache_folder: Path, shots: Sequence[ShotPrediction], *, source: str, bundle: str, bundle_id: str
) -> None:
    """Keep what a bundle said of the shots of a film.

    Args:
        source: digest of the film.
        bundle: its name; `bundle_id` the digest of all that it is.
    """
    tables = [{key: table[key] for key in _KEPT} for table in (shot.to_table() for shot in shots)]
    table = {"schema": SCHEMA, "source": source, "bundle": bundle, "id": bundle_id, "shots": tables}
    write_json(_folder_of(cache_folder, source) / f"{bundle_id[:16]}.json", table)


def read_answers(cache_folder: Path, source: str) -> list[FilmAnswers]:
    """Return what is kept of a film, the oldest first; what cannot be read is passed over."""
    folder = _folder_of(cache_folder, source)
    if not folder.is_dir():
        return []
    paths = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    return [found for path in paths if (found := _read(path, source)) is not None]


def answers_for(shots: Sequence[tuple[int, int]], said: Sequence[FilmAnswers]) -> list[dict[str, dict[str, Any]]]:
    """Return for each shot task -> what is said of it and by which bundle; of several the latest.

    An answer is of the very frames that were asked about, so that shots that were found otherwise since have none.
    """
    found: list[dict[str, dict[str, Any]]] = []
    for shot in shots:
        of_shot: dict[str, dict[str, Any]] = {}
        for one in said:
            for task, answer in one.shots.get(shot, {}).items():
                of_shot[task] = answer_table(answer, by=one.bundle)
        found.append(of_shot)
    return found


def answer_table(answer: ShotAnswer, *, by: str) -> dict[str, Any]:
    """Return an answer as plain values."""
    return {"class": answer.class_name, "probability": answer.probability, "reason": answer.reason, "by": by}


def _folder_of(cache_folder: Path, source: str) -> Path:
    return cache_folder / "shot-answers" / source


def _read(path: Path, digest: str) -> FilmAnswers | None:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        if table["schema"] != SCHEMA or table["source"] != digest:
            return None
        answered = {(int(shot["start"]), int(shot["stop"])): shot["answers"] for shot in table["shots"]}
        return FilmAnswers(
            table["bundle"],
            table["id"],
            {
                shot: {
                    task: ShotAnswer(answer["class"], float(answer["probability"]), answer["reason"])
                    for task, answer in of_shot.items()
                }
                for shot, of_shot in answered.items()
            },
            {
                shot: {task: answer.get("scores", {}) for task, answer in of_shot.items()}
                for shot, of_shot in answered.items()
            },
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
