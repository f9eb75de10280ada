"""A bundle: its folder, its digests, and what is said of a damaged one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bundles.tiny import CLASSES, PREPROCESSING
from rushes.bundles.bundle import REQUIRED_FILES, Bundle, open_bundle, seal_bundle
from rushes.errors import BundleError


def rewrite(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_bundle_states_its_classes_and_preprocessing(colours: Path) -> None:
    bundle = open_bundle(colours)
    assert bundle.classes == CLASSES
    assert bundle.preprocessing == PREPROCESSING
    assert (bundle.name, bundle.task, bundle.working_size) == ("colours", "colour", "64")
    assert set(REQUIRED_FILES) <= set(bundle.files)


def test_a_bundle_can_be_named_by_its_json_file(colours: Path) -> None:
    assert open_bundle(colours / "bundle.json") == open_bundle(colours)


def test_the_id_follows_the_content_and_not_the_place(colours: Path, copied: Path) -> None:
    assert open_bundle(copied).id == open_bundle(colours).id
    (copied / "README.md").write_text("another card")
    resealed = seal_bundle(copied, name="colours", task="colour", run={"name": "by-hand"})
    assert resealed.id != open_bundle(colours).id


@pytest.mark.parametrize("name", REQUIRED_FILES)
def test_an_altered_file_is_named(copied: Path, name: str) -> None:
    data = bytearray((copied / name).read_bytes())
    data[len(data) // 2] ^= 1
    (copied / name).write_bytes(bytes(data))
    with pytest.raises(BundleError, match=f"{name} was altered since the export"):
        open_bundle(copied)


@pytest.mark.parametrize("name", REQUIRED_FILES)
def test_a_missing_file_is_named(copied: Path, name: str) -> None:
    (copied / name).unlink()
    with pytest.raises(BundleError, match=f"{name} is missing"):
        open_bundle(copied)


def test_a_file_altered_after_opening_is_not_read(copied: Path) -> None:
    bundle = open_bundle(copied)
    (copied / "model.onnx").write_bytes(b"something else")
    with pytest.raises(BundleError, match="altered"):
        bundle.read("model.onnx")


def test_an_altered_name_is_noticed(copied: Path) -> None:
    rewrite(copied / "bundle.json", task="rarity")
    with pytest.raises(BundleError, match="its id is not that of its content"):
        open_bundle(copied)


def test_a_newer_schema_says_to_update(copied: Path) -> None:
    rewrite(copied / "bundle.json", schema="bundle/2")
    with pytest.raises(BundleError, match=r"'bundle/2', this rushes reads 'bundle/1'. Update rushes"):
        open_bundle(copied)


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "C:/windows", "a\\b", "parity/../../x"])
def test_a_file_outside_the_bundle_is_refused(copied: Path, name: str) -> None:
    rewrite(copied / "bundle.json", files={name: "0" * 64})
    with pytest.raises(BundleError, match="no file within the bundle"):
        open_bundle(copied)


def test_a_run_is_told_from_a_bundle(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text("{}")
    with pytest.raises(BundleError, match=r"is a run, not a bundle. Make a bundle of it: rushes export"):
        open_bundle(tmp_path)


def test_an_empty_folder_and_none_at_all_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match=r"it holds no bundle\.json"):
        open_bundle(tmp_path)
    with pytest.raises(BundleError, match="there is no such folder"):
        open_bundle(tmp_path / "nowhere")


@pytest.mark.parametrize("text", ["", "[]", "{", '"bundle/1"', "\x00\xff"])
def test_a_json_file_of_nonsense_is_one_clear_error(copied: Path, text: str) -> None:
    (copied / "bundle.json").write_text(text)
    with pytest.raises(BundleError, match=r"bundle\.json"):
        open_bundle(copied)


def test_sealing_a_folder_that_lacks_the_graph_is_refused(copied: Path) -> None:
    (copied / "model.onnx").unlink()
    shutil.rmtree(copied / "parity")
    with pytest.raises(BundleError, match=r"model\.onnx, parity/samples\.npz, parity/expected\.json is missing"):
        seal_bundle(copied, name="x", task="y", run={})


def seal_with_thresholds(folder: Path, **changes: object) -> Bundle:
    of_class = {"red": {"threshold": 0.25}, "green": {"threshold": None}, "blue": {"threshold": 0.5}}
    table = {"schema": "thresholds/1", "classes": list(CLASSES), "thresholds": of_class} | changes
    (folder / "thresholds.json").write_text(json.dumps(table))
    return seal_bundle(folder, name="colours", task="colour", run={"name": "by-hand"})


def test_thresholds_are_of_the_classes_that_have_one(colours: Path, copied: Path) -> None:
    assert open_bundle(colours).thresholds is None
    assert seal_with_thresholds(copied).thresholds == {"red": 0.25, "blue": 0.5}


@pytest.mark.parametrize(
    "changes",
    [
        {"classes": ["red", "green"]},
        {"thresholds": {"red": {}}},
        {"thresholds": {name: {"threshold": 1.5} for name in CLASSES}},
        {"thresholds": {name: {"threshold": "high"} for name in CLASSES}},
    ],
)
def test_thresholds_that_make_no_sense_are_refused(copied: Path, changes: dict[str, object]) -> None:
    with pytest.raises(BundleError, match=r"what the bundle states cannot be understood"):
        seal_with_thresholds(copied, **changes)


def calibration_of(classes: tuple[str, ...] = CLASSES, **changes: object) -> dict[str, object]:
    return {"schema": "calibration/1", "kind": "temperature", "temperature": 2.5, "classes": list(classes)} | changes


def sealed_with(folder: Path, text: str) -> Path:
    from rushes.bundles.sealed import seal_folder

    (folder / "calibration.json").write_text(text)
    seal_folder(folder, schema="bundle/1", name="colours", run={"name": "by-hand"}, task="colour")
    return folder


def test_a_bundle_without_a_calibration_leaves_probabilities_as_they_are(colours: Path) -> None:
    assert open_bundle(colours).calibration.kind == "none"


def test_a_bundle_states_its_calibration(copied: Path) -> None:
    bundle = open_bundle(sealed_with(copied, json.dumps(calibration_of())))
    assert (bundle.calibration.kind, bundle.calibration.temperature) == ("temperature", 2.5)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{", "cannot be read as a calibration"),
        ("[1]", "it holds no JSON object"),
        (json.dumps(calibration_of(temperature="hot")), "its numbers cannot be used"),
        (json.dumps(calibration_of(schema="calibration/9")), "this rushes reads 'calibration/1'"),
        (json.dumps(calibration_of(("red", "green"))), "calibrates red, green; the model answers red, green, blue"),
        (
            json.dumps(calibration_of(kind="isotonic", scores=[0, 1], shares=[0, 1])),
            "the model answers red, green, blue",
        ),
        (json.dumps({"schema": "calibration/1", "kind": "none"}), "calibrates no classes"),
    ],
)
def test_a_calibration_that_cannot_be_applied_is_named(copied: Path, text: str, found: str) -> None:
    with pytest.raises(BundleError, match=found) as raised:
        open_bundle(sealed_with(copied, text))
    assert "calibration.json" in str(raised.value)
    assert "export it again" in str(raised.value)


def test_a_calibration_that_was_altered_or_is_gone_is_named(copied: Path) -> None:
    sealed_with(copied, json.dumps(calibration_of()))
    (copied / "calibration.json").write_text(json.dumps(calibration_of(temperature=3.0)))
    with pytest.raises(BundleError, match=r"calibration.json was altered"):
        open_bundle(copied)
    (copied / "calibration.json").unlink()
    with pytest.raises(BundleError, match=r"calibration.json is missing"):
        open_bundle(copied)
