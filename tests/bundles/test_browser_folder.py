"""A bundle as a page: one file that connects to nothing, checked before it is kept, refused where altered."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmarks.browser import open_browser

from bundles.tiny import CLASSES
from rushes.bundles.browser_check import check_in_browser, why_not
from rushes.bundles.browser_folder import export_browser, is_browser_folder, open_browser_folder
from rushes.bundles.browser_page import read_licences, read_runtime
from rushes.bundles.bundle import open_bundle
from rushes.bundles.sealed import list_bundles, seal_folder
from rushes.cli.main import main
from rushes.datasets.measured_input import MeasuredInput
from rushes.errors import BundleError
from rushes.footage.picture import encode_picture
from rushes.inference.predictor import Predictor
from rushes.learning.calibration import Calibration

THRESHOLDS = {"red": 0.5, "blue": 0.4}


@pytest.fixture(scope="module")
def page(colours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A browser folder of the tiny bundle with a calibration and thresholds, made without a browser."""
    bundle = replace(
        open_bundle(colours), calibration=Calibration("temperature", temperature=0.5), thresholds=THRESHOLDS
    )
    return export_browser(bundle, tmp_path_factory.mktemp("pages") / "colours-browser").folder


def block(text: str, name: str) -> str:
    found = re.search(rf'<script type="[^"]*" id="{name}">(.*?)</script>', text, re.DOTALL)
    assert found, name
    return found[1]


def test_all_is_in_one_file_as_its_digests_say(page: Path, colours: Path) -> None:
    text = (page / "index.html").read_text()
    parts = json.loads(block(text, "config"))["parts"]
    assert set(parts) == {"model", "samples", "loader", "runtime"}
    for name, part in parts.items():
        data = gzip.decompress(base64.b64decode(block(text, f"part-{name}")))
        assert (len(data), hashlib.sha256(data).hexdigest()) == (part["bytes"], part["sha256"])
    assert parts["model"]["sha256"] == open_bundle(colours).files["model.onnx"]


def test_the_policy_lets_the_page_run_its_own_script_and_connect_to_nothing(page: Path) -> None:
    text = (page / "index.html").read_text()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    rules = dict(rule.split(" ", 1) for rule in policy[1].split("; "))
    script = re.search(r'<script type="module">(.*?)</script>', text, re.DOTALL)
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert script
    assert style
    for rule, said in (("script-src", script[1]), ("style-src", style[1])):
        assert base64.b64encode(hashlib.sha256(said.encode()).digest()).decode() in rules[rule]
    assert "unsafe-inline" not in policy[1]
    assert rules["connect-src"] == rules["default-src"] == "'none'"
    assert re.findall(r'(?:src|href)="', text) == []


def test_the_page_is_told_what_the_bundle_says(page: Path, colours: Path) -> None:
    config = json.loads(block((page / "index.html").read_text(), "config"))
    bundle = open_bundle(colours)
    assert config["bundle"] == {"name": "colours", "id": bundle.id, "task": "colour"}
    assert config["classes"] == list(CLASSES)
    assert config["thresholds"] == THRESHOLDS
    assert (config["calibration"]["kind"], config["calibration"]["temperature"]) == ("temperature", 0.5)
    assert len(config["parity"]["probabilities"]) == len(config["parity"]["calibrated"]) == 9


def test_without_a_browser_the_folder_says_that_the_page_checks_itself(page: Path) -> None:
    parity = json.loads((page / "parity.json").read_text())
    assert (parity["checked"], parity["runtime"]) == (False, "onnxruntime-web 1.30.0")
    assert "checks itself whenever it is opened" in parity["reason"]
    assert "no Chromium to try it in" in (page / "README.md").read_text()


