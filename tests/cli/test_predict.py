"""`rushes predict`: what is printed, written and kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

pytest.importorskip("torch")

from bundles.tiny import tiny_bundle
from inference.plain import write_film, write_photo
from rushes.cli.main import main


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_bundle(tmp_path_factory.mktemp("bundles") / "colours").folder


@pytest.fixture(autouse=True)
def footage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for number, colour in enumerate(("red", "green", "blue")):
        write_photo(tmp_path / "in" / f"{number}.jpg", colour)
    write_film(tmp_path / "in" / "film.mp4", [("red", 12), ("green", 8)])
    return tmp_path / "in"


def predict(capsys: pytest.CaptureFixture[str], *words: str | Path, status: int = 0) -> Any:
    with pytest.raises(SystemExit) as end:
        main(["predict", *[str(word) for word in words], "--json"])
    spoken = capsys.readouterr()
    assert end.value.code == status, spoken.err
    return json.loads(spoken.out)


def test_in_a_project_what_was_answered_is_not_answered_again(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "rushes.toml").write_text('name = "season"\n')
    first = predict(capsys, bundle, "in", "--every", "1s")
    assert (first["pictures"], first["kept_from_before"]) == (5, 0)
    again = predict(capsys, bundle, "in", "--every", "1s", "--out", "out.parquet", "--workers", "1", "--engine", "here")
    assert (again["pictures"], again["kept_from_before"]) == (5, 5)
    assert again["predictions"] == first["predictions"]
    assert pl.read_parquet("out.parquet")["predicted_class"].to_list() == ["red", "green", "blue", "red", "red"]
    other = predict(capsys, bundle, "in", "--every", "0.5s")
    assert (other["pictures"], other["kept_from_before"]) == (7, 3)  # another sampling: the stills alone
    with pytest.raises(SystemExit):
        main(["predict", str(bundle), "in", "--every", "1s"])
    assert "5 of 5 pictures and frames were answered before" in capsys.readouterr().out


def test_outside_of_a_project_nothing_is_left_but_the_file(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    predict(capsys, bundle, "in")
    predict(capsys, bundle, "in", "--out", "out.csv")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["in", "out.csv"]
    assert "engine" in predict(capsys, bundle, "in", "--engine", "sheep", status=2)["message"]
