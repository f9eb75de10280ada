"""The shapes of replies, for the API's description; replies themselves are plain values."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class BundleName(BaseModel):
    """The bundle that answered."""

    name: str
    id: str


_Example = dict[str, Any]
_BUNDLE: _Example = {"name": "scale", "id": "6d1f…"}
_SCORES: _Example = {"CS": 0.07, "MS": 0.81, "LS": 0.12}
_ANSWER: _Example = {"predicted_class": "MS", "confidence": 0.81, "scores": _SCORES}
_PICTURE: _Example = _ANSWER | {"kind": "photo", "task": "scale", "bundle": _BUNDLE}
_STRETCH: _Example = {
    "start": 0,
    "stop": 240,
    "start_seconds": 0.0,
    "stop_seconds": 10.0,
    "start_timecode": "00:00:00:00",
    "stop_timecode": "00:00:10:00",
    "sampled_frames": 10,
} | _ANSWER
_FILM: _Example = _ANSWER | {
    "kind": "video",
    "confidence_sums": {"CS": 0.7, "MS": 8.1, "LS": 1.2},
    "duration_seconds": 10.0,
    "sampled_frames": 10,
    "lost_frames": 0,
    "warnings": [],
    "timeline": [_STRETCH],
    "task": "scale",
    "bundle": _BUNDLE,
}
_JOB: _Example = {"id": "q3P5…", "href": "/jobs/q3P5…", "state": "running", "done": 120, "total": 3600}
_PROBLEM: _Example = {
    "type": "about:blank",
    "title": "Unprocessable Content",
    "status": 422,
    "detail": "the file is cut off",
}


_BATCH: _Example = {"results": [_PICTURE | {"index": 0}, {"index": 1, "problem": _PROBLEM}], "failed": 1}


class BundleFacts(_Open):
    """A bundle that is served."""

    name: str
    id: str
    kind: Literal["pictures", "shots"]
    task: str
    classes: list[str]
    tasks: dict[str, list[str]] | None = None
    thresholds: dict[str, float] | None
    calibration: str
    size: list[int] = Field(description="Width and height of what the model is shown, in pixels.")


class Bundles(BaseModel):
    """The bundles that are served; a request that names none is answered by the first."""

    bundles: list[BundleFacts]


class PictureAnswer(_Open):
    """What a picture is."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [_PICTURE]})

    predicted_class: str
    confidence: float
    kind: Literal["photo", "raw"]
    scores: dict[str, float] = Field(description="Probability of every class; they sum to 1.")
    above: list[str] | None = Field(None, description="Classes whose threshold is reached, of a bundle that has any.")
    thresholds: dict[str, float] | None = None
    task: str
    bundle: BundleName


class Segment(_Open):
    """A stretch of a film with one answer, `[start, stop)` in frames."""

    start: int
    stop: int
    start_seconds: float
    stop_seconds: float
    start_timecode: str
    stop_timecode: str
    predicted_class: str | None = Field(None, description="Of a bundle of pictures; otherwise see `tasks`.")
    confidence: float | None = None
    scores: dict[str, Any] | None = None
    sampled_frames: int | None = None


class FilmAnswer(_Open):
    """What a film is, and what is when."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [_FILM]})

    predicted_class: str | None = Field(description="null where nothing was answered, as of a black film.")
    confidence: float | None
    kind: Literal["video", "shots"]
    scores: dict[str, float]
    confidence_sums: dict[str, float] | None = Field(None, description="Sum of each class over the sampled frames.")
    tasks: dict[str, Any] | None = Field(None, description="Of a bundle of shots: the answer in each task.")
    timeline: list[Segment]
    sampled_frames: int | None = Field(None, description="How many frames were looked at, of a bundle of pictures.")
    lost_frames: int | None = Field(None, description="How many could not be decoded.")
    frames_above: dict[str, int] | None = Field(
        None, description="In how many frames each class reached its threshold, of a bundle that has any."
    )
    duration_seconds: float
    warnings: list[str]
    task: str
    bundle: BundleName


class Problem(_Open):
    """What is wrong with a request (RFC 9457)."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [_PROBLEM]})

    type: str
    title: str
    status: int
    detail: str


class BatchResult(_Open):
    """The answer about one file of a batch, or what is wrong with it."""

    index: int
    problem: Problem | None = None


class BatchAnswer(BaseModel):
    """The answers about the files of one request, in their order."""

    model_config = ConfigDict(json_schema_extra={"examples": [_BATCH]})

    results: list[BatchResult] = Field(description="What /predict answers about each, with its index; or its problem.")
    failed: int


class JobAnswer(_Open):
    """How far a job is; with its result, or what is wrong, once it is over."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [_JOB]})

    id: str
    href: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    done: int
    total: int | None
    note: str = Field(default="", description="What is counted; of a film's shots first its frames, then its shots.")
    result: dict[str, Any] | None = None
    problem: Problem | None = None


class Health(BaseModel):
    """Whether the server lives, or is ready."""

    status: Literal["live", "ready"]
