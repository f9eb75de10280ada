"""Finding the file of a model: by path, at hand, by download."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rushes.errors import WeightsError
from rushes.storage.files import digest_of_bytes
from rushes.subjects.models import KNOWN, KnownModel, find_model, known_file
from subjects.model_server import ModelServer, serving

DATA = random.Random(4).randbytes(10_000)
PERMISSIVE = {"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause"}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with serving(DATA) as state:
        yield state


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RUSHES_MODELS", str(tmp_path / "cache"))
    return tmp_path / "cache"


def known(url: str) -> dict[str, KnownModel]:
    first = KnownModel("finder", "objects", "finder.onnx", digest_of_bytes(DATA), len(DATA), url, "MIT", "a test")
    other = replace(first, name="small", file="small.onnx", sha256=digest_of_bytes(b"small"), size_bytes=5)
    return {model.name: model for model in (first, other, replace(first, name="eyes", does="faces"))}


def test_every_known_model_is_permissive_and_pinned() -> None:
    assert {model.licence for model in KNOWN.values()} <= PERMISSIVE
    assert {model.does for model in KNOWN.values()} == {"faces", "face embedding", "objects"}
    for model in KNOWN.values():
        assert len(model.sha256) == 64
        assert not model.url or (model.url.startswith("https://") and "/main/" not in model.url)
    assert (
        len({model.sha256 for model in KNOWN.values()}) == len({model.file for model in KNOWN.values()}) == len(KNOWN)
    )


def test_a_path_is_taken_as_it_is_seen_from_the_project_or_its_folder(tmp_path: Path, cache: Path) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "mine.onnx").write_bytes(b"mine")
    for named in (str(folder / "mine.onnx"), "weights/mine.onnx", "mine.onnx"):
        assert find_model(named, does="objects", folder=folder).read_bytes() == b"mine"


def test_a_file_at_hand_counts_by_its_digest_under_any_name(tmp_path: Path, cache: Path) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "renamed.onnx").write_bytes(DATA)
    models = known("")
    for named in ("", "finder", " Finder "):
        assert find_model(named, does="objects", folder=folder, known=models) == folder / "renamed.onnx"
    assert known_file(folder / "renamed.onnx", models) == models["finder"]


def test_what_is_at_hand_goes_before_what_would_be_fetched(tmp_path: Path, cache: Path) -> None:
    cache.mkdir()
    (cache / "small.onnx").write_bytes(b"small")
    found = find_model("", does="objects", folder=None, known=known("http://127.0.0.1:9/never"))
    assert found == cache / "small.onnx"


def test_a_known_model_is_fetched_once(
    server: ModelServer, tmp_path: Path, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        found = find_model("finder", does="objects", folder=tmp_path / "weights", known=known(server.url))
        assert found == cache / "finder.onnx"
    assert len(server.asked) == 1
    assert "licence MIT" in caplog.text
    assert "a test" in caplog.text


def test_a_failed_download_says_which_file_and_what_works_without_it(
    server: ModelServer, tmp_path: Path, cache: Path
) -> None:
    server.status = 404
    with pytest.raises(WeightsError) as error:
        find_model("", does="objects", folder=tmp_path / "weights", known=known(server.url))
    for part in ("finder.onnx", "0.0 MB", "MIT", server.url, "404", str(tmp_path / "weights"), "Without it no objects"):
        assert part in str(error.value)


def test_a_wrong_file_of_the_right_name_is_never_used(server: ModelServer, tmp_path: Path, cache: Path) -> None:
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "finder.onnx").write_bytes(DATA[:-1] + b"?")
    with pytest.raises(WeightsError, match=r"finder\.onnx is another file"):
        find_model("finder", does="objects", folder=folder, fetch=False, known=known(server.url))
    assert server.asked == []
    assert find_model("finder", does="objects", folder=folder, known=known(server.url)).read_bytes() == DATA


def test_a_model_that_does_something_else_is_refused(cache: Path) -> None:
    with pytest.raises(WeightsError, match="'eyes' is a model for faces, not for objects"):
        find_model("eyes", does="objects", folder=None, known=known(""))


def test_a_model_of_no_link_is_asked_for_by_hand(cache: Path) -> None:
    with pytest.raises(WeightsError, match="rushes does not fetch it"):
        find_model("finder", does="objects", folder=None, known=known(""))


def test_an_unknown_name_names_the_nearest(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(WeightsError, match="Did you mean 'finder'"):
        find_model("findr", does="objects", folder=tmp_path, known=known(""))
    with pytest.raises(WeightsError, match=r"'yolov8n' is under AGPL-3\.0"):
        find_model("yolov8n", does="objects", folder=tmp_path)
