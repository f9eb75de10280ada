"""The peer of the movement branch: a backbone's features of sixteen frames, and a GRU over them.

It gets what ours has: every clip backwards too, features without what the shot shows (its mean is taken off, and their
changes from frame to frame stand beside), and a width and a rate chosen by validation.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.harness import CACHE, Say
from benchmarks.movement_clips import KnownShot
from rushes.footage.movement import MOVEMENTS
from rushes.footage.video import DecodedFrame, decode_frames, index_video
from rushes.storage.files import digest_of_file

FRAMES = 16
_SIDE = 224
_WEIGHTS = "weights/mobilenetv2_100_tf_ptq_dequant_fp16.pth"
_DROPOUT, _DECAY = 0.3, 1e-4
_CHOICES = ((64, 3e-4), (64, 1e-3), (192, 3e-4), (192, 1e-3))  # of width and rate
_EPOCHS, _PATIENCE, _BATCH = 40, 8, 32
_BACKWARDS = np.array([MOVEMENTS.index(name) for name in ("static", "motion", "pull", "push")])
_HELD = 5  # one source in so many validates

Features = npt.NDArray[np.float32]
Classes = npt.NDArray[np.int64]


def features_of(shots: Sequence[KnownShot], media: Path, say: Say) -> Features:
    """Return a frozen MobileNetV2's features of sixteen equally spaced frames, (shots, FRAMES, 1280); kept."""
    folder = CACHE / "movement-features"
    folder.mkdir(parents=True, exist_ok=True)
    body: Any = None
    found = []
    for number, shot in enumerate(shots):
        place = folder / f"{digest_of_file(shot.path)[:24]}-{shot.start}-{shot.stop}.npy"
        if not place.is_file():
            body = body or _body(media / _WEIGHTS)
            np.save(place, _look(body, shot).astype(np.float16))
        found.append(np.load(place).astype(np.float32))
        if number % 300 == 299:
            say(f"  {number + 1:,} of {len(shots):,} shots looked at")
    return np.stack(found)


def choose_settings(features: Features, truth: Classes, sources: Classes, say: Say) -> tuple[int, float]:
    """Return the width and the rate with the least loss on held-out sources."""
    losses = {}
    for width, rate in _CHOICES:
        _, losses[width, rate] = fit_gru(features, truth, sources, width=width, rate=rate)
        say(f"  peer: width {width}, rate {rate:g}: loss on held-out sources {losses[width, rate]:.3f}")
    return min(losses, key=lambda one: losses[one])


def fit_gru(
    features: Features, truth: Classes, sources: Classes, *, width: int, rate: float, seed: int = 0
) -> tuple[Any, float]:
    """Return a GRU with a linear head, fitted until its loss on held-out sources no longer falls, and that loss.

    Every clip is learned from backwards too, where a push is a pull.
    """
    import torch
    from torch import nn

    torch.manual_seed(seed)
    held = np.isin(sources, np.random.default_rng(seed).permutation(sources.max() + 1)[::_HELD])
    network = _Gru(nn, width)
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=_DECAY)
    inputs = torch.from_numpy(np.concatenate([_changes(features), _changes(features[:, ::-1])]))
    wanted = torch.from_numpy(np.concatenate([truth, _BACKWARDS[truth]]))
    held = np.concatenate([held, held])
    order = np.flatnonzero(~held)
    dice = np.random.default_rng(seed)
    best, kept, waited = np.inf, network.state(), 0
    for _ in range(_EPOCHS):
        network.train()
        for batch in np.array_split(dice.permutation(order), max(1, len(order) // _BATCH)):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(inputs[batch]), wanted[batch]).backward()
            optimizer.step()
        network.eval()
        with torch.no_grad():
            loss = float(nn.functional.cross_entropy(network(inputs[held]), wanted[held]))
        best, kept, waited = (loss, network.state(), 0) if loss < best else (best, kept, waited + 1)
        if waited >= _PATIENCE:
            break
    network.load_state_dict(kept)
    return network, best


def _changes(features: Features) -> Features:
    """Return features without the shot's mean, and beside them how they change from the frame before."""
    steps = np.diff(features, axis=1, prepend=features[:, :1])
    return np.concatenate([features - features.mean(axis=1, keepdims=True), steps], axis=2)


def predict(network: Any, features: Features) -> npt.NDArray[np.float64]:
    """Return probabilities, (shots, MOVEMENTS)."""
    import torch

    network.eval()
    with torch.no_grad():
        there, back = (torch.softmax(network(torch.from_numpy(_changes(one))), dim=1).numpy()
                       for one in (features, features[:, ::-1]))  # fmt: skip
    return np.asarray((there + back[:, _BACKWARDS]) / 2, np.float64)


def _Gru(nn: Any, width: int) -> Any:
    class Gru(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.LayerNorm(2 * 1280)
            self.gru = nn.GRU(2 * 1280, width, batch_first=True)
            self.head = nn.Sequential(nn.Dropout(_DROPOUT), nn.Linear(width, len(MOVEMENTS)))

        def forward(self, frames: Any) -> Any:
            return self.head(self.gru(self.norm(frames))[0][:, -1])

        def state(self) -> dict[str, Any]:
            return {name: value.clone() for name, value in self.state_dict().items()}

    return Gru()


def _body(weights: Path) -> Any:
    import timm
    import torch

    body = timm.create_model("mobilenetv2_100", pretrained=False, pad_type="same")
    body.load_state_dict(torch.load(weights, weights_only=True))
    body.reset_classifier(0)
    return body.float().eval()


def _look(body: Any, shot: KnownShot) -> Features:
    import cv2
    import torch

    ordinals = np.linspace(shot.start, shot.stop - 1, FRAMES).round().astype(int)
    pictures = {}
    for frame in decode_frames(shot.path, index_video(shot.path), sorted(set(ordinals.tolist()))):
        if isinstance(frame, DecodedFrame):
            pictures[frame.ordinal] = cv2.resize(frame.pixels, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA)
    there = np.array(sorted(pictures))
    distinct = np.stack([pictures[int(ordinal)] for ordinal in there])
    with torch.no_grad():
        given = torch.from_numpy(distinct).permute(0, 3, 1, 2).float() / 127.5 - 1
        found = body(given.contiguous()).numpy()
    return np.asarray(found[[int(np.abs(there - ordinal).argmin()) for ordinal in ordinals]], np.float32)
