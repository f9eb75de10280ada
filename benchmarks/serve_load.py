"""`rushes serve` under load, beside a plain endpoint of FastAPI and eager torch."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.harness import ROOT, Outcome, Say, Target
from benchmarks.hostile_uploads import make_bundle, serve_apart
from rushes.footage.picture import encode_picture

TARGET = Target("ratio", 3)
_CLIENTS = (1, 8, 64)
_JUDGED, _MANY = 8, 64
_ROUNDS, _SECONDS = 3, 8.0
_SIZE = (480, 640)  # pixels: height, width
_PICTURES = 12
_STARTED_SECONDS = 120.0


def measure(say: Say) -> Outcome:
    say("Requests a second and their times at 1, 8 and 64 clients, for MobileNetV2 at 224 pixels: `rushes serve` (ONNX "
        "Runtime, float32, decoding in processes) and a FastAPI endpoint around the same network in eager torch, in an "
        "`async def` and in a `def`; the faster of the two is the peer.")  # fmt: skip
    say(f"Input: {_PICTURES} JPEGs of {_SIZE[1]} x {_SIZE[0]} pixels, sent as forms over connections that stay; the "
        "clients are a process on the same cores.")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        bundle, pictures = make_bundle(Path(folder)), _pictures(Path(folder))
        weights = _plain_weights(bundle, Path(folder))
        with (
            _ours(bundle, Path(folder)) as ours,
            _peer(weights, "plain") as plain,
            _peer(weights, "threads") as threads,
        ):
            servers = {"ours": ours, "plain": plain, "threads": threads}
            found = _in_turns(servers, pictures, say)
    return _outcome(found, say)


def _in_turns(
    servers: dict[str, int], pictures: Sequence[Path], say: Say
) -> dict[tuple[str, int], list[dict[str, Any]]]:
    for port in servers.values():
        _load(port, 4, 2.0, pictures)  # what is loaded with the first requests is loaded
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for count in _CLIENTS:
        for _ in range(_ROUNDS):
            for name, port in servers.items():
                found.setdefault((name, count), []).append(_load(port, count, _SECONDS, pictures))
        for name in servers:
            some = found[name, count]
            say(f"  {count} client{'s' if count > 1 else ''}, {name}: {_of(some, 'rate'):.1f} requests/s, "
                f"p50 {_of(some, 'p50_ms'):.0f} ms, p99 {_of(some, 'p99_ms'):.0f} ms, "
                f"{sum(one['errors'] for one in some)} errors {some[0]['first_error']}")  # fmt: skip
    return found


def _outcome(found: dict[tuple[str, int], list[dict[str, Any]]], say: Say) -> Outcome:
    def rate(name: str, count: int) -> float:
        return _of(found[name, count], "rate")

    for count in _CLIENTS:
        best = max(rate("plain", count), rate("threads", count))
        say(f"  {count} clients: {rate('ours', count) / best:.2f} x the faster peer")
    peer = max(rate("plain", _JUDGED), rate("threads", _JUDGED))
    clean = not sum(one["errors"] for one in found["ours", _MANY])
    say("The line below is seconds a request at 8 clients; it holds only without an error at 64.")
    return Outcome("serve_load", 1000 / rate("ours", _JUDGED), 1000 / peer, "ms", TARGET, clean)


def _of(some: Sequence[dict[str, Any]], key: str) -> float:
    return median(float(one[key]) for one in some)


def _load(port: int, clients: int, seconds: float, pictures: Sequence[Path]) -> dict[str, Any]:
    words = [sys.executable, "-m", "benchmarks.serve_client", port, clients, seconds, *pictures]
    done = subprocess.run([str(word) for word in words], cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def _pictures(folder: Path) -> list[Path]:
    """Write pictures that look like photographs to a decoder: smooth shapes under some grain."""
    import cv2

    random, paths = np.random.default_rng(5), []
    for number in range(_PICTURES):
        coarse = random.integers(0, 256, (12, 16, 3), np.uint8)
        smooth = cv2.resize(coarse, _SIZE[::-1], interpolation=cv2.INTER_CUBIC).astype(np.int16)
        grain = random.normal(0, 6, (*_SIZE, 1)).astype(np.int16)
        path = folder / f"{number}.jpg"
        path.write_bytes(encode_picture(np.clip(smooth + grain, 0, 255).astype(np.uint8), "jpeg", 90))
        paths.append(path)
    return paths


def _plain_weights(bundle: Path, folder: Path) -> Path:
    """Write the weights of a bundle's backbone as timm names them."""
    from safetensors.torch import load_file, save_file

    state = load_file(bundle / "model.safetensors")
    prefix = next(name for name in state if name.endswith("conv_stem.weight")).removesuffix("conv_stem.weight")
    plain = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    head = [
        name
        for name in state
        if not name.startswith(prefix) and name.endswith(("weight", "bias")) and state[name].shape[0] == 5
    ]
    plain |= {f"classifier.{name.rpartition('.')[2]}": state[name] for name in head}
    path = folder / "plain.safetensors"
    save_file({name: value.contiguous() for name, value in plain.items()}, path)
    return path


@contextmanager
def _ours(bundle: Path, folder: Path) -> Iterator[int]:
    with serve_apart(bundle, folder) as process:
        yield int(process.address.rpartition(":")[2])


@contextmanager
def _peer(weights: Path, way: str) -> Iterator[int]:
    port = _free_port()
    with _process([sys.executable, "-m", "benchmarks.serve_peer", weights, port, way]):
        _wait_for(f"http://127.0.0.1:{port}/openapi.json")
        yield port


@contextmanager
def _process(words: Sequence[object]) -> Iterator[None]:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    process = subprocess.Popen(
        [str(word) for word in words], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str) -> None:
    end = time.monotonic() + _STARTED_SECONDS
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
