"""Ways to have Ray do the same small work, beside a bare pool: tasks, our actors with chunks, and Ray Data.

Each way looks at the same pictures with two processes. Its start and its work are timed apart; ratios are of the work.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from rushes.scale.engine import Seat, Work
from rushes.scale.on_ray import OnRay

PROCESSES = 2


def look(path: str) -> float:
    with Image.open(path) as picture:
        return float(np.asarray(picture.convert("L").resize((64, 36))).mean())


def look_at(paths: Sequence[str]) -> list[float]:
    return [look(path) for path in paths]


def build_look(seat: Seat) -> Callable[[Sequence[str]], list[float]]:
    return look_at


def by_pool(paths: Sequence[str], warm: Sequence[str]) -> tuple[float, float, list[float]]:
    begun = time.perf_counter()
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as pool:
        list(pool.map(look, warm))
        ready = time.perf_counter()
        found = list(pool.map(look, paths, chunksize=16))
        return ready - begun, time.perf_counter() - ready, found


def by_tasks(paths: Sequence[str], warm: Sequence[str]) -> tuple[float, float, list[float]]:
    import ray

    begun = time.perf_counter()
    task = ray.remote(look)
    ray.get([task.remote(path) for path in warm])
    ready = time.perf_counter()
    found = ray.get([task.remote(path) for path in paths])
    return ready - begun, time.perf_counter() - ready, found


def by_engine(engine: OnRay, paths: Sequence[str], warm: Sequence[str]) -> tuple[float, float, list[float]]:
    begun = time.perf_counter()
    parts = engine.map(Work(build_look, "looking"), [*warm, *paths])
    done = list(next(iter(parts)))
    ready = time.perf_counter()
    done += [one for part in parts for one in part]
    ended = time.perf_counter()
    return ready - begun, ended - ready, [one.answer for one in sorted(done, key=lambda one: one.number)][len(warm) :]


def by_data(paths: Sequence[str], warm: Sequence[str]) -> tuple[float, float, list[float]]:
    import ray

    ray.data.DataContext.get_current().enable_progress_bars = False

    def batch(rows: dict[str, Any]) -> dict[str, Any]:
        return {"path": rows["path"], "seen": np.array(look_at(list(rows["path"])))}

    def seen_of(some: Sequence[str]) -> list[float]:
        rows = ray.data.from_items([{"path": path} for path in some]).map_batches(batch, batch_size=16).take_all()
        seen = {row["path"]: float(row["seen"]) for row in rows}
        return [seen[path] for path in some]

    begun = time.perf_counter()
    seen_of(warm)
    ready = time.perf_counter()
    found = seen_of(paths)
    return ready - begun, time.perf_counter() - ready, found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=500)
    count = parser.parse_args().files
    os.environ["PYTHONPATH"] = os.pathsep.join([str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")])
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        rng = np.random.default_rng(0)
        for number in range(count):
            paths.append(f"{folder}/{number}.jpg")
            Image.fromarray(rng.integers(0, 255, (36, 64, 3), np.uint8)).resize((1280, 720)).save(paths[-1])
        warm = paths[:PROCESSES]
        begun = time.perf_counter()
        engine = OnRay(workers=PROCESSES)
        assert engine.workers == PROCESSES
        print(f"starting a cluster on this machine: {time.perf_counter() - begun:.1f} s")
        from benchmarks.ray_ways import by_data, by_engine, by_pool, by_tasks  # by a name that workers know

        ways = {"pool": by_pool, "tasks": by_tasks, "actors": partial(by_engine, engine), "data": by_data}
        rounds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        expected: list[float] = []
        for _ in range(2):
            for name, way in ways.items():
                start, work, found = way(paths, warm)
                expected = expected or found
                assert found == expected, name
                rounds[name].append((start, work))
        engine.close()
    best = {name: min(work for _, work in told) for name, told in rounds.items()}
    for name, told in rounds.items():
        print(f"{name:7} start {told[0][0]:5.1f} s, work {best[name]:5.2f} s, ratio {best[name] / best['pool']:.2f}")
    print(json.dumps({"name": "ray_ways", **{name: round(best[name] / best["pool"], 2) for name in best}}))


if __name__ == "__main__":
    main()
