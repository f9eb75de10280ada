"""What a run answered, as it travels in a bundle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evaluation.fabricated import CLASSES, guesses
from rushes.bundles.known_answers import FOLDER, file_of, read_answers, write_answers
from rushes.bundles.sealed import SealedFolder, open_sealed, seal_folder
from rushes.errors import BundleError


def sealed(folder: Path, **answers: int) -> SealedFolder:
    """Return a sealed folder with answers on parts, of so many samples each."""
    folder.mkdir()
    made = {part: guesses(count, class_count=3, seed=count) for part, count in answers.items()}
    write_answers(made, folder)
    seal_folder(folder, schema="bundle/1", name="b", run={})
    return open_sealed(folder, schema="bundle/1", required=())


def test_answers_come_back_as_they_were_written(tmp_path: Path) -> None:
    bundle = sealed(tmp_path / "b", validation=12)
    expected = guesses(12, class_count=3, seed=12)
    found = read_answers(bundle, "validation", expected.classes)
    assert found is not None
    assert np.array_equal(found.probabilities, expected.probabilities)
    assert np.array_equal(found.truth, expected.truth)
    assert found.groups == expected.groups


def test_a_part_that_the_bundle_lacks_is_none(tmp_path: Path) -> None:
    bundle = sealed(tmp_path / "b", validation=5)
    assert read_answers(bundle, "test", guesses(5, class_count=3, seed=5).classes) is None


def test_answers_that_were_altered_or_are_of_other_classes_are_refused(tmp_path: Path) -> None:
    bundle = sealed(tmp_path / "b", validation=5)
    with pytest.raises(BundleError, match=r"answers/validation.parquet is of class 0, .*the bundle answers CS, MS, LS"):
        read_answers(bundle, "validation", CLASSES)
    path = bundle.folder / FOLDER / "validation.parquet"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(BundleError, match="was altered since the export"):
        read_answers(bundle, "validation", guesses(5, class_count=3, seed=5).classes)


def test_what_is_no_table_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "b"
    (folder / FOLDER).mkdir(parents=True)
    (folder / file_of("validation")).write_bytes(b"nothing")
    seal_folder(folder, schema="bundle/1", name="b", run={})
    with pytest.raises(BundleError, match="cannot be understood"):
        read_answers(open_sealed(folder, schema="bundle/1", required=()), "validation", CLASSES)
