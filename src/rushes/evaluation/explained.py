"""What is known of why a model answered as it did on single samples, as values that a card can show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rushes.evaluation.thumbnails import Thumbnail


@dataclass(frozen=True, slots=True)
class PlacedHeat:
    """Where in a picture an answer came from, as a small picture to lay over it.

    Attributes:
        picture: warm, and the less transparent the warmer.
        left, top, width, height: the place of what the model was shown, as shares of the whole picture.
    """

    picture: Thumbnail
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A training sample that looks to the model like the one it stands beside.

    Attributes:
        frame: what its picture is found under: its place or address.
        similarity: cosine of the angle between the features of both, at most 1.
    """

    frame: str
    name: str
    class_name: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Explained:
    """What explains the answers on some rows of predictions.

    Attributes:
        heats: row -> where in its picture the answer came from.
        neighbours: row -> the training samples that look most like it, the likest first.
        pictures: `frame` of a neighbour -> its picture, each once.
        searched: how many training samples the neighbours were looked for among.
        heat_words: what the heat shows and where it was read, in sentences; "" where there is none.
        notes: what could not be had and why, in sentences.
    """

    heats: Mapping[int, PlacedHeat] = field(default_factory=dict)
    neighbours: Mapping[int, tuple[Neighbour, ...]] = field(default_factory=dict)
    pictures: Mapping[str, Thumbnail] = field(default_factory=dict)
    heat_words: str = ""
    notes: tuple[str, ...] = ()
    searched: int = 0


def reason_of(error: Exception) -> str:
    """Return in a line why something could not be had; torch and ONNX Runtime say many lines, of which one tells."""
    said = str(error).strip().splitlines()
    return said[0].rstrip(".") if said else type(error).__name__


NOTHING = Explained()
