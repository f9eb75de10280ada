from __future__ import annotations

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from rushes.errors import MediaError
from rushes.footage.camera import CameraFacts, read_camera_facts


def photograph(path, *, make="", model="", details=None):
    exif = Image.Exif()
    exif.update({0x010F: make, 0x0110: model})
    exif.get_ifd(0x8769).update(details or {})
    Image.new("RGB", (32, 24)).save(path, exif=exif)
    return path


def test_what_a_photograph_states_of_its_camera(tmp_path):
    details = {
        0x8827: 800,
        0x920A: IFDRational(85),
        0x829D: IFDRational(18, 10),
        0x829A: IFDRational(1, 250),
        0xA434: "RF 85mm F1.2",
    }
    path = photograph(tmp_path / "a.jpg", make="Canon", model="Canon EOS R5", details=details)
    found = read_camera_facts(path)
    assert (found.camera, found.lens, found.iso) == ("Canon EOS R5", "RF 85mm F1.2", 800)
    assert (found.focal_length, found.aperture) == (85, pytest.approx(1.8))
    assert found.exposure == pytest.approx(1 / 250)


def test_the_maker_stands_before_a_model_that_does_not_name_it(tmp_path):
    assert read_camera_facts(photograph(tmp_path / "a.jpg", make="SONY", model="ILCE-7M4")).camera == "SONY ILCE-7M4"
    nikon = photograph(tmp_path / "b.jpg", make="NIKON CORPORATION", model="NIKON D800")
    assert read_camera_facts(nikon).camera == "NIKON D800"


def test_a_picture_without_exif_or_with_a_damaged_one_states_nothing(tmp_path):
    Image.new("RGB", (32, 24)).save(tmp_path / "plain.png")
    assert read_camera_facts(tmp_path / "plain.png") == CameraFacts()
    whole = photograph(tmp_path / "a.jpg", make="Canon", model="Canon EOS R5").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[:40])
    assert read_camera_facts(tmp_path / "cut.jpg") == CameraFacts()


def test_a_file_that_is_gone_is_an_error(tmp_path):
    with pytest.raises(MediaError):
        read_camera_facts(tmp_path / "gone.jpg")
