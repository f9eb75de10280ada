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


class FilmAnswer(_Open):
    """What a film is, and what is when."""

    predicted_class: str | None
    confidence: float | None
    kind: Literal["video", "shots"]
    scores: dict[str, float]
    confidence_sums: dict[str, float] | None = Field(None, description="Sum of each class over the sampled frames.")
    tasks: dict[str, Any] | None = Field(None, description="Of a bundle of shots: the answer in each task.")
    timeline: list[Segment]
    duration_seconds: float
    warnings: list[str]
    task: str
    bundle: BundleName


class Problem(_Open):
    """What is wrong with a request (RFC 9457)."""

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

    results: list[BatchResult]
    failed: int


class JobAnswer(_Open):
    """How far a job is; with its result, or what is wrong, once it is over."""

    id: str
    href: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    done: int
    total: int | None
    result: dict[str, Any] | None = None
    problem: Problem | None = None


class Health(BaseModel):
    """Whether the server lives, or is ready."""

    status: Literal["live", "ready"]
