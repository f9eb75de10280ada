from __future__ import annotations

import json

import pytest

from rushes.cli.main import main
from rushes.labels.manifest import ManifestRow
from rushes.labels.manifest_table import format_manifest


@pytest.fixture
def manifests(tmp_path):
    def write(name: str, rows: list[ManifestRow]) -> str:
        path = tmp_path / name
        path.write_text(format_manifest(rows))
        return str(path)

    old = [ManifestRow(f"{number:03d}.jpg", "MS") for number in range(100)]
    new = [ManifestRow(f"{number:03d}.jpg", "CS" if number < 50 else "MS") for number in range(99)]
    return write("old.jl", old), write("new.jl", new)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as end:
        main(list(words))
    assert end.value.code == 0
    return capsys.readouterr().out


def test_a_long_diff_lists_the_first_of_each_set_and_says_how_many_more_there_are(manifests, capsys):
    lines = said(capsys, "manifest", "diff", *manifests).splitlines()
    assert lines[0] == "relabelled 000.jpg  MS -> CS"
    assert lines[39] == "relabelled 039.jpg  MS -> CS"
    assert lines[40:] == [
        "… and 10 more relabelled; --json prints them all",
        "removed    099.jpg  MS",
        "49 same, 0 new, 50 relabelled, 1 removed",
    ]


def test_the_json_of_a_diff_holds_all(manifests, capsys):
    found = json.loads(said(capsys, "manifest", "diff", *manifests, "--json"))
    assert (found["same"], found["new"], found["removed"]) == (49, [], ["099.jpg"])
    assert found["relabelled"][:1] == [{"img-ref": "000.jpg", "was": "MS", "now": "CS"}]
    assert len(found["relabelled"]) == 50
