"""Names stick to faces, and can be corrected."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rushes.errors import ProjectError, UsageError
from rushes.subjects.names import Names, change_names, check_name, read_names, write_names
from rushes.subjects.wiping import mark_wiped, wipe_mark
from subjects.people import seen

E = "sface-1"


def faces(number: int, *looks: int) -> np.ndarray:
    return np.array([seen(number, look=look).embedding for look in looks])


def test_names_come_back_as_they_were_kept(tmp_path: Path) -> None:
    names = Names().with_name("Ada", faces(1, 0, 1), embedder=E).with_name("Grace ☼", faces(2, 0), embedder=E)
    names = names.with_strangers("Ada", faces(3, 0), embedder=E)
    write_names(tmp_path, names)
    found = read_names(tmp_path)
    assert found.all == ("Ada", "Grace ☼")
    ada = found.person("ada")
    assert ada is not None
    assert np.array_equal(ada.references[E], faces(1, 0, 1))
    assert np.array_equal(ada.strangers[E], faces(3, 0))
    assert read_names(tmp_path / "nowhere").all == ()


def test_a_face_has_one_name() -> None:
    names = Names().with_name("Ada", faces(1, 0, 1), embedder=E).with_name("Eve", faces(1, 0), embedder=E)
    ada, eve = names.person("Ada"), names.person("Eve")
    assert ada is not None
    assert eve is not None
    assert np.array_equal(ada.references[E], faces(1, 1))
    assert np.array_equal(eve.references[E], faces(1, 0))
    assert names.with_name("Eve", faces(1, 1), embedder=E).all == ("Eve",)


def test_two_who_are_called_alike_are_one() -> None:
    names = Names().with_name("Ada", faces(1, 0), embedder=E).with_name("ADA", faces(2, 0), embedder=E)
    assert names.all == ("Ada",)
    [ada] = names.people
    assert len(ada.references[E]) == 2
    both = Names().with_name("Ada", faces(1, 0), embedder=E).with_name("Eve", faces(2, 0), embedder=E)
    assert both.renamed("eve", "Ada").all == ("Ada",)
    assert both.renamed("eve", "Eva").all == ("Ada", "Eva")
    assert both.renamed("eve", "EVE").all == ("Ada", "EVE")


def test_who_was_a_stranger_may_be_named_after_all() -> None:
    names = Names().with_name("Ada", faces(1, 0), embedder=E).with_strangers("Ada", faces(1, 1), embedder=E)
    ada = names.with_name("Ada", faces(1, 1), embedder=E).person("Ada")
    assert ada is not None
    assert ada.strangers == {}
    assert len(ada.references[E]) == 2


def test_a_name_nobody_has_is_not_changed() -> None:
    names = Names().with_name("Ada", faces(1, 0), embedder=E)
    assert names.without("ADA").all == ()
    with pytest.raises(UsageError, match="Did you mean 'Ada'"):
        names.without("Adda")
    with pytest.raises(UsageError, match="nobody is called"):
        names.renamed("Zoë", "Ada")


@pytest.mark.parametrize("text", ["", "   ", "a\nb", "x" * 81, "a\x00"])
def test_a_name_is_a_line_of_text(text: str) -> None:
    with pytest.raises(UsageError, match="a name"):
        check_name(text)


@given(st.text("aÄ \u0301\u200b", min_size=1, max_size=90))
def test_a_name_that_is_taken_is_taken_again(text: str) -> None:
    try:
        name = check_name(text)
    except UsageError:
        return
    assert check_name(name) == name


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": "face-names/9"}', '{"schema": "face-names/1", "people": [{"name": "Ada"}]}']
)
def test_a_spoilt_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "names.json").write_text(text)
    with pytest.raises(ProjectError, match=r"names\.json"):
        read_names(tmp_path)


def test_of_two_who_name_at_once_neither_loses_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "faces"

    def name(number: int) -> None:
        change_names(folder, lambda names: names.with_name(f"Person {number}", faces(number, 0), embedder=E))

    with ThreadPoolExecutor(4) as pool:  # each has a lock of its own, as processes have
        list(pool.map(name, range(12)))
    assert sorted(read_names(folder).all) == sorted(f"Person {number}" for number in range(12))


def test_nobody_is_named_by_faces_that_were_wiped_since(tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    since = wipe_mark(folder)
    mark_wiped(folder)
    with pytest.raises(UsageError, match="wiped meanwhile"):
        change_names(folder, lambda names: names.with_name("Ada", faces(1, 0), embedder=E), since=since)
    assert not folder.exists()


def test_a_name_is_not_kept_by_what_is_no_number() -> None:
    spoilt = faces(1, 0, 1)
    spoilt[1, 3] = np.nan
    names = Names().with_name("Ada", faces(1, 0), embedder=E)
    for change in (names.with_name, names.with_strangers):
        with pytest.raises(UsageError, match="no number"):
            change("Ada", spoilt, embedder=E)