def test_what_is_too_large_for_one_file_lies_beside_the_page(colours: Path, tmp_path: Path) -> None:
    folder = export_browser(open_bundle(colours), tmp_path / "large", one_file_bytes=1000).folder
    parts = json.loads(block((folder / "index.html").read_text(), "config"))["parts"]
    for part in parts.values():
        assert hashlib.sha256((folder / part["file"]).read_bytes()).hexdigest() == part["sha256"]
    assert "connect-src 'self'" in (folder / "index.html").read_text()
    assert "python -m http.server" in (folder / "README.md").read_text()


def test_an_altered_page_is_refused_by_digest(page: Path, tmp_path: Path) -> None:
    assert is_browser_folder(page)
    assert open_browser_folder(page).name == "colours"
    (tmp_path / "bundle.json").write_bytes((page / "bundle.json").read_bytes())
    for name in open_browser_folder(page).files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((page / name).read_bytes())
    (tmp_path / "index.html").write_text((page / "index.html").read_text().replace("colour", "flavour", 1))
    with pytest.raises(BundleError, match=r"index\.html was altered since the export.*rushes export BUNDLE --browser$"):
        open_browser_folder(tmp_path)


def test_a_bundle_that_takes_measures_is_refused_and_nothing_is_left(colours: Path, tmp_path: Path) -> None:
    bundle = replace(open_bundle(colours), measures=MeasuredInput(("sharpness",), 1024))
    with pytest.raises(BundleError, match=r"takes measures of a picture .* which a page cannot take"):
        export_browser(bundle, tmp_path / "page")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(colours: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(BundleError, match="is there already"):
        export_browser(open_bundle(colours), tmp_path)
    assert (tmp_path / "mine").read_text() == "mine"


def test_what_runs_the_model_is_as_it_was_published_and_has_its_licence() -> None:
    runtime = read_runtime()
    assert runtime["runtime"].startswith(b"\0asm")
    assert b"ONNX Runtime Web v1.30.0" in runtime["loader"][:200]
    licences = read_licences()
    assert b"MIT License" in licences["LICENSE.txt"]
    assert len(licences["ThirdPartyNotices.txt"]) > 100_000


def test_a_dry_run_says_where_the_page_would_stand(colours: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["export", str(colours), "--browser", "--dry-run", "--json"])
    assert ended.value.code == 0
    target = str(colours.with_name("colours-browser"))
    assert json.loads(capsys.readouterr().out) == {"bundle": str(colours), "browser": target, "dry_run": True}


def test_the_page_answers_as_python_does_and_the_doctor_says_so(
    chromium: str, colours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = replace(
        open_bundle(colours), thresholds=THRESHOLDS, calibration=Calibration("temperature", temperature=0.5)
    )
    folder = export_browser(bundle, tmp_path / "page", chromium=chromium).folder
    parity = json.loads((folder / "parity.json").read_text())
    assert (parity["holds"], parity["pictures"], parity["disagreements"]) == (True, 9, 0)
    assert parity["largest_difference"] <= 1e-5
    assert parity["decoding"]["largest_difference"] <= 12
    random = np.random.default_rng(1)
    pictures = [random.integers(0, 256, (30 + 17 * index, 90, 3), np.uint8) // (1 + index) for index in range(3)]
    files = [tmp_path / f"{index}.png" for index in range(len(pictures))]
    for file, pixels in zip(files, pictures, strict=True):
        file.write_bytes(encode_picture(pixels, "png"))
    (tmp_path / "no.jpg").write_text("no picture")
    rows = answers_of_page(folder, [*files, tmp_path / "no.jpg"])
    expected = Predictor(bundle, threads=1).probabilities(pictures)
    for row, probabilities in zip(rows, expected, strict=False):
        assert row["predicted_class"] == CLASSES[probabilities.argmax()]
        np.testing.assert_allclose([float(row[f"p:{name}"]) for name in CLASSES], probabilities, atol=0.01)
        above = [name for name in THRESHOLDS if probabilities[CLASSES.index(name)] >= THRESHOLDS[name]]
        assert row["above"] == "/".join(above)
    assert "no picture that this browser opens" in rows[3]["error"]


def answers_of_page(folder: Path, files: list[Path]) -> list[dict[str, str]]:
    """Return the rows of the CSV that a page gives for files that were chosen in it."""
    with open_browser() as browser:
        browser.open((folder / "index.html").as_uri())
        browser.wait_until("document.querySelector('#status.ready')", seconds=60)
        handed = [{"name": file.name, "data": base64.b64encode(file.read_bytes()).decode()} for file in files]
        browser.ask(
            "{const kept = new DataTransfer(); for (const one of " + json.dumps(handed) + ")"
            " kept.items.add(new File([Uint8Array.from(atob(one.data), (c) => c.charCodeAt(0))], one.name));"
            " dispatchEvent(new DragEvent('drop', {dataTransfer: kept})); 0}"
        )
        browser.wait_until(f"document.querySelectorAll('#rows tr').length === {len(files)}")
        browser.wait_until("!document.getElementById('save').disabled", seconds=60)
        made = "window.made = []; window.make = URL.createObjectURL; URL.createObjectURL = (blob) => "
        browser.ask(made + "{ window.made.push(blob); return window.make(blob); }; 0")
        browser.ask("document.getElementById('save').click()")
        text = browser.ask("window.made.at(-1).text()")
        assert browser.complaints == []
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.longer
def test_a_page_whose_answers_are_others_refuses_to_answer(chromium: str, page: Path, tmp_path: Path) -> None:
    text = (page / "index.html").read_text()
    config = json.loads(block(text, "config"))
    config["parity"]["probabilities"][0].reverse()
    told = json.dumps(config).replace("<", "\\u003c")
    (tmp_path / "index.html").write_text(text.replace(block(text, "config"), told))
    why = why_not(check_in_browser(tmp_path, chromium))
    assert "does not compute what the model was certified to: on 9 stored samples" in why
    (tmp_path / "parity.json").write_text("{}")
    (tmp_path / "README.md").write_text("")
    seal_folder(tmp_path, schema="browser/1", name="colours", run={})
    with pytest.raises(SystemExit) as ended:
        main(["doctor", str(tmp_path)])
    assert ended.value.code == 2


@pytest.mark.longer
def test_a_page_whose_model_was_altered_refuses_to_answer(chromium: str, page: Path, tmp_path: Path) -> None:
    text = (page / "index.html").read_text()
    config = json.loads(block(text, "config"))
    config["parts"]["model"]["sha256"] = "0" * 64
    (tmp_path / "index.html").write_text(
        text.replace(block(text, "config"), json.dumps(config).replace("<", "\\u003c"))
    )
    assert "The model was altered since the export" in why_not(check_in_browser(tmp_path, chromium))


@pytest.mark.longer
def test_parts_beside_the_page_are_checked_through_a_server(
    chromium: str, colours: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export_browser(open_bundle(colours), tmp_path / "large", one_file_bytes=1000, chromium=chromium)
    with pytest.raises(SystemExit) as ended:
        main(["doctor", str(tmp_path / "large"), "--json"])
    assert ended.value.code == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["checked"], said["pictures"]) == (True, 9)


def test_a_page_given_in_place_of_its_bundle_names_the_bundle(page: Path, colours: Path, tmp_path: Path) -> None:
    home = tmp_path / "bundles"
    shutil.copytree(page, home / "colours-browser")
    with pytest.raises(
        BundleError, match=r"is a page for browsers, not a bundle\. Give the bundle 'colours', of which"
    ):
        open_bundle(home / "colours-browser")
    shutil.copytree(colours, home / "mine")
    with pytest.raises(BundleError, match=r"Give the bundle .*bundles/mine$"):
        open_bundle(home / "colours-browser")
    assert list_bundles(home) == ("mine",)
    with pytest.raises(BundleError, match=r"bundles is not a bundle; it holds mine\. Give one of them: .*/mine$"):
        open_bundle(home)
