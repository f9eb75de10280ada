from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rushes.scale.own_folders import end_folder, folder_of_user, own_folder


def test_a_folder_of_a_process_that_is_no_more_goes_and_that_of_a_living_one_stays(tmp_path: Path) -> None:
    first, handle = own_folder("parts", below=tmp_path)
    second, other = own_folder("parts", below=tmp_path)
    assert first.is_dir()
    os.close(handle)  # as the end of its process does
    third, another = own_folder("parts", below=tmp_path)
    assert (first.is_dir(), second.is_dir(), third.is_dir()) == (False, True, True)
    end_folder(second, other)
    end_folder(third, another)
    assert list(folder_of_user("parts", below=tmp_path).iterdir()) == []


def test_processes_that_make_folders_at_once_take_none_from_each_other(tmp_path: Path) -> None:
    make = (
        "import os, sys; from pathlib import Path; from rushes.scale.own_folders import own_folder\n"
        "for _ in range(150):\n"
        "    folder, handle = own_folder('parts', below=Path(sys.argv[1]))\n"
        "    assert handle >= 0 and folder.is_dir()\n"
        "    os.close(handle)\n"
    )
    makers = [subprocess.Popen([sys.executable, "-c", make, str(tmp_path)]) for _ in range(3)]
    assert [maker.wait() for maker in makers] == [0, 0, 0]


def test_a_link_in_the_place_of_folders_is_refused(tmp_path: Path) -> None:
    place = folder_of_user("parts", below=tmp_path)
    place.rmdir()
    place.symlink_to(tmp_path)
    with pytest.raises(PermissionError, match="somebody else's"):
        own_folder("parts", below=tmp_path)
