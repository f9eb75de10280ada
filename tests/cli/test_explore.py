from __future__ import annotations

import json
from pathlib import Path

import pytest

from learning.tiny import NOW, TinyProject, make_project
from rushes.cli.main import main
from rushes.datasets.split import write_split
from rushes.labels.manifest_table import format_manifest


@pytest.fixture
def project(tmp_path: Path) -> TinyProject:
    made = make_project(tmp_path)
    toml = 'schema = "project/1"\nname = "tiny"\n[tasks.place]\nclasses = ["left", "middle", "right"]\n'
    (tmp_path / "rushes.toml").write_text(toml, encoding="utf-8")
    made.manifest.rename(made.manifest.with_name("place-manifest-2026-11-20T142501Z.jl"))
    return made


def run(project: TinyProject, capsys: pytest.CaptureFixture[str], *words: str, status: int = 0) -> tuple[str, str]:
    with pytest.raises(SystemExit) as end:
        main(["manifest", "explore", *words, "--project", str(project.root)])
    said = capsys.readouterr()
    assert end.value.code == status, said.err
    return said.out, said.err


def test_the_newest_manifest_and_split_are_explored_into_a_page_beside_them(project, capsys) -> None:
    write_split(project.split, project.root / "splits", now=NOW)
    out, _ = run(project, capsys, "--recipe", "cnn")
    page = project.root / "manifests" / "place-manifest-2026-11-20T142501Z-explore.html"
    assert f"page written: {page}" in out
    assert "48 samples in" in out
    assert "split place-grouped-" in out
    assert "Each class has 16 samples." in out
    assert "Recipe cnn" in page.read_text(encoding="utf-8")


def test_the_json_holds_all_that_was_found(project, capsys) -> None:
    out, _ = run(project, capsys, "--json", "--out", str(project.root / "looks" / "data.html"))
    table = json.loads(out)
    assert table["schema"] == "exploration/1"
    assert table["task"] == "place"
    assert table["path"].endswith("data.html")
    assert Path(table["path"]).is_file()
    assert (table["split"], table["pictures"]["measured"]) == (None, 48)
    assert len(table["tells"]) == 3 * 7


def test_a_second_look_measures_nothing_again(project, capsys) -> None:
    first, _ = run(project, capsys, "--json")
    _, err = run(project, capsys)
    assert "measure" not in err
    assert run(project, capsys, "--json")[0] == first


def test_a_picture_that_is_gone_is_listed_and_the_others_are_measured(project, capsys) -> None:
    (project.root / project.rows[0].img_ref).unlink()
    out, err = run(project, capsys, status=1)
    assert "1 of 48 pictures cannot be read." in out
    assert project.rows[0].img_ref in err


def test_no_pictures_are_read_where_they_are_not_wanted(project, capsys) -> None:
    for picture in (project.root / "frames").rglob("*.png"):
        picture.unlink()
    out, _ = run(project, capsys, "--no-pictures")
    assert "Sizes, exposure and sharpness are left out: nobody asked for them." in out


def test_without_any_picture_the_first_are_listed_and_the_page_is_written(project, capsys) -> None:
    for picture in (project.root / "frames").rglob("*.png"):
        picture.unlink()
    out, err = run(project, capsys, status=1)
    assert "left out: not one picture could be read." in out
    assert "… and 28 more pictures that cannot be read" in err
    assert "page written" in out


def test_a_manifest_made_elsewhere_is_explored_without_a_task_in_its_name(project, capsys) -> None:
    other = project.root / "other.jl"
    other.write_text(format_manifest(project.rows[:4]), encoding="utf-8")
    out, _ = run(project, capsys, str(other), "--json")
    assert json.loads(out)["samples"] == 4


@pytest.mark.parametrize(
    ("name", "said"),
    [("page.png", "'.png' is no page"), ("", "no page"), ("frames/page.html", "frames/ holds the frames themselves")],
)
def test_a_page_has_a_place_of_its_own(project, capsys, name: str, said: str) -> None:
    _, err = run(project, capsys, "--out", str(project.root / name), status=2)
    assert said in err


def test_a_recipe_that_is_not_there_is_named_with_the_nearest(project, capsys) -> None:
    _, err = run(project, capsys, "--recipe", "cnnn", status=2)
    assert "there is no recipe 'cnnn'. Did you mean 'cnn'?" in err
