"""The training samples of a run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from learning.tiny import NOW, cnn_recipe, make_project
from rushes.datasets.split import write_split
from rushes.errors import RunError

pytest.importorskip("torch")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    from rushes.learning.train import train
    from rushes.models.network import load_network

    project = make_project(tmp_path_factory.mktemp("trained"))
    split_path, _ = write_split(project.split, project.root / "splits", now=NOW)
    run = train(cnn_recipe(epochs=1), split_path=split_path, **project.places())
    return project, run, load_network(run.folder)


def read(project, run, network, **more):
    from rushes.learning.run_samples import read_known_samples

    return read_known_samples(run, network, project_root=project.root, cache_folder=project.root / "cache", **more)


def test_only_train_is_known_and_it_is_spread(trained):
    project, run, network = trained
    known = read(project, run, network)
    assert {sample.group for sample in known.samples} == {"film-a", "film-b"}
    assert len(known.samples) == 24
    few = read(project, run, network, limit=6)
    assert sorted(sample.class_name for sample in few.samples) == ["left", "left", "middle", "middle", "right", "right"]
    assert len({(sample.class_name, sample.group) for sample in few.samples}) == 6


def test_what_was_computed_is_not_computed_again(trained):
    project, run, network = trained
    first = read(project, run, network)

    class Idle:
        def features(self, pixels):
            raise AssertionError("computed again")

    again = read(project, run, Idle())
    np.testing.assert_array_equal(first.placed, again.placed)


def test_few_samples_are_standardised_by_all_whose_features_are_at_hand(trained):
    project, run, network = trained
    every = read(project, run, network)
    few = read(project, run, network, limit=6)
    assert len(few.samples) == 6
    np.testing.assert_allclose(few.centre, every.centre, rtol=1e-5)
    by_name = {sample.name: row for sample, row in zip(every.samples, every.placed, strict=True)}
    np.testing.assert_allclose(few.placed, [by_name[sample.name] for sample in few.samples], rtol=1e-4, atol=1e-5)
    assert all(len(sample.sha256) == 64 for sample in few.samples)


def test_a_split_or_manifest_that_is_gone_is_said(trained):
    project, run, network = trained
    with pytest.raises(RunError, match="stands in no file"):
        read(project, replace(run, split={**run.split, "path": None}), network)
    with pytest.raises(RunError, match="cannot be read"):
        read(project, replace(run, split={**run.split, "path": "splits/gone.json"}), network)
    with pytest.raises(RunError, match="another one"):
        read(project, replace(run, manifest={**run.manifest, "sha256": "0" * 64}), network)
