"""A photographer's story: past picks, a model of their own, a cull of a new shoot, and everything taken back."""

from __future__ import annotations

import csv
import hashlib
import shutil
from pathlib import Path

import pytest

from journeys.conftest import Rushes, run_rushes_here
from rushes.datasets.synthetic.shoots import ShootSize, write_shoots

RECIPE = """\
schema = "recipe/2"

[model]
kind = "features"
backbone = "test_efficientnet"
weights = "weights.safetensors"

[input]
size = [64, 64]
mean = [0.5, 0.5, 0.5]
std = [0.5, 0.5, 0.5]
features = ["quality"]
"""


def digests(folder: Path) -> dict[str, str]:
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture(scope="module")
def rushes() -> Rushes:
    return run_rushes_here


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, rushes: Rushes) -> Path:
    """A folder with a project whose bundle learned from nine shoots, and a tenth that nobody has looked at."""
    import timm
    from safetensors.torch import save_file

    home = tmp_path_factory.mktemp("photographer")
    write_shoots(
        home / "archive", shoots=10, scenes=2, seed=3, size=ShootSize(long_side=320), written="jpeg", picks="sidecars"
    )
    shutil.move(home / "archive" / "shoot-10", home / "new")
    for sidecar in (home / "new").glob("*.xmp"):
        sidecar.unlink()
    rushes("init", home / "project", "--template", "cull")
    save_file(timm.create_model("test_efficientnet", pretrained=False).state_dict(),
              home / "project" / "weights.safetensors")  # fmt: skip
    (home / "project" / "recipes" / "mine.toml").write_text(RECIPE)
    toml = home / "project" / "rushes.toml"
    shares = "train = 0.7\nvalidation = 0.15\ntest = 0.15"
    assert shares in toml.read_text()
    toml.write_text(toml.read_text().replace(shares, "train = 0.34\nvalidation = 0.33\ntest = 0.33"))
    at = ("--project", home / "project")
    rushes("ingest", home / "archive", *at)
    rushes("labels", "picks", home / "archive", "--from", "xmp", *at)
    rushes("manifest", "build", *at)
    rushes("split", "make", *at)
    rushes("train", "mine", *at)
    rushes("evaluate", *at)
    rushes("export", "--to", home / "project" / "bundles" / "select", *at)
    return home


