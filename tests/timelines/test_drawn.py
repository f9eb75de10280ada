"""Names on drawn sheets."""

from __future__ import annotations

from rushes.timelines.drawn import fitted_name, font_for, font_of


def test_a_name_is_written_as_large_as_it_fits() -> None:
    large, name = fitted_name("TT_S01_E01", 1000, sizes=(40, 20))
    small, same = fitted_name("TT_S01_E01", 130, sizes=(40, 20))
    assert name == same == "TT_S01_E01"
    assert large.getlength(name) > small.getlength(name)


def test_the_middle_of_a_name_that_does_not_fit_is_left_out() -> None:
    font, name = fitted_name("a name that goes on and on.mov", 120, sizes=(40, 20))
    assert name.startswith("a na")
    assert name.endswith("mov")
    assert "..." in name
    assert font.getlength(name) <= 120
    assert font.getlength(f"{name}m") > 120 - font.getlength("m")


def test_a_name_in_plain_letters_is_written_in_pillow_s_own_font() -> None:
    assert font_for("TT_S01_E01", 20) is font_of(20)
