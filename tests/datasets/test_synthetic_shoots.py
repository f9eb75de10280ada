"""Generated shoots: what is planned is what stands on disk, and the series in them are found again."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rushes.datasets.synthetic.shoot_plan import PICKED_FROM, plan_shoots
from rushes.datasets.synthetic.shoots import ShootSize, paint_pictures, write_shoots
from rushes.footage.camera import read_camera_facts
from rushes.footage.overlap import thumbnail_of
from rushes.footage.pairs import pair_stills
from rushes.footage.raw import read_raw
from rushes.footage.series import find_series, series_facts_of
from rushes.footage.signature import signature_of
from rushes.footage.sources import capture_time_of_still

SMALL = ShootSize(long_side=240, preview_long_side=160)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("pictures")
    for place, pixels in enumerate(paint_pictures(14, seed=4)):
        Image.fromarray(pixels[::2, ::2]).save(folder / f"{place:02d}.jpg", quality=90)
    return sorted(folder.iterdir())


def truth(folder: Path) -> list[dict[str, str]]:
    with (folder / "truth.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_picture_belongs_to_one_scene_of_one_shoot() -> None:
    owners = defaultdict(set)
    for shoot in plan_shoots(40, shoots=4, scenes=12, seed=2):
        for frame in shoot.frames:
            owners[frame.source].add((shoot.name, frame.scene))
    assert len(owners) == 40
    assert all(len(owner) == 1 for owner in owners.values())
    with pytest.raises(ValueError, match="3 shoots need a picture each, got 2"):
        plan_shoots(2, shoots=3, scenes=1)


def test_taste_is_the_stated_rule_and_departs_from_it_as_often_as_it_is_said() -> None:
    calm = [frame for shoot in plan_shoots(400, shoots=8, scenes=50, seed=1, noise=0) for frame in shoot.frames]
    for frame in calm:
        assert frame.picked == frame.wanted
        if frame.kind == "single":
            assert frame.wanted == (frame.quality >= PICKED_FROM)
        if frame.kind == "burst":
            assert frame.best or not frame.picked
    singles = [
        frame
        for shoot in plan_shoots(400, shoots=8, scenes=50, seed=1, noise=0.2)
        for frame in shoot.frames
        if frame.kind == "single"
    ]
    assert 0.1 < np.mean([frame.picked != frame.wanted for frame in singles]) < 0.3


def test_the_same_seed_writes_the_same_bytes_and_another_others(tmp_path: Path, pictures: list[Path]) -> None:
    for name, seed, threads in (("a", 1, 1), ("b", 1, 2), ("c", 2, 1)):
        write_shoots(tmp_path / name, pictures[:3], shoots=1, scenes=3, seed=seed, size=SMALL, threads=threads)
    assert files(tmp_path / "a") == files(tmp_path / "b") != files(tmp_path / "c")


def test_the_series_of_generated_shoots_are_found_again(tmp_path: Path, pictures: list[Path]) -> None:
    write_shoots(tmp_path, pictures, shoots=2, scenes=7, seed=11, size=SMALL)
    rows = truth(tmp_path)
    facts, wanted = [], defaultdict(list)
    for place, row in enumerate(rows):
        path = tmp_path / row["shoot"] / row["file"]
        pixels = np.asarray(Image.open(path))
        camera, at = read_camera_facts(path), capture_time_of_still(path)
        facts.append(
            series_facts_of(camera, at, name=path.name, signature=signature_of(pixels), thumbnail=thumbnail_of(pixels))
        )
        # A stack is known by the focus that the camera states.
        if row["series"] and (row["kind"] != "focus stack" or camera.focus_distance is not None):
            wanted[row["shoot"], row["series"], row["kind"]].append(place)
    found = {(one.kind, one.members) for one in find_series(facts)}
    assert {(kind, tuple(members)) for (_, _, kind), members in wanted.items()} <= found
    assert len({kind for _, _, kind in wanted}) >= 3


def test_raws_and_jpegs_of_one_stem_are_one_photograph(tmp_path: Path, pictures: list[Path]) -> None:
    (shoot,) = write_shoots(
        tmp_path, pictures[:2], shoots=1, scenes=2, size=ShootSize(240, 480, 160), written="both", picks="delivered"
    )
    photographs = pair_stills(sorted(path for path in (tmp_path / shoot.name).iterdir() if path.is_file()))
    assert [photograph.main.name for photograph in photographs] == [row["file"] for row in truth(tmp_path)]
    assert all(len(photograph.companions) == 1 for photograph in photographs)
    one = photographs[0]
    assert read_camera_facts(one.main) == read_camera_facts(one.companions[0])
    assert read_raw(one.main, development="full").pixels.shape[:2] in ((320, 480), (480, 320))
    picked = {frame.stem for frame in shoot.frames if frame.picked}
    assert {path.stem for path in (tmp_path / shoot.name / "delivered").glob("*")} == picked


def test_picks_stand_in_the_form_that_is_asked_for(tmp_path: Path, pictures: list[Path]) -> None:
    def written(picks: str) -> tuple[Path, list[dict[str, str]]]:
        write_shoots(tmp_path / picks, pictures[:3], shoots=1, scenes=3, seed=1, size=SMALL, picks=picks)  # type: ignore[arg-type]
        return tmp_path / picks / "shoot-01", truth(tmp_path / picks)

    folder, rows = written("folders")
    for row in rows:
        assert row["file"].startswith("select/" if row["picked"] == "1" else "reject/")
        assert (folder / row["file"]).is_file()
    folder, rows = written("names")
    assert (folder / "picks.csv").read_text().split() == [
        "Filename",
        *(row["file"] for row in rows if row["picked"] == "1"),
    ]
    folder, rows = written("sidecars")
    for row in rows:
        assert f'xmp:Rating="{row["rating"]}"' in (folder / f"{row['stem']}.xmp").read_text()
        assert (int(row["rating"]) >= 3) == (row["picked"] == "1")
    folder, rows = written("embedded")
    assert not list(folder.glob("*.xmp"))
    assert all(f'xmp:Rating="{row["rating"]}"'.encode() in (folder / row["file"]).read_bytes() for row in rows)


def test_shoots_are_painted_where_no_pictures_are_given(tmp_path: Path) -> None:
    (shoot,) = write_shoots(tmp_path, shoots=1, scenes=2, size=SMALL)
    assert len(truth(tmp_path)) == len(shoot.frames)
    assert {row["source"] for row in truth(tmp_path)} == {"painted-0", "painted-1"}
