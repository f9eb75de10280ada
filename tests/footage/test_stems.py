"""Which photograph the name of an edited picture states."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.footage.stems import find_stems, fold_stem

KNOWN = {fold_stem(stem) for stem in ("DSC_0123", "DSC_012", "_DSC0123", "IMG_7", "DSC_0123-2", "Überfahrt 3")}

STEMS = st.from_regex(r"\A[A-Za-z_]{0,4}[0-9]{1,5}\Z")
ENDS = st.sampled_from(["", "-Edit", "-2", "_bw", " (1)", ".final", "-Edit-2", " copy", "_web_2048"])
STARTS = st.sampled_from(["", "Smith-", "2024-05 ", "client_", "(web) "])


@pytest.mark.parametrize(
    ("name", "stems"),
    [
        ("DSC_0123", ("dsc_0123",)),
        ("dsc_0123-Edit", ("dsc_0123",)),
        ("Smith_DSC_0123_bw (1)", ("dsc_0123",)),
        ("DSC_0123-2", ("dsc_0123-2",)),  # a photograph of that name wins over an edit of the other
        ("DSC_0123-3", ("dsc_0123",)),
        ("wedding_DSC0123", ("_dsc0123",)),
        ("DSC_01234", ()),
        ("XDSC_0123", ()),
        ("DSC_0123b", ()),
        ("DSC_0124", ()),
        ("DSC_0123-IMG_7-Pano", ("dsc_0123",)),
        ("DSC_0123 _DSC0123", ("dsc_0123", "_dsc0123")),  # one picture of two
        ("Überfahrt 3 groß", (fold_stem("Überfahrt 3"),)),
        ("", ()),
    ],
)
def test_the_longest_names_between_boundaries_are_meant(name: str, stems: tuple[str, ...]) -> None:
    assert find_stems(name, KNOWN) == stems


@given(STARTS, STEMS, ENDS)
def test_an_edited_name_is_of_its_photograph(start: str, stem: str, end: str) -> None:
    assert find_stems(f"{start}{stem}{end}", {fold_stem(stem)}) == (fold_stem(stem),)


@given(STEMS, st.sets(STEMS, max_size=8), ENDS)
def test_no_other_photograph_takes_a_name_away(stem: str, others: set[str], end: str) -> None:
    known = {fold_stem(one) for one in (stem, *others)}
    found = find_stems(f"{stem}{end}", known)
    assert found
    assert all(len(one) >= len(stem) for one in found)
    assert set(found) <= known


@given(STEMS, st.text("0123456789abcXYZ", min_size=1, max_size=3), st.booleans())
def test_a_name_that_goes_on_is_of_none(stem: str, more: str, before: bool) -> None:
    name = f"{more}{stem}" if before and stem[0].isalnum() else f"{stem}{more}"
    assert find_stems(name, {fold_stem(stem)}) == ()
