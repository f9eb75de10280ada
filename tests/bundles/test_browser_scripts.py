"""The page's own reckoning, run by Node: pixels, bars, calibration and CSV as Python has them."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from rushes.bundles.browser_page import PAGE_MODULES, SOURCES, WORKER_MODULES, join_modules
from rushes.datasets.letterbox import find_letterbox
from rushes.datasets.preprocessing import Preprocessing, prepare
from rushes.footage.picture import parse_size, resize
from rushes.learning.calibration import Calibration

RANDOM = np.random.default_rng(5)


def run(node: str, folder: Path, names: tuple[str, ...], program: str, told: Any) -> Any:
    """Return what a program says that has the functions of these modules and `told`."""
    (folder / "told.json").write_text(json.dumps(told))
    text = f'{join_modules(names)}\nconst fs = require("fs");\nconst told = JSON.parse(fs.readFileSync("told.json"));\n'
    (folder / "program.cjs").write_text(f"{text}console.log(JSON.stringify(({program})()));")
    done = subprocess.run([node, "program.cjs"], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def picture(height: int, width: int, *, bars: int = 0) -> np.ndarray:
    coarse = RANDOM.integers(60, 256, (max(2, height // 12), max(2, width // 12), 3), np.uint8)
    pixels = np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)
    pixels[:bars] = 4
    pixels[height - bars :] = 5
    return pixels


def cases() -> list[tuple[np.ndarray, str, Preprocessing]]:
    found = []
    for size in ("200", "96x64", "640x360"):
        for fit in ("squeeze", "crop", "pad"):
            for height, width, bars in ((90, 120, 0), (240, 320, 40), (171, 333, 0), (400, 128, 0), (30, 300, 0)):
                kept = "remove" if bars else "keep"
                found.append((picture(height, width, bars=bars), size, Preprocessing(56, 48, fit=fit, letterbox=kept)))
    gray = Preprocessing(40, 40, color="gray", mean=(0.5,), std=(0.5,))
    return [*found, (picture(100, 80), "640", gray)]


def test_pictures_are_prepared_as_in_python_but_for_the_rounding_of_a_level(node: str, tmp_path: Path) -> None:
    told, expected = [], []
    for number, (pixels, size, preprocessing) in enumerate(cases()):
        (tmp_path / f"{number}.raw").write_bytes(pixels.tobytes())
        table = preprocessing.to_table() | {"letterbox": preprocessing.letterbox}
        told.append({"width": pixels.shape[1], "height": pixels.shape[0], "size": size, "preprocessing": table})
        expected.append(prepare(resize(pixels, parse_size(size)), preprocessing))
    program = """() => told.map((one, number) => {
        const data = new Uint8Array(fs.readFileSync(`${number}.raw`));
        const picture = { width: one.width, height: one.height, channels: 3, data };
        return Array.from(prepare(toWorkingSize(picture, one.size), one.preprocessing).data);
    })"""
    found = run(node, tmp_path, ("planes.js", "letterbox.js", "pixels.js"), program, told)
    for one, mine, case in zip(expected, found, cases(), strict=True):
        apart = np.abs(np.array(mine).reshape(one.shape) - one.astype(int))
        assert apart.max() <= 2, case[1:]
        assert apart.mean() < 0.2, case[1:]


def test_black_bars_are_found_where_python_finds_them(node: str, tmp_path: Path) -> None:
    shown = [picture(200, 300), picture(200, 300, bars=24), picture(24, 24, bars=4), picture(120, 200, bars=1)]
    beside = picture(300, 200, bars=30).transpose(1, 0, 2).copy()
    night = picture(200, 300) // 12
    shown += [beside, night]
    for number, pixels in enumerate(shown):
        (tmp_path / f"{number}.raw").write_bytes(pixels.tobytes())
    program = """() => told.map(([height, width], number) => {
        const data = new Uint8Array(fs.readFileSync(`${number}.raw`));
        const box = findLetterbox({ width, height, channels: 3, data });
        return [box.top, box.bottom, box.left, box.right];
    })"""
    found = run(node, tmp_path, ("planes.js", "letterbox.js"), program, [one.shape[:2] for one in shown])
    boxes = [find_letterbox(one) for one in shown]
    assert found == [[box.top, box.bottom, box.left, box.right] for box in boxes]
    assert boxes[1].top == 24
    assert boxes[4].left == 30


@pytest.mark.parametrize(
    ("calibration", "classes"),
    [
        (Calibration(), 3),
        (Calibration("temperature", temperature=0.3), 4),
        (Calibration("temperature", temperature=7.5), 4),
        (Calibration("isotonic", scores=(0.0, 0.2, 0.5, 0.9, 1.0), shares=(0.05, 0.1, 0.5, 0.7, 0.95)), 2),
    ],
)
def test_probabilities_are_calibrated_as_in_python(
    node: str, tmp_path: Path, calibration: Calibration, classes: int
) -> None:
    given = RANDOM.dirichlet(np.full(classes, 0.3), 40).astype(np.float32)
    given[0] = np.eye(classes)[1]
    given[1] = 1 / classes
    told = {"rows": given.astype(float).tolist(), "calibration": calibration.to_table()}
    program = "() => told.rows.map((row) => calibrate(row, told.calibration))"
    found = np.array(run(node, tmp_path, ("answers.js",), program, told))
    np.testing.assert_allclose(found, calibration.apply(given), atol=2e-7)
    assert (found.argmax(1) == given.argmax(1)).all()


def test_a_csv_of_the_page_is_read_back_with_the_columns_of_predict(node: str, tmp_path: Path) -> None:
    answered = {"predicted": 1, "probabilities": [0.25, 0.75], "above": ['a, "b"', "c"]}
    items = [
        {"name": "one, two.jpg", "answer": answered},
        {"name": "bad\n.jpg", "answer": None, "problem": "no picture"},
    ]
    program = 'Buffer ? () => csvOf(told, ["x", "y"]) : null'
    rows = list(csv.DictReader(io.StringIO(run(node, tmp_path, ("sheet.js",), program, items), newline="")))
    assert list(rows[0])[:8] == ["file", "kind", "start", "stop", "start_timecode", "stop_timecode", "predicted_class",
                                 "confidence"]  # fmt: skip
    assert (rows[0]["file"], rows[0]["predicted_class"], rows[0]["p:y"]) == ("one, two.jpg", "y", "0.75")
    assert rows[0]["above"] == 'a, "b"/c'
    assert (rows[1]["file"], rows[1]["kind"], rows[1]["error"]) == ("bad\n.jpg", "unreadable", "no picture")


def test_a_difference_that_is_no_number_never_holds(node: str, tmp_path: Path) -> None:
    program = """() => [compare([[0.5, 0.5]], [[0.5, NaN]], 1e-4), compare([[0.9, 0.1]], [[0.1, 0.9]], 1e-4),
        compare([[0.50001, 0.49999]], [[0.49999, 0.50001]], 1e-4)].map((one) => one.holds)"""
    assert run(node, tmp_path, ("answers.js",), program, None) == [False, False, True]


@pytest.mark.parametrize("names", [PAGE_MODULES, WORKER_MODULES])
def test_joined_modules_are_one_script(node: str, tmp_path: Path, names: tuple[str, ...]) -> None:
    text = join_modules(names)
    assert "\nimport " not in text
    assert "\nexport " not in text
    assert "</script" not in text
    (tmp_path / "joined.cjs").write_text(text)  # a name declared twice is an error of syntax
    done = subprocess.run([node, "--check", "joined.cjs"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_script_is_in_the_page_or_its_worker() -> None:
    assert {file.name for file in SOURCES.glob("*.js")} == {*PAGE_MODULES, *WORKER_MODULES}
