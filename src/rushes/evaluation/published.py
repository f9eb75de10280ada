"""What others reached on MovieShots' v1 test, to be printed beside a run that was judged on that very test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TEST_NAME = "movieshots-v1"  # as `run.json` names the split
_CLASSES = {
    "scale": frozenset({"ECS", "CS", "MS", "FS", "LS"}),
    "movement": frozenset({"static", "motion", "push", "pull"}),
}
_SHOTS = {"scale": 8187, "movement": 8149}  # of the published test; movement without 38 of several movements

RECALL_NOTE = (
    "What is published of push and pull is recall: of the shots that are so, the share that was found. It stands "
    "beside our recall, and never beside precision. Accuracy and macro-F1 are of all classes of a head."
)
NOT_COMPARABLE = (
    "Published scores are of MovieShots' v1 test. This run was judged on other shots, so none stands beside it: they "
    "would not be comparable."
)


@dataclass(frozen=True, slots=True)
class PublishedRow:
    """One model on MovieShots' v1 test; shares, 0 to 1.

    Attributes:
        source: where the figures were read.
        accuracy, f1_macro: task -> score; a task that is not published is not in it.
        recall: class of movement -> recall.
        note: what else to know of it.
    """

    model: str
    source: str
    accuracy: Mapping[str, float]
    f1_macro: Mapping[str, float] = field(default_factory=dict)
    recall: Mapping[str, float] = field(default_factory=dict)
    note: str = ""

    def to_table(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "model": self.model,
            "source": self.source,
            "accuracy": dict(self.accuracy),
            "f1_macro": dict(self.f1_macro),
            "recall": dict(self.recall),
            "note": self.note,
        }


_EARLIER = "an earlier open project of shot classification, its table of results"
PUBLISHED = (
    PublishedRow(
        "MovieShots' majority, published",
        "counted from the labels of the test: 1,792 of 8,187 are CS, 5,464 of 8,149 static",
        accuracy={"scale": 0.219, "movement": 0.671},
        recall={"push": 0.0, "pull": 0.0},
        note="always the commonest class of the published labels",
    ),
    PublishedRow(
        "ResNet50 + LSTM",
        _EARLIER,
        accuracy={"scale": 0.854, "movement": 0.713},
        f1_macro={"scale": 0.857, "movement": 0.316},
        recall={"push": 0.0, "pull": 0.0},
        note="two heads on one recurrent layer; the first 16 frames of a shot",
    ),
    PublishedRow(
        "ResNet50 + LSTM, fine-tuned",
        _EARLIER,
        accuracy={"scale": 0.858, "movement": 0.676},
        f1_macro={"scale": 0.861, "movement": 0.321},
        recall={"push": 0.0, "pull": 0.0},
        note="as above",
    ),
    PublishedRow(
        "R(2+1)D, balanced clips",
        _EARLIER,
        accuracy={"movement": 0.681},
        f1_macro={"movement": 0.465},
        recall={"push": 0.66, "pull": 0.44},
        note="movement alone",
    ),
    PublishedRow(
        "SGNet",
        "the paper of the data set, ECCV 2020",
        accuracy={"scale": 0.875, "movement": 0.807},
        recall={"push": 0.28, "pull": 0.27},
        note="subject-guided, pictures and flow; another protocol gives 0.877 for movement",
    ),
    PublishedRow(
        "VideoMAE-base, multitask",
        "its published model",
        accuracy={"scale": 0.883, "movement": 0.915},
        f1_macro={"scale": 0.886, "movement": 0.808},
        recall={"push": 0.668, "pull": 0.575},
        note="16 frames of a shot",
    ),
)


def is_published_test(split: Mapping[str, Any], classes: Mapping[str, Sequence[str]]) -> bool:
    """Return whether a run's test part is MovieShots' v1 test, with the classes that are published.

    Args:
        split: of `run.json`: `kind` and `name`.
        classes: task -> classes of the run.
    """
    of_test = split.get("kind") == "stated" and split.get("name") == TEST_NAME
    return of_test and any(frozenset(names) == _CLASSES.get(task) for task, names in classes.items())


def missing_shots(samples: Mapping[str, int]) -> tuple[str, ...]:
    """Return in a sentence each of which tasks not all shots of the published test were judged, or more.

    Args:
        samples: task -> how many test shots of a run were judged.
    """
    return tuple(
        f"Of {task}, {count:,} test shots were judged, where the published test has {_SHOTS[task]:,}. "
        "The scores are not quite of the same shots."
        for task, count in samples.items()
        if task in _SHOTS and count != _SHOTS[task]
    )
