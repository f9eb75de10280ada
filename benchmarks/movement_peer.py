"""The peer of the movement branch: a backbone's features of sixteen frames, and a GRU over them."""

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
_HIDDEN, _DROPOUT, _RATE, _DECAY = 128, 0.3, 1e-3, 1e-4
_EPOCHS, _PATIENCE, _BATCH = 60, 10, 32
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


def fit_gru(features: Features, truth: Classes, sources: Classes, *, seed: int = 0) -> Any:
    """Return a GRU with a linear head, fitted until its loss on held-out sources no longer falls."""
    import torch
    from torch import nn

    torch.manual_seed(seed)
    held = np.isin(sources, np.random.default_rng(seed).permutation(sources.max() + 1)[::_HELD])
    network = _Gru(nn)
    optimizer = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=_DECAY)
    inputs, wanted = torch.from_numpy(features), torch.from_numpy(truth)
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
    return network


def predict(network: Any, features: Features) -> npt.NDArray[np.float64]:
    """Return probabilities, (shots, MOVEMENTS)."""
    import torch

    network.eval()
    with torch.no_grad():
        return np.asarray(torch.softmax(network(torch.from_numpy(features)), dim=1).numpy(), np.float64)


def _Gru(nn: Any) -> Any:
    class Gru(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.LayerNorm(1280)
            self.gru = nn.GRU(1280, _HIDDEN, batch_first=True)
            self.head = nn.Sequential(nn.Dropout(_DROPOUT), nn.Linear(_HIDDEN, len(MOVEMENTS)))

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
