"""The network for shots: from the frames and the measured motion of a shot to logits of each task.

This module needs the `train` extra; callers ask `rushes.errors.require_extra` before they import it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import nn
from torch.nn import functional

from rushes.datasets.preprocessing import Preprocessing
from rushes.models.backbones import create_body
from rushes.models.clip_design import USES, ShotDesign, ShotHeadDesign
from rushes.models.motion import (
    BoostedMotion,
    MotionModel,
    SeriesMotion,
    ShippedMotion,
    Standard,
    build_motion,
)
from rushes.models.poolings import build_pooling
from rushes.models.views import check_views, view_features

_LEAST_SPREAD = 1e-6
_ROUND = 64  # frames


class ShotHead(nn.Module):
    """Answers one task: by what the frames say, by the measured motion, or by both, joined by a gate.

    The gate, a share from 0 to 1 for each shot, weighs the logits of the frames against those of the motion; it goes by
    the pooled features and the aggregates, and starts at one half for every shot.

    Attributes:
        motion: the model of the motion; None where none is seen.
        standard: the aggregates as the gate is given them; None without a gate.
    """

    def __init__(self, design: ShotHeadDesign, pooled: int, *, aggregates: int, columns: int) -> None:
        super().__init__()
        self._design = design
        self.dropout = nn.Dropout(design.dropout)
        self.out = nn.Linear(pooled, len(design.classes)) if design.see != "motion" else None
        self.motion: MotionModel | None = None
        if design.see != "frames":
            self.motion = build_motion(
                design.motion,
                len(design.classes),
                aggregates=aggregates,
                columns=columns,
                rounds=design.rounds,
                depth=design.depth,
                width=design.motion_width,
            )
        self.standard = Standard(aggregates) if design.see == "both" else None
        self.gate = nn.Linear(pooled + aggregates, 1) if design.see == "both" else None
        if self.gate is not None:
            nn.init.zeros_(self.gate.weight)
            nn.init.zeros_(self.gate.bias)

    @property
    def design(self) -> ShotHeadDesign:
        """The design that a head like this one is built from, with what it rests on now."""
        return self._design

    def use(self, what: str) -> None:
        """Let the answers of a head that sees both rest on `both`, on `frames` alone or on `motion` alone.

        Raises:
            ValueError: it does not see that.
        """
        if what not in USES:
            raise ValueError(f"a head rests on one of {USES}, not '{what}'")
        self._design = replace(self._design, used=what)

    def take_motion(self, motion: MotionModel, standard: Standard) -> None:
        """Put a fitted model of the motion in place of the one that is there.

        Args:
            standard: the aggregates on the scale of train, for the gate.

        Raises:
            ValueError: it sees no motion.
        """
        if self.motion is None:
            raise ValueError(f"the head of {self._design.task} sees no motion")
        self.motion = motion
        if self.standard is not None:
            self.standard.load_state_dict(standard.state_dict())
        self._design = replace(
            self._design,
            motion=motion.kind,
            rounds=motion.rounds if isinstance(motion, BoostedMotion | ShippedMotion) else 0,
            depth=motion.depth if isinstance(motion, BoostedMotion | ShippedMotion) else 0,
            motion_width=motion.width if isinstance(motion, SeriesMotion) else self._design.motion_width,
        )

    def forward(
        self,
        pooled: torch.Tensor | None,
        aggregates: torch.Tensor | None,
        series: torch.Tensor | None,
        series_mask: torch.Tensor | None,
    ) -> torch.Tensor:
        """Return logits (batch, classes).

        Args:
            pooled: (batch, pooled features); None where the answer does not rest on frames.
            aggregates, series, series_mask: as `ShotNetwork.answer` takes them.
        """
        if not self._design.sees_motion:
            return self._by_frames(pooled)
        assert self.motion is not None
        of_motion: torch.Tensor = self.motion(aggregates, series, series_mask)
        if not self._design.sees_frames:
            return of_motion
        assert pooled is not None
        assert aggregates is not None
        share = self.share_of_frames(pooled, aggregates)
        return share * self._by_frames(pooled) + (1 - share) * of_motion

    def _by_frames(self, pooled: torch.Tensor | None) -> torch.Tensor:
        assert self.out is not None
        logits: torch.Tensor = self.out(self.dropout(pooled))
        return logits

    def share_of_frames(self, pooled: torch.Tensor, aggregates: torch.Tensor) -> torch.Tensor:
        """Return the gate, (batch, 1): how much the frames count beside the motion, from 0 to 1."""
        assert self.gate is not None
        assert self.standard is not None
        even = functional.layer_norm(pooled, pooled.shape[1:])
        return torch.sigmoid(self.gate(torch.cat([even, self.standard(aggregates)], dim=1)))


class ShotNetwork(nn.Module):
    """A body for frames, temporal layers over its features, and a head for each task.

    What is not needed is None wherever it is an argument: pictures where no head rests on frames, a map of the subject
    where the whole of each frame is looked at, the motion where no head rests on it.

    Attributes:
        body: (batch, channels, height, width) float32, normalised -> (batch, features); None where every head sees
            motion alone.
        mean, std: (1, channels, 1, 1), on a scale of 0 to 1.
        scales: what brings the features to the scale of train, before each temporal layer.
        poolings: the temporal layers.
        heads: by their number, as a string, in the order of the tasks; `head` finds one by its task.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, design: ShotDesign, preprocessing: Preprocessing) -> None:
        """Build the network with random weights, drawn from torch's global generator.

        Raises:
            RecipeError: the backbone is not one that timm knows, or cannot tell subject from background where it must.
        """
        super().__init__()
        self._design = design
        self.views = design.views
        self.body: nn.Module | None = None
        self.feature_count = 0
        if design.backbone is not None:
            self.body, self.feature_count = create_body(design.backbone)
            if self.views != ("whole",):
                size = preprocessing
                check_views(self.body, design.backbone.name, height=size.height, width=size.width)
        self.register_buffer("mean", torch.tensor(preprocessing.mean, dtype=torch.float32).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(preprocessing.std, dtype=torch.float32).view(1, -1, 1, 1))
        self._pooling_of = assign_poolings(design)
        self.scales = nn.ModuleDict()
        self.poolings = nn.ModuleDict()
        self.heads = nn.ModuleDict()
        for number, head in enumerate(design.heads):
            pooled = 0
            if head.see != "motion":
                key = self._pooling_of[number]
                if key not in self.poolings:
                    seen = self.feature_count * len(head.views)
                    self.scales[key] = Standard(seen)
                    self.poolings[key] = build_pooling(head.pooling, seen, width=head.width, layers=head.layers)
                pooled = int(self.poolings[key].out_features)  # type: ignore[arg-type]
            aggregates, columns = len(design.features), len(design.series)
            self.heads[str(number)] = ShotHead(head, pooled, aggregates=aggregates, columns=columns)

    @property
    def design(self) -> ShotDesign:
        """The design that a network like this one is built from, with what its heads rest on now."""
        return replace(self._design, heads=tuple(self.head(task).design for task in self._design.tasks))

    def head(self, task: str) -> ShotHead:
        """Return the head of a task."""
        head = self.heads[str(self._design.tasks.index(task))]
        assert isinstance(head, ShotHead)
        return head

    def features(
        self, pixels: torch.Tensor, mask: torch.Tensor, subject: torch.Tensor | None = None, *, piece: int = 0
    ) -> torch.Tensor:
        """Return what the body sees, (batch, time, views, features) float32; zeros for frames that do not count.

        Args:
            pixels: (batch, time, height, width, channels) uint8, prepared.
            mask: (batch, time) bool, which frames count.
            subject: (batch, time, rows, columns) from 0 to 1: how much of each place of a frame is subject.
            piece: how many frames the body is shown at a time; 0 shows it all at once.
        """
        frames, counted = pixels.flatten(0, 1), mask.flatten()
        maps = None if subject is None else subject.flatten(0, 1)
        if torch.compiler.is_exporting():  # a graph has no room for a number of frames that depends on the mask
            seen = self._see(frames, maps) * counted.to(torch.float32).view(-1, 1, 1)
        else:
            rows = counted.nonzero().squeeze(1)
            seen = torch.zeros(len(frames), len(self.views), self.feature_count, device=self.mean.device)
            for part in torch.split(rows, piece or max(1, len(rows))):
                shown = _filled_up(part) if seen.device.type == "cuda" else part
                found = self._see(frames[shown], None if maps is None else maps[shown])[: len(part)]
                seen = seen.index_put((part.to(seen.device),), found)
        return seen.view(mask.shape[0], mask.shape[1], len(self.views), self.feature_count)

    def _see(self, frames: torch.Tensor, subject: torch.Tensor | None) -> torch.Tensor:
        assert self.body is not None
        # A batch of NHWC, permuted, is NCHW in channels_last memory already: nothing is copied.
        shares = frames.permute(0, 3, 1, 2).to(torch.float32) / 255
        return view_features(self.body, (shares - self.mean) / self.std, subject, self.views).float()

    def answer(
        self,
        features: torch.Tensor | None,
        mask: torch.Tensor | None,
        series: torch.Tensor | None = None,
        series_mask: torch.Tensor | None = None,
        aggregates: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Return the logits (batch, classes) of each task, from what `features` gave.

        Args:
            features: (batch, time, views, features).
            mask: (batch, time) bool, which frames count.
            series: (batch, pairs, columns) float32, the measured motion of each pair of frames.
            series_mask: (batch, pairs) bool, which pairs count; what stands in the others does not matter.
            aggregates: (batch, aggregates) float32, finite: what the series comes to.
        """
        pooled: dict[str, torch.Tensor] = {}
        answers: dict[str, torch.Tensor] = {}
        for number, task in enumerate(self._design.tasks):
            head, of_frames = self.head(task), None
            if head.design.sees_frames:
                assert features is not None
                assert mask is not None
                key = self._pooling_of[number]
                if key not in pooled:
                    pooled[key] = self.poolings[key](self.scales[key](self._given(features, head.design)), mask)
                of_frames = pooled[key]
            answers[task] = head(of_frames, aggregates, series, series_mask)
        return answers

    def measure_scales(self, features: torch.Tensor) -> None:
        """Take what features of train have on average, and how far they spread, for the scale of all features.

        Args:
            features: (frames, views, features), of some or all frames of train.
        """
        for number, head in enumerate(self._design.heads):
            if head.see != "motion":
                given = self._given(features.unsqueeze(0), head)[0].double()
                scale = self.scales[self._pooling_of[number]]
                assert isinstance(scale, Standard)
                spread = given.std(dim=0, correction=0)
                spread[spread < _LEAST_SPREAD] = torch.inf  # what never changes says nothing
                scale.centre.copy_(given.mean(dim=0))
                scale.spread.copy_(spread)

    def _given(self, features: torch.Tensor, head: ShotHeadDesign) -> torch.Tensor:
        """Return what a head is given of each frame, (batch, time, features of its views side by side)."""
        return torch.cat([features[:, :, self.views.index(view)] for view in head.views], dim=2)

    def forward(
        self,
        pixels: torch.Tensor | None,
        mask: torch.Tensor | None,
        subject: torch.Tensor | None = None,
        series: torch.Tensor | None = None,
        series_mask: torch.Tensor | None = None,
        aggregates: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Return the logits (batch, classes) of each task; arguments as `features` and `answer` take them."""
        features = None
        if any(self.head(task).design.sees_frames for task in self._design.tasks):
            assert pixels is not None
            assert mask is not None
            features = self.features(pixels, mask, subject)
        return self.answer(features, mask, series, series_mask, aggregates)


def _filled_up(rows: torch.Tensor) -> torch.Tensor:
    """Return rows with the first one repeated behind them up to a round number.

    A GPU's library plans every convolution anew for each number of pictures that it has not met yet.
    """
    lacking = -len(rows) % _ROUND
    return torch.cat([rows, rows[:1].expand(lacking)]) if lacking else rows


def assign_poolings(design: ShotDesign) -> Mapping[int, str]:
    """Return which temporal layer each head that sees frames has, by the heads' numbers.

    Heads that pool alike, the same views into the same width by as many layers, share one where the design says so.
    """
    keys: dict[tuple[object, ...], str] = {}
    found: dict[int, str] = {}
    for number, head in enumerate(design.heads):
        if head.see != "motion":
            alike = (head.pooling, head.width, head.layers, head.views)
            found[number] = keys.setdefault(alike if design.shared else (number,), str(number))
    return found
