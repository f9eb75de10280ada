"""Culls whose process dies in the middle."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from inference.culls import contents, make_cull, make_shoot, originals, sidecar, tree
from rushes.inference.cull_apply import apply_cull
from rushes.inference.cull_folders import look_into
from rushes.inference.cull_outputs import Outputs
from rushes.inference.cull_undo import undo_cull
from rushes.storage.files import is_temporary

NAMES = ["a.CR3", "a.JPG", "b.CR3", "sub/c.NEF", "sub/d.NEF"]
SIDECARS = {"a.xmp": sidecar("a"), "sub/c.xmp": sidecar("c"), "sub/d.xmp": sidecar("d")}
KILLS = 24

Die = Callable[..., str]


@pytest.fixture(scope="module")
def die(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Die]:
    """A process that carries out orders in children of its own."""
    if sys.platform == "win32":
        pytest.skip("a process cannot be forked here")
    command = [sys.executable, str(Path(__file__).with_name("killed_culls.py")), str(tmp_path_factory.getbasetemp())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        orders, answers = process.stdin, process.stdout

        def order(act: str, base: Path, at: int, *, by: str = "kill") -> str:
            line: dict[str, Any] = {"act": act, "folder": str(base / "culls" / "one"), "at": at, "signal": by}
            line["cull"] = make_cull(base / "lake", PICKS, REJECTS).to_table()
            line["outputs"] = {"profile": "adobe", "copy_to": str(base / "out" / "picks")}
            orders.write(json.dumps(line) + "\n")
            orders.flush()
            return answers.readline().strip()

        yield order
        orders.close()


PICKS, REJECTS = ["a.CR3,a.JPG", "sub/c.NEF"], ["b.CR3", "sub/d.NEF"]


def begin(base: Path) -> Path:
    """Return a shoot that was not culled; what stood there before is gone."""
    for part in base.iterdir():
        shutil.rmtree(part)
    return make_shoot(base / "lake", NAMES, sidecars=SIDECARS)


def finish(base: Path) -> None:
    """Carry the cull out to its end."""
    outputs = Outputs(profile="adobe", copy_to=base / "out" / "picks")
    applied = apply_cull(make_cull(base / "lake", PICKS, REJECTS), outputs, folder=base / "culls" / "one")
    assert (applied.failures, applied.stopped) == ((), "")


def all_of(base: Path) -> dict[str, bytes]:
    """Return what stands in the shoot and the folder of picks."""
    return {f"{part}/{name}": data for part in ("lake", "out") for name, data in contents(base / part).items()}


@pytest.mark.parametrize("by", ["kill", "interrupt"])
def test_a_cull_killed_at_any_step_goes_on_and_is_undone(die: Die, tmp_path: Path, by: str) -> None:
    begin(tmp_path)
    before = all_of(tmp_path)
    finish(tmp_path)
    wanted = all_of(tmp_path)
    begin(tmp_path)
    steps = int(die("apply", tmp_path, 0).removeprefix("ended "))
    assert all_of(tmp_path) == wanted
    assert steps > 60
    for number, at in enumerate(random.Random(8).sample(range(1, steps + 1), KILLS if by == "kill" else 6)):
        shoot = begin(tmp_path)
        stood, raws = tree(shoot), originals(shoot)
        assert die("apply", tmp_path, at, by=by) in ("killed", "interrupted")
        assert originals(shoot) == raws
        for name, data in all_of(tmp_path).items():
            assert is_temporary(Path(name).name) or data in (before.get(name), wanted.get(name)), (at, name)
        if (tmp_path / "culls" / "one" / "journal.jsonl").is_file():
            assert look_into(tmp_path / "culls" / "one").state in ("planned", "interrupted", "applied"), at
        if number % 2:
            finish(tmp_path)
            assert all_of(tmp_path) == wanted, at
        if (tmp_path / "culls" / "one" / "cull.json").is_file():
            assert undo_cull(tmp_path / "culls" / "one").refused == (), at
        assert tree(shoot) == stood, at
        assert not (tmp_path / "out").exists(), at


def test_an_undo_killed_at_any_step_goes_on_or_is_carried_out_again(die: Die, tmp_path: Path) -> None:
    begin(tmp_path)
    finish(tmp_path)
    wanted = all_of(tmp_path)
    steps = int(die("undo", tmp_path, 0).removeprefix("ended "))
    for number, at in enumerate(random.Random(9).sample(range(1, steps + 1), KILLS // 2)):
        shoot = begin(tmp_path)
        stood = tree(shoot)
        finish(tmp_path)
        assert die("undo", tmp_path, at) == "killed"
        if number % 2:
            finish(tmp_path)
            assert all_of(tmp_path) == wanted, at
        assert undo_cull(tmp_path / "culls" / "one").refused == (), at
        assert tree(shoot) == stood, at
        assert not (tmp_path / "out").exists(), at
