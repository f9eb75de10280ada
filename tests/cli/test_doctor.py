"""`rushes doctor` in a project whose frames lie in a bucket."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.loopback_s3 import Store, environment, s3_here

from journeys.conftest import run_rushes_here
from storage.folders import reached_by

pytest.importorskip("obstore", reason="the extra 'cloud' is not installed")


def test_the_store_of_the_project_around_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rushes.toml").write_text('store = "s3://films/set/"\n[tasks.rarity]\nclasses = ["Junk", "Rare"]\n')
    monkeypatch.chdir(tmp_path)
    store = Store({"films": {}})
    with s3_here(store) as endpoint, reached_by(environment(endpoint)):
        assert "store s3://films/set/: can be listed, read, written and removed from" in run_rushes_here("doctor").out
        assert store.buckets["films"] == {}
        store.refuse = lambda *_: "AccessDenied"
        refused = run_rushes_here("doctor", "--json", status=1).json["store"]
        assert refused["place"] == "s3://films/set/"
        assert "may not be listed" in refused["reason"]
    monkeypatch.chdir(tmp_path.parent)
    assert run_rushes_here("doctor", "--json").json["store"] is None
