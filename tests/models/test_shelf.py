from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch

from rushes.models.shelf import CHOICE, facts_of, find_backbones, may_be_sold


@pytest.mark.parametrize("name", [name for name in CHOICE if "vgg" not in name])
def test_the_parameters_of_the_choice_are_those_that_timm_builds(name: str) -> None:
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in timm.create_model(name).parameters()) == CHOICE[name]


def test_every_backbone_of_the_choice_has_weights() -> None:
    assert set(CHOICE) <= set(timm.list_models(pretrained=True))


def test_the_facts_of_a_backbone_are_timms() -> None:
    mobilenet, dino = facts_of(["mobilenetv2_100.ra_in1k", "vit_small_patch16_dinov3.lvd1689m"], weights_folder=None)
    assert (mobilenet.width, mobilenet.height, mobilenet.licence) == (224, 224, "apache-2.0")
    assert (mobilenet.parameters, mobilenet.commercial) == (3_504_872, "yes")
    assert (dino.licence, dino.commercial) == ("dinov3-license", "look it up")


@pytest.mark.parametrize(
    ("licence", "answer"),
    [
        ("apache-2.0", "yes"),
        ("mit", "yes"),
        ("cc-by-nc-4.0", "no"),
        ("fair-noncommercial-research-license", "no"),
        ("dinov3-license", "look it up"),
        ("unknown", "look it up"),
        (None, "look it up"),
    ],
)
def test_a_licence_that_is_not_known_is_to_be_looked_up(licence: str | None, answer: str) -> None:
    assert may_be_sold(licence) == answer


def test_a_name_finds_its_weights_and_a_pattern_finds_names() -> None:
    assert "resnet50.a1_in1k" in find_backbones("resnet50")
    assert all(name.startswith("resnet50.") for name in find_backbones("resnet50"))
    assert find_backbones("resnet50.a1_in1k") == ["resnet50.a1_in1k"]
    assert {name.partition(".")[0] for name in find_backbones("test_vit*")} == set(timm.list_models("test_vit*"))
    assert find_backbones("resnet5O") == []


def test_few_others_are_counted_and_many_are_not() -> None:
    few = facts_of(["test_vit.r160_in1k", "test_resnet.r160_in1k"], weights_folder=None)
    built = timm.create_model("test_vit.r160_in1k")
    assert few[0].parameters == sum(parameter.numel() for parameter in built.parameters())
    assert few[0].size == few[0].parameters * 4
    assert all(facts.parameters is None for facts in facts_of(find_backbones("resnet*")[:20], weights_folder=None))


def test_a_file_of_the_project_fits_the_network_that_it_is_called_after(tmp_path: Path) -> None:
    (tmp_path / "mobilenetv2_100_tf.pth").write_bytes(b"12345")
    (tmp_path / "vit_small_patch16_dinov3_qkvb.safetensors").write_bytes(b"1")  # a network of its own
    (tmp_path / "resnet50.txt").write_bytes(b"1")
    names = ["mobilenetv2_100.ra_in1k", "vit_small_patch16_dinov3.lvd1689m", "resnet50.a1_in1k"]
    mobilenet, dino, resnet = facts_of(names, weights_folder=tmp_path)
    assert (mobilenet.weights, mobilenet.size) == (tmp_path / "mobilenetv2_100_tf.pth", 5)
    assert not mobilenet.is_cached
    assert all(facts.weights is None or facts.is_cached for facts in (dino, resnet))
