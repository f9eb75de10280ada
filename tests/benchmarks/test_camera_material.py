from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from benchmarks.camera_material import find_material, labelled_videos, painted_shots, source_of

from rushes.datasets.synthetic.truth import FilmTruth, ShotTruth


def test_no_source_of_a_labelled_shot_is_material_for_training(media: Path):
    for all_rights in (False, True):
        halves = find_material(media, all_rights=all_rights)
        train, test = ({one.group for one in half} for half in (halves.train, halves.test))
        assert not train & test
        assert not train & {source_of(path) for path in labelled_videos(media)}
        assert min(len(halves.train), len(halves.test)) > 300
        assert all(one.path.is_file() for one in (*halves.train, *halves.test))


def test_versions_of_a_recording_and_toys_of_a_series_are_one_source():
    videos = ["nasa_13013_multistream.mp4", "nasa_13013_hevc10_hdr.mp4", "nasa_13013_rotated.mp4"]
    assert {source_of(f"videos/{name}") for name in videos} == {"nasa_13013"}
    assert source_of("videos/formats/bbb_642x642_768kbps_30fps_vp9.webm") == source_of("videos/bbb_trailer.webm")
    assert source_of("videos/mdn_toy_pig.webm") == source_of("videos/mdn_toy_elf.webm") != source_of("videos/a.webm")
    assert source_of("images/flowers/daisy/1.jpg") != source_of("images/flowers/daisy/2.jpg")
    assert source_of("images/fsac_spreadsheet/2017877372.jpg") == source_of("images/fsac_spreadsheet/2017877366.jpg")


def test_resting_shots_of_painted_films_are_material(tmp_path: Path):
    shots = (ShotTruth(0, 40, None, "static"), ShotTruth(40, 80, "MS", "static"), ShotTruth(80, 120, "MS", "pan"))
    (found,) = painted_shots([FilmTruth(tmp_path / "TT_S01_E01.mp4", "A", Fraction(25), shots)])
    assert (found.start, found.stop, found.group) == (40, 80, "painted TT_S01_E01")