def test_a_shoot_is_culled_written_and_taken_back(story: Path, rushes: Rushes) -> None:
    shoot, at = story / "new", ("--project", story / "project")
    mine = sorted(shoot.glob("*.JPG"))[0].with_suffix(".xmp")
    mine.write_text('<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax'
                    '-ns#"><rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4" '
                    'xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" crs:Exposure2012="+0.35"/>'
                    "</rdf:RDF></x:xmpmeta>")  # fmt: skip
    before = digests(shoot)

    planned = rushes("cull", "select", shoot, "--recall", "0.9", "--dry-run", "--json", *at).json
    assert digests(shoot) == before
    cull = planned["cull"]
    assert planned["folder"] is None
    assert cull["promise"]["unseen"]["recall"]["value"] > 0
    assert {one["verdict"] for one in cull["verdicts"]} <= {"pick", "reject"}
    assert len(cull["verdicts"]) == len(list(shoot.glob("*.JPG")))

    threshold = sorted(one["score"] for one in cull["verdicts"])[len(cull["verdicts"]) // 2]
    said = rushes("cull", "select", shoot, "--threshold", str(threshold), "--xmp", "darktable", "--copy-to",
                  story / "picked", "--csv", story / "verdicts.csv", *at)  # fmt: skip
    assert "good ones are expected among the" in said.out
    assert "drawn at random for you to look at" in said.out
    after = digests(shoot)
    assert {name: after[name] for name in before} == before
    with (story / "verdicts.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    picks = {Path(row["path"]).name for row in rows if row["verdict"] == "pick"}
    assert 0 < len(picks) < len(rows)
    assert picks <= {file.name for file in (story / "picked").rglob("*.JPG")}
    assert all((shoot / f"{Path(row['path']).name}.xmp").is_file() for row in rows)

    listed = rushes("cull", "list", "--json", *at).json
    assert [one["state"] for one in listed["culls"]] == ["applied"]
    undone = rushes("cull", "undo", "--json", *at).json
    assert undone["refused"] == []
    assert digests(shoot) == before
    assert not list((story / "picked").rglob("*.JPG"))
    assert "there is nothing to undo" in rushes("cull", "undo", *at, status=2).err


def test_what_is_measured_for_people_moves_no_score(story: Path, rushes: Rushes) -> None:
    """The bundle takes measures itself, at the size at which they are shown: they are measured once for both."""
    words = ("cull", "select", story / "new", "--top", "3", "--dry-run", "--json", "--project", story / "project")
    measured, alone = rushes(*words).json["cull"], rushes(*words, "--no-measures").json["cull"]
    assert measured["verdicts"][0]["measures"]["sharpness"] is not None
    assert alone["verdicts"][0]["measures"] == {}
    scores = [[one["score"] for one in cull["verdicts"]] for cull in (measured, alone)]
    assert scores[0] == pytest.approx(scores[1], abs=1e-6)


def test_a_rating_of_ones_own_is_kept_and_said(story: Path, rushes: Rushes) -> None:
    shoot = story / "again"
    shutil.copytree(story / "new", shoot)
    own = sorted(shoot.glob("*.xmp"))[0]
    said = rushes("cull", "select", shoot, "--threshold", "1", "--xmp", "bridge", "--project", story / "project")
    assert own.name in said.err
    assert 'xmp:Rating="4"' in own.read_text()
    assert 'crs:Exposure2012="+0.35"' in own.read_text()
    rushes("cull", "undo", "--project", story / "project")


def test_a_cull_outside_a_project_is_kept_with_the_user(
    story: Path, rushes: Rushes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    bundle = story / "project" / "bundles" / "select"
    said = rushes("cull", bundle, story / "new", "--top", "2", "--link-to", tmp_path / "picked")
    assert str(next((tmp_path / "state" / "rushes" / "culls").iterdir()).name) in said.out
    assert len(list((tmp_path / "picked").rglob("*.JPG"))) >= 2
    rushes("cull", "undo")
    assert not list((tmp_path / "picked").rglob("*.JPG")) if (tmp_path / "picked").exists() else True


def test_what_cannot_be_read_is_listed_and_gets_no_verdict(story: Path, rushes: Rushes, tmp_path: Path) -> None:
    shoot = tmp_path / "shoot"
    shutil.copytree(story / "new", shoot)
    (shoot / "cut.jpg").write_bytes(next(iter(shoot.glob("*.JPG"))).read_bytes()[:900])
    (shoot / "words.nef").write_text("no raw")
    (shoot / "film.mp4").write_bytes(b"film")
    said = rushes(
        "cull", "select", shoot, "--top", "3", "--dry-run", "--json", "--project", story / "project", status=1
    )
    cull = said.json["cull"]
    assert {Path(one["path"]).name for one in cull["unreadable"]} == {"cut.jpg", "words.nef"}
    assert len(cull["verdicts"]) == len(list(shoot.glob("*.JPG")))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--recall", "1.5"), "--recall 1.5: it is a share"),
        (("--recall", "0.9", "--top", "3"), "say the same thing in three ways"),
        (("--threshold", "2"), "--threshold 2: it is a score from 0 to 1"),
        (("--class", "selekt"), "Did you mean 'select'?"),
        (("--xmp", "dark"), "Did you mean 'darktable'?"),
        (("--xmp-to", "x"), "say which sidecars with --xmp PROFILE"),
        (("--copy-to", "x", "--link-to", "y"), "Give one of them"),
    ],
)
def test_wrong_words_are_refused_before_anything_is_read(
    story: Path, rushes: Rushes, words: tuple[str, ...], said: str
) -> None:
    found = rushes("cull", "select", story / "new", *words, "--project", story / "project", status=2)
    assert said in found.err


def test_a_shoot_in_a_store_is_refused_with_what_to_do(rushes: Rushes) -> None:
    found = rushes("cull", "select", "s3://bucket/shoot", status=2)
    assert "culled in a folder of this machine, not in a store" in found.err


def test_a_folder_without_photographs_is_refused(story: Path, rushes: Rushes, tmp_path: Path) -> None:
    found = rushes("cull", "select", tmp_path, "--project", story / "project", status=2)
    assert "holds no photograph and no camera raw" in found.err
    found = rushes("cull", "undo", "nothing", "--project", story / "project", status=2)
    assert "there is no cull 'nothing'" in found.err


def test_stars_inside_a_photograph_are_not_hidden_by_a_sidecar_that_rejects_it(
    story: Path, rushes: Rushes, tmp_path: Path
) -> None:
    from rushes.datasets.synthetic.exif import StatedExif, write_jpeg
    from rushes.footage.pictures import read_picture

    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="5"/></rdf:RDF></x:xmpmeta>'
    )
    (tmp_path / "shoot").mkdir()
    starred = tmp_path / "shoot" / "starred.jpg"
    write_jpeg(starred, read_picture(sorted((story / "new").glob("*.JPG"))[0]), StatedExif(), xmp=packet.encode())
    said = rushes("cull", "select", starred.parent, "--threshold", "1", "--xmp", "darktable", "--project",
                  story / "project")  # fmt: skip
    written = starred.with_name("starred.jpg.xmp").read_text()
    assert "xmp:Rating" not in written.replace("rushes:wrote", "")
    assert "starred.jpg.xmp" in said.err
    rushes("cull", "undo", "--project", story / "project")


def test_where_nothing_can_be_read_nothing_is_proposed_and_no_cull_is_kept(
    story: Path, rushes: Rushes, tmp_path: Path
) -> None:
    (tmp_path / "a.nef").write_text("no raw")
    at = ("--project", story / "project")
    before = rushes("cull", "list", "--json", *at).json["culls"]
    said = rushes("cull", "select", tmp_path, "--top", "1000000", "--xmp", "adobe", *at, status=1)
    assert "1 photograph, none of which can be read: nothing is proposed" in said.out
    assert rushes("cull", "list", "--json", *at).json["culls"] == before
    assert [file.name for file in tmp_path.iterdir()] == ["a.nef"]


def test_a_verb_that_is_misspelt_is_no_bundle(rushes: Rushes) -> None:
    assert "Did you mean 'apply'?" in rushes("cull", "aply", status=2).err
