"""The shape of a network for shots, as plain values: which heads, what each sees, how it pools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rushes.models.backbones import Backbone

VIEWS = ("whole", "subject", "background")
USES = ("both", "frames", "motion")


@dataclass(frozen=True, slots=True)
class ShotHeadDesign:
    """How one task is answered for a shot.

    Attributes:
        task: its name.
        classes: in the order of the logits.
        see: `frames`, `motion`, or `both`, joined by a gate.
        pooling: how the frames' features become one: `mean`, `gru`, `lstm` or `attention`.
        width: of the temporal layer; of a recurrent one, of each direction.
        layers: of the temporal layer.
        dropout: share of the pooled features that is dropped in training.
        subject: what of each frame is looked at: `whole`, `subject`, `background`, or both `apart`, side by side.
        motion: the model of the measured motion: `linear`, `boosted`, `gru`, or the one `shipped` with rushes; `none`
            where motion is not seen.
        loss: `nominal` or `ordinal`.
        used: of a head that sees both: what its answer rests on, `both`, `frames` or `motion`.
        rounds: of a boosted or the shipped model: trees per class.
        depth: of the same: questions on the way to a leaf.
        motion_width: of a `gru` over the motion: width of each direction.
    """

    task: str
    classes: tuple[str, ...]
    see: str = "frames"
    pooling: str = "attention"
    width: int = 128
    layers: int = 1
    dropout: float = 0.2
    subject: str = "whole"
    motion: str = "none"
    loss: str = "nominal"
    used: str = "both"
    rounds: int = 0
    depth: int = 0
    motion_width: int = 32

    def __post_init__(self) -> None:
        if self.see not in ("frames", "motion", "both") or (self.see == "frames") != (self.motion == "none"):
            raise ValueError(f"a head that sees '{self.see}' cannot have the motion model '{self.motion}'")
        if self.used not in USES or (self.see != "both" and self.used not in ("both", self.see)):
            raise ValueError(f"a head that sees '{self.see}' cannot rest on '{self.used}'")

    @property
    def sees_frames(self) -> bool:
        """Whether its answer rests on frames."""
        return self.see != "motion" and self.used != "motion"

    @property
    def sees_motion(self) -> bool:
        """Whether its answer rests on the measured motion."""
        return self.see != "frames" and self.used != "frames"

    @property
    def views(self) -> tuple[str, ...]:
        """What of each frame it is given, side by side; () where it has no temporal layer."""
        if self.see == "motion":
            return ()
        return ("subject", "background") if self.subject == "apart" else (self.subject,)

    def to_table(self) -> dict[str, Any]:
        """Return the design as plain values, ready for JSON."""
        return asdict(self) | {"classes": list(self.classes)}

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> ShotHeadDesign:
        """Return the design that `to_table` described.

        Raises:
            KeyError, TypeError, ValueError: the table describes none.
        """
        return cls(**{**table, "classes": tuple(table["classes"])})


@dataclass(frozen=True, slots=True)
class ShotDesign:
    """A network for shots.

    Attributes:
        backbone: what turns a frame into features; None where every head sees motion alone.
        heads: one for each task.
        shared: whether heads that pool alike share one temporal layer.
        frames: how many frames of a shot it is shown, at most.
        features: names of the motion's aggregates, in their order.
        series: names of the columns of the motion's series, in their order.
    """

    backbone: Backbone | None
    heads: tuple[ShotHeadDesign, ...]
    shared: bool = False
    frames: int = 16
    features: tuple[str, ...] = ()
    series: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        tasks = [head.task for head in self.heads]
        if not tasks or len(set(tasks)) < len(tasks):
            raise ValueError(f"a network for shots needs one head for each task, got {tasks}")
        if (self.backbone is None) != all(head.see == "motion" for head in self.heads):
            raise ValueError("a backbone is needed where a head sees frames, and only there")

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks, in the order of the heads."""
        return tuple(head.task for head in self.heads)

    @property
    def views(self) -> tuple[str, ...]:
        """What of each frame any head is given, in the order of `VIEWS`; () where none sees frames."""
        needed = {view for head in self.heads for view in head.views}
        return tuple(view for view in VIEWS if view in needed)

    def to_table(self) -> dict[str, Any]:
        """Return the design as plain values, ready for JSON."""
        return {
            "kind": "shots",
            "backbone": None if self.backbone is None else self.backbone.to_table(),
            "heads": [head.to_table() for head in self.heads],
            "shared": self.shared,
            "frames": self.frames,
            "features": list(self.features),
            "series": list(self.series),
        }

    @classmethod
    def from_table(cls, table: Mapping[str, Any]) -> ShotDesign:
        """Return the design that `to_table` described.

        Raises:
            KeyError, TypeError, ValueError: the table describes none.
        """
        return cls(
            backbone=None if table["backbone"] is None else Backbone.from_table(table["backbone"]),
            heads=tuple(ShotHeadDesign.from_table(head) for head in table["heads"]),
            shared=table["shared"],
            frames=table["frames"],
            features=tuple(table["features"]),
            series=tuple(table["series"]),
        )
