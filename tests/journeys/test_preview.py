"""A person looks at what a manifest holds before a machine does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from footage.painted import write_film
from journeys.conftest import Rushes
from rushes.catalog.catalog import open_catalog
from storage.servers import Bucket, s3_store


@pytest.fixture
def project(rushes: Rushes, tmp_path: Path) -> Path:
    """A project with twelve labelled frames of a generated film."""
    film = write_film(tmp_path / "TT_S01_E01.mp4", 96)
    folder = tmp_path / "season"
    rushes("init", folder, "--task", "rarity=Junk,Common,Rare")
    rushes("ingest", film, "--every-frame", folder=folder)
    frames = sorted(path.stem for path in (folder / "frames").rglob("*.jpg"))[::8]
    classes = ["Common", "Rare", "Common"] * 4
    sheet = tmp_path / "labels.csv"
    lines = [f'{name},{answer},"car; street"' for name, answer in zip(frames, classes, strict=True)]
    sheet.write_text("\n".join(["frame,class,METADATA", *lines]) + "\n", encoding="utf-8")
    rushes("labels", "import", sheet, "--origin", "jonny", folder=folder)
    return folder


def pictures_of(project: Path, rushes: Rushes, class_name: str) -> list[Path]:
    rushes("manifest", "build", folder=project)
    said = rushes("manifest", "preview", "--per-class", "20", "--class", class_name, "--json", folder=project)
    return [project / sample["img-ref"] for sample in said.json["shown"]]


def test_the_newest_manifest_is_shown_by_class_as_a_page_and_as_a_picture(rushes: Rushes, project: Path) -> None:
    built = rushes("manifest", "build", "--json", folder=project).json
    said = rushes("manifest", "preview", folder=project)
    page = Path(built["path"]).with_name(Path(built["path"]).stem + "-preview.html")
    assert f"preview written: {page}" in said.out
    text = page.read_text(encoding="utf-8")
    assert text.count("<figure") == 8
    assert text.index("Junk") < text.index("Common") < text.index("Rare")
    assert "no sample in this manifest" in text
    assert "car, street" in text
    table = rushes("manifest", "preview", "--to", "looks/sheet.png", "--per-class", "2", "--json", folder=project).json
    with Image.open(project / "looks" / "sheet.png") as sheet:
        assert sheet.format == "PNG"
        assert sheet.width > 1000
    assert table["classes"] == {"Junk": 0, "Common": 8, "Rare": 4}
    assert [sample["class"] for sample in table["shown"]] == ["Common", "Common", "Rare", "Rare"]
    assert table["lost"] == []
    for sample in table["shown"]:
        assert sample["subjects"] == ["car", "street"]
        assert abs(sample["fit"]["mean"]) < 1e-3
        assert abs(sample["fit"]["deviation"] - 1) < 1e-3
    assert rushes("manifest", "build", "--json", folder=project).json["written"] is False


def test_missing_and_broken_pictures_are_listed_and_the_others_shown(rushes: Rushes, project: Path) -> None:
    gone, broken, *_ = pictures_of(project, rushes, "Common")
    gone.unlink()
    broken.write_bytes(broken.read_bytes()[:200])
    words = ("manifest", "preview", "--per-class", "20", "--to", "look.html")
    said = rushes(*words, folder=project, status=1)
    assert f"{gone.relative_to(project)}: the file is missing" in said.err
    assert f"{broken.relative_to(project)}: the file is not the one that was labelled" in said.err
    assert "2 failed" in said.err
    text = (project / "look.html").read_text(encoding="utf-8")
    assert "2 pictures could not be shown" in text
    assert text.count("<svg") == 10
    table = rushes(*words, "--json", folder=project, status=1).json
    assert [sample["name"] for sample in table["lost"]] == [gone.stem, broken.stem]
    assert len(table["shown"]) == 10
    rushes(*words[:-1], "look.png", folder=project, status=1)
    assert (project / "look.png").is_file()


def test_a_manifest_without_digests_lists_a_picture_that_cannot_be_decoded(rushes: Rushes, project: Path) -> None:
    broken, *_ = pictures_of(project, rushes, "Rare")
    broken.write_bytes(b"no picture at all")
    bare = project / "bare.jl"
    bare.write_text(f'{{"img-ref": "{broken.relative_to(project).as_posix()}", "class": "Rare"}}\n', encoding="utf-8")
    said = rushes("manifest", "preview", "bare.jl", "--to", "look.html", folder=project, status=1)
    assert "is not a picture" in said.err


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bucket]:
    pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")
    monkeypatch.setenv("HOME", str(tmp_path))  # where profiles of a person's own could be
    with s3_store("rushes-preview") as opened:
        for name, value in opened.environment.items():
            monkeypatch.setenv(name, value)
        yield opened


def test_frames_that_are_referred_to_in_a_bucket_go_the_same_way(rushes: Rushes, project: Path, bucket: Bucket) -> None:
    with open_catalog(project / ".rushes" / "catalog.db") as catalog:
        there = []
        for item in catalog.frames():
            data = (project / item.image).read_bytes()
            address = bucket.put(f"base/{Path(item.image).name}", data)
            there.append(replace(item, image=address, sha256="", signature=None, size=""))
        catalog.add_frames(there, now="2026-11-20T12:00:00Z")
    assert len(there) == 96
    for picture in (project / "frames").rglob("*.jpg"):
        picture.unlink()
    gone = next(item for item in there if item.frame.ordinal == 0)
    bucket.client.delete_object(Bucket=bucket.name, Key=f"base/{Path(gone.image).name}")
    rushes("manifest", "build", folder=project)
    said = rushes("manifest", "preview", "--per-class", "20", "--json", folder=project, status=1).json
    assert len(said["shown"]) == 11
    assert all(sample["img-ref"].startswith("s3://rushes-preview/base/") for sample in said["shown"])
    assert [sample["img-ref"] for sample in said["lost"]] == [gone.image]
    assert "no such object in the bucket" in said["lost"][0]["reason"]
    assert rushes("status", "--duplicates", "--json", folder=project).json["frames"] == 96
    rushes("split", "check", folder=project, status=2)  # there is no split yet; nothing else is wrong


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "look.gif"), "'.gif' is no format of a preview. Allowed: .html, .png"),
        (("--to", "look"), "is no format of a preview"),
        (("--to", "frames/look.png"), "frames/ holds the frames themselves"),
        (("--class", "Rrare"), "'Rrare' is no class of this manifest. Did you mean 'Rare'?"),
        (("--task", "scale"), "there is no task 'scale'"),
        (("--per-class", "0"), "--per-class"),
        (("nowhere.jl",), "nowhere.jl is missing"),
    ],
)
def test_wrong_words_are_said_before_anything_is_written(
    rushes: Rushes, tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    rushes("init", tmp_path / "season", "--task", "rarity=Junk,Common,Rare")
    folder = tmp_path / "season"
    (folder / "manifests").mkdir(exist_ok=True)
    manifest = folder / "manifests" / "rarity-manifest-2026-11-21T004142Z.jl"
    manifest.write_text('{"img-ref": "a.jpg", "class": "Rare"}\n', encoding="utf-8")
    assert said in rushes("manifest", "preview", *words, folder=folder, status=2).err
    assert sorted(path.name for path in (folder / "manifests").iterdir()) == [manifest.name]


def test_without_a_manifest_the_next_command_is_named(rushes: Rushes, tmp_path: Path) -> None:
    rushes("init", tmp_path / "season", "--task", "rarity=Junk,Common,Rare")
    said = rushes("manifest", "preview", folder=tmp_path / "season", status=2)
    assert "Build it: rushes manifest build --task rarity" in said.err
